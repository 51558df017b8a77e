#!/usr/bin/env node
// The tutorial's test and load tool is a program of dsql-local: `node helper.js` here is `npx helper` there.
import("dsql-local/helper").catch((error) => {
  if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
  console.error(`${error.message}\nInstall it here: npm install --save-dev dsql-local`);
  process.exitCode = 1;
});
