/** A cluster taken along as a folder or one file, and how far that is. */
export { isArchive, readArchive, writeArchive } from "./archive.ts";
export { progressLine } from "./progress.ts";
