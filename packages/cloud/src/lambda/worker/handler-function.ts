/** What a function exports as its handler, as Lambda calls it. */
export type Handler = (event: unknown, context: object, callback?: Callback) => unknown;

export type Callback = (error: unknown, value?: unknown) => void;
