/** Symbols of pairs: words and how they are joined again, characters, byte pairs; and vocabularies from hostile files. */
import { existsSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FormatError } from "../../src/core/errors.ts";
import { FIRST_SYMBOL, UNKNOWN } from "../../src/core/symbols.ts";
import {
  learnPairTokens,
  type PairTokens,
  type PairTokensOptions,
  pairTokensFromJSON,
  splitLongText,
} from "../../src/data/index.ts";
import { joinWords, splitSentence } from "../../src/data/sentence-words.ts";

const KINDS = ["word", "char", "bpe"] as const;
const learn = (texts: readonly string[], options: PairTokensOptions): PairTokens =>
  learnPairTokens(texts, { minCount: 1, ...options });

describe("the rule of words", () => {
  test.each([
    ["A man, in a blue T-shirt.", "A man , in a blue T-shirt ."],
    ["He's 1,000.5 m (or 3) tall!", "He 's 1,000.5 m ( or 3 ) tall !"],
    ["I don't; the boys' dog", "I don 't ; the boys ' dog"],
    ["L’homme qu'il a vu, aujourd'hui", "L’ homme qu' il a vu , aujourd' hui"],
    ['„Zitat“ und "noch eins"...', '„ Zitat “ und " noch eins " ...'],
    ["3D-Brille um 10:30 Uhr, 2nd", "3D-Brille um 10 : 30 Uhr , 2nd"],
    ["a - b -c", "a - b - c"],
    ["8:00, 3/4 und 1:2", "8 : 00 , 3 / 4 und 1 : 2"],
    ["x\u00a0y\u202f!", "x y !"],
    ["🙂🙂 Привет", "🙂 🙂 Привет"],
    ["  ", ""],
  ])("splits %j", (text, words) => {
    expect(splitSentence(text).join(" ")).toBe(words);
  });

  test("joins signs as they usually stand where nothing was learned", () => {
    const text = 'He said: "I don\'t know (yet) at 8:00", and left... Why? "Oh!" The boys\' dog.';
    expect(joinWords(splitSentence(text), new Map())).toBe(text);
  });

  test("learns the spaces of signs from the text: French has one before a mark, and it may be a narrow one", () => {
    const english = ["Go!", "What? No!", "a - b", "x - y, z"];
    const french = [
      "Va\u202f!",
      "Quoi\u202f? Non\u202f!",
      "«\u00a0Oui\u00a0», dit-il.",
      "«\u00a0Non\u00a0».",
    ];
    for (const texts of [english, french]) {
      const tokens = learn(texts, { kind: "word" });
      for (const text of texts) expect(tokens.decode(tokens.encode(text))).toBe(text);
      expect(pairTokensFromJSON(JSON.parse(JSON.stringify(tokens)))).toEqual(tokens);
    }
  });

  test("gives every word and sign of a text, in their order and with nothing but white space between them", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        let at = 0;
        for (const word of splitSentence(text)) {
          const start = text.indexOf(word, at);
          expect(text.slice(at, start).trim()).toBe("");
          at = start + word.length;
        }
        expect(text.slice(at).trim()).toBe("");
      }),
    );
  });

  test("splits what it has joined into the same words, for words of letters and usual signs", () => {
    const word = fc.constantFrom("a", "Haus", "T-shirt", "3.5", ",", ".", "!", "(", ")", "„", "“", ";", "x1");
    fc.assert(
      fc.property(fc.array(word, { maxLength: 30 }), (words) => {
        // Dots in a row, and a sign between two digits, are one word when they stand together.
        fc.pre(words.every((own, at) => own !== "." || words[at + 1] !== "."));
        expect(splitSentence(joinWords(words, new Map()))).toEqual(words);
      }),
    );
  });

  const SHARED = new URL("../../../shared/data/multi30k/", import.meta.url);
  test.skipIf(!existsSync(SHARED)).each([
    ["de", 0.993],
    ["en", 0.998],
  ])("joins the sentences of Multi30k as they were, %s (needs ../shared)", (language, least) => {
    const bytes = gunzipSync(readFileSync(new URL(`train.${language}.gz`, SHARED)));
    const lines = bytes.toString().trimEnd().split("\n");
    const tokens = learn(lines, { kind: "word" });
    const trimmed = lines.map((line) => line.normalize("NFC").trim());
    const same = trimmed.filter((line) => tokens.decode(tokens.encode(line)) === line).length;
    const single = trimmed.map((line) => line.replaceAll(/\s+/g, " "));
    const but = single.filter((line) => tokens.decode(tokens.encode(line)) === line).length;
    const share = (count: number) => `${((100 * count) / lines.length).toFixed(2)} %`;
    console.log(
      `Multi30k train.${language}: ${same} of ${lines.length} lines identical (${share(same)}); ${but} (${share(but)}) but for double spaces`,
    );
    expect(lines.length).toBe(29_000);
    expect(same / lines.length).toBeGreaterThan(least);
  });
});

