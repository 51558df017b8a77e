/**
 * Typed announcements between parts. A part emits what happened; `observe` and the CLI subscribe.
 * A subscriber that throws is the subscriber's defect: the emitter goes on and the others still hear.
 */
export class Events<Catalogue extends object> {
  readonly #subscribers = new Map<keyof Catalogue, Set<(payload: never) => void>>();

  /** @returns a function that ends the subscription */
  on<Name extends keyof Catalogue>(name: Name, run: (payload: Catalogue[Name]) => void): () => void {
    const subscribers = this.#subscribers.get(name) ?? new Set();
    this.#subscribers.set(name, subscribers);
    subscribers.add(run);
    return () => subscribers.delete(run);
  }

  /** Nobody hears it: what would be gathered for it need not be. */
  hasSubscribers(name: keyof Catalogue): boolean {
    return (this.#subscribers.get(name)?.size ?? 0) > 0;
  }

  emit<Name extends keyof Catalogue>(name: Name, payload: Catalogue[Name]): void {
    for (const run of this.#subscribers.get(name) ?? []) {
      try {
        run(payload as never);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
