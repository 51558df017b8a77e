#!/usr/bin/env node
import { ensureBuilt } from "./ensure-built.js";

ensureBuilt("dist/src/helper.js");
const { main } = await import("../dist/src/helper.js");
await main();
