import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FormatError, InputError, type Job, Rng } from "../../src/core/index.ts";
import { mergeShort } from "../../src/data/bpe-merging.ts";
import { pairKey } from "../../src/data/bpe-training.ts";
import {
  BpeTokenizer,
  corpusFromText,
  slicesOf,
  type Tokenizer,
  tokenize,
  tokenizeJob,
  tokenizerFromJSON,
  trigramBaseline,
  trigramBaselineJob,
  Vocabulary,
  WordTokenizer,
  wordSet,
  wordSetJob,
  wordsOf,
} from "../../src/data/index.ts";
import { slicesWithPauses } from "../../src/data/tokenize.ts";
import { LONG } from "../support/long.ts";

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
      { numRuns: LONG ? 300 : 60 },
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

  test("that a text writes as <eos> and <unk> are these two, as for the loaders of PyTorch and TensorFlow", () => {
    expect([...word.encode("<eos> <unk> low")]).toEqual([0, 1, 2]);
    expect(WordTokenizer.train(["<eos> <eos> <unk> <unk> a"], 10).words).toEqual(["<eos>", "<unk>", "a"]);
    const marked = "the cat sat <eos> the dog ran <eos> the <unk> slept <eos>";
    const lines = marked.replaceAll(" <eos>", "\n");
    const trained = WordTokenizer.train([marked], 50);
    expect(trained.words).toEqual(WordTokenizer.train([lines], 50).words);
    expect(trained.encode(marked)).toEqual(trained.encode(lines));
    expect(trained.decode(trained.encode(marked))).toBe("the cat sat\nthe dog ran\nthe <unk> slept\n");
    expect([...tokenizerFromJSON(trained.toJSON()).encode("cat <eos>")]).toEqual([
      ...trained.encode("cat\n"),
    ]);
  });

  test("that are not in the vocabulary are told, and left out when that is asked for", () => {
    expect(word.unknownWords("low slow\n<unk> newest <eos> slow")).toEqual(["slow", "newest", "slow"]);
    expect([...word.encode("low slow\n<unk> newest", { skipUnknown: true })]).toEqual([2, 0, 1]);
    expect(() => word.encode("low", { skipUnknwon: true } as object)).toThrow(
      expect.objectContaining({ code: "INPUT", hint: "did you mean skipUnknown?" }),
    );
  });

  test("are the most frequent ones also where most occur once, ties by code point", () => {
    const many = Array.from({ length: 40_000 }, (_, i) => `w${(i * 7919) % 40_000}`);
    const texts = [many.join(" "), "often often", "twice", "\u{1f600} \uffee twice"];
    const plain = ["often", "twice", ...many.concat("\uffee", "\u{1f600}").sort()];
    for (const size of [2, 3, 4, 5, 1000, 50_000]) {
      expect(WordTokenizer.train(texts, size).words.slice(2)).toEqual(plain.slice(0, size - 2));
    }
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

  test("is cut where no tokenizer looks over the cut, and nothing is lost", () => {
    const slices = [...slicesOf(corpus.ids, corpus.vocabulary)];
    expect(slices.join("")).toBe(long);
    expect(slices.length).toBeGreaterThan(3);
    for (const slice of slices.slice(0, -1)) {
      expect(slice).toMatch(/\S$/);
      expect(slice.length).toBeLessThanOrEqual(65_536);
    }
    for (const slice of slices.slice(1)) expect(slice).toMatch(/^\s/);
  });

  test("has the symbols that it has at once", () => {
    expect([...tokenize(corpus.ids, corpus.vocabulary, word)]).toEqual([...word.encode(long)]);
    const ids = tokenize(corpus.ids, corpus.vocabulary, bpe);
    expect(bpe.decode(ids)).toBe(long);
    expect(ids).toBeInstanceOf(Uint16Array);
  });

  // What may stand at the 65,536th character, where texts used to be cut.
  const gap = fc.constantFrom(
    " ",
    "\n",
    "\t",
    "\u00a0",
    "\u3000",
    "\r",
    "\u2028",
    "\ufeff",
    "  ",
    "\n\n\n",
    "\n    ",
    ".\n",
  );
  const part = fc.oneof(
    gap,
    gap,
    fc.constantFrom("low", "newer", "水火", "42", "e\u0301", "...", "\u{1f600}", "_x"),
  );
  const seam = fc.array(part, { minLength: 1, maxLength: 12 }).map((parts) => parts.join(""));
  const filler = fc.constantFrom(
    "low newer\n",
    "x",
    "low\t",
    "newest\u3000",
    " ",
    "\n",
    "ab1",
    "low newer widest ",
    "  if (x) {\n",
  );

  test("has the words and byte pairs that it has at once, whatever separates them and however long they are", () => {
    fc.assert(
      fc.property(
        filler,
        fc.integer({ min: 65_520, max: 65_540 }),
        seam,
        filler,
        fc.nat(70_000),
        (head, at, middle, tail, more) => {
          const start = head.repeat(Math.ceil(at / head.length)).slice(0, at);
          const corpus = corpusFromText(
            `${start}${middle}${tail.repeat(Math.ceil(more / tail.length))}low\n`,
          );
          const { ids, vocabulary } = corpus;
          const any = corpus.text();
          expect([...slicesOf(ids, vocabulary)].join("") === any).toBe(true);
          const same = (a: ArrayLike<number>, b: ArrayLike<number>) =>
            a.length === b.length && Array.from(a).every((id, k) => id === b[k]);
          for (const one of [word, bpe])
            expect(same(tokenize(ids, vocabulary, one), one.encode(any))).toBe(true);
          expect(WordTokenizer.train(slicesOf(ids, vocabulary), 99).words).toEqual(
            WordTokenizer.train([any], 99).words,
          );
          expect(BpeTokenizer.train(slicesOf(ids, vocabulary), 270).merges).toEqual(
            BpeTokenizer.train([any], 270).merges,
          );
          expect(wordSet(ids, vocabulary)).toEqual(new Set(wordsOf(any)));
        },
      ),
      { numRuns: 12 },
    );
  });

  test("without white space is one slice, up to a length that is refused by name", () => {
    const { ids, vocabulary } = corpusFromText("ab".repeat(200_000));
    expect([...slicesOf(ids, vocabulary)].map((slice) => slice.length)).toEqual([400_000]);
    const refused = () => [...slicesWithPauses(ids, vocabulary, 300_000)];
    expect(refused).toThrow(InputError);
    expect(refused).toThrow("the text has more than 300000 characters without a word's end");
  });
});

