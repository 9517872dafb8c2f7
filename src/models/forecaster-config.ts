import { FormatError, InputError, UnrolledError } from "../core/errors.ts";
import { BELOW_1, COUNT, oneOf, type Range, refuseOthers, SIZE, settle } from "../core/options.ts";
import { showValue } from "../core/show-value.ts";

const CELL_NAMES = ["rnn", "lstm", "gru", "none", "own"] as const;
export const FORECAST_LOSSES = ["pinball", "huber", "mse", "mae"] as const;

/** `none`: no recurrent layers, the linear part alone; `own`: a user's cell. */
export type ForecasterCell = (typeof CELL_NAMES)[number];

/**
 * What is minimized: the pinball loss of each quantile (Koenker and Bassett 1978), or of one number the squared or absolute
 * error, or Huber's, which is squared up to 1 and absolute from there on.
 */
export type ForecastLoss = (typeof FORECAST_LOSSES)[number];

/** Everything that fixes the shapes and the function of a {@link Forecaster}. */
export interface ForecasterConfig {
  readonly cell: ForecasterCell;
  /** Features of a step of the window. */
  readonly inputs: number;
  /** Features beside the window, such as what is known of the steps to come. */
  readonly future: number;
  /** Features of the linear part; 0: there is none. */
  readonly linear: number;
  /** Numbers to forecast: steps times targets. */
  readonly outputs: number;
  readonly hidden: number;
  readonly layers: number;
  /** Between layers and before the output layer. */
  readonly dropout: number;
  readonly loss: ForecastLoss;
  /** With the loss `pinball`, ascending, each above 0 and below 1; else empty. */
  readonly quantiles: readonly number[];
}

/** What has to be given; the rest has defaults. */
export type ForecasterSettings = Partial<ForecasterConfig> &
  Pick<ForecasterConfig, "inputs" | "outputs" | "hidden">;

const QUANTILES: Range = {
  text: "a list of ascending numbers above 0 and below 1",
  fits: (value) =>
    Array.isArray(value) &&
    value.length <= 99 &&
    value.every((q, at) => typeof q === "number" && q > 0 && q < 1 && (at === 0 || q > value[at - 1])),
};

const RANGES = {
  cell: oneOf(...CELL_NAMES),
  inputs: SIZE,
  future: COUNT,
  linear: COUNT,
  outputs: SIZE,
  hidden: SIZE,
  layers: SIZE,
  dropout: BELOW_1,
  loss: oneOf(...FORECAST_LOSSES),
  quantiles: QUANTILES,
};

/**
 * Defaults: one LSTM layer, no linear part, the quantiles 0.1, 0.5 and 0.9.
 * @throws InputError for a combination that makes no model
 */
export function completeForecasterConfig(settings: ForecasterSettings): ForecasterConfig {
  const where = "Forecaster settings";
  refuseOthers(where, RANGES, settings);
  const { loss = "pinball" } = settings;
  const defaults = {
    cell: "lstm",
    future: 0,
    linear: 0,
    layers: 1,
    dropout: 0,
    loss: "pinball",
    quantiles: loss === "pinball" ? [0.1, 0.5, 0.9] : [],
  } as const;
  const config = settle<ForecasterConfig>(where, RANGES, defaults, settings);
  if ((config.loss === "pinball") !== config.quantiles.length > 0) {
    const needed = config.loss === "pinball" ? "at least one quantile" : "no quantiles";
    throw new InputError(`${where}: the loss ${config.loss} needs ${needed}, got ${config.quantiles.length}`);
  }
  if (config.cell === "none" && config.linear === 0) {
    throw new InputError(`${where}: a model without a cell needs linear features, got 0`);
  }
  return config;
}

/** Blocks of hidden rows in the matrices of a layer; those of an own cell are not known before it is made. */
const GATES: Record<ForecasterCell, number> = { rnn: 1, gru: 3, lstm: 4, none: 0, own: 0 };

const widthOf = ({ outputs, quantiles }: ForecasterConfig): number => outputs * Math.max(1, quantiles.length);

/** Numbers that training changes; those of own cells, which only the cell knows, are left out. */
export function forecasterParameterCount(config: ForecasterConfig): number {
  const { cell, inputs, hidden: H, layers, future, linear } = config;
  const layer = (size: number) => GATES[cell] * H * (size + H + 2);
  const mix = future === 0 ? 0 : H * (H + future + 1);
  const head = cell === "none" ? 0 : mix + widthOf(config) * (H + 1);
  return layer(inputs) + (layers - 1) * layer(H) + head + (linear === 0 ? 0 : widthOf(config) * (linear + 1));
}

/**
 * Bytes that a training step takes on a heap of float32: parameters, gradients, moments of the optimiser, and what every
 * layer keeps of every step.
 * @param batch windows in a step
 * @param time steps of a window
 */
export function forecasterTrainingBytes(config: ForecasterConfig, batch: number, time: number): number {
  const { cell, inputs, hidden, layers, linear, future } = config;
  const perStep = layers * (3 * GATES[cell] + 2) * hidden + inputs;
  const perRow = 8 * widthOf(config) + 2 * (linear + future + hidden);
  return 4 * (7 * forecasterParameterCount(config) + batch * (time * perStep + perRow));
}

/**
 * The config of a model from a file, all of it checked. Fields of other names are passed over.
 * @param where the file, named in errors
 * @throws FormatError naming the field that makes no model, or a model larger than any heap
 */
export function parseForecasterConfig(value: unknown, where: string): ForecasterConfig {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new FormatError(where, "model must be an object");
  }
  const fields: Record<string, unknown> = {};
  for (const [name, { text, fits }] of Object.entries(RANGES)) {
    const field = (value as Record<string, unknown>)[name];
    if (!fits(field)) throw new FormatError(where, `model.${name} must be ${text}, got ${showValue(field)}`);
    fields[name] = field;
  }
  let config: ForecasterConfig;
  try {
    config = completeForecasterConfig(fields as unknown as ForecasterSettings);
  } catch (cause) {
    if (!(cause instanceof UnrolledError)) throw cause;
    throw new FormatError(where, cause.problem, { cause });
  }
  // Sizes come from a file: refuse what no heap can hold before anything is allocated for them.
  if (!(forecasterTrainingBytes(config, 1, 1) <= 2 ** 32)) {
    throw new FormatError(where, "the model is larger than the heap of this program");
  }
  return config;
}
