/**
 * Which cluster a client wants: the service reads it from the host name in the TLS handshake (SNI).
 *
 * Source: Aurora DSQL User Guide, "Accessing Aurora DSQL" and "AWS PrivateLink" (interface endpoints).
 * Tests: server-name.test.ts.
 */

// The public name, and the one of a PrivateLink endpoint with a suffix after `dsql`.
const clusterHost = /^([a-z0-9]{26})\.dsql(?:-[a-z0-9]{1,16})?\.([a-z0-9-]{1,32})\.on\.aws\.?$/i;

// libpq: PGOPTIONS="-c amzn-cluster-id=<id>".
const clusterIdOption = /(?:^|\s)(?:-c\s*|--)amzn-cluster-id=([a-z0-9]{26})(?=\s|$)/i;

/**
 * Not the service's: what is neither Node nor libpq cannot be led from a cluster's name to this machine, but every program
 * finds `localhost`. It names the cluster that one means who names none.
 */
export const localName = "localhost";

export function isLocalName(host: string): boolean {
  return /^localhost\.?$/i.test(host);
}

/** In small letters. */
export interface ClusterName {
  readonly id: string;
  /** Absent where only the option `amzn-cluster-id` names the cluster. */
  readonly region?: string;
}

/**
 * @param serverName - the name in the TLS handshake; undefined where there was none, as from libpq to an IP address
 * @param startupOptions - the start-up parameter `options`: names a cluster where the host name does not, as with the
 *   DNS names that AWS gives to interface endpoints
 * @returns `default` for the local name; undefined where nothing names a cluster
 */
export function clusterNameOf(
  serverName: string | undefined,
  startupOptions: string | undefined,
): ClusterName | "default" | undefined {
  const [, hostId, region] = clusterHost.exec(serverName ?? "") ?? [];
  if (hostId !== undefined && region !== undefined)
    return { id: hostId.toLowerCase(), region: region.toLowerCase() };
  const id = clusterIdOption.exec(startupOptions ?? "")?.[1];
  if (id !== undefined) return { id: id.toLowerCase() };
  return isLocalName(serverName ?? "") ? "default" : undefined;
}
