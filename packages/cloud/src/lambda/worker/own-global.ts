/**
 * A `globalThis` of an environment's own: what it sets there, a connection pool kept for the next invocation say, no
 * other environment sees; what it does not set comes from the thread's.
 *
 * Only `globalThis.name` and `global.name` come here. A bare `name` that no scope declares is looked up in the thread's
 * global object by the engine itself.
 */
export function ownGlobal(): object {
  const own: Record<string | symbol, unknown> = {};
  const proxy: object = new Proxy(own, {
    // Read from the real object and with it as receiver: some of its getters refuse any other.
    get: (target, name) =>
      Object.hasOwn(target, name) ? target[name] : (Reflect.get(globalThis, name) as unknown),
    has: (target, name) => Object.hasOwn(target, name) || name in globalThis,
    set: (target, name, value) =>
      Reflect.defineProperty(target, name, {
        value: value as unknown,
        writable: true,
        enumerable: true,
        configurable: true,
      }),
    getPrototypeOf: () => Object.getPrototypeOf(globalThis) as object,
    getOwnPropertyDescriptor: (target, name) => {
      const found =
        Object.getOwnPropertyDescriptor(target, name) ?? Object.getOwnPropertyDescriptor(globalThis, name);
      return found === undefined ? undefined : { ...found, configurable: true };
    },
  });
  Object.assign(own, { globalThis: proxy, global: proxy });
  return proxy;
}