describe("PairTokens", () => {
  test("begin with END, START and UNKNOWN, the most frequent symbol first", () => {
    const tokens = learnPairTokens(["b a a", "a b c"], { kind: "word" });
    expect([...tokens.encode("a b c d")]).toEqual([FIRST_SYMBOL, FIRST_SYMBOL + 1, UNKNOWN, UNKNOWN]);
    expect(tokens.size).toBe(5);
    expect([0, 1, 2, 3].map((id) => tokens.symbol(id))).toEqual(["</s>", "<s>", "<unk>", "a"]);
    expect(learnPairTokens(["x y"], { kind: "word" }).size).toBe(5);
    expect(learnPairTokens(["b a a", "a b c"], { kind: "word", size: 4 }).size).toBe(4);
    expect(learnPairTokens(["aab", "bc"], { kind: "char" }).toJSON()).toMatchObject({ symbols: ["a", "b"] });
  });

  test("put a copy in place of an unknown word", () => {
    const tokens = learnPairTokens(["a dog runs.", "a dog."], { kind: "word" });
    const ids = [FIRST_SYMBOL + 1, UNKNOWN, FIRST_SYMBOL, 0];
    expect(tokens.decode(tokens.encode("a cat."))).toBe("a <unk>.");
    expect(tokens.decode(tokens.encode("a cat."), [undefined, "Katze"])).toBe("a Katze.");
    expect(tokens.decode(ids, ["-", undefined])).not.toContain("-");
    const pairs = learn(["a"], { kind: "bpe" });
    expect(pairs.decode([UNKNOWN])).toBe("\ufffd");
    expect(
      pairs.decode([...pairs.encode("a"), UNKNOWN, ...pairs.encode("b")], [undefined, undefined, "!"]),
    ).toBe("a! b");
  });

  test.each(KINDS)("say how %s are made, and read and write lower case where they are told to", (kind) => {
    const texts = ["Ein HUND.", "Ein Hund, ÄÖÜ."];
    const tokens = learn(texts, { kind, lowercase: true });
    expect(tokens.rule).toMatch(/^lower-cased; /);
    expect(tokens.decode(tokens.encode("EIN Hund."))).toBe("ein hund.");
    expect(learn(texts, { kind }).decode(learn(texts, { kind }).encode(texts[0]))).toBe(texts[0]);
    expect(tokens.encode(" \n ")).toEqual(new Int32Array(0));
    expect(() => tokens.encode(3 as never)).toThrow("must be a text");
    expect(() => tokens.decode([tokens.size])).toThrow("must be integers in [0,");
  });

  test.each(["char", "bpe"] as const)("of kind %s give every text back", (kind) => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "grapheme" }), { minLength: 1 }), (texts) => {
        const form = texts.map((text) => text.normalize("NFC").trim());
        fc.pre(form.some((text) => text !== ""));
        const tokens = learn(texts, { kind });
        expect(texts.map((text) => tokens.decode(tokens.encode(text)))).toEqual(form);
        expect(pairTokensFromJSON(JSON.parse(JSON.stringify(tokens)), "x").toJSON()).toEqual(tokens.toJSON());
      }),
      { numRuns: 50 },
    );
  });

  test.each(KINDS)("of kind %s split a text into a part for every id", (kind) => {
    const tokens = learn(["Grüße an 🙂, l'homme!"], { kind });
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        expect(tokens.split(text).length).toBe(tokens.encode(text).length);
      }),
    );
  });

  test("joint byte pairs know both sides, and the first word of a sentence as any other", () => {
    const tokens = learn(["der Hund Hund", "the dog dog"], { kind: "bpe", size: 280 });
    expect([...tokens.encode("dog Hund")]).toEqual([...tokens.encode("dog"), ...tokens.encode("Hund")]);
    expect(tokens.rule).toMatch(/^byte pairs of UTF-8 \(\d+ merges\)/);
  });

  test("refuse options out of their range, and texts without a symbol", () => {
    expect(() => learnPairTokens(["a"], { kind: "syllable" as never })).toThrow(
      'must be "char", "word" or "bpe"',
    );
    expect(() => learnPairTokens(["a"], { kind: "bpe", size: 258 })).toThrow("at least 259 for byte pairs");
    expect(() => learnPairTokens([" "], { kind: "word" })).toThrow("the texts are empty");
    expect(() => learnPairTokens("a" as never, { kind: "word" })).toThrow("texts must be an array");
    expect(() => learnPairTokens([1] as never, { kind: "char" })).toThrow("each text must be a text");
  });
});

