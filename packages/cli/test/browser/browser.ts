/** A real browser from the system, driven by playwright-core. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import process from "node:process";

/** This file runs as `packages/cli/dist/test/browser/browser.js`. */
const folder = path.resolve(import.meta.dirname, "..", "..", "..", "test", "browser");

const program = [
  process.env["CHROMIUM"] ?? "",
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
].find((file) => file !== "" && existsSync(file));

/** For `describe()`: why tests in a browser are skipped, or false. */
export const skipWithoutBrowser: string | false = !existsSync(path.join(folder, "node_modules"))
  ? "playwright-core is not installed; `npm run test:console` installs it"
  : program === undefined
    ? "no Chromium or Chrome was found; install one, or name it in CHROMIUM"
    : false;

/** As much of playwright-core as is used; its own types are where it is installed. */
export interface Locator {
  click(): Promise<void>;
  fill(text: string): Promise<void>;
  press(key: string): Promise<void>;
  selectOption(label: string): Promise<unknown>;
  /** Waits until it is shown, or in that state. */
  waitFor(options?: { readonly state: "detached" }): Promise<void>;
  boundingBox(): Promise<{ readonly x: number; readonly width: number } | null>;
  textContent(): Promise<string | null>;
  first(): Locator;
}

export interface Page {
  goto(url: string): Promise<unknown>;
  locator(selector: string): Locator;
  setViewportSize(size: { readonly width: number; readonly height: number }): Promise<void>;
  emulateMedia(options: { readonly colorScheme: "light" | "dark" }): Promise<void>;
  screenshot(options: { readonly path: string }): Promise<unknown>;
  on(event: "pageerror", heard: (error: Error) => void): void;
  on(event: "request", heard: (request: { url(): string }) => void): void;
  setDefaultTimeout(ms: number): void;
  context(): { newCDPSession(page: Page): Promise<DevTools> };
}

/** Chromium's own protocol. */
export interface DevTools {
  send(method: string): Promise<{ readonly metrics?: readonly { name: string; value: number }[] }>;
}

export interface Browser {
  newPage(options?: {
    readonly viewport?: { readonly width: number; readonly height: number };
  }): Promise<Page>;
  close(): Promise<void>;
}

/** What the page keeps in memory, once what is not needed is gone. */
export async function memoryOf(page: Page): Promise<{ readonly nodes: number; readonly heapBytes: number }> {
  const tools = await page.context().newCDPSession(page);
  await tools.send("Performance.enable");
  await tools.send("HeapProfiler.collectGarbage");
  const { metrics = [] } = await tools.send("Performance.getMetrics");
  const value = (name: string): number => metrics.find((metric) => metric.name === name)?.value ?? 0;
  return { nodes: value("Nodes"), heapBytes: value("JSHeapUsedSize") };
}

/** For what a page is waited for: a machine that is ten times slower has to get there too. */
const patienceMs = 120_000;

export async function startBrowser(): Promise<Browser> {
  const require = createRequire(path.join(folder, "package.json"));
  const { chromium } = require("playwright-core") as {
    chromium: { launch(options: object): Promise<Browser> };
  };
  // As root Chromium has no sandbox, and says so instead of starting.
  const isRoot = process.getuid?.() === 0;
  return await chromium.launch({
    executablePath: program,
    args: [...(isRoot ? ["--no-sandbox"] : []), "--disable-dev-shm-usage"],
    timeout: patienceMs,
  });
}

export async function openPage(browser: Browser, width = 1_280): Promise<Page> {
  const page = await browser.newPage({ viewport: { width, height: 900 } });
  page.setDefaultTimeout(patienceMs);
  return page;
}
