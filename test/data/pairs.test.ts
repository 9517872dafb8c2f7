/** Pairs of sentences: reading them from files, dividing them, and every bad input. */
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { UnrolledError } from "../../src/core/errors.ts";
import {
  keyOfText,
  type MemoryFile,
  memorySource,
  type ReadPairsOptions,
  readPairs,
  type SentencePairs,
  sentencePairs,
  splitPairs,
} from "../../src/data/index.ts";
import { decodeLines } from "../../src/io/decode-text.ts";

type Content = string | Uint8Array;

async function read(files: Readonly<Record<string, Content>>, options: ReadPairsOptions = {}) {
  const notes: string[] = [];
  const list: MemoryFile[] = Object.entries(files).map(([name, content]) => ({ name, content }));
  const pairs = await readPairs(memorySource(list), options, {
    onProgress() {},
    onNote: (note) => notes.push(note),
  });
  return { ...pairs, notes };
}

const sides = ({ sources, targets }: SentencePairs) => sources.map((source, at) => [source, targets[at]]);

const TWO = [
  ["ein Hund", "a dog"],
  ["zwei Hunde", "two dogs"],
];

describe("two files", () => {
  test("are read line by line, the sources first, whatever ends their lines", async () => {
    const pairs = await read({
      "train.de": "\ufeffein Hund\r\nzwei Hunde\r\n",
      "train.en": "a dog\ntwo dogs",
    });
    expect(sides(pairs)).toEqual(TWO);
    expect(pairs.notes).toEqual(["the lines of 'train.de' are the sources, those of 'train.en' the targets"]);
  });

  test("may be packed by gzip", async () => {
    const packed = {
      "a.de.gz": gzipSync("ein Hund\nzwei Hunde\n"),
      "a.en.GZ": gzipSync("a dog\ntwo dogs\n"),
    };
    const pairs = await read(packed);
    expect(sides(pairs)).toEqual(TWO);
    expect(pairs.notes[0]).toContain("'a.de'");
    const cut = { ...packed, "a.en.GZ": packed["a.en.GZ"].subarray(0, 20) };
    await expect(read(cut)).rejects.toThrow("a.en.GZ: this is not one gzip file, or it is damaged");
  });

  test("of unequal numbers of lines are refused with both numbers", async () => {
    await expect(read({ "a.de": "1\n2\n3\n", "a.en": "1\n2\n" })).rejects.toThrow(
      "'a.de' has 3 lines and 'a.en' has 2 — line n of one file must be the translation of line n of the other",
    );
  });

  test("may have empty lines, whose pairs are left out and counted", async () => {
    const pairs = await read({
      "a.de": "ein Hund\n\nx\n \t\nzwei Hunde\n",
      "a.en": "a dog\ny\n\n\ntwo dogs\n",
    });
    expect(sides(pairs)).toEqual(TWO);
    expect(pairs.empty).toBe(3);
    expect(pairs.notes).toContain("3 pairs with an empty source or target left out");
    await expect(read({ a: "\n\n", b: "x\ny\n" })).rejects.toThrow(
      "there is no pair with a source and a target",
    );
  });

  test("have no columns", async () => {
    await expect(read({ a: "x", b: "y" }, { targetColumn: "1" })).rejects.toThrow("have no columns");
  });

  test("of which one is not UTF-8 are refused with the line", async () => {
    const latin1 = Uint8Array.from("gr\u00fc\u00df\n", (sign) => sign.charCodeAt(0));
    const mixed = new Uint8Array([...new TextEncoder().encode("grüß\n"), ...latin1]);
    await expect(read({ "a.de": mixed, "a.en": "hi\nhi\n" })).rejects.toThrow(
      "a.de:2: the text is not UTF-8",
    );
    const utf16 = Uint8Array.of(0xff, 0xfe, 97, 0);
    await expect(read({ "a.de": "x", "a.en": utf16 })).rejects.toThrow("a.en: the file is in UTF-16");
    await expect(read({ "a.de": "x\n\0", "a.en": "y\nz" })).rejects.toThrow(
      "a.de:2: a byte 0: this is no text",
    );
    await expect(read({ "a.de": "x", "a.en": "" })).rejects.toThrow("a.en: the file is empty");
  });

  test("with a very long line are refused: it is no sentence", async () => {
    const long = "word ".repeat(200_001);
    await expect(read({ "a.de": `x\n${long}`, "a.en": "y\nz" })).rejects.toThrow(
      "the source of pair 2 has 1000005 characters; a sentence has at most 1000000",
    );
  });

  test("give the pairs that were written", async () => {
    const lines = fc.array(
      fc.tuple(
        fc.string({ unit: "grapheme" }).map((text) => text.replaceAll(/[\r\n\0\ufeff]/g, "")),
        fc.string({ unit: "grapheme" }).map((text) => text.replaceAll(/[\r\n\0\ufeff]/g, "")),
      ),
      { minLength: 1 },
    );
    await fc.assert(
      fc.asyncProperty(lines, fc.constantFrom("\n", "\r\n"), async (lines, end) => {
        const write = (side: 0 | 1) => lines.map((line) => line[side] + end).join("");
        const form = (text: string) => text.normalize("NFC").trim();
        const expected = lines.map(([a, b]) => [form(a), form(b)]).filter(([a, b]) => a !== "" && b !== "");
        fc.pre(expected.length > 0);
        expect(sides(await read({ a: write(0), b: write(1) }))).toEqual(expected);
      }),
    );
  });
});

