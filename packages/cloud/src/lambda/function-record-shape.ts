/** What a function's config.json has to look like. */

import { anything, byName, list, number, object, optional, text, textByName, texts } from "../state-shape.ts";

const configuration = object({
  FunctionName: text,
  FunctionArn: text,
  Runtime: text,
  Role: text,
  Handler: text,
  CodeSize: number,
  Description: text,
  Timeout: number,
  MemorySize: number,
  LastModified: text,
  CodeSha256: text,
  Version: text,
  RevisionId: text,
  Environment: optional(object({ Variables: textByName })),
  Architectures: texts,
  EphemeralStorage: object({ Size: number }),
  LoggingConfig: object({ LogFormat: text, LogGroup: text }),
});

const destination = optional(object({ Destination: optional(text) }));

export const recordShape = object({
  latest: configuration,
  versions: list(configuration),
  nextVersion: number,
  aliases: list(
    object({
      AliasArn: text,
      Name: text,
      FunctionVersion: text,
      Description: text,
      RevisionId: text,
      RoutingConfig: optional(object({ AdditionalVersionWeights: optional(byName(number)) })),
    }),
  ),
  tags: textByName,
  policy: list(object({ Sid: text, Resource: anything })),
  reservedConcurrency: optional(number),
  provisionedConcurrency: optional(
    byName(object({ RequestedProvisionedConcurrentExecutions: number, LastModified: text })),
  ),
  urls: optional(
    list(
      object({
        UrlId: text,
        Qualifier: optional(text),
        AuthType: text,
        Cors: optional(
          object({
            AllowHeaders: optional(texts),
            AllowMethods: optional(texts),
            AllowOrigins: optional(texts),
            ExposeHeaders: optional(texts),
            MaxAge: optional(number),
          }),
        ),
        CreationTime: text,
        LastModifiedTime: text,
      }),
    ),
  ),
  eventInvokeConfigs: optional(
    byName(
      object({
        FunctionArn: text,
        LastModified: number,
        MaximumRetryAttempts: optional(number),
        MaximumEventAgeInSeconds: optional(number),
        DestinationConfig: optional(object({ OnSuccess: destination, OnFailure: destination })),
      }),
    ),
  ),
});
