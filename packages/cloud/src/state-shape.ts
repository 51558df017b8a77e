/**
 * What a state file has to look like, said once and checked when it is read: a file that was edited, cut short or mixed up
 * is refused with the place that is wrong, instead of failing somewhere later in words about `undefined`.
 *
 * A shape names the place of the first fault, or nothing. Members that it does not know are left alone: a newer version
 * may have written them.
 */

/** @returns undefined when the value has the shape, or what is wrong: `[3].name is not a text` */
export type Shape = (value: unknown, place: string) => string | undefined;

function simple(type: "string" | "number" | "boolean", name: string): Shape {
  return (value, place) => (typeof value === type ? undefined : `${place} is not ${name}`);
}

export const text = simple("string", "a text");
export const number = simple("number", "a number");
export const flag = simple("boolean", "true or false");

/** Whatever JSON can say. */
export const anything: Shape = () => undefined;

export function optional(shape: Shape): Shape {
  return (value, place) => (value === undefined ? undefined : shape(value, place));
}

export function list(item: Shape): Shape {
  return (value, place) => {
    if (!Array.isArray(value)) return `${place} is not a list`;
    return firstOf(value.map((each, at) => () => item(each, `${place}[${at}]`)));
  };
}

/** An object whose members all have one shape, whatever their names. */
export function byName(item: Shape): Shape {
  return (value, place) => {
    if (!isObject(value)) return `${place} is not an object`;
    return firstOf(
      Object.entries(value).map(
        ([name, each]) =>
          () =>
            item(each, `${place}.${name}`),
      ),
    );
  };
}

export function object(members: Readonly<Record<string, Shape>>): Shape {
  return (value, place) => {
    if (!isObject(value)) return `${place} is not an object`;
    return firstOf(
      Object.entries(members).map(
        ([name, shape]) =>
          () =>
            shape(value[name], `${place}.${name}`),
      ),
    );
  };
}

export const texts = list(text);
export const textByName = byName(text);

function firstOf(checks: readonly (() => string | undefined)[]): string | undefined {
  for (const check of checks) {
    const fault = check();
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
