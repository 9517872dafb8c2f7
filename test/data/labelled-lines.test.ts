import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  groupedSplit,
  type LabelledLines,
  LabelledLinesBuilder,
  type LabelledLinesOptions,
  LineVocabulary,
  labelOfFile,
  normalizeLine,
  Vocabulary,
} from "../../src/data/index.ts";
import { textOf } from "../../src/data/labelled-lines.ts";

type Files = readonly (readonly [label: string, content: string | Uint8Array])[];

const bytesOf = (content: string | Uint8Array) =>
  typeof content === "string" ? new TextEncoder().encode(content) : content;

function read(files: Files, options: LabelledLinesOptions = {}, piece = 1 << 16): LabelledLines {
  const builder = new LabelledLinesBuilder();
  for (const [label, content] of files) {
    builder.begin(label, `${label}.txt`);
    const bytes = bytesOf(content);
    for (let at = 0; at < bytes.length; at += piece) builder.push(bytes.subarray(at, at + piece));
    builder.end();
  }
  return builder.finish(options);
}

const linesOf = ({ lines, labels, labelNames }: LabelledLines) =>
  Array.from({ length: lines.count }, (_, at) => `${labelNames[labels[at]]}: ${textOf(lines.item(at))}`);

const TWO: Files = [
  ["b", "one\ntwo\n"],
  ["a", "three"],
];

describe("LabelledLinesBuilder", () => {
  it("sorts lines by label, and keeps their order of reading", () => {
    const read1 = read(TWO);
    expect(linesOf(read1)).toEqual(["a: three", "b: one", "b: two"]);
    expect([...read1.labels]).toEqual([0, 1, 1]);
    expect(read1.labels.buffer).toBeInstanceOf(SharedArrayBuffer);
  });

  it("joins sources of one label, and gives the same whatever the order of labels and the pieces are", () => {
    const files: Files = [
      ["x", "ä\nß"],
      ["y", "日本\n"],
      ["x", "ö\n😀\n"],
    ];
    const whole = read(files);
    expect(linesOf(whole)).toEqual(["x: ä", "x: ß", "x: ö", "x: 😀", "y: 日本"]);
    for (const piece of [1, 2, 3]) expect(read(files, {}, piece)).toEqual(whole);
    const [first, second, third] = files;
    expect(read([second, first, third])).toMatchObject({ fingerprint: whole.fingerprint });
    expect(read([third, first, second]).fingerprint).not.toBe(whole.fingerprint);
  });

  it("drops byte order marks, CR, white space at the ends, empty and repeated lines, and counts what it drops", () => {
    const read1 = read([
      ["a", "\ufeffone \r\n\r\n  two\r\none\n \n\n"],
      ["b", "one\n\tthree four\n"],
    ]);
    expect(linesOf(read1)).toEqual(["a: one", "a: two", "b: one", "b: three four"]);
    expect(read1.changes).toEqual({ empty: 3, repeated: 1, cut: 0 });
    // The same line under both labels is one group.
    expect([...read1.groups]).toEqual([0, 1, 0, 2]);
  });

  it("keeps repeated lines if asked, in one group", () => {
    const read1 = read([["a", "x\ny\nx\n"], TWO[0]], { keepRepeated: true });
    expect(linesOf(read1)).toEqual(["a: x", "a: y", "a: x", "b: one", "b: two"]);
    expect([...read1.groups]).toEqual([0, 1, 0, 2, 3]);
    expect(read1.changes.repeated).toBe(1);
  });

  it("takes letters with marks of one and of two code points for the same", () => {
    const read1 = read([["a", "é\ne\u0301\n"], TWO[0]]);
    expect(linesOf(read1)[0]).toBe("a: é");
    expect(read1.changes.repeated).toBe(1);
  });

  it("cuts long lines to characters, not to halves of them", () => {
    const read1 = read([["a", "😀😀 😀\n😀😀\nab\n"], TWO[0]], { maxLength: 3 });
    expect(linesOf(read1).slice(0, 2)).toEqual(["a: 😀😀", "a: ab"]);
    expect(read1.changes).toEqual({ empty: 0, repeated: 1, cut: 1 });
  });

  it("has the lines that splitting the text gives, for any text", () => {
    const content = fc.string({ unit: fc.constantFrom("a", "é", "\n", " ", "\r\n", "e\u0301", "語") });
    fc.assert(
      fc.property(content, content, fc.integer({ min: 1, max: 5 }), (one, other, piece) => {
        const files: Files = [
          ["a", `start\n${one}`],
          ["b", `${other}\nend`],
        ];
        const expected = files.flatMap(([label, text]) => {
          const lines = String(text)
            .split("\n")
            .map((line) => line.normalize("NFC").trim());
          return [...new Set(lines.filter((line) => line !== ""))].map((line) => `${label}: ${line}`);
        });
        expect(linesOf(read(files, {}, piece))).toEqual(expected);
      }),
    );
  });

  it("names the data by a hash of labels and lines", () => {
    const { fingerprint } = read(TWO);
    expect(fingerprint).toMatch(/^[0-9a-f]{64}$/);
    expect(read(TWO, { hasher: createHash("sha256") }).fingerprint).toBe(fingerprint);
    const others: Files[] = [
      [
        ["b", "one\ntwo\n"],
        ["a", "Three"],
      ],
      [
        ["c", "one\ntwo\n"],
        ["a", "three"],
      ],
      [
        ["b", "two\n"],
        ["a", "three\none"],
      ],
    ];
    for (const other of others) expect(read(other).fingerprint).not.toBe(fingerprint);
  });

  it.each([
    [
      "one label",
      [["a", "x\n"]],
      "lines of at least 2 labels are needed, got 1 — give a text file for each label, or a table (.csv, .tsv, .jsonl) that has them",
    ],
    ["nothing", [], "got 0"],
    ["a label without lines", [...TWO, ["c", " \n"]], 'the label "c" has no lines'],
    ["a label of an empty file", [...TWO, ["c", ""]], 'the label "c" has no lines'],
    [
      "only empty files",
      [
        ["a", ""],
        ["b", ""],
      ],
      'the label "a" has no lines',
    ],
    [
      "what is not UTF-8",
      [...TWO, ["c", Uint8Array.of(97, 10, 0xff)]],
      "c.txt is not UTF-8 at byte 2 (line 2)",
    ],
    ["a binary file", [["c", Uint8Array.of(97, 0)]], "c.txt is a binary file"],
  ] as [string, Files, string][])("refuses %s", (_, files, message) => {
    expect(() => read(files)).toThrow(message);
  });

  it("refuses bytes before a source is begun", () => {
    expect(() => new LabelledLinesBuilder().push(Uint8Array.of(97))).toThrow("begin a source first");
  });
});

