/** Symbols of one side of pairs of sentences: words, characters or byte pairs, after END, START and UNKNOWN. */
import { FormatError, InputError, type Job, runJob } from "../core/index.ts";
import {
  checkValue,
  FLAG,
  oneOf,
  optional,
  type Range,
  type Ranges,
  SIZE,
  settle,
  TEXT,
} from "../core/options.ts";
import { FIRST_SYMBOL, UNKNOWN } from "../core/symbols.ts";
import { BpeTokenizer, BYTES } from "./bpe-tokenizer.ts";
import { checkIndices } from "./items.ts";
import { normalizeLine } from "./labelled-lines.ts";
import { ITERABLE, TOKENIZER } from "./ranges.ts";
import {
  joinWords,
  type Spacing,
  SpacingCounts,
  spacingFromJSON,
  spacingToJSON,
  splitSentence,
  WORD_RULE,
} from "./sentence-words.ts";
import { TOKEN_KINDS, type TokenKind } from "./tokenizer.ts";
import { MAX_VOCABULARY } from "./vocabulary.ts";

/** The symbols of one side: END 0, START 1, UNKNOWN 2, then those of the text (core/symbols.ts). */
export interface PairTokens {
  readonly kind: TokenKind;
  readonly lowercase: boolean;
  /** The number of ids, END, START and UNKNOWN included. */
  readonly size: number;
  /** How a text becomes symbols, in words: it belongs beside every figure. */
  readonly rule: string;
  /** The parts of a text that have an id each. Of byte pairs a part may be half a character, shown as U+FFFD. */
  split(text: string): string[];
  /** The ids of a text without START and END; none for white space. */
  encode(text: string): Int32Array;
  /**
   * The text of ids; END and START are left out.
   * @param ids each in [0, size)
   * @param copies what stands for UNKNOWN at each position; undefined, also for one position: the mark of an unknown symbol
   */
  decode(ids: ArrayLike<number>, copies?: ArrayLike<string | undefined>): string;
  /** One symbol as people see it, as in a picture. */
  symbol(id: number): string;
  toJSON(): object;
}

export interface PairTokensOptions {
  readonly kind: TokenKind;
  /** Read and write everything in lower case. Default false. */
  readonly lowercase?: boolean;
  /** Words and characters that occur less often are UNKNOWN. Default 2; where none is so frequent, all are kept. */
  readonly minCount?: number;
  /** Ids at most, END, START and UNKNOWN included: of byte pairs at least 259. Default 65,535; byte pairs 8,000. */
  readonly size?: number;
}

/** Checks for members, not for a class. */
export const PAIR_TOKENS: Range = {
  text: "symbols, as learnPairTokens makes them",
  fits: (value) => TOKENIZER.fits(value) && typeof (value as Partial<PairTokens>).split === "function",
};

const RANGES: Ranges<PairTokensOptions> = {
  kind: oneOf(...TOKEN_KINDS),
  lowercase: optional(FLAG),
  minCount: optional(SIZE),
  size: optional({
    text: `an integer from 4 to ${MAX_VOCABULARY}`,
    fits: (value) =>
      SIZE.fits(value) && (value as number) > FIRST_SYMBOL && (value as number) <= MAX_VOCABULARY,
  }),
};

/** END, START, UNKNOWN and the 256 bytes. */
const LEAST_BYTE_PAIRS = FIRST_SYMBOL + BYTES;
const DEFAULT_BYTE_PAIRS = 8000;

/** What is shown in place of a word, and of a character, that is not known. */
const UNKNOWN_WORD = "<unk>";
const UNKNOWN_CHARACTER = "\ufffd";

/** Texts that are looked at between two pauses of a job. */
const PAUSE = 256;

/** @param where the function that was given the text */
function normalForm(where: string, text: string, lowercase: boolean): string {
  checkValue(where, TEXT, text);
  return normalizeLine(lowercase ? text.toLowerCase() : text);
}

/** Words, or characters. */
class ListedTokens implements PairTokens {
  readonly kind: "word" | "char";
  readonly lowercase: boolean;
  private readonly symbols: readonly string[];
  private readonly ids: ReadonlyMap<string, number>;
  private readonly spacing: Spacing;

  constructor(kind: "word" | "char", lowercase: boolean, symbols: readonly string[], spacing: Spacing) {
    this.kind = kind;
    this.lowercase = lowercase;
    this.symbols = symbols;
    this.spacing = spacing;
    this.ids = new Map(symbols.map((symbol, place) => [symbol, FIRST_SYMBOL + place]));
  }

