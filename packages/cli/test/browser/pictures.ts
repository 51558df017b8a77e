/**
 * `npm run pictures`: the pictures of README and guides, taken of the real page on a stack with real conflicts. They go to
 * `docs/images`.
 */
import path from "node:path";
import process from "node:process";
import { openPage, type Page, skipWithoutBrowser, startBrowser } from "./browser.ts";
import { type ConsoleStack, makeConflict, startConsoleStack } from "./console-stack.ts";

/** This file runs as `packages/cli/dist/test/browser/pictures.js`. */
const images = path.resolve(import.meta.dirname, "..", "..", "..", "..", "..", "docs", "images");

/** Rows on which transactions lose: one of them more often than the others. */
const lostOn = [3, 7, 7, 12, 7, 5, 7, 3, 7];

const undo: (() => unknown)[] = [];
try {
  process.exitCode = await main();
} finally {
  for (const run of undo.reverse()) await run();
}

async function main(): Promise<number> {
  if (skipWithoutBrowser !== false) {
    console.error(`No pictures: ${skipWithoutBrowser}.`);
    return 1;
  }
  const stack = await startConsoleStack({ after: (run) => undo.push(run) });
  await giveItSomethingToShow(stack);
  const browser = await startBrowser();
  undo.push(() => browser.close());
  const page = await openPage(browser);
  await page.emulateMedia({ colorScheme: "light" });
  await page.goto(stack.address);
  await page.locator("[data-testid=conflicts] button").first().click();
  await take(page, "console-conflicts", 500);
  await playScene(page);
  await take(page, "console-two-sessions", 770);
  return 0;
}

async function giveItSomethingToShow(stack: ConsoleStack): Promise<void> {
  const [shop, billing] = await Promise.all([stack.connect("shop"), stack.connect("billing")]);
  undo.push(() => Promise.all([shop.end(), billing.end()]));
  await shop.query("CREATE TABLE account (id int PRIMARY KEY, balance int NOT NULL)");
  await shop.query("INSERT INTO account SELECT n, 100 FROM generate_series(1, 20) AS n");
  for (const id of lostOn) await makeConflict(shop, billing, id);
}

async function playScene(page: Page): Promise<void> {
  await page.locator('nav a[href="#/two-sessions"]').click();
  await page.locator("select[aria-label=Scene]").selectOption("Lost update");
  for (let step = 1; step <= 6; step++) {
    await page.locator(`[data-testid=next-step]:not([disabled]):has-text("Step ${step} of")`).click();
  }
  await page.locator('[data-testid=next-step]:not([disabled]):has-text("Step 7 of")').waitFor();
}

async function take(page: Page, name: string, height: number): Promise<void> {
  const file = path.join(images, `${name}.png`);
  await page.setViewportSize({ width: 1_280, height });
  await page.screenshot({ path: file });
  console.log(path.relative(process.cwd(), file));
}
