/** `forecast`: the next steps of series of numbers. */
import { mul } from "../../autograd/ops/elementwise.ts";
import { tensor } from "../../backend/tensor.ts";
import { Rng } from "../../core/rng.ts";
import { permute } from "../../data/item-batches.ts";
import type { FilledWindows } from "../../data/series-windows.ts";
import { isBuiltInCell } from "../../models/cells.ts";
import { Forecaster } from "../../models/forecaster.ts";
import {
  completeForecasterConfig,
  type ForecasterConfig,
  type ForecastLoss,
  forecasterParameterCount,
  forecasterTrainingBytes,
} from "../../models/forecaster-config.ts";
import type { BatchPlan, Task } from "../task.ts";
import type { TaskProbe } from "../task-probe.ts";
import {
  describeFacts,
  type ForecastData,
  fitSettings,
  loadForecast,
  loadTestSeries,
  windowsOf,
} from "./data.ts";
import {
  checkCombinations,
  completeSettings,
  defaultsOf,
  type ForecastSettings,
  OPTIONS,
  quantilesOf,
  WORDS,
} from "./defaults.ts";
import { type ForecastConfig, type ForecastFacts, parseForecast } from "./facts.ts";
import { inputsOf, measureBaselines, planEvaluation, scoreOf } from "./metrics.ts";
import { drawPredictions, predictTable } from "./predict.ts";
import { drawEvaluation, HELP, VIEW } from "./view.ts";

/** Each window once in a pass, in an order that depends on seed and pass alone. */
function planBatches(
  { train, sizes, lags }: ForecastData,
  settings: ForecastSettings,
): BatchPlan<WindowBatch> {
  const { batchSize, seed } = settings;
  const windows = windowsOf(train, sizes);
  const { origins } = train;
  const stepsPerEpoch = Math.max(1, Math.ceil(origins.length / batchSize));
  let current: { readonly pass: number; readonly order: Int32Array } | undefined;
  const rowsOf = (step: number): Int32Array => {
    const pass = Math.floor(step / stepsPerEpoch);
    if (current?.pass !== pass) {
      const order = Int32Array.from(origins);
      permute(order, new Rng(seed).fork(pass));
      current = { pass, order };
    }
    const first = (step % stepsPerEpoch) * batchSize;
    return current.order.subarray(first, first + batchSize);
  };
  const outputs = sizes.horizon * sizes.targets;
  /** The share of a window's numbers that are there to learn from. */
  const weightOf = (origin: number): number => {
    let count = 0;
    for (let at = 0; at < outputs; at++) {
      const [ahead, target] = [Math.floor(at / sizes.targets) + 1, at % sizes.targets];
      if (windows.isMeasurable(origin, ahead, target)) count++;
    }
    return count / outputs;
  };
  return {
    stepsPerEpoch,
    rows: batchSize,
    weights(step) {
      const weights = new Float64Array(batchSize);
      weights.set(Array.from(rowsOf(step), weightOf));
      return weights;
    },
    batch(step, from, to) {
      // The last batch of a pass may have fewer rows.
      return { ...windows.fill(rowsOf(step).subarray(from, to), lags), columns: windows.columns };
    },
  };
}

function configure(settings: ForecastSettings, facts: ForecastFacts): ForecastConfig {
  const { cell, hidden, layers, dropout, loss } = settings;
  const { columns } = facts;
  const [window, horizon] = [settings.window ?? 1, settings.horizon ?? 1];
  const lags = settings.lags ?? window;
  const inputs = columns.targets.length + columns.exogenous.length + columns.ahead.length;
  const future = horizon * columns.ahead.length;
  const config = completeForecasterConfig({
    cell: isBuiltInCell(cell) || cell === "none" ? cell : "own",
    inputs,
    future,
    linear: lags === 0 ? 0 : lags * inputs + future,
    outputs: horizon * columns.targets.length,
    hidden,
    layers,
    dropout,
    loss: loss as ForecastLoss,
    quantiles: quantilesOf(settings),
  });
  return { ...config, window, horizon, lags };
}

