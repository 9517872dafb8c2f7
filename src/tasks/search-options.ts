/** How outputs are searched for: options of `predict` and `eval` for models that write sequences. */
import { InputError } from "../core/errors.ts";
import { AT_LEAST_0, type Range, SIZE } from "../core/options.ts";
import { checkOptions, flagOf, type OptionSchema } from "./option-schema.ts";

/** What a person may say of a search; `undefined` is "not said". */
export interface SearchOptions {
  /** Hypotheses that are kept at each step; 1 is greedy. */
  readonly beam?: number;
  /** Hypotheses of each input that are shown, the best first. */
  readonly best?: number;
  /** Exponent of the length by which log-probabilities are divided (Wu et al. 2016, equation 14). */
  readonly lengthPenalty?: number;
  /** Symbols that are written at most. */
  readonly maxLength?: number;
  /** Whether an unknown word is replaced by the word of the source that it attends to most. */
  readonly copyUnknown?: boolean;
}

/** What was not said. `maxLength` depends on the input. */
export const SEARCH_DEFAULTS = { beam: 5, best: 1, lengthPenalty: 1 } as const;

const MOST_HYPOTHESES = 1000;
const MOST_SYMBOLS = 100_000;
const upTo = (most: number): Range => ({
  text: `an integer from 1 to ${most.toLocaleString("en")}`,
  fits: (value) => SIZE.fits(value) && (value as number) <= most,
});
const PENALTY: Range = {
  text: "a number from 0 to 10",
  fits: (value) => AT_LEAST_0.fits(value) && (value as number) <= 10,
};

const search = { group: "Search", role: "run" } as const;

export const SEARCH_OPTIONS: OptionSchema<SearchOptions> = {
  beam: {
    ...search,
    kind: "number",
    value: "N",
    range: upTo(MOST_HYPOTHESES),
    text: "hypotheses that are kept; 1 is greedy",
    shownDefault: SEARCH_DEFAULTS.beam,
  },
  best: {
    ...search,
    kind: "number",
    value: "N",
    range: upTo(MOST_HYPOTHESES),
    text: "outputs of each input that are shown",
    shownDefault: SEARCH_DEFAULTS.best,
  },
  lengthPenalty: {
    ...search,
    kind: "number",
    value: "X",
    range: PENALTY,
    text: "favours longer outputs; 0: none",
    shownDefault: SEARCH_DEFAULTS.lengthPenalty,
  },
  maxLength: {
    ...search,
    kind: "number",
    value: "N",
    range: upTo(MOST_SYMBOLS),
    text: "symbols of an output at most",
    shownDefault: "twice the input and 50",
  },
  copyUnknown: {
    ...search,
    kind: "flag",
    text: "copy the source's word where one is unknown",
  },
};

/**
 * The search options among other options.
 * @param task whose model is used
 * @throws InputError for one that is out of range, or that this task has no use for
 */
export function pickSearch(
  task: { readonly name: string; readonly searches?: boolean },
  options: Readonly<SearchOptions>,
): SearchOptions {
  const given: Record<string, unknown> = {};
  for (const name of Object.keys(SEARCH_OPTIONS) as (keyof SearchOptions)[]) {
    if (options[name] !== undefined) given[name] = options[name];
  }
  const [first] = Object.keys(given);
  if (first !== undefined && !task.searches) {
    throw new InputError(
      `${flagOf(first)} is for models that write sequences, and this is one of ${task.name}`,
      {
        hint: `leave ${flagOf(first)} out`,
      },
    );
  }
  checkOptions(SEARCH_OPTIONS, given);
  const { beam = SEARCH_DEFAULTS.beam, best = SEARCH_DEFAULTS.best } = given as SearchOptions;
  if (best > beam) {
    throw new InputError(`--best ${best} is more than the ${beam} hypotheses that are kept`, {
      hint: `give --beam ${best} or more`,
    });
  }
  return given;
}
