import { FormatError, type Job, runJob } from "../core/index.ts";
import { checkValue, listOfAny, OBJECT, TEXT } from "../core/options.ts";
import { showValue } from "../core/show-value.ts";
import { checkEncodeOptions, checkPiece, checkSymbol, checkSymbols, checkTraining } from "./ranges.ts";
import type { EncodeOptions, TokenDecoder, Tokenizer } from "./tokenizer.ts";
import { MAX_VOCABULARY } from "./vocabulary.ts";

/** The ids of `<eos>`, the end of a line, and `<unk>`, a word that is not in the vocabulary. */
const EOS = 0;
const UNKNOWN = 1;
const SPECIAL = ["<eos>", "<unk>"];

/** Line ends are words; other white space only separates words. */
const PIECE = /\n|[^\s]+/g;

/** How many candidates for the vocabulary are sorted at a time. */
const SORTED = 1 << 14;

/**
 * Words as in loaders of the Penn Treebank: a word is what is between white space, `<eos>` is the end of a line, and
 * `<unk>` replaces words that are not among the most frequent. `<eos>` and `<unk>` in a text stand for these two symbols.
 * Decoding puts one space between words and writes `<eos>` as a line end, so other white space is lost.
 */
export class WordTokenizer implements Tokenizer {
  readonly kind = "word";
  readonly words: readonly string[];
  /** The id of `<unk>`. */
  readonly unknownId: number = UNKNOWN;
  private readonly idOf: ReadonlyMap<string, number>;

  /** @param words without the two special ones; the id of a word is its index + 2 */
  constructor(words: readonly string[]) {
    checkValue("words", listOfAny(TEXT, "a list of words"), words);
    this.words = [...SPECIAL, ...words];
    this.idOf = new Map(this.words.map((word, id) => [word, id])).set("\n", EOS);
  }

  get size(): number {
    return this.words.length;
  }

  encode(text: string, options: EncodeOptions = {}): Int32Array {
    checkValue("encode: text", TEXT, text);
    checkEncodeOptions("encode", options);
    const words = text.match(PIECE) ?? [];
    const kept = options.skipUnknown === true ? words.filter((word) => this.idOf.has(word)) : words;
    return Int32Array.from(kept, (word) => this.idOf.get(word) ?? UNKNOWN);
  }

  /** The words of a text that are not in the vocabulary, in order and with repeats, without `<unk>` itself. */
  unknownWords(text: string): string[] {
    checkValue("unknownWords: text", TEXT, text);
    return (text.match(PIECE) ?? []).filter((word) => !this.idOf.has(word));
  }

  decode(ids: ArrayLike<number>): string {
    checkSymbols(ids, this.size);
    const decoder = this.decoder();
    return Array.from(ids, (id) => decoder.push(id)).join("");
  }

  decoder(): TokenDecoder {
    let isLineStart = true;
    return {
      push: (id) => {
        checkSymbol(id, this.size);
        const word = this.words[id];
        const text = id === EOS ? "\n" : isLineStart ? word : ` ${word}`;
        isLineStart = id === EOS;
        return text;
      },
      end: () => "",
    };
  }

  toJSON(): object {
    return { kind: this.kind, words: this.words.slice(SPECIAL.length) };
  }

  static fromJSON(value: object, where = "vocabulary"): WordTokenizer {
    checkValue("WordTokenizer.fromJSON: where", TEXT, where);
    if (!OBJECT.fits(value)) throw new FormatError(where, `must be an object, is ${showValue(value)}`);
    const words = "words" in value ? value.words : undefined;
    if (!Array.isArray(words) || words.length > MAX_VOCABULARY) {
      throw new FormatError(where, `words must be a list of at most ${MAX_VOCABULARY}`);
    }
    const seen = new Set<unknown>(SPECIAL);
    for (const [index, word] of words.entries()) {
      if (typeof word !== "string" || !/^\S+$/.test(word) || seen.has(word)) {
        throw new FormatError(where, `word ${index} must be a string without white space, and no other's`);
      }
      seen.add(word);
    }
    return new WordTokenizer(words as string[]);
  }

  /**
   * Learns the most frequent words of a text. Equally frequent words are ordered by code point.
   * @param pieces of the text, none of which ends inside a word
   * @param size of the vocabulary, including the two special words
   */
  static train(pieces: Iterable<string>, size: number): WordTokenizer {
    return runJob(WordTokenizer.trainJob(pieces, size));
  }

  /** {@link train} as a job. The source of the pieces yields `undefined` where it may be interrupted. */
  static *trainJob(pieces: Iterable<string | undefined>, size: number): Job<WordTokenizer> {
    checkTraining("WordTokenizer.train", pieces, size, SPECIAL.length);
    const counts = new Map<string, number>();
    for (const text of pieces) {
      if (text !== undefined) checkPiece("WordTokenizer.train", text);
      for (const word of text?.match(PIECE) ?? []) counts.set(word, (counts.get(word) ?? 0) + 1);
      yield;
    }
    for (const special of ["\n", ...SPECIAL]) counts.delete(special);
    return new WordTokenizer(yield* mostFrequentJob(counts, size - SPECIAL.length));
  }
}

/** The first `size` words by frequency and code point, without sorting all: there may be millions that occur once. */
function* mostFrequentJob(counts: ReadonlyMap<string, number>, size: number): Job<string[]> {
  if (size === 0) return [];
  const compare = ([a, n]: readonly [string, number], [b, m]: readonly [string, number]) =>
    m - n || (a < b ? -1 : 1);
  let best: [string, number][] = [];
  let candidates: [string, number][] = [];
  const settle = () => {
    best = [...best, ...candidates].sort(compare).slice(0, size);
    candidates = [];
  };
  let seen = 0;
  for (const entry of counts) {
    if (best.length < size || compare(entry, best[size - 1]) < 0) candidates.push(entry);
    if (candidates.length === SORTED) settle();
    if (++seen % SORTED === 0) yield;
  }
  settle();
  return best.map(([word]) => word);
}