describe("a file with tabs", () => {
  test("has sources and targets in its first two columns", async () => {
    const pairs = await read({ "fra.txt": 'Go.\tVa !\tCC-BY\n\nHe said "no".\t"Non", dit-il.\tCC-BY\n' });
    expect(sides(pairs)).toEqual([
      ["Go.", "Va !"],
      ['He said "no".', '"Non", dit-il.'],
    ]);
    expect(pairs.notes).toEqual(["of each line of 'fra.txt' column 0 is the source, column 1 the target"]);
  });

  test.each<[string, ReadPairsOptions]>([
    ["id\tsource\ttarget\n1\tein Hund\ta dog\n2\tzwei Hunde\ttwo dogs\n", {}],
    ["en\tde\na dog\tein Hund\ntwo dogs\tzwei Hunde\n", { sourceColumn: "de", targetColumn: "en" }],
    ["a dog\tein Hund\ntwo dogs\tzwei Hunde\n", { sourceColumn: "1", targetColumn: "0" }],
  ])("has them where it is said: %j", async (content, options) => {
    expect(sides(await read({ "pairs.tsv": content }, options))).toEqual(TWO);
  });

  test.each<[string, Content, ReadPairsOptions, string]>([
    ["without a tab", "one\ntwo\n", {}, "'a.txt' has no tab in its first line, so there are no pairs in it"],
    ["of a short line", "a\tb\nc\n", {}, "a.txt:2: the line has 1 of at least 2 columns"],
    [
      "of unknown names",
      "de\ten\na\tb\n",
      { sourceColumn: "fr" },
      "there is no column 'fr'; the columns are",
    ],
    [
      "of a number too high",
      "a\tb\n",
      { targetColumn: "2" },
      "'a.txt' has no column 2; its columns are 0 to 1",
    ],
    [
      "of one column twice",
      "a\tb\n",
      { sourceColumn: "1" },
      "column 1 of 'a.txt' is both the source and the",
    ],
  ])("is refused if %s", async (_, content, options, message) => {
    await expect(read({ "a.txt": content }, options)).rejects.toThrow(message);
  });
});

describe("tables and JSON lines", () => {
  test("are read by the names of their columns, several files one after the other", async () => {
    const first = 'target,source\n"a dog","ein Hund"\n';
    const second = 'source,target\n"zwei Hunde","two dogs"\n';
    expect(sides(await read({ "a.csv": first, "b.csv": second }))).toEqual(TWO);
    const named = await read({ "a.csv": "de,en\nein Hund,a dog\nzwei Hunde,two dogs\n" });
    expect(sides(named)).toEqual(TWO);
    expect(named.notes).toEqual(["in 'a.csv' column 'de' is the source, column 'en' the target"]);
    const quoted = await read(
      { "a.csv": 'de;en\n"er sagt ""ja""";"he says\nyes"\n' },
      { sourceColumn: "de" },
    );
    expect(sides(quoted)).toEqual([['er sagt "ja"', "he says\nyes"]]);
  });

  test("of JSON have their fields in the record, or in its translation", async () => {
    const plain =
      '{"source": "ein Hund", "target": "a dog"}\n{"source": "zwei Hunde", "target": "two dogs"}\n';
    expect(sides(await read({ "a.jsonl": plain }))).toEqual(TWO);
    const nested = '{"translation": {"de": "ein Hund", "en": "a dog"}}\n';
    const options = { sourceColumn: "de", targetColumn: "en" };
    expect(sides(await read({ "a.json": nested }, options))).toEqual([TWO[0]]);
    await expect(read({ "a.jsonl": nested })).rejects.toThrow("a.jsonl:1: there is no field 'source'");
    await expect(read({ "a.jsonl": '{"source": ["x"], "target": "y"}' })).rejects.toThrow("must be a text");
  });
});

