/** The console in a real browser, on a stack with real load. Skipped where there is no browser. */
import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import type pg from "pg";
import {
  type Browser,
  memoryOf,
  openPage,
  type Page,
  skipWithoutBrowser,
  startBrowser,
} from "./browser/browser.ts";
import { type ConsoleStack, makeConflict, startConsoleStack } from "./browser/console-stack.ts";
import { dsql, eventually, startStack } from "./command.ts";

describe("the console's page", { skip: skipWithoutBrowser }, () => {
  const undo: (() => unknown)[] = [];
  const owner = { after: (run: () => unknown) => undo.push(run) };
  let started: ConsoleStack;
  let browser: Browser;
  let page: Page;
  let ana: pg.Client;
  let ben: pg.Client;
  /** What the page has thrown, and what it has asked of others than the stack. */
  const faults: string[] = [];

  before(async () => {
    started = await startConsoleStack(owner);
    [ana, ben] = await Promise.all([started.connect("shop"), started.connect("billing")]);
    owner.after(() => Promise.all([ana.end(), ben.end()]));
    await ana.query("CREATE TABLE account (id int PRIMARY KEY, balance int NOT NULL)");
    await ana.query("INSERT INTO account SELECT n, 100 FROM generate_series(1, 20) AS n");
    browser = await startBrowser();
    owner.after(() => browser.close());
    page = await openPage(browser);
    page.on("pageerror", (error) => faults.push(`error: ${error.message}`));
    page.on("request", (request) => {
      const url = request.url();
      if (!url.startsWith(started.stack.facts.awsEndpoint) && !url.startsWith("data:"))
        faults.push(`asked of another: ${url}`);
    });
    await page.goto(started.address);
    await shown("[data-testid=link].link-live");
  });
  after(async () => {
    for (const run of undo.reverse()) await run();
  });
  afterEach(() => {
    assert.deepEqual(faults.splice(0), []);
  });

  const shown = (selector: string): Promise<void> => page.locator(selector).first().waitFor();
  const open = async (view: string): Promise<void> => {
    await page.locator(`nav a[href="#/${view}"]`).click();
    await shown(`main[data-view="${view}"]`);
  };
  const textOf = async (selector: string): Promise<string> =>
    (await page.locator(selector).first().textContent()) ?? "";

  test("a conflict is found as it happens, and opened: the row, both transactions and the loser's statements", async () => {
    await open("conflicts");
    await shown(".empty");
    await makeConflict(ana, ben, 7);
    await shown("[data-testid=conflicts] li");
    await page.locator("[data-testid=conflicts] button").first().click();
    const story = await textOf("[data-testid=conflict]");
    assert.match(story, /account/);
    assert.match(story, /billing.*lost.*shop.*had committed the row/s);
    assert.match(story, /balance - 1 WHERE id = 7/);
    assert.match(await textOf("[data-testid=conflicts]"), /OC000.*7/s);
  });

  test("a scene is stepped through in two sessions, and its second COMMIT is the one that loses", async () => {
    await open("two-sessions");
    await page.locator("select[aria-label=Scene]").selectOption("Lost update");
    const next = page.locator("[data-testid=next-step]");
    for (let step = 1; step <= 6; step++) {
      await shown(`[data-testid=next-step]:not([disabled]):has-text("Step ${step} of 7")`);
      await next.click();
    }
    await shown('[data-testid=next-step]:has-text("Step 7 of 7")');
    await shown('[data-testid=pane-Ana]:has-text("40001")');
    assert.match(await textOf("[data-testid=pane-Ana] [data-testid=state]"), /no transaction/);
    assert.doesNotMatch(await textOf("[data-testid=pane-Ben]"), /40001/);
  });

  test("a fault is injected, strikes, and is seen as injected", async () => {
    await open("faults");
    await page.locator("input[name=table]").fill("account");
    await page.locator("input[name=times]").fill("1");
    await page.locator('button:has-text("Inject")').click();
    await shown('[data-testid=faults] li:has-text("table=account")');
    await assert.rejects(ana.query("UPDATE account SET balance = 0 WHERE id = 3"), { code: "40001" });
    await page.locator("[data-testid=faults] li").first().waitFor({ state: "detached" });
    await open("conflicts");
    await shown("[data-testid=conflicts] .tag.injected");
    await open("faults");
    await page.locator("input[name=every]").fill("often");
    await page.locator('button:has-text("Inject")').click();
    await shown("[role=alert]");
  });

  test("SQL is run, explained as a tree, and refused with its words", async () => {
    await open("sql");
    const editor = page.locator("[data-testid=editor] [contenteditable=true]");
    await editor.fill("SELECT id, balance FROM account WHERE id = 12");
    await page.locator('button:has-text("Run")').click();
    await shown('[data-testid=result]:has-text("100")');
    await page.locator('button:has-text("Explain")').click();
    await shown("[data-testid=plan]");
    await editor.fill("SELECT nothing FROM nowhere");
    await page.locator('button:has-text("Run")').click();
    await shown('main:has-text("42P01")');
  });

  test("open transactions are shown with their limits, and statements by fingerprint", async () => {
    await open("sessions");
    await ben.query("BEGIN");
    await ben.query("UPDATE account SET balance = balance + 1 WHERE id = 15");
    await shown('[data-testid=transactions] tr:has-text("billing") .tag:has-text("active")');
    await ben.query("ROLLBACK");
    await shown(
      '[data-testid=statements] tr:has-text("UPDATE account SET balance = balance + ? WHERE id = ?")',
    );
  });

  test("tables, jobs, the cluster and what is deployed are shown as they are", async () => {
    const { rows } = await ana.query<{ job_id: string }>("CREATE INDEX ASYNC ON account (balance)");
    const jobId = rows[0]?.job_id ?? "none";
    await open("jobs");
    await shown(`td:has-text("${jobId}")`);
    await shown(`tr:has-text("${jobId}") .tag.winner`);
    await open("schema");
    await shown('main .panel:has-text("balance")');
    await open("cloud");
    await shown(`main:has-text("${started.stack.facts.clusterEndpoint}")`);
    await shown('main:has-text("No function is deployed")');
  });

  test("ten thousand events draw the plots and leave the page as it was", async () => {
    await open("overview");
    await shown(".plot canvas");
    const busy = async (transactions: number): Promise<void> => {
      const clients = await Promise.all(Array.from({ length: 4 }, () => started.connect("load")));
      await Promise.all(
        clients.map(async (client, index) => {
          for (let done = 0; done < transactions / clients.length; done++)
            await client.query(`SELECT balance FROM account WHERE id = ${index + 1} FOR KEY SHARE`);
          await client.end();
        }),
      );
    };
    // Twice as many events as transactions: begun and committed.
    await busy(1_000);
    const before = await memoryOf(page);
    await busy(5_000);
    await open("conflicts");
    await shown("[data-testid=conflicts] li");
    await open("overview");
    await shown(".plot canvas");
    const after = await memoryOf(page);
    assert.ok(after.nodes < before.nodes + 500, `${before.nodes} nodes became ${after.nodes}`);
    assert.ok(
      after.heapBytes < before.heapBytes + 8 * 1_024 * 1_024,
      `${before.heapBytes} bytes became ${after.heapBytes}`,
    );
  });

  test("the keyboard opens the views, and a narrow window has no width to scroll", async () => {
    await page.locator("main").click();
    await page.locator("body").press("4");
    await shown('main[data-view="sessions"]');
    await page.setViewportSize({ width: 400, height: 800 });
    for (const view of [
      "conflicts",
      "two-sessions",
      "overview",
      "sessions",
      "sql",
      "faults",
      "cloud",
      "jobs",
      "schema",
    ]) {
      await page.goto(`${started.stack.facts.awsEndpoint}/_dsql/#/${view}`);
      await shown(`main[data-view="${view}"]`);
      const box = await page.locator("html").boundingBox();
      const inner = await page.locator("main").boundingBox();
      assert.ok(box !== null && inner !== null);
      assert.ok(inner.x + inner.width <= box.width + 1, `${view}: ${inner.x + inner.width} of ${box.width}`);
    }
    await page.setViewportSize({ width: 1_280, height: 900 });
  });

  test("it finds its way back after the stack was restarted, signed in as before", async () => {
    await open("conflicts");
    const { facts } = started.stack;
    await dsql(["stop", "--data-dir", started.dataDir]);
    await started.stack.ended;
    await shown("[data-testid=link].link-lost");
    const args = [
      "--data-dir",
      started.dataDir,
      "--port",
      "0",
      "--aws-port",
      new URL(facts.awsEndpoint).port,
    ];
    // A connection of somebody else's may have the port for a moment.
    await eventually("the stack has its port again", () =>
      startStack(owner, args).then(
        () => true,
        () => false,
      ),
    );
    await shown("[data-testid=link].link-live");
    await eventually("the list is that of the new start", async () =>
      (await textOf("main")).includes("No transaction has lost yet"),
    );
  });
});
