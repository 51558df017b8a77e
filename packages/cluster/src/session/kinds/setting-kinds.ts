/** SET, RESET, SHOW: the session's settings. */
import type { Outcome } from "../../transaction/index.ts";
import { requireUtf8 } from "../client-encoding.ts";
import { isIdentitySetting, showAllInstead, showIdentity } from "../identity-settings.ts";
import { NotingSink } from "../reported-parameters.ts";
import { isServiceSetting, showService } from "../service-settings.ts";
import { changeOf } from "../setting-changes.ts";
import type { KindHandler, Run, Running } from "./kind.ts";

export const set: KindHandler<"set"> = { run: changeSetting };
export const reset: KindHandler<"reset"> = { run: changeSetting };

async function changeSetting(
  running: Running,
  { statement, execution, sink, isAlone }: Run<"set" | "reset">,
): Promise<Outcome> {
  const { block, reported, settingsAtStart } = running;
  const { name = "", ...rest } = statement;
  if (name.toLowerCase() === "client_encoding" && "value" in rest) requireUtf8(rest.value ?? "UTF8");
  const now = { session: block.settings, inForce: block.settingsInForce };
  const change = changeOf(statement, now, settingsAtStart);
  const noting = new NotingSink(sink, (setting, value) => {
    reported.note(setting, value, change.scope);
  });
  const outcome =
    change.texts === undefined
      ? isAlone
        ? await running.alone(execution, noting, change.session)
        : await running.inTransaction(execution, noting)
      : await running.instead(execution, change.texts, noting);
  block.changeSettings(change);
  return outcome.kind === "complete" ? { kind: "complete", tag: change.tag } : outcome;
}

export const show: KindHandler<"show"> = {
  async run(running, { statement: { name }, execution, sink, isAlone }) {
    if (isIdentitySetting(name)) return showIdentity(name, execution, sink);
    if (isServiceSetting(name)) return showService(name, running.block.settingsInForce, execution, sink);
    if (name !== "all")
      return isAlone ? await running.alone(execution, sink) : await running.inTransaction(execution, sink);
    const outcome = await running.instead(execution, [showAllInstead], sink);
    return outcome.kind === "complete" ? { kind: "complete", tag: "SHOW" } : outcome;
  },
};
