/** What a terminal or a pipe wants: colours for terminals only (NO_COLOR: https://no-color.org), and an end when nobody reads. */
import { writeSync } from "node:fs";
import process from "node:process";

const codes = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
} as const;

export type Painter = Record<keyof typeof codes, (text: string) => string>;

export function painter(stream: { isTTY?: boolean }): Painter {
  const isColoured = stream.isTTY === true && (process.env["NO_COLOR"] ?? "") === "";
  const paint = (name: keyof typeof codes) => (text: string) => {
    const [on, off] = codes[name];
    return isColoured ? `\u001b[${on}m${text}\u001b[${off}m` : text;
  };
  return {
    bold: paint("bold"),
    dim: paint("dim"),
    red: paint("red"),
    green: paint("green"),
    yellow: paint("yellow"),
    cyan: paint("cyan"),
  };
}

/**
 * Text from outside may carry control characters that move the cursor or recolour the terminal; they are shown, not
 * obeyed. Line breaks and tabs stay.
 */
export function withoutControl(text: string): string {
  // eslint-disable-next-line no-control-regex -- these are what must not reach the terminal
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return `\\x${code.toString(16).padStart(2, "0")}`;
  });
}

/** A reader such as `head` may leave early; that is no failure of ours. An output that takes no more is one. */
export function endWithReader(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") process.exit(0);
      // What cannot be written cannot be told there either; where stderr is another file, it says so.
      if (stream !== process.stderr) writeSync(2, `error: the output cannot be written: ${error.message}\n`);
      process.exit(1);
    });
  }
}
