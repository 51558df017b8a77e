/** A function's worker thread: takes commands, gives reports. Started by `runtime-thread.ts`. */

import "../../preload/dsql-local-preload.cts";
import { join } from "node:path";
import { parentPort, threadId, workerData } from "node:worker_threads";
import { describeError } from "../error-payload.ts";
import type { ThreadCommand, ThreadReport, ThreadSettings } from "../thread-messages.ts";
import { installConsole } from "./console.ts";
import { currentEnvironment } from "./current-environment.ts";
import { Invocations } from "./invocations.ts";
import { LogFile } from "./log-file.ts";
import { ModuleFiles } from "./module-files.ts";
import { installThreadGlobals } from "./thread-globals.ts";

if (parentPort === null) throw new Error("this file runs as a worker thread only");
const port = parentPort;
const settings = workerData as ThreadSettings;
const variables: Record<string, string> = { ...settings.variables };
// Names of segments sort by age, so the time comes first.
const logFile = new LogFile(
  join(settings.log.directory, encodeURIComponent(settings.log.group)),
  `${Date.now()}-${process.pid}-${threadId}`,
);
const files = new ModuleFiles(settings.taskRoot, (specifier, referrer) => {
  const environment = currentEnvironment.getStore();
  if (environment === undefined)
    throw new Error(`import() of ${specifier} outside any execution environment`);
  return environment.modules.import(specifier, referrer);
});
const endThread = process.exit.bind(process);

installThreadGlobals({
  variables: () => variables,
  taskRoot: files.taskRoot,
  onThreadFailure: (error) => {
    logFile.append(
      Date.now(),
      "thread",
      `uncaught outside any environment: ${JSON.stringify(describeError(error))}`,
    );
    logFile.close();
    endThread(1);
  },
});
installConsole();

const invocations = new Invocations({
  settings,
  variables: () => variables,
  files,
  logFile,
  send: (report: ThreadReport) => port.postMessage(report),
});

port.on("message", (commands: readonly ThreadCommand[]) => {
  for (const command of commands) {
    switch (command[0]) {
      case "invoke":
        invocations.invoke(command);
        break;
      case "prepare":
        invocations.prepare(command);
        break;
      case "drop":
        invocations.drop(command[1]);
        break;
      case "credentials":
        Object.assign(variables, command[1]);
        invocations.updateVariables(command[1]);
        break;
      case "end":
        invocations.close();
        endThread(0);
    }
  }
});
