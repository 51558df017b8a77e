import path from "node:path";
import { testLanguageSample } from "./languages.ts";

testLanguageSample({
  name: "java-jdbc",
  platform: "java",
  program: "java",
  args: ["-cp", ["target/classes", "target/lib/*"].join(path.delimiter), "Owner"],
  made: "java-jdbc/target/lib",
  script: "samples:java",
});
