import { testLanguageSample } from "./languages.ts";

testLanguageSample({ name: "pgx", platform: "go", program: ".bin/pgx", args: [], script: "samples:go" });
