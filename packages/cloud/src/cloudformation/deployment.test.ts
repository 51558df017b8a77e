import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { Deployments } from "./deployment.ts";
import type { Admission } from "./resource-permissions/index.ts";
import type { ResourceRequest, ResourceType } from "./resource-type.ts";
import type { Stack, StackDefinition } from "./stack.ts";
import { StackStore } from "./stack-store.ts";
import { scalarText } from "./template.ts";

/**
 * A small provider of its own: things by name, in memory, which outlive the engine as an AWS service does. A thing whose
 * value is `hang` waits until the engine stops; one whose value is `fail` cannot be made.
 */
class Things implements ResourceType {
  readonly replacedBy = ["Name"];
  readonly nameProperty = "Name";
  readonly mayDrift = true;
  readonly made = new Map<string, string>();
  readonly log: string[] = [];
  onHang: () => void = () => undefined;

  identify(request: Pick<ResourceRequest, "properties" | "logicalId">): string {
    return scalarText(request.properties["Name"]) ?? request.logicalId;
  }

  async create(request: ResourceRequest) {
    return this.#put("create", request);
  }

  async update(request: ResourceRequest) {
    return this.#put("update", request);
  }

  remove(request: ResourceRequest): void {
    this.log.push(`remove ${request.physicalId}`);
    this.made.delete(request.physicalId);
  }

  async #put(verb: string, request: ResourceRequest) {
    const value = scalarText(request.properties["Value"]) ?? "";
    this.log.push(`${verb} ${request.physicalId}`);
    if (value === "fail") throw new Error("it cannot be made");
    this.made.set(request.physicalId, value);
    if (value === "hang") await this.#hang(request.signal);
    return { attributes: { Value: value } };
  }

  #hang(signal: AbortSignal): Promise<never> {
    this.onHang();
    return new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => {
        reject(new Error("the provider was cut off"));
      });
    });
  }
}

interface Engine {
  readonly store: StackStore;
  readonly deployments: Deployments;
}

interface Workbench {
  readonly things: Things;
  /** In whose name each step was asked for: `<step> <id> <actor>`. */
  readonly asked: string[];
  readonly start: () => Engine;
}

