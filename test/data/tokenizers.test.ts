import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FormatError } from "../../src/core/index.ts";
import {
  BpeTokenizer,
  corpusFromText,
  slicesOf,
  type Tokenizer,
  tokenize,
  tokenizerFromJSON,
  Vocabulary,
  WordTokenizer,
} from "../../src/data/index.ts";

const text = "low lower lowest\nnew newer newest widest\n  low low low newer\n";
const bpe = BpeTokenizer.train([text], 256 + 12);
const word = WordTokenizer.train([text], 6);
const all: Tokenizer[] = [new Vocabulary(text), word, bpe];

const streamed = (tokenizer: Tokenizer, ids: ArrayLike<number>): string => {
  const decoder = tokenizer.decoder();
  return Array.from(ids, (id) => decoder.push(id)).join("") + decoder.end();
};

describe("byte pairs", () => {
  test("are learned by how often they occur, ties by the smaller bytes: Sennrich's example by hand", () => {
    // Words: low 1, " low" 3+..., each with the space before it; "we" and "lo" lead.
    const learned = new BpeTokenizer(bpe.merges);
    expect(learned.decode([256]).length).toBe(2);
    const trained = BpeTokenizer.train(["aaab aab ab"], 256 + 2);
    // "aaab" has aa twice, " aab" once, and ab once in each of three words: ab 3, aa 3. The smaller pair comes first.
    expect(trained.merges).toEqual([
      [97, 97],
      [97, 98],
    ]);
    expect([...trained.encode("aaab")]).toEqual([256, 257]);
  });

  test("stop when nothing occurs twice", () => {
    expect(BpeTokenizer.train(["abc"], 1000).size).toBe(256);
    expect(BpeTokenizer.train([], 1000).size).toBe(256);
  });

  test("give any text back as it was", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 80 }), (any) => {
        fc.pre(any.isWellFormed());
        const ids = bpe.encode(any);
        expect(bpe.decode(ids)).toBe(any);
        expect(streamed(bpe, ids)).toBe(any);
        for (const id of ids) expect(id < bpe.size).toBe(true);
      }),
      { numRuns: 300 },
    );
    for (const hard of [
      "\ufeffa",
      "e\u0301 \u{1f468}\u200d\u{1f469}\u3000x",
      "\r\n\t  \n",
      "\0\x7f",
      "n".repeat(5000),
    ]) {
      expect(bpe.decode(bpe.encode(hard))).toBe(hard);
    }
  });

  test("do not depend on the order of the texts, and the same text gives the same merges", () => {
    const lines = text.split(/(?<=\n)/);
    expect(BpeTokenizer.train(lines, 268).merges).toEqual(bpe.merges);
    expect(BpeTokenizer.train(lines.toReversed(), 268).merges).toEqual(bpe.merges);
  });

  test("agree with a plain implementation that counts anew after each merge", () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[abc]{1,8}$/), { maxLength: 12 }), (words) => {
        // A word a text, so that no space is in the way.
        const merges = BpeTokenizer.train(words, 256 + 8).merges;
        expect(merges).toEqual(plainMerges(words, 8));
      }),
    );
  });

  test("show what is no UTF-8 as U+FFFD, and wait for a character to be whole", () => {
    const decoder = bpe.decoder();
    const [first, second] = new TextEncoder().encode("é");
    expect([decoder.push(first), decoder.push(second)]).toEqual(["", "é"]);
    expect([decoder.push(first), decoder.push(97), decoder.push(first), decoder.end()]).toEqual([
      "",
      "\ufffda",
      "",
      "\ufffd",
    ]);
  });
});

function plainMerges(words: readonly string[], most: number): [number, number][] {
  let all = words.map((word) => Array.from(word, (letter) => letter.charCodeAt(0)));
  const merges: [number, number][] = [];
  while (merges.length < most) {
    const counts = new Map<string, number>();
    for (const symbols of all) {
      for (let at = 0; at + 1 < symbols.length; at++) {
        const pair = `${symbols[at]} ${symbols[at + 1]}`;
        counts.set(pair, (counts.get(pair) ?? 0) + 1);
      }
    }
    const parsed = [...counts].map(([pair, count]) => [...pair.split(" ").map(Number), count]);
    const [best] = parsed.sort((x, y) => y[2] - x[2] || x[0] - y[0] || x[1] - y[1]);
    if (best === undefined || best[2] < 2) return merges;
    const [a, b] = best;
    merges.push([a, b]);
    all = all.map((symbols) => {
      const merged: number[] = [];
      for (let at = 0; at < symbols.length; at++) {
        if (symbols[at] === a && symbols[at + 1] === b) {
          merged.push(255 + merges.length);
          at++;
        } else merged.push(symbols[at]);
      }
      return merged;
    });
  }
  return merges;
}

