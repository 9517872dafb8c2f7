/** What `unrolled check` needs of `forecast`. Windows overlap, so none is a copy of another one. */
import type { FilledWindows } from "../../data/series-windows.ts";
import type { Forecaster } from "../../models/forecaster.ts";
import type { TaskProbe } from "../task-probe.ts";
import type { ForecastData } from "./data.ts";
import type { ForecastConfig } from "./facts.ts";
import { inputsOf } from "./metrics.ts";

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
