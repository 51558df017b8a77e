import { testLanguageSample } from "./languages.ts";

const python = { program: ".venv/bin/python", args: ["owner.py"], script: "samples:python" };

testLanguageSample({ ...python, name: "psycopg", platform: "python" });
// psycopg2. Without PGPASSWORD it makes its own tokens.
testLanguageSample({ ...python, name: "python", platform: "python", without: ["PGPASSWORD"] });
testLanguageSample({ ...python, name: "sqlalchemy", platform: "python" });
// It looks the host's name up like any other, so it is one that leads to this machine.
testLanguageSample({ ...python, name: "asyncpg", platform: "go" });
