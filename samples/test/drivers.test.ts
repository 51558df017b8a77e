import { testSample } from "./owner-program.ts";

for (const name of ["node-postgres", "postgres-js", "aws-connector"]) testSample(name);