  get size(): number {
    return FIRST_SYMBOL + this.symbols.length;
  }

  get rule(): string {
    const rule = this.kind === "word" ? WORD_RULE : "each Unicode character is a symbol";
    return this.lowercase ? `lower-cased; ${rule}` : rule;
  }

  split(text: string): string[] {
    const normal = normalForm("pairTokens.split: text", text, this.lowercase);
    return this.kind === "word" ? splitSentence(normal) : Array.from(normal);
  }

  encode(text: string): Int32Array {
    return Int32Array.from(this.split(text), (symbol) => this.ids.get(symbol) ?? UNKNOWN);
  }

  decode(ids: ArrayLike<number>, copies?: ArrayLike<string | undefined>): string {
    checkIndices("pairTokens.decode: ids", ids, this.size);
    const texts: string[] = [];
    for (let at = 0; at < ids.length; at++) {
      if (ids[at] >= UNKNOWN) texts.push((ids[at] === UNKNOWN && copies?.[at]) || this.symbol(ids[at]));
    }
    return this.kind === "word" ? joinWords(texts, this.spacing) : texts.join("");
  }

  symbol(id: number): string {
    checkIndices("pairTokens.symbol: id", [id], this.size);
    if (id >= FIRST_SYMBOL) return this.symbols[id - FIRST_SYMBOL];
    const unknown = this.kind === "word" ? UNKNOWN_WORD : UNKNOWN_CHARACTER;
    return ["</s>", "<s>", unknown][id];
  }

  toJSON(): object {
    const { kind, lowercase, symbols, spacing } = this;
    const written = { kind, lowercase, symbols: [...symbols] };
    return kind === "word" ? { ...written, spacing: spacingToJSON(spacing) } : written;
  }
}

/** Byte pairs. A space before the first word makes it the same symbols as inside a sentence. */
class BytePairTokens implements PairTokens {
  readonly kind = "bpe";
  readonly lowercase: boolean;
  private readonly pairs: BpeTokenizer;

  constructor(lowercase: boolean, pairs: BpeTokenizer) {
    this.lowercase = lowercase;
    this.pairs = pairs;
  }

  get size(): number {
    return FIRST_SYMBOL + this.pairs.size;
  }

  get rule(): string {
    const rule = `byte pairs of UTF-8 (${this.pairs.merges.length} merges), none across the end of a word`;
    return this.lowercase ? `lower-cased; ${rule}` : rule;
  }

  split(text: string): string[] {
    return Array.from(this.encode(text), (id) => this.symbol(id));
  }

  encode(text: string): Int32Array {
    const normal = normalForm("pairTokens.encode: text", text, this.lowercase);
    return normal === "" ? new Int32Array(0) : this.pairs.encode(` ${normal}`).map((id) => id + FIRST_SYMBOL);
  }

  decode(ids: ArrayLike<number>, copies?: ArrayLike<string | undefined>): string {
    checkIndices("pairTokens.decode: ids", ids, this.size);
    const decoder = this.pairs.decoder();
    let text = "";
    for (let at = 0; at < ids.length; at++) {
      if (ids[at] >= FIRST_SYMBOL) text += decoder.push(ids[at] - FIRST_SYMBOL);
      else if (ids[at] === UNKNOWN) text += decoder.end() + (copies?.[at] ?? UNKNOWN_CHARACTER);
    }
    text += decoder.end();
    return text.startsWith(" ") ? text.slice(1) : text;
  }

  symbol(id: number): string {
    checkIndices("pairTokens.symbol: id", [id], this.size);
    return id < FIRST_SYMBOL
      ? ["</s>", "<s>", UNKNOWN_CHARACTER][id]
      : this.pairs.decode([id - FIRST_SYMBOL]);
  }

  toJSON(): object {
    return { ...this.pairs.toJSON(), lowercase: this.lowercase };
  }
}

/**
 * Learn the symbols of one side, or of both sides together where `texts` are those of both.
 * @param texts of the training part, at least one that is more than white space
 * @throws InputError for options out of their range, and for texts without a symbol
 */
export function learnPairTokens(texts: Iterable<string>, options: PairTokensOptions): PairTokens {
  return runJob(learnPairTokensJob(texts, options));
}

