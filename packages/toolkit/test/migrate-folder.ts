/** Folders of migrations in a temporary place. */
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import path from "node:path";

/** @param files - text by path within the folder */
export function migrationsIn(parent: string, files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(path.join(parent, "migrations-"));
  writeMigrations(folder, files);
  return folder;
}

export function writeMigrations(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  }
}
