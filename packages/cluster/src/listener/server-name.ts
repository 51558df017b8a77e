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
 * @param serverName - the name in the TLS handshake
 * @param startupOptions - the start-up parameter `options`: names a cluster where the host name does not, as with the
 *   DNS names that AWS gives to interface endpoints
 */
export function isForCluster(
  cluster: { readonly id: string; readonly region: string },
  serverName: string,
  startupOptions: string | undefined,
): boolean {
  const host = clusterHost.exec(serverName);
  if (host !== null)
    return host[1]?.toLowerCase() === cluster.id && host[2]?.toLowerCase() === cluster.region;
  return clusterIdOption.exec(startupOptions ?? "")?.[1]?.toLowerCase() === cluster.id;
}