describe("words", () => {
  test("are what stands between white space, by frequency, ties by code point, after <eos> and <unk>", () => {
    expect(word.words).toEqual(["<eos>", "<unk>", "low", "newer", "lower", "lowest"]);
    expect(word.size).toBe(6);
    expect([...word.encode("low  newest\n\tlower\n")]).toEqual([2, 1, 0, 4, 0]);
  });

  test("come back with one space between them and no more", () => {
    expect(word.decode(word.encode(" low \t newer\n lowest"))).toBe("low newer\nlowest");
    expect(word.decode([1, 0, 0, 2])).toBe("<unk>\n\nlow");
    expect(streamed(word, [2, 3, 0, 4])).toBe("low newer\nlower");
  });

  test("that look like the special ones are unknown ones", () => {
    expect([...word.encode("<eos> <unk> low")]).toEqual([1, 1, 2]);
    expect(WordTokenizer.train(["<eos> <eos> a"], 10).words).toEqual(["<eos>", "<unk>", "a"]);
  });
});

describe("every tokenizer", () => {
  test.each(all.map((one) => [one.kind, one] as const))(
    "%s is the same after a way through JSON",
    (_, tokenizer) => {
      const again = tokenizerFromJSON(JSON.parse(JSON.stringify(tokenizer)));
      expect(again.kind).toBe(tokenizer.kind);
      expect(again.encode(text)).toEqual(tokenizer.encode(text));
      expect(again.size).toBe(tokenizer.size);
    },
  );

  test.each(all.map((one) => [one.kind, one] as const))("%s refuses ids that are none", (_, tokenizer) => {
    for (const id of [-1, tokenizer.size, 0.5]) expect(() => tokenizer.decode([id])).toThrow(/decode: id/);
  });

  test.each<[string, unknown, RegExp]>([
    ["no object", 3, /vocabulary must be a list, or an object of kind "word" or "bpe"/],
    ["another kind", { kind: "unigram" }, /vocabulary must be a list/],
    ["no words", { kind: "word" }, /words must be a list/],
    [
      "a word with white space",
      { kind: "word", words: ["a b"] },
      /word 0 must be a string without white space/,
    ],
    ["a word twice", { kind: "word", words: ["a", "a"] }, /word 1 must be/],
    ["a special word", { kind: "word", words: ["<unk>"] }, /word 0 must be/],
    ["no merges", { kind: "bpe", merges: {} }, /merges must be a list/],
    [
      "a merge of what is not there yet",
      { kind: "bpe", merges: ["97 256"] },
      /merge 0 must be two earlier symbols/,
    ],
    ["a merge of one", { kind: "bpe", merges: ["97"] }, /merge 0 must be/],
  ])("from a file that holds %s is refused, naming the place", (_, value, message) => {
    expect(() => tokenizerFromJSON(value, "run.json")).toThrow(FormatError);
    expect(() => tokenizerFromJSON(value, "run.json")).toThrow(message);
  });
});

describe("a long text", () => {
  // Lines of all lengths, and one that is longer than what is decoded at once.
  const long = `${Array.from({ length: 9000 }, (_, i) => `${"low ".repeat(i % 9)}newest`).join("\n")}\n${"low newer ".repeat(9000)}`;
  const corpus = corpusFromText(long);

  test("is cut at the ends of lines or words, and nothing is lost", () => {
    const slices = [...slicesOf(corpus.ids, corpus.vocabulary)];
    expect(slices.join("")).toBe(long);
    expect(slices.length).toBeGreaterThan(3);
    for (const slice of slices.slice(0, -1)) expect(slice).toMatch(/\n$|[^ ]$/);
  });

  test("has the symbols that it has at once", () => {
    expect([...tokenize(corpus.ids, corpus.vocabulary, word)]).toEqual([...word.encode(long)]);
    const ids = tokenize(corpus.ids, corpus.vocabulary, bpe);
    expect(bpe.decode(ids)).toBe(long);
    expect(ids).toBeInstanceOf(Uint16Array);
  });
});