describe("pairTokensFromJSON", () => {
  const word = { kind: "word", lowercase: false, symbols: ["a", "!"], spacing: [["!", "", " "]] };

  test.each<[string, unknown]>([
    ["lowercase must be true or false", null],
    ["lowercase must be true or false", { kind: "word" }],
    ["kind must be", { ...word, kind: "__proto__" }],
    ["symbols must be a list", { ...word, symbols: [] }],
    ["symbols must be a list", { ...word, symbols: "abc" }],
    ["symbols must be a list", { ...word, symbols: { length: 1e9 } }],
    ["symbols must be a list", { ...word, symbols: new Array(65_533).fill("a") }],
    ["entry 1 must be a word, and no other's", { ...word, symbols: ["a", "a"] }],
    ["entry 1 must be a word", { ...word, symbols: ["a", ""] }],
    ["entry 0 must be a word", { ...word, symbols: ["\ud800"] }],
    ["entry 0 must be one character", { ...word, kind: "char", symbols: ["ab"] }],
    ["spacing must be a list", { ...word, spacing: {} }],
    ["spacing: entry 0", { ...word, spacing: [["!", "", "xx"]] }],
    [
      "spacing: entry 1",
      {
        ...word,
        spacing: [
          ["!", "", ""],
          ["!", "", ""],
        ],
      },
    ],
    ["spacing: entry 0", { ...word, spacing: [null] }],
    ["merges must be a list", { kind: "bpe", lowercase: true }],
    ["merge 0 must be two earlier symbols", { kind: "bpe", lowercase: true, merges: ["1 999"] }],
    ["there are more than", { kind: "bpe", lowercase: true, merges: new Array(65_279).fill("1 2") }],
  ])("refuses a file: %s", (message, value) => {
    expect(() => pairTokensFromJSON(value, "file")).toThrow(message);
    expect(() => pairTokensFromJSON(value, "file")).toThrow(/^file: /);
    expect(() => pairTokensFromJSON(value, "file")).toThrow(FormatError);
  });

  test("makes tokens of everything that it takes", () => {
    const list = fc.oneof(fc.jsonValue(), fc.array(fc.oneof(fc.string(), fc.jsonValue())));
    const value = fc.record({
      kind: fc.constantFrom("word", "char", "bpe", "x"),
      lowercase: fc.boolean(),
      symbols: list,
      spacing: fc.oneof(list, fc.array(fc.tuple(fc.string(), fc.constantFrom("", " "), fc.constant("")))),
      merges: list,
    });
    fc.assert(
      fc.property(value, fc.string(), (value, text) => {
        let tokens: PairTokens;
        try {
          tokens = pairTokensFromJSON(value, "file");
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
          return;
        }
        const ids = tokens.encode(text);
        expect(ids.every((id) => id >= UNKNOWN && id < tokens.size)).toBe(true);
        expect(typeof tokens.decode(ids)).toBe("string");
      }),
    );
  });
});

describe("splitLongText", () => {
  const tokens = learn(["One two three. Four, five six"], { kind: "word" });

  test("leaves a text that fits as it is", () => {
    expect(splitLongText("one  two", tokens, 8)).toEqual(["one  two"]);
    expect(splitLongText(" \n", tokens, 8)).toEqual([]);
  });

  test("cuts after sentences, else after other signs, else between words", () => {
    const text = "One two three four five. Six seven eight nine ten eleven twelve, thirteen fourteen.";
    expect(splitLongText(text, tokens, 10)).toEqual([
      "One two three four five.",
      "Six seven eight nine ten eleven twelve,",
      "thirteen fourteen.",
    ]);
  });

  test.each(KINDS)("makes pieces that fit of any text, of kind %s, and loses nothing", (kind) => {
    const own = learn(["some text, with words. 123"], { kind, size: kind === "bpe" ? 265 : undefined });
    const sentence = fc.array(fc.oneof(fc.string({ unit: "grapheme" }), fc.string({ minLength: 30 })), {
      maxLength: 20,
    });
    fc.assert(
      fc.property(sentence, fc.integer({ min: 8, max: 40 }), (words, most) => {
        const text = words.join(" ");
        const pieces = splitLongText(text, own, most);
        for (const piece of pieces) {
          expect(own.encode(piece).length).toBeLessThanOrEqual(most);
          expect(piece.trim()).not.toBe("");
        }
        expect(pieces.join("").replaceAll(/\s/gu, "")).toBe(text.replaceAll(/\s/gu, ""));
      }),
    );
  });

  test("is quick with 10,000 words, and with a word of a million characters", () => {
    const pieces = splitLongText("word ".repeat(10_000), tokens, 100);
    expect(pieces.length).toBe(100);
    const chars = learn(["x"], { kind: "char" });
    expect(splitLongText("x".repeat(1_000_000), chars, 100).length).toBe(10_000);
    expect(() => splitLongText("x", chars, 7)).toThrow("maxLength must be an integer of at least 8");
  });
});
