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

const SUBJECTS = "film story music acting ending plot dialogue cast camera humour".split(" ");
const GOOD = "good funny clever moving fresh charming brilliant honest warm gripping".split(" ");
const BAD = "bad dull stupid cold stale boring awful fake tired clumsy".split(" ");
const JOINTS = [",", "but", "and", ";", "while"];

/** The beginning of a clause that denies an adjective and of one that means it: both end in the same three words. */
const CLAUSES = [
  ["nobody in the room found it", "everybody in the room found it"],
  ["i would not dare to call it", "i would dare to call it"],
  ["it never came across as", "it always came across as"],
  ["few people would say it is", "most people would say it is"],
  ["it hardly ever seems to be", "it nearly always seems to be"],
] as const;

/**
 * Sentences on films that deny one of two opposite words and mean the other:
 *
 *     plot : nobody in the room found it dull while it always came across as clever    positive
 *     plot : nobody in the room found it clever while it always came across as dull    negative
 *
 * The sentences come in such pairs, which differ by the order of the two words alone: every bag of words occurs equally
 * often under both labels, so whoever only counts words can only guess. Counts of short runs of words are of little help
 * as well: three words before an adjective are the same whether it is meant or denied, and the meant word is as often the
 * first as the last of the two. Who reads has to remember the negation for three to five words.
 *
 * The two sentences of a pair follow each other, and no pair occurs twice: two parts that divide the list at an even index
 * have no bag of words in common.
 */
export function negationSentences(options: NegationOptions = {}): LabelledText[] {
  const { count, seed } = settle("negationSentences", RANGES, { count: 4000, seed: 0 }, options);
  const rng = new Rng(seed);
  const pick = <Item>(list: readonly Item[]): Item => list[rng.integer(list.length)];
  const taken = new Set<string>();
  const sentences: LabelledText[] = [];
  for (let tries = 0; sentences.length < count; tries++) {
    if (tries > 100 * count) throw new InputError(`negationSentences: there are no ${count} sentences`);
    const [subject, joint, good, bad] = [pick(SUBJECTS), pick(JOINTS), pick(GOOD), pick(BAD)];
    const [denying, meaning] = [pick(CLAUSES)[0], pick(CLAUSES)[1]];
    const isDeniedFirst = rng.integer(2) === 0;
    const fill = (denied: string, meant: string): string => {
      const clauses = [`${denying} ${denied}`, `${meaning} ${meant}`];
      const [first, last] = isDeniedFirst ? clauses : clauses.toReversed();
      return `${subject} : ${first} ${joint} ${last}`;
    };
    const positive = fill(bad, good);
    if (taken.has(bagOf(positive))) continue;
    taken.add(bagOf(positive));
    sentences.push({ text: positive, label: "positive" }, { text: fill(good, bad), label: "negative" });
  }
  return sentences;
}

/** Pairs whose clauses stand in the other order have the same bag, and count as one. */
const bagOf = (text: string): string => text.split(" ").sort().join(" ");
