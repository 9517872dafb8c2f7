/** The settings that every training has, whatever its task, as options. */

import { ABOVE_0, AT_LEAST_0, BELOW_1, checkValue, OBJECT, type Range, SIZE, TEXT } from "../core/options.ts";
import { OPTIMIZERS, type OptimizerName } from "./optimizers.ts";
import type { OptionSchema } from "./option-schema.ts";

/** Settings that fix what a training computes, in every task: a resumed run keeps them. */
export interface TrainingSettings {
  readonly batchSize: number;
  readonly optimizer: OptimizerName;
  readonly lr: number;
  /** What the rate is multiplied by after each pass, from pass `lrDecayAfter` on; null: it falls along a cosine. */
  readonly lrDecay: number | null;
  readonly lrDecayAfter: number;
  /** Initial values of all parameters are uniform in [-initUniform, initUniform); null: PyTorch's. */
  readonly initUniform: number | null;
  /** Largest global norm of the gradient. */
  readonly clipNorm: number;
  /** Largest absolute value of an element of the gradient; null: no limit. */
  readonly clipValue: number | null;
  /** `weightDecay` of torch.optim: decoupled with adamw, else an L2 penalty in the gradient. */
  readonly weightDecay: number;
  /** Share of the data to validate on, from 0 to 1, where no data of its own is given for that. */
  readonly valSplit: number;
  readonly seed: number;
}

const ABOVE_ZERO: Range = { ...ABOVE_0, text: "a number above 0" };
const NOT_NEGATIVE: Range = { ...AT_LEAST_0, text: "a number of at least 0" };
const INTEGER: Range = { text: "an integer", fits: Number.isSafeInteger };
const SHARE: Range = {
  text: "above 0 and below 1",
  fits: (value) => BELOW_1.fits(value) && value !== 0,
};
const FACTOR: Range = {
  text: "above 0 and at most 1",
  fits: (value) => typeof value === "number" && value > 0 && value <= 1,
};
/** What the words of the declarations depend on. */
export interface TrainingWords {
  /** What the data is called: "text". */
  readonly data: string;
  /** What a row of a batch is. */
  readonly rows: string;
  /** What becomes of the share of the data that is validated on. */
  readonly split: string;
}

/** What optimizers start from that differ from the defaults. */
export type ByOptimizer = Readonly<
  Record<OptimizerName, Partial<Pick<TrainingSettings, "lr" | "clipNorm" | "weightDecay">>>
>;

/** `; sgd 20, adagrad 0.1` */
function listExceptions(byOptimizer: ByOptimizer, name: "lr" | "clipNorm" | "weightDecay"): string {
  const others = OPTIMIZERS.filter((optimizer) => byOptimizer[optimizer][name] !== undefined);
  const list = others.map((optimizer) => `${optimizer} ${byOptimizer[optimizer][name]}`);
  return list.length === 0 ? "" : `; ${list.join(", ")}`;
}

const BY_OPTIMIZER: Range = {
  text: `an object with an object for each of ${OPTIMIZERS.join(", ")}`,
  fits: (value) =>
    OBJECT.fits(value) && OPTIMIZERS.every((name) => OBJECT.fits((value as Partial<ByOptimizer>)[name])),
};

const DEFAULTS: Range = {
  text: "the defaults of all settings of a training",
  fits: (value) => {
    const { lr, batchSize, seed, valSplit } = (OBJECT.fits(value) ? value : {}) as Partial<TrainingSettings>;
    return [lr, batchSize, seed, valSplit].every((number) => typeof number === "number");
  },
};

const WORDS: Range = {
  text: "an object of the texts data, rows and split",
  fits: (value) => {
    const { data, rows, split } = (OBJECT.fits(value) ? value : {}) as Partial<TrainingWords>;
    return [data, rows, split].every(TEXT.fits);
  },
};

/**
 * The options of {@link TrainingSettings}, for the schema of a task.
 * @param defaults of the task, which `--help` shows
 * @param byOptimizer what optimizers start from that differ from them
 * @throws InputError for an argument of the wrong kind
 */
export function trainingOptions(
  defaults: TrainingSettings,
  byOptimizer: ByOptimizer,
  words: TrainingWords,
): OptionSchema<TrainingSettings> {
  checkValue("trainingOptions: defaults", DEFAULTS, defaults);
  checkValue("trainingOptions: byOptimizer", BY_OPTIMIZER, byOptimizer);
  checkValue("trainingOptions: words", WORDS, words);
  const training = { group: "Training", role: "training" } as const;
  return {
    lr: {
      kind: "number",
      value: "X",
      range: ABOVE_ZERO,
      ...training,
      text: `learning rate${listExceptions(byOptimizer, "lr")}`,
      shownDefault: defaults.lr,
    },
    lrDecay: {
      kind: "number",
      value: "X",
      range: FACTOR,
      nullable: true,
      ...training,
      text: "multiplies the rate after each pass",
      shownDefault: "a cosine",
    },
    lrDecayAfter: {
      kind: "number",
      value: "N",
      range: SIZE,
      ...training,
      text: "passes before the first decay",
      shownDefault: defaults.lrDecayAfter,
    },
    initUniform: {
      kind: "number",
      value: "X",
      range: ABOVE_ZERO,
      nullable: true,
      ...training,
      text: "initial values within -X and X",
      shownDefault: "PyTorch's",
    },
    batchSize: {
      kind: "number",
      value: "B",
      range: SIZE,
      ...training,
      text: words.rows,
      shownDefault: defaults.batchSize,
    },
    clipNorm: {
      // Infinity would say "do not clip", but run.json cannot hold it; any large number says the same.
      kind: "number",
      value: "X",
      range: ABOVE_ZERO,
      ...training,
      text: `largest norm of a gradient${listExceptions(byOptimizer, "clipNorm")}`,
      shownDefault: defaults.clipNorm,
    },
    clipValue: {
      kind: "number",
      value: "X",
      range: ABOVE_ZERO,
      nullable: true,
      ...training,
      text: "largest element of a gradient",
      shownDefault: "no limit",
    },
    weightDecay: {
      kind: "number",
      value: "X",
      range: NOT_NEGATIVE,
      ...training,
      text: `pulls weights to 0${listExceptions(byOptimizer, "weightDecay")}`,
      shownDefault: defaults.weightDecay,
    },
    optimizer: {
      kind: "choice",
      choices: OPTIMIZERS,
      ...training,
      text: OPTIMIZERS.join(", "),
      shownDefault: defaults.optimizer,
    },
    valSplit: {
      kind: "number",
      value: "F",
      range: SHARE,
      ...training,
      role: "data",
      text: words.split,
      shownDefault: defaults.valSplit,
    },
    seed: {
      kind: "number",
      value: "N",
      range: INTEGER,
      ...training,
      text: "seed of all random numbers",
      shownDefault: defaults.seed,
    },
  };
}
