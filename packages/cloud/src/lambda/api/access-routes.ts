/** Routes of Lambda's API about who may invoke a function, how often at once, and at which address. */

import type { FunctionUrls, Permissions, ProvisionedConcurrency } from "../access/index.ts";
import type { Concurrency } from "../concurrency.ts";
import type { Functions } from "../functions.ts";
import { codeUnzippedBytesMax, codeZippedBytesMax } from "../limits.ts";
import { input, page, qualifierMember, qualifierOf, type Route } from "./routes.ts";
import type { FunctionUrlInput, PermissionInput } from "../types.ts";

export function permissionRoutes(permissions: Permissions): Route[] {
  const policy = /^\/2015-03-31\/functions\/([^/]+)\/policy$/;
  return [
    {
      name: "AddPermission",
      method: "POST",
      path: policy,
      status: 201,
      run: ({ request, parts: [FunctionName = ""] }) => {
        const permission = input<PermissionInput>(request, "StatementId", "Action", "Principal");
        return permissions.add({ ...permission, FunctionName, ...qualifierMember(request) });
      },
    },
    {
      name: "GetPolicy",
      method: "GET",
      path: policy,
      run: ({ parts: [name = ""] }) => permissions.policy(name),
    },
    {
      name: "RemovePermission",
      method: "DELETE",
      path: /^\/2015-03-31\/functions\/([^/]+)\/policy\/([^/]+)$/,
      run: ({ parts: [name = "", statementId = ""] }) => permissions.remove(name, statementId),
    },
  ];
}

export function tagRoutes(functions: Functions): Route[] {
  const tags = /^\/2017-03-31\/tags\/([^/]+)$/;
  return [
    {
      name: "ListTags",
      method: "GET",
      path: tags,
      run: ({ parts: [resource = ""] }) => ({ Tags: functions.listTags(resource) }),
    },
    {
      name: "TagResource",
      method: "POST",
      path: tags,
      run: ({ request, parts: [resource = ""] }) =>
        functions.tagResource(resource, input<{ Tags: Record<string, string> }>(request, "Tags").Tags),
    },
    {
      name: "UntagResource",
      method: "DELETE",
      path: tags,
      run: ({ request, parts: [resource = ""] }) =>
        functions.untagResource(resource, request.query.getAll("tagKeys")),
    },
  ];
}

export function concurrencyRoutes(functions: Functions, concurrency: Concurrency): Route[] {
  const reservation = /^\/2017-10-31\/functions\/([^/]+)\/concurrency$/;
  return [
    {
      name: "PutFunctionConcurrency",
      method: "PUT",
      path: reservation,
      run: ({ request, parts: [name = ""] }) => {
        const { ReservedConcurrentExecutions } = input<{ ReservedConcurrentExecutions: number }>(request);
        return functions.putFunctionConcurrency(name, ReservedConcurrentExecutions);
      },
    },
    {
      name: "DeleteFunctionConcurrency",
      method: "DELETE",
      path: reservation,
      run: ({ parts: [name = ""] }) => functions.deleteFunctionConcurrency(name),
    },
    {
      name: "GetFunctionConcurrency",
      method: "GET",
      path: /^\/2019-09-30\/functions\/([^/]+)\/concurrency$/,
      run: ({ parts: [name = ""] }) => functions.getFunctionConcurrency(name),
    },
    {
      name: "GetAccountSettings",
      method: "GET",
      path: /^\/2016-08-19\/account-settings\/?$/,
      run: () => ({
        AccountLimit: {
          TotalCodeSize: 80_530_636_800,
          CodeSizeUnzipped: codeUnzippedBytesMax,
          CodeSizeZipped: codeZippedBytesMax,
          ConcurrentExecutions: concurrency.max,
          UnreservedConcurrentExecutions: concurrency.unreservedMax,
        },
        AccountUsage: { FunctionCount: functions.listFunctions().length },
      }),
    },
  ];
}

export function provisionedConcurrencyRoutes(provisioned: ProvisionedConcurrency): Route[] {
  const path = /^\/2019-09-30\/functions\/([^/]+)\/provisioned-concurrency$/;
  return [
    {
      name: "PutProvisionedConcurrencyConfig",
      method: "PUT",
      path,
      status: 202,
      run: ({ request, parts: [name = ""] }) => {
        const { ProvisionedConcurrentExecutions: count } = input<{ ProvisionedConcurrentExecutions: number }>(
          request,
          "ProvisionedConcurrentExecutions",
        );
        return provisioned.put(name, qualifierOf(request), count);
      },
    },
    {
      name: "GetProvisionedConcurrencyConfig",
      method: "GET",
      path,
      run: ({ request, parts: [name = ""] }) =>
        request.query.get("List") === "ALL"
          ? page(request, "ProvisionedConcurrencyConfigs", provisioned.list(name))
          : provisioned.get(name, qualifierOf(request)),
    },
    {
      name: "DeleteProvisionedConcurrencyConfig",
      method: "DELETE",
      path,
      run: ({ request, parts: [name = ""] }) => provisioned.delete(name, qualifierOf(request)),
    },
  ];
}

export function urlRoutes(urls: FunctionUrls): Route[] {
  const path = /^\/2021-10-31\/functions\/([^/]+)\/url$/;
  return [
    {
      name: "CreateFunctionUrlConfig",
      method: "POST",
      path,
      status: 201,
      run: ({ request, parts: [FunctionName = ""] }) =>
        urls.create({
          ...input<FunctionUrlInput>(request, "AuthType"),
          FunctionName,
          ...qualifierMember(request),
        }),
    },
    {
      name: "GetFunctionUrlConfig",
      method: "GET",
      path,
      run: ({ request, parts: [name = ""] }) => urls.get(name, qualifierOf(request)),
    },
    {
      name: "UpdateFunctionUrlConfig",
      method: "PUT",
      path,
      run: ({ request, parts: [FunctionName = ""] }) =>
        urls.update({ ...input<FunctionUrlInput>(request), FunctionName, ...qualifierMember(request) }),
    },
    {
      name: "DeleteFunctionUrlConfig",
      method: "DELETE",
      path,
      run: ({ request, parts: [name = ""] }) => urls.delete(name, qualifierOf(request)),
    },
    {
      name: "ListFunctionUrlConfigs",
      method: "GET",
      path: /^\/2021-10-31\/functions\/([^/]+)\/urls$/,
      run: ({ request, parts: [name = ""] }) => page(request, "FunctionUrlConfigs", urls.list(name)),
    },
  ];
}
