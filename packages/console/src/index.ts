/**
 * The console: one page that shows what goes on in the local stack, and lets people make it happen.
 *
 * The page itself is in `page/`; the build puts its files beside this one, and the AWS endpoint serves them. It is a client
 * of the API under `/_dsql/api/` and of nothing else.
 */
import { fileURLToPath } from "node:url";

/** Where the page's files are. */
export const consoleFolder = fileURLToPath(new URL("./page/", import.meta.url));
