import { FormatError } from "../core/index.ts";
import { checkValue, listOfAny, OBJECT, TEXT } from "../core/options.ts";
import { showValue } from "../core/show-value.ts";
import { checkPiece, checkSymbol, checkSymbols, checkTraining } from "./ranges.ts";
import type { TokenDecoder, Tokenizer } from "./tokenizer.ts";
import { MAX_VOCABULARY } from "./vocabulary.ts";

/** The end of a line, and a word that is not in the vocabulary. */
const EOS = 0;
const UNKNOWN = 1;
const SPECIAL = ["<eos>", "<unk>"];

/** Line ends are words by themselves; other white space only separates. */
const PIECE = /\n|[^\s]+/g;

/**
 * Words as the Penn Treebank's loaders have them: whatever stands between white space, the line end as `<eos>`, and
 * `<unk>` for what is not among the most frequent. Decoding puts one space between words, so other white space is lost.
 */
export class WordTokenizer implements Tokenizer {
  readonly kind = "word";
  readonly words: readonly string[];
  private readonly idOf: ReadonlyMap<string, number>;

  /** @param words without the special ones; a word's id is its place, after those */
  constructor(words: readonly string[]) {
    checkValue("words", listOfAny(TEXT, "a list of words"), words);
    this.words = [...SPECIAL, ...words];
    this.idOf = new Map(words.map((word, index) => [word, index + SPECIAL.length]));
  }

  get size(): number {
    return this.words.length;
  }

  encode(text: string): Int32Array {
    checkValue("encode: text", TEXT, text);
    const pieces = text.match(PIECE) ?? [];
    return Int32Array.from(pieces, (word) => (word === "\n" ? EOS : (this.idOf.get(word) ?? UNKNOWN)));
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
   * The most frequent words of a text; among equals those that come first by code point.
   * @param size of the vocabulary, the two special words included
   */
  static train(pieces: Iterable<string>, size: number): WordTokenizer {
    checkTraining("WordTokenizer.train", pieces, size, SPECIAL.length);
    const counts = new Map<string, number>();
    for (const text of pieces) {
      checkPiece("WordTokenizer.train", text);
      for (const word of text.match(PIECE) ?? []) {
        if (word !== "\n" && !SPECIAL.includes(word)) counts.set(word, (counts.get(word) ?? 0) + 1);
      }
    }
    const ranked = [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
    return new WordTokenizer(ranked.slice(0, size - SPECIAL.length).map(([word]) => word));
  }
}