/** What weights of a model decide about the settings of a run that starts from them. */
function settingsOf(
  config: ForecastConfig,
  { transform, season, gaps }: ForecastFacts,
): Partial<ForecastSettings> {
  const { cell, hidden, layers, dropout, loss, window, horizon, lags } = config;
  const quantiles = loss === "pinball" ? config.quantiles.join(",") : null;
  return { cell, hidden, layers, dropout, loss, window, horizon, lags, quantiles, transform, season, gaps };
}

/** The columns of the smallest table. */
const LEAST_FACTS = {
  columns: { targets: ["value"], exogenous: [], ahead: [], time: undefined, series: undefined },
} as unknown as ForecastFacts;

function modelOf({ window, horizon, lags, ...config }: ForecastConfig): ForecasterConfig {
  return config;
}

export interface WindowBatch extends FilledWindows {
  readonly columns: number;
}

/** As far as standardised numbers are from each other. */
const CHANGE = 1.5;

/** The linear part reads the last steps of the window again; what is known ahead comes behind all of them. */
function disturbInputs(batch: WindowBatch, row: number, step: number): WindowBatch {
  const { rows, columns } = batch;
  const inputs = batch.inputs.slice();
  const window = inputs.length / (rows * columns);
  for (let t = step; t < window; t++) {
    for (let column = 0; column < columns; column++) inputs[(t * rows + row) * columns + column] += CHANGE;
  }
  const ahead = batch.future.length / rows;
  const future = batch.future.map((value, at) => (Math.floor(at / ahead) === row ? value + CHANGE : value));
  const size = batch.linear.length / rows;
  const lags = (size - ahead) / columns;
  const linear = batch.linear.map((value, at) => {
    const t = window - lags + Math.floor((at % size) / columns);
    return Math.floor(at / size) === row && t >= step ? value + CHANGE : value;
  });
  return { ...batch, inputs, future, linear };
}

export const PROBE: TaskProbe<ForecastData, ForecastConfig, Forecaster, WindowBatch> = {
  zeroInputs: ({ inputs, future, linear, ...others }) => ({
    ...others,
    inputs: new Float32Array(inputs.length),
    future: new Float32Array(future.length),
    linear: new Float32Array(linear.length),
  }),
  disturbInputs,
  outputs: (model, { columns, ...filled }) => model.forward(inputsOf(filled, model, columns)),
};

export const forecast: Task<
  ForecastSettings,
  ForecastData,
  ForecastConfig,
  ForecastFacts,
  Forecaster,
  WindowBatch
> = {
  name: "forecast",
  summary: "the next steps of series of numbers",
  words: WORDS,
  help: HELP,
  options: OPTIONS,
  complete: completeSettings,
  check: (given, settings) => checkCombinations(given, settings),
  standardOf: ({ optimizer }) => defaultsOf(optimizer),
  unit: () => "window",

  load: loadForecast,
  loadTest: loadTestSeries,
  facts: describeFacts,
  fit: fitSettings,

  configure,
  settingsOf,
  leastConfig: (settings) => configure(settings, LEAST_FACTS),
  parse: parseForecast,
  build: (config, context) => new Forecaster(modelOf(config), context),
  trainingBytes: (config, { batchSize }) => forecasterTrainingBytes(config, batchSize, config.window),
  leastParameters: (config) => ({ numbers: forecasterParameterCount(config), tensors: 2 }),

  plan: planBatches,
  loss(model, { columns, ...filled }, { rng }) {
    const { targets, mask, rows } = filled;
    const shape = [rows, targets.length / rows];
    const { loss } = model.loss(inputsOf(filled, model, columns), tensor(targets, shape), {
      mask: tensor(mask, shape),
      rng,
    });
    const weight = mask.reduce((sum, one) => sum + one, 0) / shape[1];
    return { loss: mul(loss, 1 / weight) };
  },
  isRandom: ({ dropout }) => dropout > 0,

  evaluation: planEvaluation,
  score: scoreOf,
  baselines: measureBaselines,

  predictFile: predictTable,
  predictionPicture: (predictions) => ({ kind: "picture", svg: drawPredictions(predictions) }),
  picture: (sums, data) => ({ kind: "picture", svg: drawEvaluation(sums, data) }),
  probe: PROBE,
  view: VIEW,
};
