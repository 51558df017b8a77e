/**
 * From what a caller sets to a function's configuration: checks, defaults, the variables that Lambda adds.
 *
 * Source: AWS Lambda API Reference, "CreateFunction"; Developer Guide, "Lambda runtimes" and "Defined runtime
 * environment variables".
 */

import { randomUUID } from "node:crypto";
import { invalidParameter, validation } from "./errors.ts";
import {
  environmentBytesMax,
  memoryMbMax,
  memoryMbMin,
  timeoutSecondsDefault,
  timeoutSecondsMax,
} from "./limits.ts";
import type { FunctionConfiguration, FunctionSettings } from "./types.ts";

/** All run on this process's Node.js; the runtime's name decides what the handler may look like. */
export const runtimes: readonly string[] = ["nodejs20.x", "nodejs22.x", "nodejs24.x"];

const reservedVariables = new Set([
  "_HANDLER",
  "_X_AMZN_TRACE_ID",
  "AWS_DEFAULT_REGION",
  "AWS_REGION",
  "AWS_EXECUTION_ENV",
  "AWS_LAMBDA_FUNCTION_NAME",
  "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
  "AWS_LAMBDA_FUNCTION_VERSION",
  "AWS_LAMBDA_INITIALIZATION_TYPE",
  "AWS_LAMBDA_LOG_GROUP_NAME",
  "AWS_LAMBDA_LOG_STREAM_NAME",
  "AWS_ACCESS_KEY",
  "AWS_ACCESS_KEY_ID",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
  "AWS_LAMBDA_RUNTIME_API",
  "LAMBDA_TASK_ROOT",
  "LAMBDA_RUNTIME_DIR",
]);

export function newConfiguration(options: {
  name: string;
  arn: string;
  settings: FunctionSettings;
  code: { sha256: string; bytes: number };
}): FunctionConfiguration {
  const { name, arn, settings, code } = options;
  checkSettings(settings);
  const { Role, Handler, Runtime } = settings;
  if (Role === undefined) throw missing("role");
  if (Handler === undefined) throw missing("handler");
  if (Runtime === undefined) throw missing("runtime");
  const defaults: FunctionConfiguration = {
    FunctionName: name,
    FunctionArn: arn,
    Runtime,
    Role,
    Handler,
    CodeSize: code.bytes,
    Description: "",
    Timeout: timeoutSecondsDefault,
    MemorySize: memoryMbMin,
    LastModified: "",
    CodeSha256: code.sha256,
    Version: "$LATEST",
    TracingConfig: { Mode: "PassThrough" },
    RevisionId: "",
    State: "Active",
    LastUpdateStatus: "Successful",
    PackageType: "Zip",
    Architectures: ["x86_64"],
    EphemeralStorage: { Size: 512 },
    SnapStart: { ApplyOn: "None", OptimizationStatus: "Off" },
    LoggingConfig: { LogFormat: "Text", LogGroup: `/aws/lambda/${name}` },
  };
  return changedConfiguration(defaults, settings);
}

/** @returns the configuration with what `settings` name replaced, and a new revision */
export function changedConfiguration(
  configuration: FunctionConfiguration,
  settings: FunctionSettings,
): FunctionConfiguration {
  checkSettings(settings);
  const { Environment: environment, ...rest } = configuration;
  const variables =
    settings.Environment === undefined ? environment?.Variables : (settings.Environment.Variables ?? {});
  return revised({
    ...rest,
    Runtime: settings.Runtime ?? rest.Runtime,
    Role: settings.Role ?? rest.Role,
    Handler: settings.Handler ?? rest.Handler,
    Description: settings.Description ?? rest.Description,
    Timeout: settings.Timeout ?? rest.Timeout,
    MemorySize: settings.MemorySize ?? rest.MemorySize,
    TracingConfig: { Mode: settings.TracingConfig?.Mode ?? rest.TracingConfig.Mode },
    Architectures: settings.Architectures ?? rest.Architectures,
    EphemeralStorage: { Size: settings.EphemeralStorage?.Size ?? rest.EphemeralStorage.Size },
    LoggingConfig: {
      LogFormat: settings.LoggingConfig?.LogFormat ?? rest.LoggingConfig.LogFormat,
      LogGroup: settings.LoggingConfig?.LogGroup ?? rest.LoggingConfig.LogGroup,
    },
    ...(variables === undefined || Object.keys(variables).length === 0
      ? {}
      : { Environment: { Variables: variables } }),
  });
}

/** The same with a new revision and time of change. */
export function revised(configuration: FunctionConfiguration): FunctionConfiguration {
  const LastModified = new Date().toISOString().replace("Z", "+0000");
  return { ...configuration, LastModified, RevisionId: randomUUID() };
}

