import { testLanguageSample } from "./languages.ts";

// libpq, which the variables lead to the cluster, as in Python.
testLanguageSample({
  name: "cpp-libpq",
  platform: "python",
  program: ".bin/cpp-libpq",
  args: [],
  script: "samples:cpp",
});
