import type { Backend } from "../../backend/backend.ts";
import { ids, type Tensor, tensor } from "../../backend/tensor.ts";
import { Rng } from "../../core/rng.ts";
import { sizeOf } from "../../core/shape.ts";
import {
  add,
  crossEntropy,
  dropout,
  Embedding,
  GRU,
  GRUCell,
  Linear,
  LSTM,
  LSTMCell,
  layerNorm,
  mseLoss,
  mul,
  parameters,
  type RecurrentLayer,
  RecurrentState,
  RNN,
  RNNCell,
  sum,
} from "../../nn/index.ts";
import type { Checkable, LayerCheck } from "./run.ts";

/** Small, and all different, so that a swapped axis shows. */
const [TIME, BATCH, INPUTS, HIDDEN] = [4, 3, 2, 5];

/** Lengths in no order, one of them the whole time and one a single step. */
const LENGTHS = [2, 4, 1];

/** What the checks draw from, and where their tensors live. */
interface Maker {
  readonly rng: Rng;
  readonly backend: Backend;
}

/** A tensor of normal numbers, outside all scopes. */
function random({ rng, backend }: Maker, ...shape: number[]): Tensor {
  return tensor(
    Float64Array.from({ length: sizeOf(shape) }, () => rng.normal()),
    shape,
    "f32",
    backend,
  );
}

function randomIds({ rng, backend }: Maker, bound: number, ...shape: number[]): Tensor {
  return ids(
    Int32Array.from({ length: sizeOf(shape) }, () => rng.integer(bound)),
    shape,
    backend,
  );
}

/** Every element of every output with a weight of its own, added up: no gradient can hide behind another. */
function weighed({ rng }: Maker): (...outputs: readonly (Tensor | undefined)[]) => Tensor {
  const weights: Float64Array[] = [];
  return (...outputs) => {
    const present = outputs.filter((output) => output !== undefined);
    const sums = present.map((output, index) => {
      weights[index] ??= normals(rng, output.size);
      return sum(mul(output, tensor(weights[index], output.shape)));
    });
    return sums.reduce((a, b) => add(a, b));
  };
}

const normals = (rng: Rng, count: number) => Float64Array.from({ length: count }, () => rng.normal());

function named(module: object): Record<string, Tensor> {
  return Object.fromEntries(parameters(module).map(({ name, tensor }) => [name, tensor]));
}

interface SequenceOptions {
  readonly lengths?: readonly number[];
  /** Ids instead of values: a gather instead of a product. */
  readonly hasIds?: boolean;
}

/** A layer over a sequence, from a state that is not zero: outputs, last states, and all gradients. */
function sequence(
  name: string,
  create: (options: Maker) => RecurrentLayer,
  { lengths, hasIds = false }: SequenceOptions = {},
): LayerCheck {
  return {
    name,
    build(backend, rng) {
      const make = { backend, rng };
      const layer = create(make);
      const x = hasIds ? randomIds(make, INPUTS, BATCH, TIME) : random(make, BATCH, TIME, INPUTS);
      const stacked = layer.layers * (layer.bidirectional ? 2 : 1);
      const hidden = random(make, stacked, BATCH, layer.stateSize);
      const cell = layer.kind === "lstm" ? random(make, stacked, BATCH, layer.hidden) : undefined;
      const weigh = weighed(make);
      return {
        loss() {
          const state = new RecurrentState(hidden, cell);
          // The same masks each time: a function has to be the same at every evaluation.
          const run = layer.forward(x, { state, lengths, rng: new Rng(1) });
          return weigh(run.output, run.state.hidden, run.state.cell);
        },
        leaves: { ...named(layer), ...(!hasIds && { x }), hidden, ...(cell !== undefined && { cell }) },
      };
    },
  };
}

/** A cell in a loop of three steps: the weight gradients of all steps are one. */
function loop(name: string, create: (options: Maker) => RNNCell | LSTMCell | GRUCell): LayerCheck {
  return {
    name,
    build(backend, rng) {
      const make = { backend, rng };
      const module = create(make);
      const inputs = [0, 1, 2].map(() => random(make, BATCH, INPUTS));
      const hidden = random(make, BATCH, HIDDEN);
      const cell = module instanceof LSTMCell ? random(make, BATCH, HIDDEN) : undefined;
      const weigh = weighed(make);
      return {
        loss() {
          let state = new RecurrentState(hidden, cell);
          const outputs = inputs.map((x) => {
            const run = module.step(x, state);
            state = run.state;
            return run.output;
          });
          return weigh(...outputs, state.cell);
        },
        leaves: {
          ...named(module),
          ...Object.fromEntries(inputs.map((x, step) => [`x${step}`, x])),
          hidden,
          ...(cell !== undefined && { cell }),
        },
      };
    },
  };
}

function check(name: string, build: (make: Maker) => Checkable): LayerCheck {
  return { name, build: (backend, rng) => build({ backend, rng }) };
}

/** A function of one tensor [B, T, F]. */
function pointwise(name: string, apply: (x: Tensor, make: Maker) => Tensor): LayerCheck {
  return check(name, (make) => {
    const x = random(make, BATCH, TIME, INPUTS);
    const weigh = weighed(make);
    return { loss: () => weigh(apply(x, make)), leaves: { x } };
  });
}

