/**
 * Shows how far a setup is: a line for each worker that has ended, and on a terminal below them one that is rewritten, with
 * a bar for each worker.
 */
import { type Screen, bar, count, rewriteLine, roomOn } from "@dsql-local/load";

// Ten times a second looks alive and costs nothing.
const drawIntervalMs = 100;

export class SetupDisplay {
  readonly #screen: Screen;
  /** Ids that each worker has to look after, and those it has done. */
  readonly #workers: readonly { readonly ids: number; done: number }[];
  #drawnAt = Number.NEGATIVE_INFINITY;

  /** @param idsOfWorkers - how many ids each worker has to look after */
  constructor(screen: Screen, idsOfWorkers: readonly number[]) {
    this.#screen = screen;
    this.#workers = idsOfWorkers.map((ids) => ({ ids, done: 0 }));
  }

  /** A worker has looked after so many ids more. */
  advance(worker: number, ids: number): void {
    const advanced = this.#workers[worker];
    if (advanced) advanced.done += ids;
    if (performance.now() - this.#drawnAt >= drawIntervalMs) this.#draw();
  }

  /** A worker has ended; `line` says what it did. */
  line(line: string): void {
    if (this.#screen.isTTY !== true) this.#screen.write(`${line}\n`);
    else {
      this.#screen.write(`${rewriteLine(line)}\n`);
      this.#draw();
    }
  }

  /** Leaves the lines of the workers alone. */
  end(): void {
    if (this.#screen.isTTY === true) this.#screen.write(rewriteLine(""));
  }

  #draw(): void {
    if (this.#screen.isTTY !== true) return;
    this.#drawnAt = performance.now();
    this.#screen.write(rewriteLine(setupLine(this.#workers, roomOn(this.#screen))));
  }
}

/**
 * @param room - characters at most
 * @returns `[ 42%] 420,000/1,000,000 accounts | 12/128 workers ▃▅█▁`; where there is no room for all, a bar stands for several
 */
export function setupLine(
  workers: readonly { readonly ids: number; readonly done: number }[],
  room: number,
): string {
  const ids = total(workers.map((worker) => worker.ids));
  const done = total(workers.map((worker) => worker.done));
  const ended = workers.filter((worker) => worker.done === worker.ids).length;
  const percent = String(Math.floor((done / Math.max(ids, 1)) * 100)).padStart(3);
  const text = `[${percent}%] ${count(done)}/${count(ids)} accounts | ${ended}/${workers.length} workers `;
  const bars = Math.max(0, Math.min(workers.length, room - text.length));
  const drawn = Array.from({ length: bars }, (_, index) => {
    const from = Math.floor((workers.length * index) / bars);
    const group = workers.slice(from, Math.floor((workers.length * (index + 1)) / bars));
    return bar(total(group.map((worker) => worker.done / worker.ids)) / group.length);
  });
  return `${text}${drawn.join("")}`.slice(0, room);
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
