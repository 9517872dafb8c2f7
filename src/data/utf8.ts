/**
 * UTF-8, one sequence at a time. `TextDecoder` does not say where a text is invalid, and makes a string, which would
 * be one step more between bytes and character ids.
 */

/** The bytes end before the sequence does. The ones that are present are valid. */
export const INCOMPLETE = -1;
/** The bytes are not UTF-8: a stray or missing continuation, an overlong form, a surrogate, or > U+10FFFF. */
export const INVALID = -2;

/**
 * The code point whose sequence starts at `bytes[at]`, or {@link INCOMPLETE}, or {@link INVALID}.
 * Well-formed sequences are those of table 3-7 of the Unicode standard.
 */
export function decodeSequence(bytes: Uint8Array, at: number): number {
  const first = bytes[at];
  if (first < 0x80) return first;
  if (first < 0xc2 || first > 0xf4) return INVALID;
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  // Only the second byte has a narrower range, which excludes overlong forms, surrogates and code points > U+10FFFF.
  let low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  let high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  let codePoint = first & (0x7f >> length);
  for (let k = 1; k < length; k++) {
    if (at + k >= bytes.length) return INCOMPLETE;
    const byte = bytes[at + k];
    if (byte < low || byte > high) return INVALID;
    codePoint = (codePoint << 6) | (byte & 0x3f);
    low = 0x80;
    high = 0xbf;
  }
  return codePoint;
}

/** The number of bytes of a code point: 1 to 4. */
export function sequenceLength(codePoint: number): number {
  return codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
}

/** Writes the bytes of a code point to `out[at]` and following. Returns how many. */
export function encodeSequence(codePoint: number, out: Uint8Array, at: number): number {
  const length = sequenceLength(codePoint);
  if (length === 1) {
    out[at] = codePoint;
    return 1;
  }
  let rest = codePoint;
  for (let k = length - 1; k > 0; k--) {
    out[at + k] = 0x80 | (rest & 0x3f);
    rest >>>= 6;
  }
  out[at] = ((0xf00 >> length) & 0xff) | rest;
  return length;
}
