import { Rng } from "../../../src/core/rng.ts";
import * as nn from "../../../src/nn/index.ts";
import type { HostileContext, HostileTarget } from "../../support/hostile/calls.ts";
import * as arg from "./arguments.ts";

const isObject = (value: unknown) => typeof value === "object" && value !== null;

function streams({ backend }: HostileContext, tensors: arg.Tensors): HostileTarget[] {
  const made = { rng: new Rng(1), backend };
  const lstm = new nn.LSTM(3, 2, made);
  const layer = () => ({
    ...{ weightIh: lstm.weight_ih_l0, weightHh: lstm.weight_hh_l0 },
    ...{ biasIh: lstm.bias_ih_l0, biasHh: lstm.bias_hh_l0 },
  });
  const head = arg.such(
    () => ({ weight: tensors.make(2, 2), bias: tensors.make(2) }),
    (value) => value === undefined || value instanceof nn.Tensor,
  );
  const weights = arg.optional(arg.word("f32", "bf16", "int8"));
  const embedding = arg.optional(tensors.floats(null, 3));
  const values = lstm.stream();
  const symbols = lstm.streamIds();
  const frames = () => undefined;
  const isList = (length: number) => (value: unknown) =>
    isObject(value) && (value as ArrayLike<unknown>).length === length;
  return [
    {
      name: "Stream",
      args: {
        parts: arg.required({
          kind: arg.word("lstm"),
          layers: arg.only(() => [layer()]),
          ids: arg.flag(),
          embedding,
          head,
        }),
        options: arg.options({ weights }),
      },
      call: (parts: never, options: never) => new nn.Stream(parts, options).dispose(),
    },
    {
      name: "RecurrentLayer#stream",
      args: { options: arg.options({ weights, head }) },
      call: (options: never) => lstm.stream(options).dispose(),
    },
    {
      name: "RecurrentLayer#streamIds",
      args: { options: arg.options({ weights, head, embedding }) },
      call: (options: never) => lstm.streamIds(options).dispose(),
    },
    {
      name: "Stream#step",
      args: { input: arg.such(() => [1, 2, 3], isList(3)) },
      call: (input: never) => [...values.step(input)],
    },
    {
      name: "Stream#step of ids",
      args: {
        input: arg.such(
          () => 1,
          (value) => [0, 1, 2].includes(value as number),
        ),
      },
      call: (input: never) => [...symbols.step(input)],
    },
    {
      name: "Stream#state",
      args: {
        state: arg.required({
          hidden: arg.such(() => [1, 2], isList(2)),
          cell: arg.such(() => [1, 2], isList(2)),
        }),
      },
      call: (state: never) => {
        values.state = state;
      },
    },
    {
      name: "ForwardStream",
      args: {
        model: arg.only(() => ({ zeroState: () => 0, forward: () => 0 })),
        frames: arg.such(frames, (value) => value === undefined),
      },
      call: (model: never, given: never) => new nn.ForwardStream(model, given).dispose(),
    },
    {
      name: "ForwardStream#step",
      args: {
        id: arg.such(
          () => 1,
          (value) => [0, 1, 2].includes(value as number),
        ),
      },
      call: (id: number) => {
        const model = {
          zeroState: () => undefined,
          forward: (x: nn.Tensor) => ({
            logits: nn.embedding(x, lstm.weight_ih_l0.view([3, 3])),
            state: undefined,
          }),
        };
        const stream = new nn.ForwardStream(model);
        return [...stream.step(id)];
      },
    },
  ];
}

function initial({ backend }: HostileContext, tensors: arg.Tensors): HostileTarget[] {
  const isFloats = (value: unknown) =>
    value instanceof nn.Tensor && Object.hasOwn(value, "backend") && value.dtype === "f32";
  const weight = arg.such(() => tensors.make(4, 3), isFloats);
  const { generator: rng } = arg;
  const scaled = arg.options({ gain: arg.optional(arg.finite(1)), blocks: arg.optional(arg.size(1)) });
  const isShape = (value: unknown) =>
    Array.isArray(value) && Array.from(value).every((length) => Number.isInteger(length) && length >= 0);
  const shape = arg.such(() => [2, 3], isShape);
  const home = arg.optional(arg.only(() => backend));
  const module = () => new nn.LSTM(3, 2, { rng: new Rng(1), backend });
  // Whatever is an object may hold parameters, or none.
  const tree = arg.such(module, isObject);
  const scalers = {
    xavierUniform_: nn.xavierUniform_,
    xavierNormal_: nn.xavierNormal_,
    orthogonal_: nn.orthogonal_,
  };
  return [
    {
      name: "constant_",
      args: { tensor: weight, value: arg.finite(1) },
      call: (tensor: never, value: number) => nn.constant_(tensor, value),
    },
    {
      name: "uniform_",
      args: { tensor: weight, low: arg.finite(-1), high: arg.finite(1), rng },
      call: (tensor: never, low: number, high: number, rng: never) => nn.uniform_(tensor, low, high, rng),
    },
    {
      name: "normal_",
      args: { tensor: weight, mean: arg.finite(0), deviation: arg.atLeast0(1), rng },
      call: (tensor: never, mean: number, deviation: number, rng: never) =>
        nn.normal_(tensor, mean, deviation, rng),
    },
    ...Object.entries(scalers).map(
      ([name, scale]): HostileTarget => ({
        name,
        args: { weight, rng, options: scaled },
        call: (weight: never, rng: never, options: never) => scale(weight, rng, options),
      }),
    ),
    {
      name: "defaultUniform_",
      args: { module: tree, fan: arg.size(3), rng },
      call: (module: never, fan: number, rng: never) => nn.defaultUniform_(module, fan, rng),
    },
    {
      name: "setForgetBias",
      args: { module: arg.only(module), value: arg.finite(1) },
      call: (module: never, value: number) => nn.setForgetBias(module, value),
    },
    {
      name: "uniform",
      args: { shape, bound: arg.atLeast0(1), rng, backend: home },
      call: (shape: never, bound: number, rng: never, backend: never) =>
        nn.uniform(shape, bound, rng, backend),
    },
    {
      name: "normal",
      args: { shape, rng, backend: home },
      call: (shape: never, rng: never, backend: never) => nn.normal(shape, rng, backend),
    },
  ];
}

