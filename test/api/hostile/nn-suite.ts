import type { Backend } from "../../../src/backend/index.ts";
import { Rng } from "../../../src/core/rng.ts";
import * as nn from "../../../src/nn/index.ts";
import type { Argument, HostileContext, HostileTarget } from "../../support/hostile/calls.ts";
import * as arg from "./arguments.ts";

const MODULE = (backend: Backend) => ({
  rng: arg.generator,
  backend: arg.optional(arg.only(() => backend)),
});

const RECURRENT = {
  ...{
    layers: arg.optional(arg.size(1)),
    bias: arg.optional(arg.flag()),
    dropout: arg.optional(arg.below1(0)),
  },
  ...{ variational: arg.optional(arg.flag(false)), bidirectional: arg.optional(arg.flag(false)) },
  batchFirst: arg.optional(arg.flag()),
};

const isArray = (value: unknown) => Array.isArray(value);
const isObject = (value: unknown) => typeof value === "object" && value !== null;

/** Modules, and the ways into them. */
function modules({ backend }: HostileContext, tensors: arg.Tensors): HostileTarget[] {
  const isTensor = (value: unknown) => value === undefined || value instanceof nn.Tensor;
  const anyTensor = arg.such(() => tensors.make(1, 2, 2), isTensor);
  const shared = MODULE(backend);
  const bias = { ...shared, bias: arg.optional(arg.flag()) };
  const sizes = { inputs: arg.size(3), hidden: arg.size(2) };
  const layers: [string, new (i: number, h: number, o: never) => unknown, Record<string, Argument>][] = [
    ["LSTM", nn.LSTM, { ...shared, ...RECURRENT, projSize: arg.optional(arg.count(0)) }],
    ["GRU", nn.GRU, { ...shared, ...RECURRENT, resetGate: arg.optional(arg.word("after", "before")) }],
    ["RNN", nn.RNN, { ...shared, ...RECURRENT, nonlinearity: arg.optional(arg.word("tanh", "relu")) }],
    ["LSTMCell", nn.LSTMCell, bias],
    ["GRUCell", nn.GRUCell, { ...bias, resetGate: arg.optional(arg.word("after", "before")) }],
    ["RNNCell", nn.RNNCell, { ...bias, nonlinearity: arg.optional(arg.word("tanh", "relu")) }],
    ["LayerNormLSTMCell", nn.LayerNormLSTMCell, shared],
  ];
  return [
    ...layers.map(
      ([name, Layer, fields]): HostileTarget => ({
        name,
        args: { ...sizes, options: arg.required(fields) },
        call: (inputs: number, hidden: number, options: never) => new Layer(inputs, hidden, options),
      }),
    ),
    {
      name: "Linear",
      args: {
        inputs: arg.size(3),
        outputs: arg.size(2),
        options: arg.required({ ...bias, weight: arg.optional(tensors.floats(2, 3)) }),
      },
      call: (inputs: number, outputs: number, options: never) => new nn.Linear(inputs, outputs, options),
    },
    {
      name: "Conv2d",
      args: {
        ...{ channels: arg.size(2), outputs: arg.size(3), kernel: pairFrom(1, 2) },
        options: arg.required({
          ...bias,
          ...{ stride: arg.optional(pairFrom(1, 1)), padding: arg.optional(pairFrom(0, 0)) },
        }),
      },
      call: (channels: number, outputs: number, kernel: nn.Pair, options: never) =>
        new nn.Conv2d(channels, outputs, kernel, options),
    },
    {
      name: "Embedding",
      args: {
        vocabulary: arg.size(3),
        features: arg.size(2),
        options: arg.required({ ...shared, bound: arg.optional(arg.atLeast0(1)) }),
      },
      call: (vocabulary: number, features: number, options: never) =>
        new nn.Embedding(vocabulary, features, options),
    },
    ...(
      [
        ["AdditiveAttention", nn.AdditiveAttention, bias],
        [
          "DotAttention",
          nn.DotAttention,
          {
            ...bias,
            scale: arg.optional(
              arg.such(
                () => 1,
                (it) => Number.isFinite(it) && Math.abs(it as number) < 1e38,
              ),
            ),
          },
        ],
      ] as const
    ).map(
      ([name, Attention, fields]): HostileTarget => ({
        name,
        args: {
          ...{ queryFeatures: arg.size(3), memoryFeatures: arg.size(2), units: arg.size(4) },
          options: arg.required(fields),
        },
        call: (query: number, memory: number, units: number, options: never) =>
          new Attention(query, memory, units, options),
      }),
    ),
    {
      name: "RecurrentState",
      args: { hidden: anyTensor, cell: anyTensor },
      // Any tensor may be one: the layer looks at its shape.
      call: (hidden: never, cell: never) => new nn.RecurrentState(hidden, cell),
    },
    {
      name: "Recurrent",
      args: {
        cell: arg.only(() => new nn.LSTMCell(3, 2, { rng: new Rng(1), backend })),
        options: arg.options({
          batchFirst: arg.optional(arg.flag()),
          outputSize: arg.optional(arg.size(2)),
          name: arg.optional(arg.text()),
        }),
      },
      call: (cell: never, options: never) => new nn.Recurrent(cell, options),
    },
    {
      name: "RecurrentStack",
      args: {
        cells: arg.only(() => [new nn.LSTMCell(3, 2, { rng: new Rng(1), backend })]),
        options: arg.options({
          ...{ dropout: arg.optional(arg.below1(0)), variational: arg.optional(arg.flag()) },
          ...{ batchFirst: arg.optional(arg.flag()), rng: arg.optional(arg.generator) },
          ...{ outputSize: arg.optional(arg.size(2)), name: arg.optional(arg.text()) },
        }),
      },
      call: (cells: never, options: never) => new nn.RecurrentStack(cells, options),
    },
  ];
}

