/** The options of `forecast`, their defaults, and why they are what they are. */
import { InputError } from "../../core/errors.ts";
import { BELOW_1, COUNT, SIZE } from "../../core/options.ts";
import { showValue } from "../../core/show-value.ts";
import { GAPS } from "../../data/series.ts";
import { TRANSFORMS } from "../../data/series-transform.ts";
import { BUILT_IN_CELLS } from "../../models/cells.ts";
import { FORECAST_LOSSES, type ForecastLoss } from "../../models/forecaster-config.ts";
import { isCellFile } from "../../run/cell-file.ts";
import type { OptimizerName } from "../optimizers.ts";
import type { OptionSchema } from "../option-schema.ts";
import {
  type ByOptimizer,
  type TrainingSettings,
  type TrainingWords,
  trainingOptions,
} from "../training-options.ts";

export interface ForecastSettings extends TrainingSettings {
  /** A built-in cell, `none` for the linear part alone, or the file of one's own as it was given. */
  readonly cell: string;
  readonly layers: number;
  readonly hidden: number;
  readonly dropout: number;
  /** Steps that the linear part reads; 0: there is none; null: the window. */
  readonly lags: number | null;
  /** Steps that are read and that are forecast; null: from the data. */
  readonly window: number | null;
  readonly horizon: number | null;
  readonly loss: string;
  /** Numbers with commas between them; null: 0.1, 0.5 and 0.9 with the loss `pinball`. */
  readonly quantiles: string | null;
  /** Null: what suits a linear autoregression best on the training part. */
  readonly transform: string | null;
  /** Steps; 1: none; null: from the data. */
  readonly season: number | null;
  readonly gaps: string;
  /** Columns, with commas between them; null: found, or none. */
  readonly target: string | null;
  readonly exogenous: string | null;
  readonly knownAhead: string | null;
  readonly series: string | null;
  readonly timeColumn: string | null;
}

export const DEFAULTS: ForecastSettings = {
  cell: "lstm",
  layers: 1,
  hidden: 32,
  dropout: 0,
  lags: null,
  window: null,
  horizon: null,
  loss: "pinball",
  quantiles: null,
  transform: null,
  season: null,
  gaps: "interpolate",
  target: null,
  exogenous: null,
  knownAhead: null,
  series: null,
  timeColumn: null,
  batchSize: 32,
  optimizer: "adam",
  lr: 1e-2,
  lrDecay: null,
  lrDecayAfter: 1,
  initUniform: null,
  clipNorm: 1,
  clipValue: null,
  weightDecay: 0,
  valSplit: 0.2,
  seed: 1,
};

/** What other optimizers than Adam start from; the ratios are those of `text`. */
const BY_OPTIMIZER: ByOptimizer = {
  sgd: { lr: 0.3 },
  rmsprop: {},
  adagrad: { lr: 0.03 },
  adam: {},
  // torch.optim.AdamW's.
  adamw: { weightDecay: 1e-2 },
};

export function defaultsOf(optimizer: OptimizerName): ForecastSettings {
  return { ...DEFAULTS, ...BY_OPTIMIZER[optimizer], optimizer };
}

/** The settings of a new run: what was said over what weights bring over the defaults. */
export function completeSettings(
  given: Partial<ForecastSettings>,
  brought: Partial<ForecastSettings> = {},
): ForecastSettings {
  return { ...defaultsOf(given.optimizer ?? DEFAULTS.optimizer), ...brought, ...given };
}

const DEFAULT_QUANTILES: readonly number[] = [0.1, 0.5, 0.9];

/** The quantiles that are forecast; none with a loss of one number. @throws InputError */
export function quantilesOf({ loss, quantiles }: Pick<ForecastSettings, "loss" | "quantiles">): number[] {
  if (loss !== "pinball") return [];
  if (quantiles === null) return [...DEFAULT_QUANTILES];
  const all = quantiles.split(",").map((text) => (text.trim() === "" ? Number.NaN : Number(text)));
  const isAscending = all.every((q, at) => q > 0 && q < 1 && (at === 0 || q > all[at - 1]));
  if (!isAscending || all.length > 99) {
    const what = "ascending numbers above 0 and below 1 with commas between them";
    throw new InputError(`--quantiles must be ${what}, got ${showValue(quantiles)}`, {
      hint: "as --quantiles 0.1,0.5,0.9",
    });
  }
  if (!all.includes(0.5)) {
    throw new InputError(`--quantiles ${quantiles} has no 0.5, which is the forecast itself`, {
      hint: "add 0.5, as --quantiles 0.1,0.5,0.9",
    });
  }
  return all;
}

