/** A table that a later step of the tutorial creates is not there yet: says which chapter creates it. */
import { Failure } from "../failure.ts";

const undefinedTable = "42P01";

const remedies = {
  accounts: "Chapter 3 creates it: CREATE TABLE accounts (id INT PRIMARY KEY, balance INT);",
  transactions: "Chapter 5 creates it, in its step 1: CREATE TABLE transactions (…);",
} as const;

/** @throws {Failure} with the chapter, where the error is that one of the tutorial's tables does not exist; else the error */
export function missingTable(error: unknown): never {
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (code !== undefinedTable) throw error;
  const name = String(message).includes("transactions") ? "transactions" : "accounts";
  throw new Failure(`there is no table ${name}`, { remedy: remedies[name], cause: error });
}