describe("files that do not belong together", () => {
  test.each<[string, Record<string, Content>, string]>([
    ["kinds", { "a.csv": "a,b\n1,2\n", "b.txt": "x" }, "'a.csv' and 'b.txt' are of different kinds"],
    [
      "number",
      { a: "x", b: "x", c: "x" },
      "of 3 text files it is not clear which are the translations of which",
    ],
  ])("are refused for their %s", async (_, files, message) => {
    await expect(read(files)).rejects.toThrow(message);
  });

  test("are named without control characters", async () => {
    const content = "a\tb\nc\n";
    await expect(read({ "a\u001b[2J": content })).rejects.toThrow("a\\u{1b}[2J:2: the line has 1");
    await expect(read({ "a\u001b": "\xff", "b\u001b": "x\ny" })).rejects.toThrow(
      "'a\\u{1b}' has 1 line and 'b\\u{1b}' has 2",
    );
  });

  test("never make more than an error of the input", async () => {
    const names = fc.constantFrom("a.txt", "b.de", "c.tsv", "d.csv", "e.jsonl", "f.gz");
    const text = fc.string({
      unit: fc.constantFrom("a", "\t", "\n", "\r", '"', ",", "{", "}", ":", "\u00e9", "1"),
    });
    const content = fc.oneof(text, fc.uint8Array());
    const columns = fc.option(fc.constantFrom("0", "1", "7", "a", "source", "__proto__"), { nil: undefined });
    const options = fc.record({ sourceColumn: columns, targetColumn: columns });
    await fc.assert(
      fc.asyncProperty(fc.dictionary(names, content, { minKeys: 1 }), options, async (files, options) => {
        const result = await read(files, options).catch((error: unknown) => error);
        if (result instanceof Error) expect(result).toBeInstanceOf(UnrolledError);
        else {
          const { sources, targets } = result as SentencePairs;
          expect(sources.length).toBe(targets.length);
          expect([...sources, ...targets].every((side) => side.trim() !== "")).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe("decodeLines", () => {
  const bytesOf = (text: string) => new TextEncoder().encode(text);

  test("finds the same lines where a text is longer than what is decoded at once", () => {
    const lines = Array.from({ length: 120_000 }, (_, at) => `Zeile ${at} grüßt 🙂`);
    expect([...decodeLines(bytesOf(`${lines.join("\r\n")}\r\n`), "x")]).toEqual(lines);
    const long = `${"ü".repeat(3_000_000)}\nend`;
    expect([...decodeLines(bytesOf(long), "x")].map((line) => line.length)).toEqual([3_000_000, 3]);
  });

  test("names the line that is no UTF-8 behind the first block", () => {
    const start = bytesOf("0123456789\n".repeat(200_000));
    const bytes = new Uint8Array([...start, 0xc3, 0x28, 0x0a]);
    expect(() => [...decodeLines(bytes, "x")]).toThrow("x:200001: the text is not UTF-8");
  });
});

describe("sentencePairs", () => {
  test("brings texts into form, and names pairs by a fingerprint of both sides", () => {
    const pairs = sentencePairs([" cafe\u0301\n", ""], ["coffee", "x"]);
    expect(pairs).toMatchObject({ sources: ["caf\u00e9"], targets: ["coffee"], empty: 1 });
    expect(sentencePairs(["caf\u00e9"], ["coffee"]).fingerprint).toBe(pairs.fingerprint);
    const others = [sentencePairs(["caf"], ["\u00e9coffee"]), sentencePairs(["caf\u00e9"], ["tea"])];
    expect(new Set([pairs, ...others].map(({ fingerprint }) => fingerprint)).size).toBe(3);
  });

  test("refuses lists that do not belong together", () => {
    expect(() => sentencePairs(["a"], [])).toThrow("targets must be one for each of the 1 sources, got 0");
    expect(() => sentencePairs(["a"], ["b"], { groups: [] })).toThrow("groups must be one for each");
    expect(() => sentencePairs(["a", 1 as never], ["b", "c"])).toThrow("sources must be a list of texts");
  });
});

describe("splitPairs", () => {
  test("has no source on both sides, not even in another case or with other punctuation", () => {
    const word = fc.constantFrom("go", "Go!", "GO .", "run", "Run?", "stay here", "stay, here");
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 60 }), fc.integer(), (words, seed) => {
        const pairs = sentencePairs(
          words,
          words.map((_, at) => `target ${at}`),
        );
        const { train, validation } = splitPairs(pairs, 0.3, { seed });
        expect([...train, ...validation].sort((a, b) => a - b)).toEqual(words.map((_, at) => at));
        const keys = (part: Int32Array) => new Set([...part].map((at) => keyOfText(words[at])));
        const held = keys(validation);
        expect([...keys(train)].filter((key) => held.has(key))).toEqual([]);
      }),
    );
  });
});
