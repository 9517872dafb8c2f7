import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FormatError } from "../../src/core/index.ts";
import { parseWordVectors } from "../../src/io/word-vectors.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const parse = (text: string, ...words: string[]) =>
  parseWordVectors(encode(text), { name: "v.txt", words: new Set(words) });

describe("parseWordVectors", () => {
  test("reads the format of GloVe, and keeps the words that are asked for", () => {
    const { width, vectors, total } = parse(
      "the 1 -2.5e-1\ncafé 3 4\n. . . 5 6\n",
      "café",
      ". . .",
      "absent",
    );
    expect({ width, total }).toEqual({ width: 2, total: 3 });
    expect([...vectors]).toEqual([
      ["café", Float32Array.of(3, 4)],
      [". . .", Float32Array.of(5, 6)],
    ]);
  });

  test("reads the format of word2vec, with its counts and the space at the end of its lines", () => {
    const { width, vectors } = parse("2 3\r\n</s> 0 0 0 \r\nthe 1 2 3 \r\n", "the");
    expect(width).toBe(3);
    expect(vectors.get("the")).toEqual(Float32Array.of(1, 2, 3));
  });

  test.each<[string, string[], string]>([
    ["", [], "v.txt: the file has no vectors"],
    ["2 3\n", [], "v.txt: the file has no vectors"],
    ["a 1 2\nb 1\n", [], "v.txt:2: expected 2 numbers after the word, got 1"],
    ["2 2\na 1 2\nb 1\n", [], "v.txt:3: expected 2 numbers after the word, got 1"],
    ["a 1 2\n 1 2\n", [], "v.txt:2: the word is empty"],
    ["3 2\na 1 2\nb 1 2\n", [], "v.txt: the first line says 3 words, but there are 2"],
    ["a 1 2\nb 1 2\na 3 4\n", ["a"], "v.txt:3: the word 'a' is there a second time"],
    ["a 1 2\nb 1 NaN\n", ["b"], "v.txt:2: number 2 of the word 'b' is 'NaN', no finite number"],
    ["a 1 x\n", ["a"], "v.txt:1: number 2 of the word 'a' is 'x'"],
    ["a 1 1e39\n", ["a"], "v.txt:1: number 2 of the word 'a' is '1e39'"],
    ["a 1  2\n", ["a"], "v.txt:1: number 2 of the word 'a' is ''"],
    ["word\n", [], "v.txt:1: expected 1 to 10000 numbers per word, got 0"],
    ["5 999999999\n", [], "v.txt:1: expected 1 to 10000 numbers per word, got 999999999"],
  ])("refuses %j", (text, words, message) => {
    expect(() => parse(text, ...words)).toThrow(FormatError);
    expect(() => parse(text, ...words)).toThrow(message);
  });

  test("refuses the binary format of word2vec, and what is no UTF-8", () => {
    const binary = Uint8Array.of(...encode("1 2\nthe "), 0xcd, 0xcc, 0x8c, 0x3f, 0, 0, 0, 0x40, 0x0a);
    expect(() => parseWordVectors(binary, { name: "v.bin", words: new Set() })).toThrow(FormatError);
    const latin1 = Uint8Array.of(0xe9, ...encode(" 1 2\n"));
    expect(() => parseWordVectors(latin1, { name: "v", words: new Set() })).toThrow(
      "v:1: the text is not UTF-8",
    );
  });

  test("reads what was written, and throws only FormatError wherever a file is cut or changed", () => {
    const word = fc.string({ unit: fc.constantFrom("a", "é", "1", ".", "😀"), minLength: 1 });
    const vector = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), {
      minLength: 3,
      maxLength: 3,
    });
    const entries = fc.uniqueArray(fc.tuple(word, vector), { selector: ([text]) => text, minLength: 1 });
    fc.assert(
      fc.property(entries, fc.nat(), fc.nat(255), (all, at, value) => {
        const text = all.map(([name, numbers]) => [name, ...numbers].join(" ")).join("\n");
        const { vectors } = parse(text, ...all.map(([name]) => name));
        expect([...vectors]).toEqual(
          all.map(([name, numbers]) => [name, Float32Array.from(numbers, (x) => x + 0)]),
        );
        const bytes = encode(text);
        bytes[at % bytes.length] = value;
        try {
          parseWordVectors(bytes, { name: "v", words: new Set(all.map(([name]) => name)) });
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }),
    );
  });
});
