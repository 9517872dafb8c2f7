import { FormatError, type Job, runJob } from "../core/index.ts";
import { COUNT, checkValue, listOf, OBJECT, TEXT } from "../core/options.ts";
import { showValue } from "../core/show-value.ts";
import { type Merges, mergeLongJob, mergeShort } from "./bpe-merging.ts";
import { learnMergesJob, pairKey } from "./bpe-training.ts";
import { checkPiece, checkSymbol, checkSymbols, checkTraining } from "./ranges.ts";
import type { TokenDecoder, Tokenizer } from "./tokenizer.ts";
import { MAX_VOCABULARY } from "./vocabulary.ts";

export const BYTES = 256;

/** GPT-2's split before merging: a space belongs to the word after it, and no token crosses the end of a word. */
const WORD = / ?\p{L}[\p{L}\p{M}]*| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;

/** The most bytes of all symbols of a tokenizer from a file. Symbols learned from text have a few hundred thousand. */
const MOST_BYTES = 2 ** 26;

/** The most words whose symbols are cached; a text has few different words. */
const MOST_CACHED = 100_000;

/** A word of more UTF-16 units than this is merged place by place, and is too rare to be cached. */
const LONG = 64;

/** Words to encode between two pauses of a job. */
const PAUSE = 1024;

/**
 * Byte-pair encoding (Sennrich et al. 2016) over the bytes of UTF-8, as in GPT-2: the symbols are the 256 bytes and the
 * merges of them, so every text can be encoded and is decoded without a change.
 */
export class BpeTokenizer implements Tokenizer {
  readonly kind = "bpe";
  readonly merges: readonly (readonly [number, number])[];
  /** Bytes of each symbol. */
  private readonly bytes: readonly Uint8Array[];
  private readonly table: Merges;
  private readonly cache = new Map<string, readonly number[]>();

  /** @param merges pairs of symbols; a symbol is a byte, or 256 + the index of an earlier merge */
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
    for (const [a, b] of merges) bytes.push(joinBytes(bytes[a], bytes[b]));
    this.merges = merges;
    this.bytes = bytes;
    this.table = { merges, rankOf: new Map(merges.map(([a, b], rank) => [pairKey(a, b), rank])) };
  }

  get size(): number {
    return this.bytes.length;
  }

  encode(text: string): Int32Array {
    return runJob(this.encodeJob(text));
  }

  *encodeJob(text: string): Job<Int32Array> {
    checkValue("encode: text", TEXT, text);
    const ids: number[] = [];
    const encoder = new TextEncoder();
    let words = 0;
    for (const [word] of text.matchAll(WORD)) {
      const isLong = word.length > LONG;
      const symbols = isLong
        ? yield* mergeLongJob(encoder.encode(word), this.table)
        : this.symbolsOf(word, encoder);
      for (const id of symbols) ids.push(id);
      if (++words % PAUSE === 0) yield;
    }
    return Int32Array.from(ids);
  }

  decode(ids: ArrayLike<number>): string {
    checkSymbols(ids, this.size);
    const decoder = this.decoder();
    return Array.from(ids, (id) => decoder.push(id)).join("") + decoder.end();
  }

  decoder(): TokenDecoder {
    // A model may generate bytes that are not UTF-8: they are shown as U+FFFD.
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
    const lengths: number[] = new Array(BYTES).fill(1);
    let total = 0;
    const pairs = merges.map((merge: unknown, index): [number, number] => {
      const text = typeof merge === "string" ? merge : "";
      const [, a, b] = (/^(\d{1,5}) (\d{1,5})$/.exec(text) ?? []).map(Number);
      if (!(a < BYTES + index && b < BYTES + index)) {
        throw new FormatError(where, `merge ${index} must be two earlier symbols, as "104 101"`);
      }
      lengths.push(lengths[a] + lengths[b]);
      total += lengths[a] + lengths[b];
      // Each merge may be twice as long as the one before: a small file must not be able to exhaust the memory.
      if (total > MOST_BYTES) {
        throw new FormatError(where, `the symbols up to merge ${index} have more than ${MOST_BYTES} bytes`);
      }
      return [a, b];
    });
    return new BpeTokenizer(pairs);
  }

  /**
   * Learns the merges of a text.
   * @param pieces of the text, none of which ends inside a word
   * @param size of the vocabulary, including the 256 bytes
   */
  static train(pieces: Iterable<string>, size: number): BpeTokenizer {
    return runJob(BpeTokenizer.trainJob(pieces, size));
  }

  /** {@link train} as a job. The source of the pieces yields `undefined` where it may be interrupted. */
  static *trainJob(pieces: Iterable<string | undefined>, size: number): Job<BpeTokenizer> {
    checkTraining("BpeTokenizer.train", pieces, size, BYTES);
    const counts = new Map<string, number>();
    let words = 0;
    for (const text of pieces) {
      if (text !== undefined) checkPiece("BpeTokenizer.train", text);
      for (const [word] of text?.matchAll(WORD) ?? []) {
        counts.set(word, (counts.get(word) ?? 0) + 1);
        if (++words % PAUSE === 0) yield;
      }
      yield;
    }
    return new BpeTokenizer(yield* learnMergesJob(counts, size - BYTES));
  }

  private symbolsOf(word: string, encoder: TextEncoder): readonly number[] {
    const known = this.cache.get(word);
    if (known !== undefined) return known;
    const symbols = mergeShort(encoder.encode(word), this.table);
    if (this.cache.size < MOST_CACHED) this.cache.set(word, symbols);
    return symbols;
  }
}

function joinBytes(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