describe("a long word", () => {
  const letters = (n: number, of: string): string => {
    const rng = new Rng(n);
    return Array.from({ length: n }, () => of[rng.integer(of.length)]).join("");
  };

  test.each([["ab"], ["a"], ["acgt"], ["abcdefgh1 é水"]])(
    "of %j gets the same merges and symbols as by counting and merging anew each time",
    (of) => {
      for (const length of [2, 65, 66, 400]) {
        const text = letters(length, of);
        const learned = BpeTokenizer.train([text], 256 + 40);
        if (!/\W/u.test(of)) expect(learned.merges).toEqual(plainMerges([text], 40));
        const pieces = [...text.matchAll(/ ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu)];
        const plain = pieces.flatMap(([piece]) =>
          mergeShort(new TextEncoder().encode(piece), tableOf(learned)),
        );
        expect([...learned.encode(text)]).toEqual(plain);
        expect(learned.decode(plain)).toBe(text);
      }
    },
  );

  test("of many letters is learned and read in a time that grows with their number, not with its square", () => {
    const text = letters(400_000, "ACGT");
    const learned = BpeTokenizer.train([text], 256 + 30);
    expect(learned.size).toBe(286);
    expect(learned.decode(learned.encode(text)) === text).toBe(true);
  });
});

function tableOf({ merges }: BpeTokenizer) {
  return { merges, rankOf: new Map(merges.map(([a, b], rank) => [pairKey(a, b), rank])) };
}

test("every long piece of work on a text pauses in between, and the result that it has at once", () => {
  const text = "low newer\n".repeat(8000) + "abcab".repeat(20_000);
  const { ids, vocabulary } = corpusFromText(text);
  const countPauses = (job: Job<unknown>) => {
    for (let pauses = 0; ; pauses++) {
      const next = job.next();
      if (next.done === true) return { value: next.value, pauses };
    }
  };
  const jobs: [string, Job<unknown>, unknown][] = [
    ["words", WordTokenizer.trainJob(slicesWithPauses(ids, vocabulary), 99), WordTokenizer.train([text], 99)],
    ["pairs", BpeTokenizer.trainJob(slicesWithPauses(ids, vocabulary), 280), BpeTokenizer.train([text], 280)],
    ["tokenize", tokenizeJob(ids, vocabulary, bpe), tokenize(ids, vocabulary, bpe)],
    [
      "trigram",
      trigramBaselineJob(ids, ids.subarray(0, 20_000), vocabulary.size),
      trigramBaseline(ids, ids.subarray(0, 20_000), vocabulary.size),
    ],
    ["word set", wordSetJob(ids, vocabulary), wordSet(ids, vocabulary)],
    [
      "vocabulary",
      corpusFromText(text).withVocabularyJob(new Vocabulary("\nabclownerx ")),
      corpusFromText(text).withVocabulary(new Vocabulary("\nabclownerx ")),
    ],
  ];
  for (const [name, job, atOnce] of jobs) {
    const { value, pauses } = countPauses(job);
    expect([name, value]).toEqual([name, atOnce]);
    expect([name, pauses > 0]).toEqual([name, true]);
  }
});
