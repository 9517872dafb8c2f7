import { FormatError } from "../core/index.ts";
import { COUNT, checkValue, listOf, OBJECT, TEXT } from "../core/options.ts";
import { showValue } from "../core/show-value.ts";
import { learnMerges, mergePair, pairKey } from "./bpe-training.ts";
import { checkPiece, checkSymbol, checkSymbols, checkTraining } from "./ranges.ts";
import type { TokenDecoder, Tokenizer } from "./tokenizer.ts";
import { MAX_VOCABULARY } from "./vocabulary.ts";

export const BYTES = 256;

/** As GPT-2 cuts a text before merging: a space goes with the word after it, and no token reaches over a word's end. */
const WORD = / ?\p{L}[\p{L}\p{M}]*| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;

/** Words whose symbols are kept; a text has few different ones. */
const MOST_CACHED = 100_000;

/**
 * Byte-pair encoding (Sennrich et al. 2016) over the bytes of UTF-8, as GPT-2 has it: symbols are the 256 bytes and what
 * was merged from them, so that any text can be written and comes back as it was.
 */
export class BpeTokenizer implements Tokenizer {
  readonly kind = "bpe";
  readonly merges: readonly (readonly [number, number])[];
  /** Bytes of each symbol. */
  private readonly bytes: readonly Uint8Array[];
  private readonly rankOf: ReadonlyMap<number, number>;
  private readonly cache = new Map<string, readonly number[]>();

  /** @param merges each of two symbols: a byte, or 256 + the place of an earlier merge */
  constructor(merges: readonly (readonly [number, number])[]) {
    checkValue("bpe: merges", { text: "a list of pairs of symbols", fits: Array.isArray }, merges);
    for (let rank = 0; rank < merges.length; rank++) {
      const pair = listOf(2, {
        text: `a symbol below ${BYTES + rank}`,
        fits: (id) => COUNT.fits(id) && (id as number) < BYTES + rank,
      });
      checkValue(`bpe: merges[${rank}]`, pair, merges[rank]);
    }
    const bytes = Array.from({ length: BYTES }, (_, byte) => Uint8Array.of(byte));
    for (const [a, b] of merges) bytes.push(Uint8Array.of(...bytes[a], ...bytes[b]));
    this.merges = merges;
    this.bytes = bytes;
    this.rankOf = new Map(merges.map(([a, b], rank) => [pairKey(a, b), rank]));
  }

  get size(): number {
    return this.bytes.length;
  }

  encode(text: string): Int32Array {
    checkValue("encode: text", TEXT, text);
    const ids: number[] = [];
    for (const [word] of text.matchAll(WORD)) {
      for (const id of this.symbolsOf(word)) ids.push(id);
    }
    return Int32Array.from(ids);
  }

  decode(ids: ArrayLike<number>): string {
    checkSymbols(ids, this.size);
    const decoder = this.decoder();
    return Array.from(ids, (id) => decoder.push(id)).join("") + decoder.end();
  }

  decoder(): TokenDecoder {
    // A model may write bytes that are no UTF-8: they show as U+FFFD.
    const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
    return {
      push: (id) => {
        checkSymbol(id, this.size);
        const bytes = this.bytes[id];
        return utf8.decode(bytes, { stream: true });
      },
      end: () => utf8.decode(),
    };
  }

  toJSON(): object {
    return { kind: this.kind, merges: this.merges.map(([a, b]) => `${a} ${b}`) };
  }

  static fromJSON(value: object, where = "vocabulary"): BpeTokenizer {
    checkValue("BpeTokenizer.fromJSON: where", TEXT, where);
    if (!OBJECT.fits(value)) throw new FormatError(where, `must be an object, is ${showValue(value)}`);
    const merges = "merges" in value ? value.merges : undefined;
    if (!Array.isArray(merges) || merges.length > MAX_VOCABULARY - BYTES) {
      throw new FormatError(where, `merges must be a list of at most ${MAX_VOCABULARY - BYTES}`);
    }
    const pairs = merges.map((merge, index): [number, number] => {
      const [, a, b] = (/^(\d{1,5}) (\d{1,5})$/.exec(`${merge}`) ?? []).map(Number);
      if (!(a < BYTES + index && b < BYTES + index)) {
        throw new FormatError(where, `merge ${index} must be two earlier symbols, as "104 101"`);
      }
      return [a, b];
    });
    return new BpeTokenizer(pairs);
  }

  /** @param size of the vocabulary, the 256 bytes included */
  static train(pieces: Iterable<string>, size: number): BpeTokenizer {
    checkTraining("BpeTokenizer.train", pieces, size, BYTES);
    const counts = new Map<string, number>();
    for (const text of pieces) {
      checkPiece("BpeTokenizer.train", text);
      for (const [word] of text.matchAll(WORD)) counts.set(word, (counts.get(word) ?? 0) + 1);
    }
    const words = new Map<string, number>();
    for (const [word, count] of counts) {
      const bytes = new TextEncoder().encode(word);
      words.set(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""), count);
    }
    return new BpeTokenizer(learnMerges(words, size - BYTES));
  }

  /** The earliest merge first, as long as there is one. */
  private symbolsOf(word: string): readonly number[] {
    const known = this.cache.get(word);
    if (known !== undefined) return known;
    let symbols = Array.from(new TextEncoder().encode(word));
    for (;;) {
      let rank = Number.POSITIVE_INFINITY;
      for (let at = 0; at + 1 < symbols.length; at++) {
        rank = Math.min(rank, this.rankOf.get(pairKey(symbols[at], symbols[at + 1])) ?? rank);
      }
      if (rank === Number.POSITIVE_INFINITY) break;
      const [a, b] = this.merges[rank];
      symbols = mergePair(symbols, a, b, BYTES + rank);
    }
    if (this.cache.size < MOST_CACHED) this.cache.set(word, symbols);
    return symbols;
  }
}
