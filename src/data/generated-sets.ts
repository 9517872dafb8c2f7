import { checkValue, oneOf, type Range } from "../core/options.ts";
import { inventedLanguages } from "./invented-languages.ts";
import type { LabelledText } from "./labelled-text.ts";
import { negationSentences } from "./negation.ts";
import { oneFactQuestions } from "./one-fact-questions.ts";
import { runningSums } from "./running-sums.ts";

export const GENERATED_SET_NAMES = ["languages", "parity", "sum", "negation", "facts"] as const;

export type GeneratedSetName = (typeof GENERATED_SET_NAMES)[number];

/** Labelled texts to learn from without a file. */
export interface GeneratedSet {
  /** `names in invented languages` */
  readonly about: string;
  /** What a text is to be divided into. */
  readonly unit: "character" | "word";
  readonly train: readonly LabelledText[];
  /** Undefined: a part of `train` is to be kept. */
  readonly validation: readonly LabelledText[] | undefined;
}

/** Sums are learned on lines of up to so many digits. */
export const TRAINED_DIGITS = 20;

/** And validated on lines of so many: who counts right goes on doing so. */
const VALIDATED_DIGITS = 200;

/** The modulus of `sum`. */
const MODULUS = 3;

const SETS: Record<GeneratedSetName, (seed: number) => GeneratedSet> = {
  languages: (seed) => ({
    about: "names in invented languages",
    unit: "character",
    train: inventedLanguages({ seed }).flatMap(({ name, words }) =>
      words.map((text) => ({ text, label: name })),
    ),
    validation: undefined,
  }),
  parity: (seed) => digitSums(seed, 2, 2, "bits whose number of ones is even or odd"),
  sum: (seed) => digitSums(seed, 10, MODULUS, `digits with their sum modulo ${MODULUS}`),
  negation(seed) {
    const all = negationSentences({ count: 5000, seed });
    return {
      about: "sentences whose label depends on the order of two words",
      unit: "word",
      train: all.slice(0, 4000),
      validation: all.slice(4000),
    };
  },
  facts(seed) {
    const all = oneFactQuestions({ count: 12_000, seed });
    return {
      about: "stories with a question that one statement answers",
      unit: "word",
      train: all.slice(0, 10_998),
      validation: all.slice(10_998),
    };
  },
};

function digitSums(seed: number, digits: number, modulus: number, about: string): GeneratedSet {
  const shared = { digits, modulus };
  return {
    about: `${about}: lines of 1 to ${TRAINED_DIGITS} to train on, of ${VALIDATED_DIGITS} to validate on`,
    unit: "character",
    train: runningSums({ ...shared, count: 6000, shortest: 1, longest: TRAINED_DIGITS, seed: 2 * seed }),
    validation: runningSums({
      ...shared,
      count: 300,
      shortest: VALIDATED_DIGITS,
      longest: VALIDATED_DIGITS,
      seed: 2 * seed + 1,
    }),
  };
}

const SEED: Range = {
  text: "an integer from -2^50 to 2^50",
  fits: (value) => Number.isSafeInteger(value) && Math.abs(value as number) <= 2 ** 50,
};

/**
 * A built-in set of labelled texts by its name. The same name and seed give the same texts; of two parts none has a text
 * of the other.
 *
 * - `languages`: names in six invented languages ({@link inventedLanguages})
 * - `parity`, `sum`: lines of 1 to 20 bits or digits, validated on lines of 200 ({@link runningSums})
 * - `negation`: each bag of words equally often under both labels ({@link negationSentences})
 * - `facts`: stories with a question that one statement answers ({@link oneFactQuestions})
 * @throws InputError for another name
 */
export function generateSet(name: GeneratedSetName, seed = 0): GeneratedSet {
  checkValue("generateSet: name", oneOf(...GENERATED_SET_NAMES), name);
  checkValue("generateSet: seed", SEED, seed);
  return SETS[name](seed);
}