function checkSettings(settings: FunctionSettings): void {
  const { Runtime, Role, Handler, PackageType, Layers, LoggingConfig } = settings;
  if (PackageType !== undefined && PackageType !== "Zip") {
    throw invalidParameter(
      `PackageType ${PackageType} is not offered: this local Lambda runs functions deployed as a zip`,
    );
  }
  if (Runtime !== undefined && !runtimes.includes(Runtime)) {
    throw invalidParameter(
      `Value ${Runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: ` +
        `[${runtimes.join(", ")}] (what this local Lambda runs, on Node.js ${process.version})`,
    );
  }
  const group = LoggingConfig?.LogGroup;
  // The group names a folder here, so the two names that lead elsewhere are refused beside what AWS refuses.
  if (group !== undefined && (!/^[-._/#A-Za-z0-9]{1,512}$/.test(group) || group === "." || group === "..")) {
    throw invalidParameter(
      `Value '${group}' at 'loggingConfig.logGroup' failed to satisfy constraint: Member must satisfy regular expression pattern: [.\\-_/#A-Za-z0-9]+`,
    );
  }
  if (Layers !== undefined && Layers.length > 0) {
    throw invalidParameter("Layers are not offered by this local Lambda: put what they bring into the zip");
  }
  if (Role !== undefined && !/^arn:aws:iam::\d{12}:role\/.+$/.test(Role)) {
    throw validation(
      `Value '${Role}' at 'role' failed to satisfy constraint: Member must satisfy regular expression pattern: ` +
        "arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+",
    );
  }
  if (Handler !== undefined && !/^\S{1,128}$/.test(Handler)) {
    throw validation(
      `Value '${Handler}' at 'handler' failed to satisfy constraint: Member must satisfy regular expression pattern: [^\\s]+`,
    );
  }
  if (LoggingConfig?.LogFormat !== undefined && !["Text", "JSON"].includes(LoggingConfig.LogFormat)) {
    throw validation(
      `Value '${LoggingConfig.LogFormat}' at 'loggingConfig.logFormat' failed to satisfy constraint: Member must satisfy enum value set: [JSON, Text]`,
    );
  }
  checkRange("timeout", settings.Timeout, 1, timeoutSecondsMax);
  checkRange("memorySize", settings.MemorySize, memoryMbMin, memoryMbMax);
  checkVariables(settings.Environment?.Variables ?? {});
}

function checkRange(name: string, value: number | undefined, min: number, max: number): void {
  if (value === undefined || (Number.isInteger(value) && value >= min && value <= max)) return;
  const bound = value < min ? `greater than or equal to ${min}` : `less than or equal to ${max}`;
  throw validation(
    `Value '${value}' at '${name}' failed to satisfy constraint: Member must have value ${bound}`,
  );
}

function checkVariables(variables: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(variables)) {
    if (typeof value !== "string")
      throw validation(`The value of environment variable ${name} is not a text`);
    if (reservedVariables.has(name)) {
      throw invalidParameter(
        `Lambda was unable to configure your environment variables because the environment variables you have ` +
          `provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: ${name}`,
      );
    }
    if (!/^[a-zA-Z]\w+$/.test(name)) {
      throw validation(
        `Value '${name}' at 'environment.variables' failed to satisfy constraint: Map keys must satisfy constraint: [Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+]`,
      );
    }
  }
  if (Buffer.byteLength(JSON.stringify(variables)) > environmentBytesMax) {
    throw invalidParameter(
      `Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit.`,
    );
  }
}

function missing(name: string) {
  return validation(`Value null at '${name}' failed to satisfy constraint: Member must not be null`);
}

/** A function's `process.env` without credentials: what Lambda defines, then what the function's own configuration does. */
export function runtimeVariables(
  configuration: FunctionConfiguration,
  place: { region: string; taskRoot: string; awsEndpoint: string | undefined },
): Record<string, string> {
  return {
    PATH: "/usr/local/bin:/usr/bin:/bin:/opt/bin",
    LANG: "en_US.UTF-8",
    TZ: ":UTC",
    AWS_REGION: place.region,
    AWS_DEFAULT_REGION: place.region,
    AWS_EXECUTION_ENV: `AWS_Lambda_${configuration.Runtime}`,
    AWS_LAMBDA_FUNCTION_NAME: configuration.FunctionName,
    AWS_LAMBDA_FUNCTION_VERSION: configuration.Version,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(configuration.MemorySize),
    AWS_LAMBDA_INITIALIZATION_TYPE: "on-demand",
    AWS_LAMBDA_LOG_GROUP_NAME: configuration.LoggingConfig.LogGroup,
    LAMBDA_TASK_ROOT: place.taskRoot,
    _HANDLER: configuration.Handler,
    // SDK clients inside a function reach the local services, as those in AWS reach AWS's.
    ...(place.awsEndpoint === undefined ? {} : { AWS_ENDPOINT_URL: place.awsEndpoint }),
    ...configuration.Environment?.Variables,
  };
}