describe("labelOfFile", () => {
  it.each([
    ["data/names/Czech.txt", "Czech"],
    ["C:\\names\\Czech.txt", "Czech"],
    ["Czech", "Czech"],
    ["a.b.txt", "a.b"],
    [".hidden", ".hidden"],
    ["Franc\u0327ais.txt", "Français"],
  ])("of %s is %s", (path, label) => {
    expect(labelOfFile(path)).toBe(label);
  });

  it("refuses a folder", () => {
    expect(() => labelOfFile("names/")).toThrow('"names/" names no file');
  });
});

describe("LineVocabulary", () => {
  const read1 = read([
    ["a", "abba\nbac\n"],
    ["b", "cab\nzoo\n"],
  ]);

  it("has the characters of several lines, and one symbol for all others", () => {
    const vocabulary = LineVocabulary.fromLines(read1.lines);
    expect(vocabulary.characters.characters).toEqual(["a", "b", "c"]);
    expect(vocabulary.size).toBe(4);
    expect(vocabulary.unknown).toBe(3);
    expect([...vocabulary.encode(" cabz😀\n")]).toEqual([2, 0, 1, 3, 3]);
    expect(vocabulary.decode([2, 0, 3, 1])).toBe("ca\ufffdb");
    // The z and the o of zoo are met as the unknown symbol in training.
    const ids = vocabulary.encodeLines(read1.lines);
    expect([...ids.item(3)]).toEqual([3, 3, 3]);
    expect([...ids.item(0)]).toEqual([0, 1, 1, 0]);
  });

  it("keeps rare characters if asked, and where all are rare", () => {
    expect(LineVocabulary.fromLines(read1.lines, { minLines: 1 }).size).toBe(6);
    expect(LineVocabulary.fromLines(read1.lines.subset([3])).characters.characters).toEqual(["o", "z"]);
  });

  it("encodes as a person types", () => {
    const vocabulary = new LineVocabulary(new Vocabulary("é"));
    expect([...vocabulary.encode("e\u0301 ")]).toEqual([0]);
    expect(vocabulary.encode("  ")).toHaveLength(0);
    expect(normalizeLine(" e\u0301 ")).toBe("é");
  });

  it("survives a file", () => {
    const vocabulary = LineVocabulary.fromLines(read1.lines);
    const again = LineVocabulary.fromJSON(JSON.parse(JSON.stringify(vocabulary)), "file");
    expect(again).toEqual(vocabulary);
    expect(() => LineVocabulary.fromJSON(["b", "a"], "file")).toThrow("file: entry 1");
  });

  it("encodes lines as it encodes their texts", () => {
    const { train } = groupedSplit(read1.groups, 0.3, { labels: read1.labels });
    const vocabulary = LineVocabulary.fromLines(read1.lines.subset(train));
    const ids = vocabulary.encodeLines(read1.lines);
    for (let index = 0; index < ids.count; index++) {
      expect([...ids.item(index)]).toEqual([...vocabulary.encode(textOf(read1.lines.item(index)))]);
    }
  });
});
