/** Data sets of labelled texts that are generated: what `classify` has without any file. */
import { inventedLanguages } from "./invented-languages.ts";
import type { LabelledText } from "./labelled-lines.ts";
import { negationSentences } from "./negation.ts";
import { oneFactQuestions } from "./one-fact-questions.ts";
import { runningSums } from "./running-sums.ts";

/** Items of a generated set. Equal seeds give equal items in the same order. */
export interface LabelledSetItems {
  readonly train: readonly LabelledText[];
  /** Items to validate on that are made otherwise, as much longer ones. Default: a share of `train`. */
  readonly validation?: readonly LabelledText[];
}

export interface LabelledSet {
  /** `parity`, as `--set` names it. */
  readonly name: string;
  /** What it is, in a few words: "names in six invented languages". */
  readonly summary: string;
  /** Default settings of the task that this set needs otherwise, under their names in code: `{ tokens: "word" }`. */
  readonly settings?: Readonly<Record<string, string | number | boolean | null>>;
  /** @param seed an integer, that of the run */
  make(seed: number): LabelledSetItems;
}

const names: LabelledSet = {
  name: "names",
  summary: "names in six invented languages",
  // The same names for every seed, which chooses those that are validated on.
  make: () => ({
    train: inventedLanguages().flatMap(({ name: label, words }) => words.map((text) => ({ text, label }))),
  }),
};

/** Sums are learned on lines of up to so many digits, */
export const TRAINED_DIGITS = 20;

/** and validated on lines of so many: who counts right goes on doing so. */
const VALIDATED_DIGITS = 200;

/** From 6000 a vanilla RNN learns parity, but seldom sums of ten digits. */
const LINES = 18_000;

/** Passes in which a vanilla RNN comes to count, from short lines to long ones. */
const SHORT_FIRST = 16;

/** @param digits different ones */
function digitSums(name: string, digits: number, modulus: number, what: string): LabelledSet {
  const shared = { digits, modulus };
  return {
    name,
    summary: `${what}: 1 to ${TRAINED_DIGITS}, validated on ${VALIDATED_DIGITS}`,
    settings: { shortFirst: SHORT_FIRST, dropout: 0, hidden: 64, clipNorm: 1 },
    make: (seed) => ({
      train: runningSums({ ...shared, count: LINES, longest: TRAINED_DIGITS, seed: seedOf(seed, 0) }),
      validation: runningSums({
        ...shared,
        count: 300,
        shortest: VALIDATED_DIGITS,
        longest: VALIDATED_DIGITS,
        seed: seedOf(seed, 1),
      }),
    }),
  };
}

/** Of one of two parts; seeds of a run are integers of any size. */
const seedOf = (seed: number, part: 0 | 1): number => 2 * (seed % 2 ** 50) + part;

const parity = digitSums("parity", 2, 2, "bits whose number of ones is even or odd");
const sum = digitSums("sum", 10, 3, "digits with their sum modulo 3");

// With `initUniform: null`, as both sets of words have it, vectors begin at PyTorch's size: from the small ones that are
// better for real texts a vanilla RNN does not find what negates, nor attention the statement that answers.
const negation: LabelledSet = {
  name: "negation",
  summary: "sentences whose words say nothing without their order",
  settings: { tokens: "word", hidden: 64, initUniform: null },
  make(seed) {
    const all = negationSentences({ count: 5000, seed });
    return { train: all.slice(0, 4000), validation: all.slice(4000) };
  },
};

const facts: LabelledSet = {
  name: "facts",
  summary: "stories with a question that one statement answers",
  // An LSTM in one direction stays below 70 %; a smaller rate or dropout take several times as long.
  settings: {
    tokens: "word",
    hidden: 32,
    bidirectional: true,
    pooling: "attention",
    dropout: 0,
    lr: 5e-3,
    initUniform: null,
    shortFirst: 4,
  },
  make(seed) {
    const all = oneFactQuestions({ count: 12_000, seed });
    return { train: all.slice(0, 10_998), validation: all.slice(10_998) };
  },
};

/** In the order of `--help`; the first is the default. */
export const LABELLED_SETS: readonly LabelledSet[] = [names, parity, sum, negation, facts];

export const SET_NAMES: readonly string[] = LABELLED_SETS.map(({ name }) => name);

/** The set of a name that is among {@link SET_NAMES}. */
export function findSet(name: string): LabelledSet {
  return LABELLED_SETS.find((set) => set.name === name)!;
}
