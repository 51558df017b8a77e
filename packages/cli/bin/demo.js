#!/usr/bin/env node
import { ensureBuilt } from "./ensure-built.js";

ensureBuilt("dist/src/demo.js");
const { main } = await import("../dist/src/demo.js");
await main();
