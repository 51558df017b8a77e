/**
 * What the checks need to know of a Markdown page: its links, and the anchors of its headings as GitHub makes them.
 *
 * Code is left out: a fence or a code span may hold anything that looks like a link or a heading.
 */
export interface MarkdownLink {
  /** As written, without a title: `../README.md#connect`, `#part`. Links with a scheme are not listed. */
  readonly target: string;
  readonly line: number;
}

export function linksOf(markdown: string): MarkdownLink[] {
  return proseOf(markdown).flatMap((text, index) =>
    [...withoutCode(text).matchAll(/\]\((?![a-z]+:)([^)\s]+)[^)]*\)/g)].map(([, target = ""]) => ({
      target,
      line: index + 1,
    })),
  );
}

/** Headings, and what an `id` or a `name` of HTML gives. A heading that comes again gets `-1`, `-2` … */
export function anchorsOf(markdown: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  const timesSeen = new Map<string, number>();
  for (const text of proseOf(markdown)) {
    const heading = /^#{1,6} +(.+?) *#*$/.exec(text)?.[1];
    if (heading !== undefined) {
      const slug = slugOf(heading);
      const seen = timesSeen.get(slug) ?? 0;
      timesSeen.set(slug, seen + 1);
      anchors.add(seen === 0 ? slug : `${slug}-${seen}`);
    }
    for (const [, id = ""] of text.matchAll(/<a (?:id|name)="([^"]+)"/g)) anchors.add(id);
  }
  return anchors;
}

/** Lower case, marks gone, blanks to hyphens; of a link in the heading its text stays. */
function slugOf(heading: string): string {
  return heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}_ -]/gu, "")
    .replaceAll(" ", "-");
}

/** The lines of a page, those of fenced blocks empty, so that the numbers stay. */
function proseOf(markdown: string): string[] {
  let fence: string | undefined;
  return markdown.split("\n").map((text) => {
    const marks = /^ *(`{3,}|~{3,})/.exec(text)?.[1];
    if (fence === undefined) {
      fence = marks;
      return marks === undefined ? text : "";
    }
    if (marks?.startsWith(fence) === true) fence = undefined;
    return "";
  });
}

function withoutCode(text: string): string {
  return text.replace(/(`+)(?:(?!\1).)*\1/g, "");
}
