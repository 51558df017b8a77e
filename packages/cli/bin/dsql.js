#!/usr/bin/env node
import { ensureBuilt } from "./ensure-built.js";

ensureBuilt("dist/src/dsql.js");
const { main } = await import("../dist/src/dsql.js");
await main();
