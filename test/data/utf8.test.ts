import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Sha256 } from "../../src/data/index.ts";
import { decodeSequence, encodeSequence, INCOMPLETE, INVALID } from "../../src/data/utf8.ts";

describe("UTF-8", () => {
  it("decodes and encodes every code point as the platform does", () => {
    const encoder = new TextEncoder();
    const out = new Uint8Array(4);
    for (let code = 0; code <= 0x10ffff; code++) {
      if (code >= 0xd800 && code <= 0xdfff) continue;
      const length = encodeSequence(code, out, 0);
      if (decodeSequence(out.subarray(0, length), 0) !== code) expect.fail(`U+${code.toString(16)}`);
      // Every 97th against the platform: all of them would take seconds.
      if (code % 97 === 0) {
        expect([...out.subarray(0, length)]).toEqual([...encoder.encode(String.fromCodePoint(code))]);
      }
    }
  });

  it("accepts exactly what a fatal TextDecoder accepts", () => {
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    const lead = fc.constantFrom(
      0x41,
      0x7f,
      0x80,
      0xbf,
      0xc1,
      0xc2,
      0xdf,
      0xe0,
      0xe1,
      0xed,
      0xee,
      0xf0,
      0xf4,
      0xf5,
    );
    const next = fc.constantFrom(0x41, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0);
    fc.assert(
      fc.property(fc.tuple(lead, next, next, next), (bytes) => {
        for (let length = 1; length <= 4; length++) {
          const sequence = Uint8Array.from(bytes.slice(0, length));
          const code = decodeSequence(sequence, 0);
          let valid = true;
          let text = "";
          try {
            text = decoder.decode(sequence);
          } catch {
            valid = false;
          }
          if (valid) expect(code).toBe(text.codePointAt(0));
          if (code === INVALID || code === INCOMPLETE) expect(valid).toBe(false);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("tells an unfinished sequence from a broken one", () => {
    expect(decodeSequence(Uint8Array.of(0xf0, 0x9f, 0x98), 0)).toBe(INCOMPLETE);
    expect(decodeSequence(Uint8Array.of(0xe0, 0x80), 0)).toBe(INVALID);
    expect(decodeSequence(Uint8Array.of(0xed, 0xa0, 0x80), 0)).toBe(INVALID);
  });
});

describe("Sha256", () => {
  it("equals the platform's, however the bytes come", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 150 }), { maxLength: 6 }), (pieces) => {
        const ours = new Sha256();
        const theirs = createHash("sha256");
        for (const piece of pieces) {
          ours.update(piece);
          theirs.update(piece);
        }
        expect(ours.digest("hex")).toBe(theirs.digest("hex"));
      }),
    );
  });
});
