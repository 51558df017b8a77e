/**
 * Rooms: the folders within a part, and the files that stand directly in it. What goes on in a part can be told from the top
 * down only if no room needs, over however many others, one that needs it. Types count: whoever reads has to know them.
 */
import path from "node:path";
import { type Finding, importedFile, isTest, type Tree } from "./tree.ts";

/** Room to the rooms it imports, with one import of each as the place to tell. */
type Arrows = Map<string, Map<string, { readonly file: string; readonly line: number }>>;

export function checkRooms(tree: Tree): Finding[] {
  const arrows = arrowsOf(tree);
  const findings: Finding[] = [];
  const done = new Set<string>();
  for (const room of arrows.keys()) visit(room, []);
  return findings;

  /** Depth first; `trail` is how we came here. */
  function visit(room: string, trail: readonly string[]): void {
    if (done.has(room)) return;
    const here = [...trail, room];
    for (const [next, place] of arrows.get(room) ?? []) {
      if (here.includes(next)) {
        const way = [...here.slice(here.indexOf(next)), next].map(nameOf).join(" → ");
        const message = `rooms need each other: ${way}. Move what both need to a room below them.`;
        findings.push({ severity: "error", ...place, message });
      } else visit(next, here);
    }
    done.add(room);
  }
}

function arrowsOf(tree: Tree): Arrows {
  const arrows: Arrows = new Map();
  for (const { path: file, imports } of tree.sources) {
    if (isTest(file)) continue;
    for (const { specifier, line, isDynamic } of imports) {
      const target = importedFile(file, specifier);
      if (target === undefined || isDynamic) continue;
      const [from, to] = [roomOf(file), roomOf(target)];
      if (from === undefined || to === undefined || from === to) continue;
      if (path.posix.dirname(from) !== path.posix.dirname(to)) continue;
      const ofRoom = arrows.get(from) ?? new Map<string, { file: string; line: number }>();
      arrows.set(from, ofRoom);
      if (!ofRoom.has(to)) ofRoom.set(to, { file, line });
    }
  }
  return arrows;
}

/** `packages/cluster/src/session/ddl` of all files below it, and a file directly in `packages/cluster/src/session` itself. */
function roomOf(file: string): string | undefined {
  return /^packages\/[^/]+\/src\/[^/]+\/[^/]+/.exec(file)?.[0];
}

function nameOf(room: string): string {
  return room.split("/").slice(4).join("/");
}
