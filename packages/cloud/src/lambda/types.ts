/** Lambda's shapes as its API has them: member names are the service's own. */

export interface FunctionCode {
  /** Base64 as the API carries it, or the bytes. */
  readonly ZipFile?: string | Uint8Array;
  readonly S3Bucket?: string;
  readonly S3Key?: string;
  readonly S3ObjectVersion?: string;
  readonly ImageUri?: string;
}

/** What a caller may set of a function; the members that only describe are kept and given back. */
export interface FunctionSettings {
  readonly Runtime?: string;
  readonly Role?: string;
  readonly Handler?: string;
  readonly Description?: string;
  /** Seconds, 1 to 900. */
  readonly Timeout?: number;
  /** MiB, 128 to 10,240. */
  readonly MemorySize?: number;
  readonly Environment?: { readonly Variables?: Readonly<Record<string, string>> };
  readonly LoggingConfig?: { readonly LogFormat?: string; readonly LogGroup?: string };
  readonly EphemeralStorage?: { readonly Size?: number };
  readonly TracingConfig?: { readonly Mode?: string };
  readonly Architectures?: readonly string[];
  readonly Layers?: readonly string[];
  readonly PackageType?: string;
  readonly RevisionId?: string;
}

export interface CreateFunctionInput extends FunctionSettings {
  readonly FunctionName: string;
  readonly Code: FunctionCode;
  readonly Tags?: Readonly<Record<string, string>>;
  readonly Publish?: boolean;
}

export type UpdateFunctionConfigurationInput = FunctionSettings & { readonly FunctionName: string };

export type UpdateFunctionCodeInput = FunctionCode & {
  readonly FunctionName: string;
  readonly Publish?: boolean;
  readonly DryRun?: boolean;
  readonly RevisionId?: string;
  readonly Architectures?: readonly string[];
};

/** One version of a function, `$LATEST` included. */
export interface FunctionConfiguration {
  readonly FunctionName: string;
  /** Unqualified for `$LATEST`, with the version's number otherwise. */
  readonly FunctionArn: string;
  readonly Runtime: string;
  readonly Role: string;
  readonly Handler: string;
  readonly CodeSize: number;
  readonly Description: string;
  readonly Timeout: number;
  readonly MemorySize: number;
  readonly LastModified: string;
  /** SHA-256 of the zip, base64. */
  readonly CodeSha256: string;
  readonly Version: string;
  readonly Environment?: { readonly Variables: Readonly<Record<string, string>> };
  readonly TracingConfig: { readonly Mode: string };
  readonly RevisionId: string;
  readonly State: "Active";
  readonly LastUpdateStatus: "Successful";
  readonly PackageType: "Zip";
  readonly Architectures: readonly string[];
  readonly EphemeralStorage: { readonly Size: number };
  readonly SnapStart: { readonly ApplyOn: "None"; readonly OptimizationStatus: "Off" };
  readonly LoggingConfig: { readonly LogFormat: string; readonly LogGroup: string };
}

/** Shares of an alias's invocations that go to other versions, by version; each from 0 to 1. */
export interface AliasRoutingConfig {
  readonly AdditionalVersionWeights?: Readonly<Record<string, number>>;
}

export interface AliasConfiguration {
  readonly AliasArn: string;
  readonly Name: string;
  readonly FunctionVersion: string;
  readonly Description: string;
  readonly RoutingConfig?: AliasRoutingConfig;
  readonly RevisionId: string;
}

/** What is kept of provisioned concurrency. */
export interface ProvisionedConcurrencyRequest {
  readonly RequestedProvisionedConcurrentExecutions: number;
  readonly LastModified: string;
}

export interface ProvisionedConcurrencyConfig extends ProvisionedConcurrencyRequest {
  readonly AvailableProvisionedConcurrentExecutions: number;
  readonly AllocatedProvisionedConcurrentExecutions: number;
  readonly Status: "IN_PROGRESS" | "READY" | "FAILED";
  readonly StatusReason?: string;
}

/** What happens to a version's or an alias's asynchronous invocations. */
export interface EventInvokeSettings {
  readonly MaximumRetryAttempts?: number | undefined;
  readonly MaximumEventAgeInSeconds?: number | undefined;
  readonly DestinationConfig?: EventDestinations | undefined;
}

/** ARNs of functions. */
export interface EventDestinations {
  readonly OnSuccess?: { readonly Destination?: string };
  readonly OnFailure?: { readonly Destination?: string };
}

export interface EventInvokeConfig extends EventInvokeSettings {
  readonly FunctionArn: string;
  /** Seconds since 1970. */
  readonly LastModified: number;
}

export interface FunctionUrlCors {
  readonly AllowCredentials?: boolean;
  readonly AllowHeaders?: readonly string[];
  readonly AllowMethods?: readonly string[];
  readonly AllowOrigins?: readonly string[];
  readonly ExposeHeaders?: readonly string[];
  /** Seconds. */
  readonly MaxAge?: number;
}

export interface FunctionUrlInput {
  readonly FunctionName: string;
  /** An alias; without one the address leads to `$LATEST`. */
  readonly Qualifier?: string | undefined;
  readonly AuthType?: "NONE" | "AWS_IAM";
  readonly Cors?: FunctionUrlCors | undefined;
  readonly InvokeMode?: string | undefined;
}

/** An address as it is kept. */
export interface FunctionUrl {
  readonly UrlId: string;
  readonly Qualifier?: string | undefined;
  readonly AuthType: "NONE" | "AWS_IAM";
  readonly Cors?: FunctionUrlCors;
  readonly InvokeMode: "BUFFERED";
  readonly CreationTime: string;
  readonly LastModifiedTime: string;
}

/** An address as the API shows it. */
export interface FunctionUrlConfig extends Omit<FunctionUrl, "UrlId" | "Qualifier"> {
  readonly FunctionUrl: string;
  readonly FunctionArn: string;
}

export interface PermissionInput {
  readonly FunctionName: string;
  readonly StatementId: string;
  readonly Action: string;
  readonly Principal: string;
  readonly SourceArn?: string;
  readonly SourceAccount?: string;
  readonly FunctionUrlAuthType?: string;
  readonly InvokedViaFunctionUrl?: boolean;
  readonly Qualifier?: string;
}

export type InvocationType = "RequestResponse" | "Event" | "DryRun";

export interface InvokeInput {
  /** A name, `name:qualifier`, or an ARN with or without a qualifier. */
  readonly functionName: string;
  readonly qualifier?: string;
  /** JSON; empty is `{}`. */
  readonly payload: Buffer | string;
  readonly invocationType?: InvocationType;
  readonly logType?: "None" | "Tail";
  /** `awsRequestId` of the handler's context; a fresh one by default. */
  readonly requestId?: string;
  /** The `X-Amz-Client-Context` header as sent. */
  readonly clientContext?: string;
}

export interface InvokeOutput {
  /** 200, 202 for `Event`, 204 for `DryRun`. */
  readonly statusCode: number;
  /** JSON; empty for `Event` and `DryRun`. */
  readonly payload: string;
  readonly functionError?: "Unhandled";
  /** The last 4 KB of the log, base64, when asked for. */
  readonly logResult?: string;
  readonly executedVersion: string;
}
