import { requireFloats } from "../autograd/check.ts";
import { emptyParameter, parameters } from "../autograd/parameter.ts";
import { type Backend, WORD } from "../backend/backend.ts";
import { defaultBackend } from "../backend/default.ts";
import { heapOf } from "../backend/heap.ts";
import type { Tensor } from "../backend/tensor.ts";
import { InputError, ShapeError } from "../core/errors.ts";
import {
  AT_LEAST_0,
  checkValue,
  FINITE,
  GENERATOR,
  OBJECT,
  optional,
  SIZE,
  settle,
} from "../core/options.ts";
import type { Rng } from "../core/rng.ts";
import { checkSizes, type Shape, showShape, sizeOf } from "../core/shape.ts";
import { BACKEND } from "./options.ts";
import { orthonormal } from "./orthogonal.ts";

// Functions whose names end in _ overwrite their tensor and return it, like those of torch.nn.init. Values are rounded
// to float32, so that a seed gives the same weights on every backend.

/** A parameter with values uniform in [-bound, bound). */
export function uniform(shape: Shape, bound: number, rng: Rng, backend?: Backend): Tensor {
  checkValue("uniform: rng", GENERATOR, rng);
  checkValue("uniform: bound", AT_LEAST_0, bound);
  return fill(roomFor("uniform", shape, backend), () => (2 * rng.uniform() - 1) * bound);
}

/** Allocates a parameter. @throws OutOfMemoryError if the heap is too small */
function roomFor(where: string, shape: Shape, backend: Backend | undefined): Tensor {
  checkSizes(`${where}: shape`, shape);
  checkValue(`${where}: backend`, optional(BACKEND), backend);
  return emptyParameter(shape, backend);
}

/**
 * Checks that a model fits on an empty heap, before any of it is allocated.
 * @param what names the model in the error
 * @param numbers the least number of its parameters
 * @throws OutOfMemoryError if the whole heap is too small
 */
export function requireRoom(what: string, numbers: number, backend: Backend = defaultBackend()): void {
  const bytes = numbers * WORD;
  if (bytes > backend.memory.limit) throw heapOf(backend).outOfMemory(what, bytes);
}

/** A parameter with standard normal values. */
export function normal(shape: Shape, rng: Rng, backend?: Backend): Tensor {
  checkValue("normal: rng", GENERATOR, rng);
  return fill(roomFor("normal", shape, backend), () => rng.normal());
}

/** A parameter whose values are all the same. */
export function constantParameter(shape: Shape, value: number, backend?: Backend): Tensor {
  return fill(emptyParameter(shape, backend), () => value);
}

/** How many values are drawn before they are written: a copy of all of them may need too much memory. */
const BLOCK = 2 ** 16;

function fill(tensor: Tensor, next: () => number): Tensor {
  for (let start = 0; start < tensor.size; start += BLOCK) {
    const values = new Float32Array(Math.min(BLOCK, tensor.size - start));
    for (let i = 0; i < values.length; i++) values[i] = next();
    tensor.view([values.length], start).write(values);
  }
  return tensor;
}

/** @throws InputError, ShapeError unless the arguments are a tensor of floats and a generator */
function checkWeight(
  where: string,
  tensors: Readonly<Record<string, Tensor>>,
  ...rngs: readonly Rng[]
): void {
  requireFloats(where, tensors);
  for (const rng of rngs) checkValue(`${where}: rng`, GENERATOR, rng);
}

/** Sets all elements to `value`. @throws InputError unless it is finite */
export function constant_(tensor: Tensor, value: number): Tensor {
  checkWeight("constant_", { tensor });
  settle("constant_", { value: FINITE }, { value }, {});
  return fill(tensor, () => value);
}

/** Draws all elements uniformly from [low, high). @throws InputError unless both are finite and low <= high */
export function uniform_(tensor: Tensor, low: number, high: number, rng: Rng): Tensor {
  checkWeight("uniform_", { tensor }, rng);
  settle("uniform_", { low: FINITE, high: FINITE }, { low, high }, {});
  if (low > high) throw new InputError(`uniform_: low must be at most high=${high}, got ${low}`);
  return fill(tensor, () => low + (high - low) * rng.uniform());
}

/** Draws all elements from a normal distribution with this mean and standard deviation. @throws InputError */
export function normal_(tensor: Tensor, mean: number, deviation: number, rng: Rng): Tensor {
  checkWeight("normal_", { tensor }, rng);
  settle("normal_", { mean: FINITE, deviation: AT_LEAST_0 }, { mean, deviation }, {});
  return fill(tensor, () => mean + deviation * rng.normal());
}

/**
 * Draws all parameters of a module uniformly from [-1 / sqrt(fan), 1 / sqrt(fan)). With the inputs of a Linear layer or
 * the hidden size of a recurrent layer as `fan`, this is the initialisation of PyTorch and the default of this package.
 * @throws InputError unless `fan` is an integer of at least 1
 */
export function defaultUniform_(module: object, fan: number, rng: Rng): void {
  checkValue("defaultUniform_: module", OBJECT, module);
  checkValue("defaultUniform_: rng", GENERATOR, rng);
  settle("defaultUniform_", { fan: SIZE }, { fan }, {});
  const bound = 1 / Math.sqrt(fan);
  for (const { tensor } of parameters(module)) uniform_(tensor, -bound, bound, rng);
}