function workbench(t: TestContext): Workbench {
  const directory = mkdtempSync(join(tmpdir(), "dsql-local-stacks-"));
  t.after(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  const things = new Things();
  const asked: string[] = [];
  const admission: Admission = {
    change: (actor, _type, { step, physicalId }) => {
      asked.push(`${step} ${physicalId} ${actor?.callerArn ?? "nobody"}`);
    },
    read: () => undefined,
    refuseUnlisted: () => undefined,
  };
  const account = "123456789012";
  const region = "us-east-1";
  return {
    things,
    asked,
    start: () => {
      const store = new StackStore({ directory, account, region });
      store.load();
      const deployments = new Deployments({
        store,
        ssmValueFor: () => () => undefined,
        withLocalAddresses: (text) => text,
        typeOf: () => things,
        admission,
        account,
        region,
        log: () => undefined,
      });
      deployments.recover();
      return { store, deployments };
    },
  };
}

type ThingDeclarations = Record<string, { Value: string; Name?: string; needs?: string[] }>;

function definition(declarations: ThingDeclarations): StackDefinition {
  const Resources = Object.fromEntries(
    Object.entries(declarations).map(([logicalId, { needs = [], ...Properties }]) => [
      logicalId,
      { Type: "Test::Thing", Properties, DependsOn: needs },
    ]),
  );
  return {
    templateBody: JSON.stringify({ Resources }),
    parameters: [],
    tags: [],
    capabilities: [],
    notificationArns: [],
  };
}

async function create({ store, deployments }: Engine, declarations: ThingDeclarations): Promise<Stack> {
  const stack = store.create("stack", definition(declarations), "REVIEW_IN_PROGRESS");
  deployments.beginCreate(stack, { definition: stack.definition, onFailure: "ROLLBACK" });
  await deployments.settled(stack);
  return stack;
}

async function update({ deployments }: Engine, stack: Stack, declarations: ThingDeclarations): Promise<void> {
  deployments.beginUpdate(stack, { definition: definition(declarations), onFailure: "ROLLBACK" });
  await deployments.settled(stack);
}

/** An update that leaves everything as it is when it fails. */
async function leave({ deployments }: Engine, stack: Stack, declarations: ThingDeclarations): Promise<void> {
  deployments.beginUpdate(stack, { definition: definition(declarations), onFailure: "DO_NOTHING" });
  await deployments.settled(stack);
}

/** Begins something that hangs, and stops the engine in the middle of it. */
async function stopInside(engine: Engine, things: Things, begin: () => void): Promise<void> {
  const hangs = new Promise<void>((resolve) => {
    things.onHang = resolve;
  });
  begin();
  await hangs;
  await engine.deployments.stop();
}

async function restarted(start: () => Engine): Promise<{ engine: Engine; stack: Stack }> {
  const engine = start();
  const [stack] = engine.store.all();
  assert.ok(stack);
  await engine.deployments.settled(stack);
  return { engine, stack };
}

test("resources are made after what they need and removed before it", async (t) => {
  const { things, start } = workbench(t);
  const engine = start();
  const stack = await create(engine, {
    C: { Value: "3", needs: ["B"] },
    A: { Value: "1" },
    B: { Value: "2", needs: ["A"] },
  });
  assert.equal(stack.status, "CREATE_COMPLETE");
  engine.deployments.beginDelete(stack, { retainResources: [] });
  await engine.deployments.settled(stack);
  assert.deepEqual(things.log, ["create A", "create B", "create C", "remove C", "remove B", "remove A"]);
});

test("a creation cut short by a stop is undone at the next start", async (t) => {
  const { things, start } = workbench(t);
  const engine = start();
  await stopInside(engine, things, () => {
    void create(engine, {
      A: { Value: "1" },
      B: { Value: "hang", needs: ["A"] },
      C: { Value: "3", needs: ["B"] },
    });
  });
  assert.deepEqual([...things.made.keys()], ["A", "B"]);
  const { stack } = await restarted(start);
  assert.equal(stack.status, "ROLLBACK_COMPLETE");
  assert.deepEqual([...things.made.keys()], []);
  assert.ok(
    stack.events.some((event) => event.reason?.includes("stopped while the operation was under way")),
  );
});

test("what a stop cut short is undone in the name of whoever asked for it", async (t) => {
  const { things, asked, start } = workbench(t);
  const engine = start();
  const stack = engine.store.create(
    "stack",
    definition({ A: { Value: "1" }, B: { Value: "hang", needs: ["A"] } }),
    "REVIEW_IN_PROGRESS",
  );
  const actor = { principalArn: "arn:aws:iam::123456789012:role/ana", callerArn: "ana" };
  await stopInside(engine, things, () => {
    engine.deployments.beginCreate(stack, { definition: stack.definition, onFailure: "ROLLBACK", actor });
  });
  assert.equal((await restarted(start)).stack.status, "ROLLBACK_COMPLETE");
  assert.deepEqual(asked, ["create A ana", "create B ana", "delete B ana", "delete A ana"]);
});

test("an update cut short by a stop goes back to what was at the next start", async (t) => {
  const { things, start } = workbench(t);
  const engine = start();
  const stack = await create(engine, {
    A: { Value: "1" },
    B: { Value: "2", Name: "old" },
    C: { Value: "3" },
  });
  await stopInside(engine, things, () => {
    void update(engine, stack, {
      A: { Value: "changed" },
      B: { Value: "2", Name: "new", needs: ["A"] },
      C: { Value: "hang", needs: ["B"] },
      D: { Value: "4", needs: ["C"] },
    });
  });
  const after = await restarted(start);
  assert.equal(after.stack.status, "UPDATE_ROLLBACK_COMPLETE");
  assert.deepEqual(Object.fromEntries(things.made), { A: "1", old: "2", C: "3" });
  assert.equal(after.stack.resources["B"]?.physicalId, "old");
});

test("a failed replacement keeps the old resource", async (t) => {
  const { things, start } = workbench(t);
  const engine = start();
  const stack = await create(engine, { A: { Value: "1", Name: "old" } });
  await update(engine, stack, { A: { Value: "fail", Name: "new" } });
  assert.equal(stack.status, "UPDATE_ROLLBACK_COMPLETE");
  assert.deepEqual(Object.fromEntries(things.made), { old: "1" });
  assert.equal(stack.resources["A"]?.physicalId, "old");
  assert.ok(!things.log.includes("remove new"));
});

test("a named resource that must be replaced cannot keep its name", async (t) => {
  const { start, things } = workbench(t);
  const engine = start();
  const stack = await create(engine, { A: { Value: "1", Name: "named" } });
  // The name is given in another form, so that the property changes while the name does not.
  const changed = definition({ A: { Value: "1" } });
  const templateBody = changed.templateBody.replace('"Value":"1"', '"Value":"1","Name":["named"]');
  engine.deployments.beginUpdate(stack, { definition: { ...changed, templateBody }, onFailure: "ROLLBACK" });
  await engine.deployments.settled(stack);
  assert.equal(stack.status, "UPDATE_ROLLBACK_COMPLETE");
  assert.ok(stack.events.some((event) => event.reason?.includes("Rename named and update the stack again")));
  assert.deepEqual(Object.fromEntries(things.made), { named: "1" });
});

test("after the first failure nothing new begins", async (t) => {
  const { things, start } = workbench(t);
  const stack = await create(start(), { A: { Value: "fail" }, B: { Value: "2", needs: ["A"] } });
  assert.equal(stack.status, "ROLLBACK_COMPLETE");
  assert.deepEqual(things.log, ["create A"]);
});

test("an update that failed and was left so is finished by the next: what failed is tried again", async (t) => {
  const { things, start } = workbench(t);
  const engine = start();
  const stack = await create(engine, { A: { Value: "1" }, B: { Value: "2" } });
  const wanted = { A: { Value: "3" }, B: { Value: "4" }, C: { Value: "5", needs: ["A", "B"] } };
  await leave(engine, stack, { ...wanted, B: { Value: "fail" } });
  assert.equal(stack.status, "UPDATE_FAILED");
  assert.equal(stack.resources["A"]?.status, "UPDATE_COMPLETE");
  await leave(engine, stack, { ...wanted, C: { Value: "fail", needs: ["A", "B"] } });
  assert.equal(stack.status, "UPDATE_FAILED");
  await update(engine, stack, wanted);
  assert.equal(stack.status, "UPDATE_COMPLETE");
  assert.deepEqual(Object.fromEntries(things.made), { A: "3", B: "4", C: "5" });
});

test("a creation that failed and was left so is finished by an update", async (t) => {
  const { things, start } = workbench(t);
  const engine = start();
  const failing = definition({ A: { Value: "1" }, B: { Value: "fail", needs: ["A"] } });
  const stack = engine.store.create("stack", failing, "REVIEW_IN_PROGRESS");
  engine.deployments.beginCreate(stack, { definition: failing, onFailure: "DO_NOTHING" });
  await engine.deployments.settled(stack);
  assert.equal(stack.status, "CREATE_FAILED");
  await update(engine, stack, { A: { Value: "1" }, B: { Value: "2", needs: ["A"] } });
  assert.equal(stack.status, "UPDATE_COMPLETE");
  assert.deepEqual(Object.fromEntries(things.made), { A: "1", B: "2" });
});

test("what was left after a failure can be rolled back, and nothing else can", async (t) => {
  const { things, start } = workbench(t);
  const engine = start();
  const stack = await create(engine, { A: { Value: "1" } });
  assert.throws(() => engine.deployments.beginRollback(stack, {}), {
    message: /is in CREATE_COMPLETE state and can not be rolled back/,
  });
  await leave(engine, stack, { A: { Value: "2" }, B: { Value: "fail", needs: ["A"] } });
  engine.deployments.beginRollback(stack, {});
  await engine.deployments.settled(stack);
  assert.equal(stack.status, "UPDATE_ROLLBACK_COMPLETE");
  assert.deepEqual(Object.fromEntries(things.made), { A: "1" });
});

test("a deployment that reverts drift sets again what others may have changed", async (t) => {
  const { things, start } = workbench(t);
  const engine = start();
  const stack = await create(engine, { A: { Value: "1" } });
  things.made.set("A", "changed past the stack");
  await update(engine, stack, { A: { Value: "1" } });
  assert.equal(things.made.get("A"), "changed past the stack");
  const reverting = { ...definition({ A: { Value: "1" } }), revertsDrift: true };
  engine.deployments.beginUpdate(stack, { definition: reverting, onFailure: "ROLLBACK" });
  await engine.deployments.settled(stack);
  assert.equal(things.made.get("A"), "1");
});

test("an operation is refused while another is under way", async (t) => {
  const { things, start } = workbench(t);
  const engine = start();
  await stopInside(engine, things, () => {
    void create(engine, { A: { Value: "hang" } });
    const [stack] = engine.store.all();
    assert.ok(stack);
    assert.throws(
      () => engine.deployments.beginUpdate(stack, { definition: stack.definition, onFailure: "ROLLBACK" }),
      {
        message: /is in CREATE_IN_PROGRESS state and can not be updated/,
      },
    );
  });
});