/** {@link learnPairTokens} as a job. */
export function* learnPairTokensJob(texts: Iterable<string>, options: PairTokensOptions): Job<PairTokens> {
  type Settings = Required<Omit<PairTokensOptions, "size">> & Pick<PairTokensOptions, "size">;
  const defaults = { lowercase: false, minCount: 2 };
  const { kind, lowercase, minCount, size } = settle<Settings>("learnPairTokens", RANGES, defaults, options);
  checkValue("learnPairTokens: texts", ITERABLE, texts);
  if (kind === "bpe") {
    checkValue("learnPairTokens: size", BYTE_PAIRS, size ?? DEFAULT_BYTE_PAIRS);
    const pieces = spacedPieces(texts, lowercase);
    const pairs = yield* BpeTokenizer.trainJob(pieces, (size ?? DEFAULT_BYTE_PAIRS) - FIRST_SYMBOL);
    return new BytePairTokens(lowercase, pairs);
  }
  const counts = new Map<string, number>();
  const spacing = new SpacingCounts();
  let index = 0;
  for (const text of texts) {
    const normal = normalForm("learnPairTokens: each text", text, lowercase);
    const symbols = kind === "word" ? splitSentence(normal) : Array.from(normal);
    for (const symbol of symbols) counts.set(symbol, (counts.get(symbol) ?? 0) + 1);
    if (kind === "word") spacing.add(normal, symbols);
    if (++index % PAUSE === 0) yield;
  }
  const all = [...counts];
  if (all.length === 0) throw new InputError("learnPairTokens: the texts are empty");
  const frequent = all.filter(([, count]) => count >= minCount);
  // The most frequent first; equally frequent ones in the order of their UTF-16 units.
  const kept = (frequent.length > 0 ? frequent : all).sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
  const most = (size ?? MAX_VOCABULARY) - FIRST_SYMBOL;
  const symbols = kept.slice(0, most).map(([symbol]) => symbol);
  return new ListedTokens(kind, lowercase, symbols, spacing.finish());
}

const BYTE_PAIRS: Range = {
  text: `at least ${LEAST_BYTE_PAIRS} for byte pairs`,
  fits: (value) => (value as number) >= LEAST_BYTE_PAIRS,
};

function* spacedPieces(texts: Iterable<string>, lowercase: boolean): Generator<string> {
  for (const text of texts) {
    const normal = normalForm("learnPairTokens: each text", text, lowercase);
    if (normal !== "") yield ` ${normal}`;
  }
}

/**
 * The symbols that `toJSON` wrote. The value comes from a file, so all of it is checked.
 * @param where names the file and the field in errors
 * @throws FormatError
 */
export function pairTokensFromJSON(value: unknown, where = "tokens"): PairTokens {
  checkValue("pairTokensFromJSON: where", TEXT, where);
  const given = (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>;
  const { kind, lowercase, symbols } = given;
  if (typeof lowercase !== "boolean") throw new FormatError(where, "lowercase must be true or false");
  if (kind === "bpe") {
    const pairs = BpeTokenizer.fromJSON(given, where);
    if (pairs.size > MAX_VOCABULARY - FIRST_SYMBOL) {
      throw new FormatError(where, `there are more than ${MAX_VOCABULARY} symbols`);
    }
    return new BytePairTokens(lowercase, pairs);
  }
  if (kind !== "word" && kind !== "char") {
    throw new FormatError(where, 'kind must be "word", "char" or "bpe"');
  }
  const list = checkSymbolList(symbols, kind, where);
  return new ListedTokens(
    kind,
    lowercase,
    list,
    kind === "word" ? spacingFromJSON(given.spacing, where) : new Map(),
  );
}

function checkSymbolList(symbols: unknown, kind: "word" | "char", where: string): string[] {
  const most = MAX_VOCABULARY - FIRST_SYMBOL;
  if (!Array.isArray(symbols) || symbols.length === 0 || symbols.length > most) {
    throw new FormatError(where, `symbols must be a list of 1 to ${most} texts`);
  }
  const seen = new Set<string>();
  for (let index = 0; index < symbols.length; index++) {
    const symbol: unknown = symbols[index];
    const isText = typeof symbol === "string" && symbol !== "" && symbol.isWellFormed() && !seen.has(symbol);
    if (!isText || (kind === "char" && Array.from(symbol).length !== 1)) {
      const what = kind === "char" ? "one character" : "a word";
      throw new FormatError(where, `symbols: entry ${index} must be ${what}, and no other's`);
    }
    seen.add(symbol);
  }
  return symbols as string[];
}
