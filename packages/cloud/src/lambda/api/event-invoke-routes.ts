/** Routes of Lambda's API about asynchronous invocations. */

import type { EventInvokeConfigs } from "../access/index.ts";
import type { EventInvokeSettings } from "../types.ts";
import { type Call, input, page, qualifierOf, type Route } from "./routes.ts";

export function eventInvokeRoutes(configs: EventInvokeConfigs): Route[] {
  const path = /^\/2019-09-25\/functions\/([^/]+)\/event-invoke-config$/;
  return [
    {
      name: "PutFunctionEventInvokeConfig",
      method: "PUT",
      path,
      run: (call) => configs.put(nameIn(call), qualifierOf(call.request), settingsIn(call)),
    },
    {
      name: "UpdateFunctionEventInvokeConfig",
      method: "POST",
      path,
      run: (call) => configs.update(nameIn(call), qualifierOf(call.request), settingsIn(call)),
    },
    {
      name: "GetFunctionEventInvokeConfig",
      method: "GET",
      path,
      run: (call) => configs.get(nameIn(call), qualifierOf(call.request)),
    },
    {
      name: "DeleteFunctionEventInvokeConfig",
      method: "DELETE",
      path,
      run: (call) => configs.delete(nameIn(call), qualifierOf(call.request)),
    },
    {
      name: "ListFunctionEventInvokeConfigs",
      method: "GET",
      path: /^\/2019-09-25\/functions\/([^/]+)\/event-invoke-config\/list$/,
      run: (call) => page(call.request, "FunctionEventInvokeConfigs", configs.list(nameIn(call))),
    },
  ];
}

function nameIn({ parts: [name = ""] }: Call): string {
  return name;
}

/** Members that are no settings are left behind. */
function settingsIn({ request }: Call): EventInvokeSettings {
  const { MaximumRetryAttempts, MaximumEventAgeInSeconds, DestinationConfig } =
    input<EventInvokeSettings>(request);
  return { MaximumRetryAttempts, MaximumEventAgeInSeconds, DestinationConfig };
}
