/**
 * The tutorial's text as a script: its code blocks, in order. What follows a block's language says what to do with it.
 *
 *     sh               a command for the reader's shell
 *     sh fails         the same; it is meant to fail
 *     sh stack         the terminal that runs the local stack
 *     sh psql          the terminal that holds the psql session
 *     sh aws           needs the AWS CLI
 *     sh aws-token     needs an AWS CLI that makes tokens, and psql
 *     sh install       installs packages from the registry
 *     sh second-psql   one more terminal, with a psql session of its own
 *     sh with-psql     needs psql: it shows what sessions have done
 *     sql              a statement for the open psql session
 *     sql second       the same for the second session
 *     sql fails        the same for the first, `sql second fails` for the second; it is meant to fail
 *     diff <file>      a change of a file of the project
 *     ts <file>        a new file of the project
 *     text             what the block before prints; lines may be left out, numbers differ
 *
 * Blocks of any other kind are refused: a command that no test runs would be wrong one day.
 */
import { readFileSync } from "node:fs";
import path from "node:path";
import { type Chapter, chapters, tutorialDir } from "../chapter-files.ts";

type ShellKind =
  "shell" | "failing" | "stack" | "psql" | "second-psql" | "with-psql" | "aws" | "aws-token" | "install";

type Kind =
  | { readonly kind: ShellKind | "output" }
  | { readonly kind: "sql"; readonly session: "first" | "second"; readonly isFailing: boolean }
  | { readonly kind: "edit" | "file"; readonly file: string };

export type Block = { readonly line: number; readonly text: string; readonly chapter: Chapter } & Kind;

const shellKinds: Readonly<Record<string, ShellKind>> = {
  "": "shell",
  fails: "failing",
  stack: "stack",
  psql: "psql",
  "second-psql": "second-psql",
  "with-psql": "with-psql",
  aws: "aws",
  "aws-token": "aws-token",
  install: "install",
};

export function readScript(): Block[] {
  return parseScript(readFileSync(path.join(tutorialDir, "README.md"), "utf8"));
}

export function parseScript(markdown: string): Block[] {
  const blocks: Block[] = [];
  const lines = markdown.split("\n");
  let chapter: Chapter = chapters[0];
  for (let at = 0; at < lines.length; at++) {
    chapter = chapterUnder(lines[at] ?? "") ?? chapter;
    const fence = /^```(\S*) ?(.*)$/.exec(lines[at] ?? "");
    if (!fence) continue;
    const line = at + 1;
    const end = lines.indexOf("```", at + 1);
    if (end === -1) throw new Error(`README.md:${line}: the code block has no end`);
    const text = lines.slice(at + 1, end).join("\n");
    blocks.push({ line, text, chapter, ...kindOf(fence[1] ?? "", fence[2] ?? "", line) });
    at = end;
  }
  return blocks;
}

/** @returns the project that a reader of what follows this heading works towards; undefined for any other line */
function chapterUnder(line: string): Chapter | undefined {
  const [, number, variant] = /^(?:## Chapter (\d)|### Variant: (one statement|pipelined))/.exec(line) ?? [];
  if (number !== undefined) return chapters[Number(number)];
  if (variant === undefined) return undefined;
  return variant === "pipelined" ? "ch06-pipelined" : "ch06-one-statement";
}

function kindOf(language: string, info: string, line: number): Kind {
  const shell = shellKinds[info];
  if (language === "sh" && shell !== undefined) return { kind: shell };
  if (language === "sql" && /^(second)? ?(fails)?$/.test(info)) {
    const session = info.startsWith("second") ? "second" : "first";
    return { kind: "sql", session, isFailing: info.endsWith("fails") };
  }
  if (language === "text" && info === "") return { kind: "output" };
  if (language === "diff" && info !== "") return { kind: "edit", file: info };
  if (language === "ts" && info !== "") return { kind: "file", file: info };
  throw new Error(`README.md:${line}: nothing runs a code block of the kind "${language} ${info}"`);
}
