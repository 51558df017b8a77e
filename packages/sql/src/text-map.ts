/**
 * Offsets of one text in its three countings: UTF-8 bytes (PostgreSQL's parser), UTF-16 units (JavaScript) and Unicode
 * characters (PostgreSQL's error positions). For ASCII text, nearly all there is, they are equal and nothing is built.
 *
 * Tests: text-map.test.ts.
 */
export interface TextMap {
  readonly text: string;
  /** @param byte - offset in the UTF-8 form of `text` */
  fromByte(byte: number): number;
}

const asciiOnly = /^[\0-\x7f]*$/;

export function createTextMap(text: string): TextMap {
  if (asciiOnly.test(text)) return { text, fromByte: (byte) => byte };
  let unitByByte: Uint32Array | undefined;
  return {
    text,
    fromByte(byte) {
      unitByByte ??= unitsByByte(text);
      return unitByByte[byte] ?? text.length;
    },
  };
}

/** For each byte of the UTF-8 form, the UTF-16 offset of its character; one entry more for the end. */
function unitsByByte(text: string): Uint32Array {
  const units = new Uint32Array(text.length * 3 + 1);
  let byte = 0;
  for (let unit = 0; unit < text.length;) {
    const codePoint = text.codePointAt(unit) ?? 0;
    const bytes = codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
    units.fill(unit, byte, byte + bytes);
    byte += bytes;
    unit += codePoint < 0x10000 ? 1 : 2;
  }
  units[byte] = text.length;
  return units.subarray(0, byte + 1);
}

/** @returns how many Unicode characters `text` has up to, not including, the UTF-16 offset `end` */
export function countCharacters(text: string, end = text.length): number {
  let count = end;
  for (let unit = 0; unit < end; unit += 1) {
    // The second half of a pair is no character of its own.
    if ((text.charCodeAt(unit) & 0xfc00) === 0xdc00) count -= 1;
  }
  return count;
}

/** @returns the UTF-16 offset of the character that `characters` others come before */
export function characterOffset(text: string, characters: number): number {
  let left = characters;
  let unit = 0;
  for (; unit < text.length && left > 0; left -= 1) unit += (text.codePointAt(unit) ?? 0) > 0xffff ? 2 : 1;
  return unit;
}
