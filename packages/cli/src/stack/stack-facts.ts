/** Where a running stack is: what `dsql start --json` prints, and what `lock.json` in the data directory keeps. */
export interface StackFacts {
  /** 26 characters. */
  readonly clusterId: string;
  /** `<clusterId>.dsql.<region>.on.aws`, the name that applications use. */
  readonly clusterEndpoint: string;
  /** Where that name leads on this machine. */
  readonly host: string;
  readonly port: number;
  /** The certificate authority that signed the cluster's certificate. */
  readonly caFile: string;
  /** `http://127.0.0.1:4566` */
  readonly awsEndpoint: string;
  readonly region: string;
  /** 12 digits. */
  readonly account: string;
  readonly dataDir: string;
  readonly pid: number;
}

/** The facts in the order in which they are printed; the only fields, whatever else the object carries. */
export function stackFacts(from: StackFacts): StackFacts {
  const { clusterId, clusterEndpoint, host, port, caFile, awsEndpoint, region, account, dataDir, pid } = from;
  return { clusterId, clusterEndpoint, host, port, caFile, awsEndpoint, region, account, dataDir, pid };
}
