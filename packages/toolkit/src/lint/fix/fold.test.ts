import assert from "node:assert/strict";
import { test } from "node:test";
import { fixText, lintTexts } from "../index.ts";

const fixed = async (text: string): Promise<string> => (await fixText({ file: "dump.sql", text })).text;

const dump = `CREATE TABLE public.a (
    id integer NOT NULL,
    name text -- as it is written
);

COPY public.a (id, name) FROM stdin;
1	x; y
\\.

ALTER TABLE public.a ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.a_id_seq
    CACHE 1
);
--
-- Name: a a_pkey; Type: CONSTRAINT
--

ALTER TABLE ONLY public.a
    ADD CONSTRAINT a_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.a ADD CONSTRAINT a_name_key UNIQUE (name);
`;

test("what pg_dump adds to a table afterwards goes into its CREATE TABLE, once", async () => {
  const text = await fixed(dump);
  assert.equal(
    text,
    `CREATE TABLE public.a (
    id bigint NOT NULL,
    name text,
    CONSTRAINT a_pkey PRIMARY KEY (id),
    CONSTRAINT a_name_key UNIQUE (name) -- as it is written
);

COPY public.a (id, name) FROM stdin;
1	x; y
\\.

ALTER TABLE public.a ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.a_id_seq
    CACHE 1
);
--
-- Name: a a_pkey; Type: CONSTRAINT
--

`,
  );
  assert.equal(await fixed(text), text);
});

test("they are errors that --fix mends, and the table is not said to lack a key", async () => {
  const { findings } = await lintTexts([{ file: "dump.sql", text: dump }], { ignore: ["hot-keys"] });
  assert.deepEqual(
    findings.map(({ ruleId, line, isFixable }) => [ruleId, line, isFixable]),
    [
      ["identity-type", 10, true],
      ["add-primary-key", 19, true],
      ["add-unique", 20, true],
    ],
  );
});

for (const [why, text] of [
  ["the table is made elsewhere", "ALTER TABLE a ADD PRIMARY KEY (id);"],
  [
    "the table has got another name",
    "CREATE TABLE a (id int);\nALTER TABLE a RENAME TO b;\nALTER TABLE a ADD PRIMARY KEY (id);",
  ],
  [
    "the column comes later",
    "CREATE TABLE a (n int);\nALTER TABLE a ADD COLUMN id int;\nALTER TABLE a ADD PRIMARY KEY (id);",
  ],
  [
    "a comment puts it aside",
    "CREATE TABLE a (id int);\n-- dsql-lint-disable-next-line add-primary-key: for the replica\nALTER TABLE a ADD PRIMARY KEY (id);",
  ],
] as const) {
  test(`a primary key stays where it is when ${why}`, async () => {
    assert.equal(await fixed(text), text);
  });
}

test("a key without a name moves too", async () => {
  assert.equal(
    await fixed("CREATE TABLE a (id int);\nALTER TABLE a ADD PRIMARY KEY (id);\n"),
    "CREATE TABLE a (id int,\n    PRIMARY KEY (id));\n",
  );
});
