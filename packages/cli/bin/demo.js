#!/usr/bin/env node
import { buildAnew } from "./ensure-built.js";

await buildAnew("dist/src/demo.js");
const { main } = await import("../dist/src/demo.js");
await main();
