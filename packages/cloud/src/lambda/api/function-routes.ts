/** Routes of Lambda's API about functions, their versions and aliases. */

import type { Functions } from "../functions.ts";
import { input, page, qualifierOf, type Route } from "./routes.ts";
import type {
  CreateFunctionInput,
  UpdateFunctionCodeInput,
  UpdateFunctionConfigurationInput,
} from "../types.ts";

export function functionRoutes(functions: Functions): Route[] {
  return [
    {
      name: "CreateFunction",
      method: "POST",
      path: /^\/2015-03-31\/functions\/?$/,
      status: 201,
      run: ({ request }) => functions.createFunction(input<CreateFunctionInput>(request, "FunctionName")),
    },
    {
      name: "ListFunctions",
      method: "GET",
      path: /^\/2015-03-31\/functions\/?$/,
      run: ({ request }) =>
        page(
          request,
          "Functions",
          functions.listFunctions({ allVersions: request.query.get("FunctionVersion") === "ALL" }),
        ),
    },
    {
      name: "GetFunction",
      method: "GET",
      path: /^\/2015-03-31\/functions\/([^/]+)$/,
      run: ({ request, parts: [name = ""] }) => functions.getFunction(name, qualifierOf(request)),
    },
    {
      name: "DeleteFunction",
      method: "DELETE",
      path: /^\/2015-03-31\/functions\/([^/]+)$/,
      run: ({ request, parts: [name = ""] }) => functions.deleteFunction(name, qualifierOf(request)),
    },
    {
      name: "GetFunctionConfiguration",
      method: "GET",
      path: /^\/2015-03-31\/functions\/([^/]+)\/configuration$/,
      run: ({ request, parts: [name = ""] }) =>
        functions.getFunctionConfiguration(name, qualifierOf(request)),
    },
    {
      name: "UpdateFunctionConfiguration",
      method: "PUT",
      path: /^\/2015-03-31\/functions\/([^/]+)\/configuration$/,
      run: ({ request, parts: [FunctionName = ""] }) =>
        functions.updateFunctionConfiguration({
          ...input<UpdateFunctionConfigurationInput>(request),
          FunctionName,
        }),
    },
    {
      name: "UpdateFunctionCode",
      method: "PUT",
      path: /^\/2015-03-31\/functions\/([^/]+)\/code$/,
      run: ({ request, parts: [FunctionName = ""] }) =>
        functions.updateFunctionCode({ ...input<UpdateFunctionCodeInput>(request), FunctionName }),
    },
  ];
}

export function versionRoutes(functions: Functions): Route[] {
  const versions = /^\/2015-03-31\/functions\/([^/]+)\/versions$/;
  const aliases = /^\/2015-03-31\/functions\/([^/]+)\/aliases$/;
  const alias = /^\/2015-03-31\/functions\/([^/]+)\/aliases\/([^/]+)$/;
  return [
    {
      name: "PublishVersion",
      method: "POST",
      path: versions,
      status: 201,
      run: ({ request, parts: [FunctionName = ""] }) =>
        functions.publishVersion({ ...input(request), FunctionName }),
    },
    {
      name: "ListVersionsByFunction",
      method: "GET",
      path: versions,
      run: ({ request, parts: [name = ""] }) => page(request, "Versions", functions.listVersions(name)),
    },
    {
      name: "CreateAlias",
      method: "POST",
      path: aliases,
      status: 201,
      run: ({ request, parts: [FunctionName = ""] }) =>
        functions.createAlias({
          ...input<{ Name: string }>(request, "Name", "FunctionVersion"),
          FunctionName,
        }),
    },
    {
      name: "ListAliases",
      method: "GET",
      path: aliases,
      run: ({ request, parts: [name = ""] }) => page(request, "Aliases", functions.listAliases(name)),
    },
    {
      name: "GetAlias",
      method: "GET",
      path: alias,
      run: ({ parts: [name = "", aliasName = ""] }) => functions.getAlias(name, aliasName),
    },
    {
      name: "UpdateAlias",
      method: "PUT",
      path: alias,
      run: ({ request, parts: [FunctionName = "", Name = ""] }) =>
        functions.updateAlias({ ...input(request), FunctionName, Name }),
    },
    {
      name: "DeleteAlias",
      method: "DELETE",
      path: alias,
      run: ({ parts: [name = "", aliasName = ""] }) => functions.deleteAlias(name, aliasName),
    },
  ];
}
