/** Data sets of labelled texts that are generated: what `classify` has without any file. */
import { inventedLanguages } from "./invented-languages.ts";
import type { LabelledText } from "./labelled-lines.ts";

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
  readonly settings?: Readonly<Record<string, string | number | boolean>>;
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

/** In the order of `--help`; the first is the default. */
export const LABELLED_SETS: readonly LabelledSet[] = [names];

export const SET_NAMES: readonly string[] = LABELLED_SETS.map(({ name }) => name);

/** The set of a name that is among {@link SET_NAMES}. */
export function findSet(name: string): LabelledSet {
  return LABELLED_SETS.find((set) => set.name === name)!;
}
