import { requireFloats } from "../autograd/check.ts";
import { tanh } from "../autograd/ops/activations.ts";
import { concat } from "../autograd/ops/concat.ts";
import { dropout } from "../autograd/ops/dropout.ts";
import { add, maximum, minimum, mul, sub } from "../autograd/ops/elementwise.ts";
import { abs, square } from "../autograd/ops/functions.ts";
import { sum } from "../autograd/ops/reduce.ts";
import { reshape } from "../autograd/ops/reshape.ts";
import { select } from "../autograd/ops/time.ts";
import type { Backend } from "../backend/backend.ts";
import { type Tensor, tensor } from "../backend/tensor.ts";
import { InputError } from "../core/errors.ts";
import {
  checkValue,
  FUNCTION,
  GENERATOR,
  type Names,
  optional,
  type Ranges,
  refuseOthers,
  settle,
  TEXT,
} from "../core/options.ts";
import type { Rng } from "../core/rng.ts";
import { checkShape } from "../core/shape.ts";
import type { CreateCell } from "../nn/cell.ts";
import { constant_, requireRoom } from "../nn/init.ts";
import { Linear } from "../nn/linear.ts";
import { MODULE_RANGES } from "../nn/options.ts";
import { RecurrentLayer } from "../nn/recurrent-layer.ts";
import {
  completeForecasterConfig,
  type ForecasterConfig,
  type ForecasterSettings,
  forecasterParameterCount,
} from "./forecaster-config.ts";
import { makeRecurrentBody, type RecurrentBody } from "./recurrent-body.ts";

export interface ForecasterOptions {
  rng: Rng;
  backend?: Backend;
  /** For `cell: "own"`: makes the cell of a layer. */
  createCell?: CreateCell;
  /** What errors call an own cell. */
  cellName?: string;
}

/** What a forecast is made from. */
export interface ForecastInputs {
  /** The window, [T, B, inputs], time first. */
  readonly window: Tensor;
  /** What is known beside the window, [B, future]; only of a model with such features. */
  readonly future?: Tensor;
  /** What the linear part reads, [B, linear]; only of a model with such a part. */
  readonly linear?: Tensor;
}

export interface ForecastLossOptions {
  /** Draw dropout masks from here; without it nothing is dropped. */
  rng?: Rng;
  /** How much each number counts, [B, outputs]: 0 where it is not known. Default: 1 each. */
  mask?: Tensor;
}

const RANGES: Ranges<ForecasterOptions> = {
  ...MODULE_RANGES,
  createCell: optional(FUNCTION),
  cellName: optional(TEXT),
};

const LOSS: Names<ForecastLossOptions> = { rng: 0, mask: 0 };

/** From where on Huber's loss is straight, in deviations of the series. */
const HUBER = 1;

/**
 * Forecasts of a fixed number of steps at once (direct, not step by step): recurrent layers read a window, a linear layer
 * makes the numbers of all steps and quantiles of what they end with. Beside them a linear part reads the last values, as
 * the autoregressive component of LSTNet (Lai et al. 2018, equation 8): without recurrent layers it alone is a linear
 * autoregression.
 */
export class Forecaster {
  readonly config: ForecasterConfig;
  readonly rnn?: RecurrentBody;
  /** Joins what was read with what is known of the future: what an event does may depend on what came before. */
  readonly mix?: Linear;
  readonly head?: Linear;
  readonly skip?: Linear;

  /** @throws InputError for settings that make no model; OutOfMemoryError for a model larger than the heap */
  constructor(settings: ForecasterSettings, options: ForecasterOptions) {
    const config = completeForecasterConfig(settings);
    const { rng, backend } = settle<ForecasterOptions>("Forecaster", RANGES, {}, options);
    requireRoom(`a forecaster of ${config.layers} layers`, forecasterParameterCount(config), backend);
    this.config = config;
    const { cell, hidden, future, linear, outputs, quantiles } = config;
    const width = outputs * Math.max(1, quantiles.length);
    if (cell !== "none") {
      this.rnn = makeRecurrentBody("Forecaster", { ...config, cell, variational: false }, options);
      if (future > 0) this.mix = new Linear(hidden + future, hidden, { rng, backend });
      this.head = new Linear(hidden, width, { rng, backend });
    }
    if (linear > 0) {
      this.skip = new Linear(linear, width, { rng, backend });
      // The lags of a series are much alike, so that random coefficients stay for long.
      for (const part of [this.skip.weight, this.skip.bias!]) constant_(part, 0);
    }
  }