export interface InitOptions {
  /** Multiplies the values; default 1 (PyTorch recommends 5/3 for tanh). */
  readonly gain?: number;
  /**
   * The number of blocks of rows, each of which is initialised as a separate matrix: 4 for the gates of an LSTM, 3 for
   * those of a GRU. Default 1.
   */
  readonly blocks?: number;
}

/** The size [rows, columns] of a block, where the axes after the second are treated as in torch. */
function blockOf(where: string, tensor: Tensor, options: InitOptions) {
  const { gain, blocks } = settle(where, { gain: FINITE, blocks: SIZE }, { gain: 1, blocks: 1 }, options);
  const [rows, inputs, ...window] = tensor.shape;
  if (rows === undefined || inputs === undefined) {
    throw new ShapeError(`${where}: tensor`, "two axes or more", showShape(tensor.shape));
  }
  if (rows % blocks !== 0) {
    throw new InputError(
      `${where}: blocks must divide the ${rows} rows of ${showShape(tensor.shape)}, got ${blocks}`,
    );
  }
  const outputs = rows / blocks;
  return { gain, blocks, outputs, inputs, window: sizeOf(window) };
}

/** gain sqrt(2 / (inputs + outputs)), the standard deviation that preserves the scale of signals and gradients. */
function xavierDeviation(where: string, tensor: Tensor, options: InitOptions): number {
  const { gain, outputs, inputs, window } = blockOf(where, tensor, options);
  return gain * Math.sqrt(2 / ((inputs + outputs) * window));
}

/**
 * Draws a weight [outputs, inputs, ...] uniformly from [-b, b) with b = gain sqrt(6 / (inputs + outputs)) (Glorot and
 * Bengio 2010).
 * @throws InputError, ShapeError
 */
export function xavierUniform_(weight: Tensor, rng: Rng, options: InitOptions = {}): Tensor {
  checkWeight("xavierUniform_", { weight }, rng);
  const bound = Math.sqrt(3) * xavierDeviation("xavierUniform_", weight, options);
  return fill(weight, () => (2 * rng.uniform() - 1) * bound);
}

/**
 * Draws a weight [outputs, inputs, ...] from a normal distribution with standard deviation
 * gain sqrt(2 / (inputs + outputs)) (Glorot and Bengio 2010).
 * @throws InputError, ShapeError
 */
export function xavierNormal_(weight: Tensor, rng: Rng, options: InitOptions = {}): Tensor {
  checkWeight("xavierNormal_", { weight }, rng);
  const deviation = xavierDeviation("xavierNormal_", weight, options);
  return fill(weight, () => deviation * rng.normal());
}

/**
 * Draws a random matrix whose rows or columns, whichever are fewer, are orthonormal, and multiplies it by gain (Saxe,
 * McClelland and Ganguli 2014). Such a recurrent matrix preserves the norm of its state. All such matrices are equally
 * likely. For the gates of an LSTM: `orthogonal_(lstm.weight_hh_l0, rng, { blocks: 4 })`.
 * @throws InputError, ShapeError
 */
export function orthogonal_(weight: Tensor, rng: Rng, options: InitOptions = {}): Tensor {
  checkWeight("orthogonal_", { weight }, rng);
  const { gain, blocks, outputs, inputs, window } = blockOf("orthogonal_", weight, options);
  const columns = inputs * window;
  const values = new Float32Array(weight.size);
  for (let block = 0; block < blocks; block++) {
    const matrix = orthonormal(outputs, columns, rng);
    for (let i = 0; i < matrix.length; i++) values[block * matrix.length + i] = gain * matrix[i];
  }
  weight.write(values);
  return weight;
}

/** The name of the input's bias, of a cell or of each layer and direction, after the path of the module. */
const INPUT_BIAS = /(?<=^|\.)bias_ih(?=(_l\d+(_reverse)?)?$)/;

/**
 * Sets the bias of the forget gates of all LSTM layers in a module. With 1, the cell state is mostly preserved until
 * training changes that (Gers et al. 2000; Jozefowicz et al. 2015). Since PyTorch's layers have two biases, which are
 * added, `bias_ih` is set to the value and `bias_hh` to zero.
 * @throws InputError if the value is not finite, or if the module has another recurrent layer or no biases
 */
export function setForgetBias(module: object, value: number): void {
  checkValue("setForgetBias: module", OBJECT, module);
  settle("setForgetBias", { value: FINITE }, { value }, {});
  const found = new Map(parameters(module).map(({ name, tensor }) => [name, tensor]));
  const names = [...found.keys()].filter((name) => INPUT_BIAS.test(name));
  if (names.length === 0) {
    throw new InputError("setForgetBias: the module has no LSTM with biases", {
      hint: "make it with bias: true",
    });
  }
  const forgetGates = names.map((name) => {
    const of = (kind: string) => found.get(name.replace(INPUT_BIAS, kind));
    const biasIh = of("bias_ih")!;
    // With a projection, weight_hh has the columns of the projected state, and weight_hr those of the hidden state.
    const hidden = (of("weight_hr") ?? of("weight_hh"))?.shape[1] ?? 0;
    if (biasIh.size !== 4 * hidden) {
      throw new InputError(`setForgetBias: ${name} must have the four gates of an LSTM`, {
        hint: "only an LSTM has a forget gate: give the LSTM itself",
      });
    }
    // The order of the gates is i, f, g, o.
    return [biasIh, of("bias_hh")].map((bias) => bias?.view([hidden], hidden));
  });
  for (const [biasIh, biasHh] of forgetGates) {
    constant_(biasIh!, value);
    if (biasHh !== undefined) constant_(biasHh, 0);
  }
}