function states(_: HostileContext, tensors: arg.Tensors): HostileTarget[] {
  const state = arg.such(
    () => ({ h: tensors.make(2, 2) }),
    (value) => value === undefined || mayBeState(value),
  );
  return [
    {
      name: "detachState",
      args: { state },
      call: tensors.run((state: never) => nn.detachState(state)),
    },
    {
      name: "mapState",
      args: { state, change: arg.fn((tensor: never) => tensor), where: arg.optional(arg.text("state")) },
      call: (state: never, change: never, where: never) => nn.mapState(state, change, where),
    },
    {
      name: "stateTensors",
      args: { state, where: arg.optional(arg.text("state")) },
      call: (state: never, where: never) => nn.stateTensors(state, where),
    },
  ];
}

/** A state is somebody's own: objects and lists of tensors, at any depth, functions passed over. */
function mayBeState(value: unknown): boolean {
  if (typeof value === "function" || value instanceof nn.Tensor) return true;
  if (!isObject(value) || ArrayBuffer.isView(value)) return false;
  return Object.values(value as object).every((part) => part === undefined || mayBeState(part));
}

function losses(_: HostileContext, tensors: arg.Tensors): HostileTarget[] {
  const reduction = arg.optional(arg.word("mean", "sum", "none"));
  const common = {
    reduction,
    ignoreIndex: arg.optional(
      arg.such(
        () => -100,
        (v) => Number.isInteger(v) && (v as number | 0) === v,
      ),
    ),
  };
  const scored = { ...common, classWeights: arg.optional(tensors.floats(3)) };
  const smoothed = { ...scored, labelSmoothing: arg.optional(arg.from0To1(0)) };
  const x = tensors.floats(2, 3);
  const targets = tensors.ids(2);
  const scale = arg.optional(
    arg.such(
      tensors.floats(2, 3).valid,
      (value) =>
        value instanceof nn.Tensor &&
        value.dtype === "f32" &&
        value.backend === tensors.backend &&
        [[], [1], [3], [2, 3]].some((shape) => `${shape}` === `${value.shape}`),
    ),
  );
  const two = (loss: (x: never, y: never, options: never) => unknown) => tensors.run(loss);
  return [
    {
      name: "crossEntropy",
      args: { logits: x, targets, options: arg.options(smoothed) },
      call: two(nn.crossEntropy),
    },
    {
      name: "nllLoss",
      args: { logProbabilities: x, targets, options: arg.options(scored) },
      call: two(nn.nllLoss),
    },
    {
      name: "mseLoss",
      args: { prediction: x, target: x, options: arg.options({ reduction }) },
      call: two(nn.mseLoss),
    },
    {
      name: "binaryCrossEntropyWithLogits",
      args: {
        logits: x,
        targets: x,
        options: arg.options({ reduction, weight: scale, positiveWeight: scale }),
      },
      call: two(nn.binaryCrossEntropyWithLogits),
    },
    {
      name: "linearCrossEntropy",
      args: {
        x: tensors.floats(2, 3),
        weight: tensors.floats(null, 3),
        bias: arg.optional(tensors.floats(2)),
        targets,
        options: arg.options({ ...common, blockRows: arg.optional(arg.size(1)) }),
      },
      call: tensors.run((x: never, weight: never, bias: never, targets: never, options: never) =>
        nn.linearCrossEntropy(x, weight, bias, targets, options),
      ),
    },
  ];
}

export function targets(context: HostileContext): HostileTarget[] {
  const tensors = new arg.Tensors(context.backend);
  return [streams, initial, states, losses].flatMap((make) => make(context, tensors));
}

export default (context: HostileContext) => arg.sampled(targets(context), context);