const rnn = (nonlinearity: "tanh" | "relu") => (options: Maker) =>
  new RNN(INPUTS, HIDDEN, { ...options, nonlinearity });
const gru = (resetGate: "after" | "before") => (options: Maker) =>
  new GRU(INPUTS, HIDDEN, { ...options, resetGate });

/** Every layer, each in the forms that have code of their own. */
export const LAYER_CHECKS: readonly LayerCheck[] = [
  sequence("RNN, tanh", rnn("tanh")),
  sequence("RNN, relu", rnn("relu")),
  sequence("RNN on ids", rnn("tanh"), { hasIds: true }),
  sequence("LSTM", (options) => new LSTM(INPUTS, HIDDEN, options)),
  sequence("LSTM without biases", (options) => new LSTM(INPUTS, HIDDEN, { ...options, bias: false })),
  sequence("LSTM on ids", (options) => new LSTM(INPUTS, HIDDEN, options), { hasIds: true }),
  sequence("LSTM with projection", (options) => new LSTM(INPUTS, HIDDEN, { ...options, projSize: 3 })),
  sequence("GRU, reset after", gru("after")),
  sequence("GRU, reset before", gru("before")),
  sequence("RNN, bidirectional", (options) => new RNN(INPUTS, HIDDEN, { ...options, bidirectional: true })),
  sequence(
    "LSTM, 2 layers, bidirectional",
    (options) => new LSTM(INPUTS, HIDDEN, { ...options, layers: 2, bidirectional: true }),
  ),
  sequence("RNN, lengths", rnn("tanh"), { lengths: LENGTHS }),
  sequence("LSTM, lengths", (options) => new LSTM(INPUTS, HIDDEN, options), { lengths: LENGTHS }),
  sequence("GRU, reset before, lengths", gru("before"), { lengths: LENGTHS }),
  sequence(
    "LSTM, bidirectional, lengths, projection",
    (options) => new LSTM(INPUTS, HIDDEN, { ...options, bidirectional: true, projSize: 3 }),
    { lengths: LENGTHS },
  ),
  sequence(
    "GRU, 2 layers, dropout between",
    (options) => new GRU(INPUTS, HIDDEN, { ...options, layers: 2, dropout: 0.4 }),
  ),
  sequence(
    "LSTM, 2 layers, variational dropout",
    (options) => new LSTM(INPUTS, HIDDEN, { ...options, layers: 2, dropout: 0.4, variational: true }),
  ),
  loop("RNNCell, tanh", (options) => new RNNCell(INPUTS, HIDDEN, options)),
  loop("RNNCell, relu", (options) => new RNNCell(INPUTS, HIDDEN, { ...options, nonlinearity: "relu" })),
  loop("LSTMCell", (options) => new LSTMCell(INPUTS, HIDDEN, options)),
  loop("GRUCell, reset after", (options) => new GRUCell(INPUTS, HIDDEN, options)),
  loop(
    "GRUCell, reset before",
    (options) => new GRUCell(INPUTS, HIDDEN, { ...options, resetGate: "before" }),
  ),
  check("Embedding", (make) => {
    const layer = new Embedding(6, HIDDEN, make);
    // Fewer rows than ids: some are taken twice, and their gradients add up.
    const rows = randomIds(make, 6, BATCH, TIME);
    const weigh = weighed(make);
    return { loss: () => weigh(layer.forward(rows)), leaves: named(layer) };
  }),
  check("Linear", (make) => {
    const layer = new Linear(INPUTS, HIDDEN, make);
    const x = random(make, BATCH, TIME, INPUTS);
    const weigh = weighed(make);
    return { loss: () => weigh(layer.forward(x)), leaves: { ...named(layer), x } };
  }),
  check("layer norm", (make) => {
    const [x, gain, bias] = [random(make, BATCH, HIDDEN), random(make, HIDDEN), random(make, HIDDEN)];
    const weigh = weighed(make);
    return { loss: () => weigh(layerNorm(x, gain, bias)), leaves: { x, gain, bias } };
  }),
  pointwise("dropout", (x) => dropout(x, 0.4, new Rng(2))),
  check("cross-entropy", (make) => {
    const [logits, targets] = [random(make, BATCH, TIME, HIDDEN), randomIds(make, HIDDEN, BATCH, TIME)];
    return { loss: () => crossEntropy(logits, targets), leaves: { logits } };
  }),
  check("cross-entropy, smoothed and weighted", (make) => {
    const [logits, targets] = [random(make, BATCH, TIME, HIDDEN), randomIds(make, HIDDEN, BATCH, TIME)];
    const classWeights = tensor([1, 2, 0.5, 3, 1], [HIDDEN], "f32", make.backend);
    const options = { classWeights, labelSmoothing: 0.1, ignoreIndex: 2 };
    return { loss: () => crossEntropy(logits, targets, options), leaves: { logits } };
  }),
  check("squared error", (make) => {
    const [prediction, target] = [random(make, BATCH, TIME), random(make, BATCH, TIME)];
    return { loss: () => mseLoss(prediction, target), leaves: { prediction, target } };
  }),
];
