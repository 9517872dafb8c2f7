import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FormatError } from "../../src/core/index.ts";
import { type ConllOptions, parseConll } from "../../src/io/conll.ts";

const parse = (text: string, options: Partial<ConllOptions> = {}) =>
  parseConll(new TextEncoder().encode(text), { name: "a.conll", ...options });

describe("parseConll", () => {
  test("reads sentences of words and tags", () => {
    const { sentences } = parse(
      "\ufeff-DOCSTART- -X- O\r\n\r\nEU NNP B-ORG\r\n# # O\r\n\r\n\r\n\r\nPeter NNP B-PER\r\n",
    );
    expect(sentences).toEqual([
      { words: ["EU", "#"], tags: ["B-ORG", "O"], line: 3 },
      { words: ["Peter"], tags: ["B-PER"], line: 8 },
    ]);
    expect(parse("EU NNP B-ORG\n", { tagColumn: 1 }).sentences[0].tags).toEqual(["NNP"]);
    expect(parse("EU NNP B-ORG\n", { tagColumn: null }).sentences[0].tags).toEqual([]);
  });

  test("reads CoNLL-U, with comments, words of several and words that are left out", () => {
    const row = (id: string, form: string, tag: string) => [id, form, form, tag, ..."______"].join("\t");
    const text = [
      ...["# sent_id = 1", "# text = vámonos al", row("1-2", "vámonos", "_"), row("1", "vamos", "VERB")],
      ...[
        row("2", "nos", "PRON"),
        row("2.1", "x", "_"),
        row("3", "a b", "ADP"),
        "",
        "# newpar",
        row("1", "#", "SYM"),
        "",
      ],
    ].join("\n");
    expect(parse(text, { wordColumn: 1, tagColumn: 3 }).sentences).toEqual([
      { words: ["vamos", "nos", "a b"], tags: ["VERB", "PRON", "ADP"], line: 4 },
      { words: ["#"], tags: ["SYM"], line: 10 },
    ]);
  });

  test("reads a word per line and nothing else", () => {
    expect(parse("a\nb\n\nc", { tagColumn: null }).sentences.map(({ words }) => words)).toEqual([
      ["a", "b"],
      ["c"],
    ]);
  });

  test.each<[string, Partial<ConllOptions>, string]>([
    ["", {}, "a.conll: the file is empty"],
    ["\n\n", {}, "a.conll: the file has no words"],
    ["a X\nb X\nc\n", {}, "a.conll:3: expected 2 columns as in the lines before, got 1"],
    ["a X\nb X Y\n", {}, "a.conll:2: expected 2 columns as in the lines before, got 3"],
    ["\na X\n", { tagColumn: 2 }, "a.conll:2: there is no column 2; the line has 2"],
    ["a X\n", { tagColumn: -3 }, "a.conll:1: there is no column -3; the line has 2"],
    ["a\tX\nb\t\n", {}, "a.conll:2: the tag is empty"],
    ["a\tX\n\tX\n", {}, "a.conll:2: the word is empty"],
    ["a X\nb\u0000 X\n", {}, "a.conll:2: a byte 0"],
  ])("refuses %j", (text, options, message) => {
    expect(() => parse(text, options)).toThrow(FormatError);
    expect(() => parse(text, options)).toThrow(message);
  });

  test("reads what was written, and throws only FormatError for a part of it", () => {
    const word = fc.string({ unit: fc.constantFrom("a", "é", "#", "-", "1", "😀"), minLength: 1 });
    const corpus = fc.array(fc.array(fc.tuple(word, word), { minLength: 1 }), { minLength: 1 });
    fc.assert(
      fc.property(corpus, fc.nat(), (sentences, cut) => {
        const text = sentences.map((words) => words.map((row) => row.join("\t")).join("\n")).join("\n\n");
        expect(
          parse(text).sentences.map(({ words, tags }) => words.map((one, at) => [one, tags[at]])),
        ).toEqual(sentences);
        try {
          parse(text.slice(0, cut % text.length));
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }),
    );
  });
});