/** Cells of every kind, one step and over time. */
function forwards({ backend }: HostileContext, tensors: arg.Tensors): HostileTarget[] {
  const rng = () => new Rng(1);
  const made = { rng: rng(), backend };
  const lstm = new nn.LSTM(3, 2, made);
  const gru = new nn.GRU(3, 2, made);
  const lstmCell = new nn.LSTMCell(3, 2, made);
  const gruCell = new nn.GRUCell(3, 2, made);
  const rnnCell = new nn.RNNCell(3, 2, made);
  const normed = new nn.LayerNormLSTMCell(3, 2, made);
  const overTime = new nn.Recurrent(lstmCell);
  const stack = new nn.RecurrentStack([lstmCell]);
  const linear = new nn.Linear(3, 2, made);
  const embedding = new nn.Embedding(3, 2, made);
  const conv = new nn.Conv2d(1, 2, 3, made);
  const forward = {
    lengths: arg.optional(
      arg.such(
        () => [2, 1],
        (value) => isObject(value) && (value as ArrayLike<unknown>).length === 2,
      ),
    ),
    rng: arg.optional(arg.generator),
    training: arg.optional(arg.flag()),
    output: arg.such(
      () => undefined,
      () => true,
    ),
  };
  const state = (parts: () => nn.RecurrentState) =>
    arg.such(parts, (value) => value === undefined || isEmpty(value));
  const lstmState = (...shape: number[]) =>
    state(() => new nn.RecurrentState(tensors.make(...shape), tensors.make(...shape)));
  const hiddenState = (...shape: number[]) => state(() => new nn.RecurrentState(tensors.make(...shape)));
  const values = tensors.floats(2, 3, 3);
  // Whole numbers count as one-hot.
  const symbols = tensors.ids(2, 3);
  const x = arg.such(values.valid, (value) => values.allows!(value) || symbols.allows!(value));
  const step = tensors.floats(2, 3);
  const context = arg.options({
    rng: arg.optional(arg.generator),
    bound: arg.optional(arg.only(() => undefined)),
  });
  const stepOf = (
    name: string,
    cell: { step(x: never, state: never, context: never): unknown },
    given: Argument,
  ) => ({
    name: `${name}#step`,
    args: { x: step, state: given, context },
    call: tensors.run((x: never, state: never, context: never) => cell.step(x, state, context)),
  });
  const over = (layer: { forward(x: never, options: never): unknown }) =>
    tensors.run((x: never, options: never) => layer.forward(x, options));
  const bind = () => undefined;
  return [
    {
      name: "RecurrentLayer#forward",
      args: {
        inputs: x,
        options: arg.options({
          ...forward,
          state: lstmState(1, 2, 2),
          bound: arg.such(bind, (v) => v === undefined),
        }),
      },
      call: over(lstm),
    },
    {
      name: "RecurrentLayer#forward of a GRU",
      args: { inputs: x, options: arg.options({ state: hiddenState(1, 2, 2) }) },
      call: over(gru),
    },
    {
      name: "Recurrent#forward",
      args: {
        inputs: x,
        options: arg.options({ ...forward, state: arg.optional(arg.only(() => lstmState(2, 2).valid())) }),
      },
      call: over(overTime),
    },
    {
      name: "RecurrentStack#forward",
      args: {
        inputs: x,
        options: arg.options({ ...forward, state: arg.optional(arg.only(() => [lstmState(2, 2).valid()])) }),
      },
      call: over(stack),
    },
    stepOf("LSTMCell", lstmCell, lstmState(2, 2)),
    stepOf("GRUCell", gruCell, hiddenState(2, 2)),
    stepOf("RNNCell", rnnCell, hiddenState(2, 2)),
    {
      name: "LayerNormLSTMCell#step",
      args: { x: step, state: lstmState(2, 2) },
      call: tensors.run((x: never, state: never) => normed.step(x, state)),
    },
    {
      name: "Linear#forward",
      args: { x: arg.such(tensors.floats(2, 3).valid, endsIn(3)) },
      call: tensors.run((x: never) => linear.forward(x)),
    },
    {
      name: "Conv2d#forward",
      args: { x: tensors.floats(2, 1, 4, 4) },
      call: tensors.run((x: never) => conv.forward(x)),
    },
    {
      name: "Embedding#forward",
      args: {
        ids: arg.such(tensors.ids(2).valid, (value) => value instanceof nn.Tensor && value.dtype === "i32"),
      },
      call: tensors.run((x: never) => embedding.forward(x)),
    },
    ...(
      [
        ...[
          ["RecurrentLayer", lstm] as const,
          ["Recurrent", overTime] as const,
          ["RecurrentStack", stack] as const,
        ],
        ...[["LSTMCell", lstmCell] as const, ["GRUCell", gruCell] as const, ["RNNCell", rnnCell] as const],
        ["LayerNormLSTMCell", normed] as const,
      ] as const
    ).map(
      ([name, layer]): HostileTarget => ({
        name: `${name}#zeroState`,
        args: { batch: arg.size(2) },
        call: tensors.run((batch: number) => layer.zeroState(batch)),
      }),
    ),
    ...(
      [
        ["AdditiveAttention", new nn.AdditiveAttention(3, 2, 4, made)],
        ["DotAttention", new nn.DotAttention(3, 2, 4, made)],
      ] as const
    ).flatMap(([name, attention]): HostileTarget[] => {
      const memory = tensors.floats(2, 5, 2);
      const options = arg.options({ lengths: arg.optional(arg.only(() => nn.ids([2, 5], [2], backend))) });
      return [
        {
          name: `${name}#bind`,
          args: { memory, options },
          call: tensors.run((memory: never, options: never) => {
            attention.bind(memory, options);
          }),
        },
        {
          name: `${name}#forward`,
          args: { query: tensors.floats(2, 3), memory, options },
          call: tensors.run((query: never, memory: never, options: never) =>
            attention.forward(query, memory, options),
          ),
        },
      ];
    }),
    {
      name: "RecurrentLayer#keepBound",
      args: { idInput: arg.flag() },
      call: (idInput: boolean) => {
        for (const bound of lstm.keepBound(idInput)) bound.dispose();
      },
    },
  ];
}

/** A whole number from `least` up, or two. */
function pairFrom(least: number, valid: number): Argument {
  const fits = (value: unknown) => Number.isInteger(value) && (value as number) >= least;
  return arg.such(
    () => valid,
    (value) => fits(value) || (Array.isArray(value) && value.length === 2 && value.every(fits)),
  );
}

/** Floats of any shape whose last axis is that long. */
const endsIn = (length: number) => (value: unknown) =>
  value instanceof nn.Tensor &&
  Object.hasOwn(value, "dtype") &&
  value.dtype === "f32" &&
  value.shape.at(-1) === length;

function isEmpty(value: unknown): boolean {
  return isObject(value) && !isArray(value) && Object.keys(value as object).length === 0;
}

export function targets(context: HostileContext): HostileTarget[] {
  const tensors = new arg.Tensors(context.backend);
  return [modules, forwards].flatMap((make) => make(context, tensors));
}

export default (context: HostileContext) => arg.sampled(targets(context), context);
