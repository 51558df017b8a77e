/** Data of the API for a view: asked for when it opens, and again when something happens. */
import { useEffect, useRef, useState } from "preact/hooks";
import { api, messageOf } from "../api.ts";
import { eventCount, linkState } from "../live.ts";
import { useStore } from "../store.ts";

export interface Loaded<Answer> {
  readonly data: Answer | undefined;
  readonly error: string | undefined;
  /** Asks again. */
  readonly reload: () => void;
}

interface State<Answer> {
  readonly path: string;
  readonly data?: Answer | undefined;
  readonly error?: string | undefined;
}

/** @param again - `events`: as events come; a number: each so many milliseconds; `never` */
export function useData<Answer>(path: string, again: "events" | "never" | number = "never"): Loaded<Answer> {
  const [state, setState] = useState<State<Answer>>({ path });
  const events = useStore(eventCount);
  const link = useStore(linkState);
  const loader = useRef<Loader<Answer>>(undefined);
  loader.current ??= new Loader<Answer>(setState);
  const { current } = loader;
  const onEvents = again === "events" ? events : 0;
  useEffect(() => {
    current.load(path);
  }, [current, path, onEvents, link === "live"]);
  useEffect(() => {
    if (typeof again !== "number") return undefined;
    const timer = window.setInterval(() => {
      current.load(path);
    }, again);
    return () => {
      window.clearInterval(timer);
    };
  }, [current, path, again]);
  useEffect(
    () => () => {
      current.close();
    },
    [current],
  );
  const isOfPath = state.path === path;
  return {
    data: isOfPath ? state.data : undefined,
    error: isOfPath ? state.error : undefined,
    reload: () => {
      current.load(path);
    },
  };
}

/** One request at a time; what is asked for meanwhile is asked once, after it. */
class Loader<Answer> {
  readonly #tell: (state: State<Answer>) => void;
  #data: Answer | undefined;
  #path = "";
  #isUnderWay = false;
  #isWanted = false;
  #isClosed = false;

  constructor(tell: (state: State<Answer>) => void) {
    this.#tell = tell;
  }

  load(path: string): void {
    if (path !== this.#path) this.#data = undefined;
    this.#path = path;
    this.#isWanted = true;
    if (!this.#isUnderWay) void this.#run();
  }

  close(): void {
    this.#isClosed = true;
  }

  async #run(): Promise<void> {
    this.#isUnderWay = true;
    while (this.#isWanted && !this.#isClosed) {
      this.#isWanted = false;
      const path = this.#path;
      const state = await answered<Answer>(path);
      if (this.#isClosed || path !== this.#path) continue;
      this.#data = state.data ?? this.#data;
      this.#tell({ ...state, data: this.#data });
    }
    this.#isUnderWay = false;
  }
}

async function answered<Answer>(path: string): Promise<State<Answer>> {
  try {
    return { path, data: await api.get<Answer>(path) };
  } catch (error) {
    return { path, error: messageOf(error) };
  }
}
