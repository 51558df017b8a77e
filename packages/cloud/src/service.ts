/**
 * What the endpoint and the services behind it say to each other: one request, one response, one kind of error.
 *
 * The endpoint has read the body, verified the signature and found the service before a service sees a request. A
 * service answers with a response or throws a `ServiceError`, which the endpoint writes in the service's protocol.
 *
 * Always true
 * - `caller` is an identity whose signature was verified; only STS's and S3's unsigned operations see `undefined`.
 * - `query` is shared between requests without a query string: services read it and never change it.
 */

import type { IncomingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";

/** Who signed a request. */
export interface Caller {
  /** The access key the request was signed with. */
  readonly accessKeyId: string;
  /** The IAM user's or role's ARN: what policies and `AWS IAM GRANT` name. */
  readonly principalArn: string;
  /** As STS shows it: for a role `arn:aws:sts::<account>:assumed-role/<role>/<session>`. */
  readonly callerArn: string;
}

export interface ServiceRequest {
  readonly method: string;
  /** The path as sent, percent-encoded, without the query string; starts with `/`. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Lower-case names, as node:http delivers them. */
  readonly headers: IncomingHttpHeaders;
  /** The whole body, at most the endpoint's `bodyBytesMax`; empty where there is none. S3 has a stream of its own. */
  readonly body: Buffer;
  readonly caller: Caller;
  /** A UUID; the endpoint sends it back as `x-amzn-requestid`. */
  readonly requestId: string;
  /** The one that signed. */
  readonly region: string;
}

export interface ServiceResponse {
  readonly status: number;
  /** Lower-case names. The endpoint adds `x-amzn-requestid`, `content-length` and `date`. */
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: Buffer | string | Readable;
}

/** What names of Regions look like: `us-east-1`, `ap-southeast-4`, `us-gov-west-1`. */
export const regionPattern = /^[a-z]{2}(-[a-z]{1,20}){1,3}-\d{1,2}$/;

/** A service, as the endpoint sees it. */
export interface Service {
  handle(request: ServiceRequest): Promise<ServiceResponse>;
}

/**
 * The refusal of a request, in the service's own words. The endpoint renders it in the service's protocol: XML for
 * STS, IAM, CloudFormation and S3, JSON with `__type` or `x-amzn-errortype` for the others.
 */
export class ServiceError extends Error {
  readonly code: string;
  readonly status: number;
  /** Members besides the message which the error's shape has, `resourceId` say. */
  readonly members: Readonly<Record<string, unknown>>;

  constructor(fields: {
    code: string;
    message: string;
    status?: number;
    members?: Record<string, unknown>;
    cause?: unknown;
  }) {
    super(fields.message, fields.cause === undefined ? undefined : { cause: fields.cause });
    this.name = "ServiceError";
    this.code = fields.code;
    this.status = fields.status ?? 400;
    this.members = fields.members ?? {};
  }
}
