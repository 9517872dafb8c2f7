/** Words of sentences: how a sentence is split, and joined again. What `--tokens word` reads and writes. */
import { FormatError } from "../core/index.ts";
import { OBJECT } from "../core/options.ts";

/**
 * In this order: a short form ('s, 're) after a letter; letters and digits with hyphens between them and `.` or `,`
 * between digits, up to an apostrophe before a letter (l'); dots in a row; any other sign alone.
 */
const WORD =
  /(?<=[\p{L}\p{M}])['’](?:s|t|re|ve|ll|d|m)(?![\p{L}\p{M}\p{N}])|[\p{L}\p{N}][\p{L}\p{M}\p{N}]*(?:(?:-|(?<=\p{N})[.,](?=\p{N}))[\p{L}\p{N}][\p{L}\p{M}\p{N}]*)*(?:['’](?=\p{L})(?!(?:s|t|re|ve|ll|d|m)(?![\p{L}\p{M}\p{N}])))?|\.{2,}|\S/giu;

const isWord = (token: string): boolean => /^[\p{L}\p{N}]/u.test(token) || isShortForm(token);
const isShortForm = (token: string): boolean => /^['’]./u.test(token);
/** As "l'": what follows is written without a space. */
const isElision = (token: string): boolean => /^[\p{L}\p{N}].*['’]$/u.test(token);

/** The rule in words, for people. */
export const WORD_RULE =
  "words are letters and digits with hyphens inside, numbers have . and , inside, short forms ('s, l') and all other signs stand alone; they are joined with the spaces that each sign most often has in the training text";

/** The words and signs of a sentence. */
export function splitSentence(text: string): string[] {
  return text.match(WORD) ?? [];
}

/** What is written before and after a sign: nothing, a space, or a space of another kind. */
export type Spaces = readonly [before: string, after: string];

/** The spaces of signs, by the names that {@link nameSigns} gives them. */
export type Spacing = ReadonlyMap<string, Spaces>;

/** Signs that open and close alike: every second one closes, and the last one of an odd number is by itself. */
const QUOTES: readonly string[] = ['"', "'"];

/**
 * Signs by what they are in their sentence; undefined for words. A quote opens, closes or is alone, and a sign between two
 * digits (8:00) is another one than elsewhere.
 */
function nameSigns(words: readonly string[]): (string | undefined)[] {
  const left = new Map(QUOTES.map((quote) => [quote, words.filter((word) => word === quote).length]));
  const open = new Set<string>();
  const nameQuote = (quote: string): string => {
    const others = left.get(quote)! - 1;
    left.set(quote, others);
    if (open.delete(quote)) return `${quote}close`;
    if (others === 0) return `${quote}alone`;
    open.add(quote);
    return `${quote}open`;
  };
  return words.map((word, at) => {
    if (isWord(word)) return undefined;
    if (left.has(word)) return nameQuote(word);
    const isBetweenDigits = /\p{N}$/u.test(words[at - 1] ?? "") && /^\p{N}/u.test(words[at + 1] ?? "");
    return isBetweenDigits ? `${word}#` : word;
  });
}

/** Of signs that the training text has not: those that belong to the word before them, and to the one after them. */
const CLOSING = /^(?:[,.;:!?)\]}%…’”»]|\.{2,}|["']close|'alone|[:/]#)$/u;
const OPENING = /^(?:[([{«„“‘¿¡#$€£@]|["']open|[:/]#)$/u;

function spacesOf(name: string, spacing: Spacing): Spaces {
  return spacing.get(name) ?? [CLOSING.test(name) ? "" : " ", OPENING.test(name) ? "" : " "];
}

/** Words and signs as a sentence. */
export function joinWords(words: readonly string[], spacing: Spacing): string {
  let text = "";
  let left: Placed | undefined;
  for (const [at, name] of nameSigns(words).entries()) {
    const right = { word: words[at], spaces: name === undefined ? undefined : spacesOf(name, spacing) };
    if (left !== undefined) text += gapBetween(left, right);
    text += right.word;
    left = right;
  }
  return text;
}

interface Placed {
  readonly word: string;
  /** Undefined for what is no sign. */
  readonly spaces: Spaces | undefined;
}

function gapBetween(left: Placed, right: Placed): string {
  if (left.spaces === undefined && right.spaces === undefined) {
    return isShortForm(right.word) || isElision(left.word) ? "" : " ";
  }
  if (left.spaces === undefined) return right.spaces![0];
  if (right.spaces === undefined) return left.spaces[1];
  // Of two signs each may want to stand close to the other.
  return left.spaces[1] === "" ? "" : right.spaces[0];
}

/** Counts what stands between signs and the words beside them. */
export class SpacingCounts {
  private readonly counts = new Map<string, readonly [Map<string, number>, Map<string, number>]>();

  /** @param text of a sentence @param words of it, as {@link splitSentence} gives them */
  add(text: string, words: readonly string[]): void {
    const names = nameSigns(words);
    let end = 0;
    for (const [at, word] of words.entries()) {
      const start = text.indexOf(word, end);
      const [left, right] = [names[at - 1], names[at]];
      // Between two signs it is not clear whose space it is.
      if (at > 0 && (left === undefined) !== (right === undefined)) {
        const gap = gapOf(text.slice(end, start));
        if (right === undefined) this.count(left!, 1, gap);
        else this.count(right, 0, gap);
      }
      end = start + word.length;
    }
  }

  private count(sign: string, side: 0 | 1, gap: string): void {
    let own = this.counts.get(sign);
    if (own === undefined) {
      own = [new Map(), new Map()];
      this.counts.set(sign, own);
    }
    own[side].set(gap, (own[side].get(gap) ?? 0) + 1);
  }

  /** The most frequent spaces of each sign. */
  finish(): Spacing {
    const usual = [...this.counts].map(([key, [before, after]]) => {
      const [otherBefore, otherAfter] = spacesOf(key, new Map());
      return [key, [mostFrequent(before, otherBefore), mostFrequent(after, otherAfter)]] as const;
    });
    return new Map(usual.sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}

/** One white space character stands for itself, several for a space. */
const gapOf = (text: string): string => (text.length > 1 || text === "\n" || text === "\t" ? " " : text);

function mostFrequent(counts: ReadonlyMap<string, number>, otherwise: string): string {
  const [first] = [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
  return first?.[0] ?? otherwise;
}

const SPACE = /^\s?$/u;
const MOST_SIGNS = 65_535;

/** The spacing as JSON: each sign with the spaces before and after it. */
export function spacingToJSON(spacing: Spacing): [string, string, string][] {
  return [...spacing].map(([sign, [before, after]]) => [sign, before, after]);
}

/** @throws FormatError for what is no list of different signs, each with two spaces */
export function spacingFromJSON(value: unknown, where: string): Spacing {
  if (!Array.isArray(value) || value.length > MOST_SIGNS) {
    throw new FormatError(where, `spacing must be a list of at most ${MOST_SIGNS} signs`);
  }
  const spacing = new Map<string, Spaces>();
  for (const [index, entry] of (value as unknown[]).entries()) {
    const [sign, before, after] = (OBJECT.fits(entry) && Array.isArray(entry) ? entry : []) as unknown[];
    const isText = typeof sign === "string" && typeof before === "string" && typeof after === "string";
    if (!isText || sign === "" || spacing.has(sign) || !SPACE.test(before) || !SPACE.test(after)) {
      throw new FormatError(
        where,
        `spacing: entry ${index} must be another sign and the spaces at its sides`,
      );
    }
    spacing.set(sign, [before, after]);
  }
  return spacing;
}