  /**
   * The forecasts of a batch, [B, outputs * max(1, quantiles)]: the quantiles of a number stand together.
   * @throws ShapeError, InputError for inputs that the model has not
   */
  forward(inputs: ForecastInputs, options: Pick<ForecastLossOptions, "rng"> = {}): Tensor {
    refuseOthers("forecaster.forward", { rng: 0 }, options);
    return this.run("forecaster.forward", inputs, options.rng);
  }

  /**
   * The loss of a batch: the sum over all numbers, each times its mask, divided by how many numbers a row has. Divide it by
   * the rows (or by the sum of their weights) for a mean.
   * @param targets [B, outputs]
   */
  loss(
    inputs: ForecastInputs,
    targets: Tensor,
    options: ForecastLossOptions = {},
  ): { loss: Tensor; forecasts: Tensor } {
    const where = "forecaster.loss";
    refuseOthers(where, LOSS, options);
    requireFloats(where, { targets }, { mask: options.mask });
    const { outputs, quantiles } = this.config;
    const forecasts = this.run(where, inputs, options.rng);
    const [rows] = forecasts.shape;
    const axes = [
      ["batch", rows],
      ["outputs", outputs],
    ] as const;
    checkShape(`${where}: targets`, targets.shape, axes);
    if (options.mask !== undefined) checkShape(`${where}: mask`, options.mask.shape, axes);
    const width = Math.max(1, quantiles.length);
    const column = [rows, outputs, 1];
    const error = sub(reshape(targets, column), reshape(forecasts, [rows, outputs, width]));
    const lost = this.lossOf(error);
    const counted = options.mask === undefined ? lost : mul(lost, reshape(options.mask, column));
    return { loss: mul(sum(counted), 1 / (outputs * width)), forecasts };
  }

  private run(where: string, inputs: ForecastInputs, rng: Rng | undefined): Tensor {
    checkValue(`${where}: rng`, optional(GENERATOR), rng);
    refuseOthers(`${where}: inputs`, { window: 0, future: 0, linear: 0 }, inputs);
    const { window, future, linear } = inputs;
    const { config } = this;
    requireFloats(where, { window }, { future, linear });
    checkShape(`${where}: window`, window.shape, [
      ["time", null],
      ["batch", null],
      ["inputs", config.inputs],
    ]);
    const rows = window.shape[1];
    for (const [name, given, size] of [
      ["future", future, config.future],
      ["linear", linear, config.linear],
    ] as const) {
      if ((given === undefined) !== (size === 0)) {
        const needed = size === 0 ? "must be left out" : `must be [batch, ${size}]`;
        throw new InputError(`${where}: inputs.${name} ${needed} for this model`);
      }
      if (given !== undefined) {
        checkShape(`${where}: ${name}`, given.shape, [
          ["batch", rows],
          [name, size],
        ]);
      }
    }
    const deep = this.runBody(window, future, rng);
    const straight = linear && this.skip?.forward(linear);
    if (deep === undefined) return straight!;
    return straight === undefined ? deep : add(deep, straight);
  }

  private runBody(window: Tensor, future: Tensor | undefined, rng: Rng | undefined): Tensor | undefined {
    const { rnn, head, config } = this;
    if (rnn === undefined || head === undefined) return undefined;
    const settings = { rng, training: rng !== undefined };
    const { output } =
      rnn instanceof RecurrentLayer ? rnn.forward(window, settings) : rnn.forward(window, settings);
    const read = select(output, window.shape[0] - 1);
    const last = this.mix === undefined ? read : tanh(this.mix.forward(concat([read, future!])));
    const kept = rng === undefined ? last : dropout(last, config.dropout, rng);
    return head.forward(kept);
  }

  /** @param error [B, outputs, width]: target minus forecast */
  private lossOf(error: Tensor): Tensor {
    const { loss, quantiles } = this.config;
    if (loss === "mse") return square(error);
    if (loss === "mae") return abs(error);
    if (loss === "huber") {
      const size = abs(error);
      const near = minimum(size, HUBER);
      // d^2 / 2 up to 1, d - 1/2 from there on.
      return mul(near, sub(size, mul(near, 0.5)));
    }
    const q = tensor([...quantiles], [quantiles.length]);
    return maximum(mul(error, q), mul(error, sub(q, 1)));
  }
}
