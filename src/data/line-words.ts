/** Words of lines: what `--tokens word` reads. */
import { FormatError } from "../core/index.ts";
import { type Items, ItemsBuilder } from "./items.ts";
import { normalizeLine, textOf } from "./labelled-lines.ts";
import { MAX_VOCABULARY } from "./vocabulary.ts";

/**
 * A short form ('s, 're), a word with apostrophes and hyphens inside, a number with its points, a mark such as <unk>, dots
 * in a row, or any other sign.
 */
const WORD =
  /['’](?:s|t|re|ve|ll|d|m)(?![\p{L}\p{N}])|[\p{L}\p{N}][\p{L}\p{M}\p{N}]*(?:['’.:-][\p{L}\p{N}][\p{L}\p{M}\p{N}]*)*|<[a-z]+>|\.{2,}|\S/gu;

/** The words of a line in lower case: at least one unless it is white space. */
export function splitWords(line: string): string[] {
  return normalizeLine(line).toLowerCase().match(WORD) ?? [];
}

/** Words in fewer places of the training part than this are unknown, so that the unknown word is met in training. */
const LEAST_COUNT = 2;

/** Items that are looked at to tell sentences from single words. */
const SAMPLED = 2000;

/** What the lines of a data set have of words. */
export interface WordUse {
  /** Words of a line, on average. */
  readonly perLine: number;
  /** The share of all words that occur twice or more, and so can be learned. */
  readonly repeated: number;
}

/** How the first 2,000 lines use words. @param lines code points, as those of `LabelledLines` */
export function wordUseOf(lines: Items<Int32Array>): WordUse {
  const counts = new Map<string, number>();
  const looked = Math.min(lines.count, SAMPLED);
  let total = 0;
  for (let index = 0; index < looked; index++) {
    for (const word of splitWords(textOf(lines.item(index)))) {
      counts.set(word, (counts.get(word) ?? 0) + 1);
      total++;
    }
  }
  const single = [...counts.values()].filter((count) => count < LEAST_COUNT).length;
  return { perLine: total / Math.max(1, looked), repeated: 1 - single / Math.max(1, total) };
}

/** Words and one symbol for all others, which has the last id. The same interface as `LineVocabulary` has. */
export class LineWords {
  readonly words: readonly string[];
  private readonly ids: ReadonlyMap<string, number>;

  /** @param words all different; the id of a word is its place */
  constructor(words: readonly string[]) {
    this.words = words;
    this.ids = new Map(words.map((word, id) => [word, id]));
  }

  /**
   * The words of a training part, the most frequent first and equally frequent ones in the order of their UTF-16 units.
   * @param lines code points, as those of `LabelledLines`
   * @param options `most`: words at most; `known`: words that are kept though they occur once, since something is known
   * about them
   */
  static fromLines(
    lines: Items<Int32Array>,
    { most, known }: { readonly most: number; readonly known?: ReadonlySet<string> },
  ): LineWords {
    const counts = new Map<string, number>();
    for (let index = 0; index < lines.count; index++) {
      for (const word of splitWords(textOf(lines.item(index)))) counts.set(word, (counts.get(word) ?? 0) + 1);
    }
    const all = [...counts];
    const frequent = all.filter(([word, count]) => count >= LEAST_COUNT || known?.has(word));
    const kept = (frequent.length > 0 ? frequent : all).sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
    return new LineWords(kept.slice(0, most).map(([word]) => word));
  }

  /**
   * These words and behind them those of a training part that are not among them, the most frequent first.
   * @param lines code points, as those of `LabelledLines`
   * @param most words at most in all; these are kept even if they are more
   */
  extendedBy(lines: Items<Int32Array>, most: number): LineWords {
    const { words } = LineWords.fromLines(lines, { most: Number.POSITIVE_INFINITY });
    const others = words.filter((word) => !this.ids.has(word));
    return new LineWords([...this.words, ...others.slice(0, Math.max(0, most - this.words.length))]);
  }

  /** The words and the unknown one. */
  get size(): number {
    return this.words.length + 1;
  }

  get unknown(): number {
    return this.words.length;
  }

  /** The parts of a text that have an id each. */
  split(text: string): string[] {
    return splitWords(text);
  }

  encode(text: string): Int32Array {
    return Int32Array.from(splitWords(text), (word) => this.ids.get(word) ?? this.unknown);
  }

  /** The words of a list of ids with spaces between them; the unknown word is shown as U+FFFD. */
  decode(ids: ArrayLike<number>): string {
    return Array.from(ids, (id) => this.words[id] ?? "\ufffd").join(" ");
  }

  /** The ids of many lines, in shared memory where there is any. */
  encodeLines(lines: Items<Int32Array>): Items<Int32Array> {
    const builder = new ItemsBuilder("lineWords.encodeLines", new Int32Array(0), 1);
    for (let index = 0; index < lines.count; index++) builder.add(this.encode(textOf(lines.item(index))));
    return builder.finish();
  }

  toJSON(): string[] {
    return [...this.words];
  }

  /** @throws FormatError for what is no list of different words */
  static fromJSON(value: unknown, where: string): LineWords {
    if (!Array.isArray(value) || value.length === 0 || value.length > MAX_VOCABULARY) {
      throw new FormatError(where, `vocabulary must be a list of 1 to ${MAX_VOCABULARY} words`);
    }
    const seen = new Set<unknown>();
    for (const [index, word] of value.entries()) {
      if (typeof word !== "string" || word === "" || seen.has(word)) {
        throw new FormatError(where, `vocabulary: word ${index} must be a text, and no other's`);
      }
      seen.add(word);
    }
    return new LineWords(value as string[]);
  }
}
