import { InputError, Rng } from "../core/index.ts";
import { type Range, type Ranges, SIZE, settle } from "../core/options.ts";
import { type SentencePairs, sentencePairs } from "./pairs.ts";

export interface ReversalOptions {
  /** How many pairs, 1 to 1,000,000. Default 10,000. */
  readonly count?: number;
  /** Letters of the shortest text, at least 1. Default 10. */
  readonly shortest?: number;
  /** Letters of the longest text, at most 1000. Default 20. */
  readonly longest?: number;
  /** Chooses the texts, an integer. Default 0. */
  readonly seed?: number;
}

const upTo = (most: number): Range => ({
  text: `an integer from 1 to ${most}`,
  fits: (value) => SIZE.fits(value) && (value as number) <= most,
});

const RANGES: Ranges<ReversalOptions> = {
  count: upTo(1_000_000),
  shortest: upTo(1000),
  longest: upTo(1000),
  seed: { text: "an integer", fits: Number.isSafeInteger },
};

const LETTERS = "abcdefghijklmnopqrstuvwxyz";

/**
 * Texts of letters and the same texts from their end to their beginning. All lengths and all letters are equally
 * frequent. No text occurs twice.
 * @throws InputError for options out of range, and where there are not enough different texts
 */
export function reversalPairs(options: ReversalOptions = {}): SentencePairs {
  const defaults = { count: 10_000, shortest: 10, longest: 20, seed: 0 };
  const { count, shortest, longest, seed } = settle("reversalPairs", RANGES, defaults, options);
  if (longest < shortest) {
    throw new InputError(`reversalPairs: longest must be at least shortest, ${shortest}, got ${longest}`);
  }
  const rng = new Rng(seed);
  const taken = new Set<string>();
  const sources: string[] = [];
  for (let tries = 0; sources.length < count; tries++) {
    if (tries > 50 * (count + 100)) {
      throw new InputError(
        `reversalPairs: there are no ${count} different texts of ${shortest} to ${longest} letters`,
      );
    }
    const length = shortest + rng.integer(longest - shortest + 1);
    let text = "";
    for (let at = 0; at < length; at++) text += LETTERS[rng.integer(LETTERS.length)];
    if (taken.has(text)) continue;
    taken.add(text);
    sources.push(text);
  }
  return sentencePairs(
    sources,
    sources.map((text) => [...text].reverse().join("")),
  );
}