/** @throws InputError for a combination that makes no model */
export function checkCombinations(given: Partial<ForecastSettings>, settings: ForecastSettings): void {
  const { loss, quantiles, lags, window, cell } = settings;
  if (given.quantiles !== undefined && given.quantiles !== null && loss !== "pinball") {
    throw new InputError(`--quantiles and --loss ${loss} exclude each other`, {
      hint: "the loss pinball has quantiles, the others make one number",
    });
  }
  quantilesOf({ loss, quantiles });
  if (lags !== null && window !== null && lags > window) {
    throw new InputError(`--lags ${lags} is more than the ${window} steps of --window`, {
      hint: `use --lags ${window} or less, or a larger --window`,
    });
  }
  if (cell === "none" && lags === 0) {
    throw new InputError("--cell none has no model with --lags 0", {
      hint: "leave --lags out: the linear part then reads the window",
    });
  }
}

export const WORDS: TrainingWords = {
  data: "series",
  rows: "windows of an update",
  split: "share of the steps, the last ones, to validate on",
};

export const LOSS_OF = (settings: Pick<ForecastSettings, "loss">): ForecastLoss =>
  settings.loss as ForecastLoss;

const model = { group: "Model", role: "model" } as const;
const data = { group: "Data", role: "data" } as const;

export const OPTIONS: OptionSchema<ForecastSettings> = {
  hidden: {
    kind: "number",
    value: "N",
    range: SIZE,
    ...model,
    text: "units of a layer",
    shownDefault: DEFAULTS.hidden,
  },
  layers: {
    kind: "number",
    value: "N",
    range: SIZE,
    ...model,
    text: "layers, one above the other",
    shownDefault: DEFAULTS.layers,
  },
  cell: {
    kind: "choice",
    choices: [...BUILT_IN_CELLS, "none"],
    orElse: { text: "or a file", hint: "a cell of your own: --cell ./my-cell.ts", fits: isCellFile },
    ...model,
    text: "rnn, lstm, gru, none, or a FILE.ts of your own",
    shownDefault: DEFAULTS.cell,
  },
  window: {
    kind: "number",
    value: "N",
    range: SIZE,
    nullable: true,
    ...model,
    text: "steps that a forecast is made from",
    shownDefault: "two seasons",
  },
  horizon: {
    kind: "number",
    value: "N",
    range: SIZE,
    nullable: true,
    ...model,
    text: "steps that are forecast",
    shownDefault: "a season",
  },
  lags: {
    kind: "number",
    value: "N",
    range: COUNT,
    nullable: true,
    ...model,
    text: "steps that a linear part reads; 0: none",
    shownDefault: "the window",
  },
  loss: {
    kind: "choice",
    choices: FORECAST_LOSSES,
    ...model,
    text: FORECAST_LOSSES.join(", "),
    shownDefault: DEFAULTS.loss,
  },
  quantiles: {
    kind: "text",
    value: "LIST",
    nullable: true,
    ...model,
    text: "that are forecast, with --loss pinball",
    shownDefault: DEFAULT_QUANTILES.join(","),
  },
  dropout: {
    kind: "number",
    value: "P",
    range: BELOW_1,
    ...model,
    role: "training",
    text: "share of units left out",
    shownDefault: DEFAULTS.dropout,
  },
  target: {
    kind: "text",
    value: "COLUMNS",
    nullable: true,
    ...data,
    text: "what is forecast; needed if there are several",
  },
  exogenous: {
    kind: "text",
    value: "COLUMNS",
    nullable: true,
    ...data,
    text: "that are read too, known up to the present",
  },
  knownAhead: {
    kind: "text",
    value: "COLUMNS",
    nullable: true,
    ...data,
    text: "that are known of the future too: holidays",
  },
  timeColumn: {
    kind: "text",
    value: "COLUMN",
    nullable: true,
    ...data,
    text: "of the times",
    shownDefault: "by its name",
  },
  series: {
    kind: "text",
    value: "COLUMN",
    nullable: true,
    ...data,
    text: "that tells several series of a file apart",
  },
  transform: {
    kind: "choice",
    choices: TRANSFORMS,
    nullable: true,
    ...data,
    text: TRANSFORMS.join(", "),
    shownDefault: "from the data",
  },
  season: {
    kind: "number",
    value: "N",
    range: SIZE,
    nullable: true,
    ...data,
    text: "steps of a season; 1: none",
    shownDefault: "from the data",
  },
  gaps: {
    kind: "choice",
    choices: GAPS,
    ...data,
    text: `missing steps: ${GAPS.join(", ")}`,
    shownDefault: DEFAULTS.gaps,
  },
  ...trainingOptions(DEFAULTS, BY_OPTIMIZER, WORDS),
};
