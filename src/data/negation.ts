import { InputError, Rng } from "../core/index.ts";
import { type Range, type Ranges, SIZE, settle } from "../core/options.ts";
import type { LabelledText } from "./labelled-lines.ts";

export interface NegationOptions {
  /** How many sentences, an even number from 2 to 20,000. Default 4000. */
  readonly count?: number;
  /** Chooses the sentences, an integer. Default 0. */
  readonly seed?: number;
}

const EVEN: Range = {
  text: "an even number from 2 to 20000",
  fits: (value) => SIZE.fits(value) && (value as number) % 2 === 0 && (value as number) <= 20_000,
};

const RANGES: Ranges<NegationOptions> = {
  count: EVEN,
  seed: { text: "an integer", fits: Number.isSafeInteger },
};

const OPENINGS = ["", "", "i think", "my sister says", "they told me", "in the end", "to be honest"];
const SUBJECTS = "film story music acting ending plot dialogue cast camera humour".split(" ");
const VERBS = ["is", "was", "seemed", "felt"];
const GOOD = "good funny clever moving fresh charming brilliant honest warm gripping".split(" ");
const BAD = "bad dull stupid cold stale boring awful fake tired clumsy".split(" ");
const DEGREES = ["", "", "very", "really", "quite", "so very"];

/** What is denied (D) and what is meant (M), which comes first in four of the eight and last in the others. */
const FORMS = [
  "not D but M",
  "M , not D",
  "anything but D , M",
  "M instead of D",
  "far from D and M",
  "M and never D",
  "nowhere near D , just M",
  "M and not even close to D",
];

/**
 * Sentences on films that say which of two opposite words does not hold: "the plot was not dull but clever" is positive,
 * "the plot was not clever but dull" negative. The sentences come in such pairs, which differ by the order of the two words
 * alone: every bag of words occurs equally often under both labels, so whoever only counts words can only guess. The meant
 * word is as often the first as the last of the two.
 *
 * The two sentences of a pair follow each other, and no pair occurs twice: two parts that divide the list at an even index
 * have no bag of words in common.
 */
export function negationSentences(options: NegationOptions = {}): LabelledText[] {
  const { count, seed } = settle("negationSentences", RANGES, { count: 4000, seed: 0 }, options);
  const rng = new Rng(seed);
  const pick = (list: readonly string[]): string => list[rng.integer(list.length)];
  const taken = new Set<string>();
  const sentences: LabelledText[] = [];
  for (let tries = 0; sentences.length < count; tries++) {
    if (tries > 100 * count) throw new InputError(`negationSentences: there are no ${count} sentences`);
    const opening = `${pick(OPENINGS)} the ${pick(SUBJECTS)} ${pick(VERBS)}`.trim();
    // A degree stands before either word, or it would give the denied one away.
    const word = rng.integer(2) === 0 ? "D" : "M";
    const form = `${opening} ${pick(FORMS).replace(word, `${pick(DEGREES)} ${word}`)}`.replaceAll("  ", " ");
    const [good, bad] = [pick(GOOD), pick(BAD)];
    const fill = (denied: string, meant: string) => form.replace("D", denied).replace("M", meant);
    const positive = fill(bad, good);
    if (taken.has(bagOf(positive))) continue;
    taken.add(bagOf(positive));
    sentences.push({ text: positive, label: "positive" }, { text: fill(good, bad), label: "negative" });
  }
  return sentences;
}

/** Two forms have no bag in common unless they are the same, so a bag is a pair. */
const bagOf = (text: string): string => text.split(" ").sort().join(" ");
