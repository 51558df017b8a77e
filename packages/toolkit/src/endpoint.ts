/**
 * Which cluster is meant: from an endpoint or a bare cluster id, options before environment.
 *
 * Source: https://docs.aws.amazon.com/aurora-dsql/latest/userguide/accessing.html and, for PrivateLink's names,
 * https://docs.aws.amazon.com/aurora-dsql/latest/userguide/privatelink-managing-clusters.html
 */
import { UsageError } from "./errors.ts";

/** Which cluster; the environment's, unless given. */
export interface ClusterOptions {
  /** `<id>.dsql.<region>.on.aws`, a PrivateLink name, or the 26 characters of the id. `CLUSTER_ENDPOINT` by default. */
  readonly endpoint?: string | undefined;
  /** `REGION` by default, then the endpoint's, then `AWS_REGION`. */
  readonly region?: string | undefined;
}

/** Where a cluster is, and by which name it is known. */
export interface ClusterAddress {
  readonly clusterId: string;
  readonly region: string;
  /** What the socket connects to, and what the certificate is checked against. */
  readonly host: string;
  /** What a token is signed for: the public name, also when the socket goes to another one. */
  readonly signedHost: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

const clusterIdPattern = /^[a-z0-9]{26}$/;
const endpointPattern = /^([a-z0-9]{26})\.dsql(?:-[a-z0-9]+)?\.([a-z0-9-]+)\.on\.aws$/;

/** @throws {UsageError} no endpoint, no region, or an endpoint in another region than the one asked for */
export function resolveCluster(options: ClusterOptions, environment: Environment): ClusterAddress {
  const given = options.endpoint ?? set(environment["CLUSTER_ENDPOINT"]);
  if (given === undefined) throw new UsageError("no cluster: give endpoint, or set CLUSTER_ENDPOINT");
  const asked = options.region ?? set(environment["REGION"]);
  if (clusterIdPattern.test(given)) {
    const region = asked ?? regionOf(environment);
    if (region === undefined)
      throw new UsageError("no region for a bare cluster id: give region, or set REGION");
    return addressOf({ clusterId: given, region, host: publicHost(given, region) });
  }
  const [host, clusterId, region] = endpointPattern.exec(given.toLowerCase().replace(/\.$/, "")) ?? [];
  if (host === undefined || clusterId === undefined || region === undefined) {
    throw new UsageError(
      "an endpoint looks like <26 characters>.dsql.<region>.on.aws, without scheme and port",
    );
  }
  if (asked !== undefined && asked !== region) {
    // A token is signed for a region; the service would refuse it without saying why.
    throw new UsageError(`the endpoint lies in ${region}, but ${asked} is asked for`);
  }
  return addressOf({ clusterId, region, host });
}

function addressOf(address: Omit<ClusterAddress, "signedHost">): ClusterAddress {
  return { ...address, signedHost: publicHost(address.clusterId, address.region) };
}

function publicHost(clusterId: string, region: string): string {
  return `${clusterId}.dsql.${region}.on.aws`;
}

function regionOf(environment: Environment): string | undefined {
  return set(environment["AWS_REGION"]) ?? set(environment["AWS_DEFAULT_REGION"]);
}

/** A variable that is set to nothing is not set. */
export function set(value: string | undefined): string | undefined {
  return value === "" ? undefined : value;
}
