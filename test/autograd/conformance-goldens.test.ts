import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { backward, Tape, withTape } from "../../src/autograd/tape.ts";
import type { Backend } from "../../src/backend/backend.ts";
import { scope } from "../../src/backend/scope.ts";
import { type Tensor, tensor } from "../../src/backend/tensor.ts";
import { readSafetensors } from "../../src/io/safetensors.ts";
import {
  abs,
  add,
  avgPool2d,
  binaryCrossEntropyWithLogits,
  clamp,
  conv2d,
  crossEntropy,
  div,
  exp,
  layerNorm,
  log,
  logSoftmax,
  max,
  maximum,
  maxPool2d,
  mean,
  minimum,
  mseLoss,
  mul,
  neg,
  nllLoss,
  pow,
  relu,
  sigmoid,
  softmax,
  softplus,
  sqrt,
  square,
  sub,
  sum,
  tanh,
  where,
} from "../../src/nn/index.ts";
import { backends, firstDifference, type Tolerance } from "../support/backends.ts";

/** What test/goldens/make_op_goldens.py computed with PyTorch in float64. */
const file = readSafetensors(
  readFileSync(new URL("../goldens/ops.safetensors", import.meta.url)),
  "ops.safetensors",
);

interface Golden {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly string[];
  readonly constants: readonly string[];
  readonly options: Readonly<Record<string, unknown>>;
}

const cases = JSON.parse(file.metadata.cases) as Golden[];

function stored(name: string): { shape: readonly number[]; values: Float64Array } | undefined {
  const found = file.tensors.get(name);
  return found && { shape: found.shape, values: Float64Array.from(found.data() as Float64Array) };
}

/** Integers are stored as F64 like all else; these are the names of what must be one. */
const INTEGERS = new Set(["targets", "mask"]);

type Tensors = Record<string, Tensor>;
type Options = { [name: string]: never };

/** How our op is called with the case's tensors and options. */
const calls: Record<string, Call> = {
  crossEntropy: (t, o) => crossEntropy(t.x, t.targets, { ...o, classWeights: t.classWeights }),
  nllLoss: (t, o) => nllLoss(t.x, t.targets, { ...o, classWeights: t.classWeights }),
  mseLoss: (t, o) => mseLoss(t.prediction, t.target, o),
  binaryCrossEntropyWithLogits: (t, o) =>
    binaryCrossEntropyWithLogits(t.x, t.targets, {
      ...o,
      weight: t.weight,
      positiveWeight: t.positiveWeight,
    }),
  softmax: (t, o) => softmax(t.x, o.axis),
  logSoftmax: (t, o) => logSoftmax(t.x, o.axis),
  layerNorm: (t, o) => layerNorm(t.x, t.gain, t.bias, o),
  conv2d: (t, o) => conv2d(t.x, t.weight, t.bias, o),
  maxPool2d: (t, { kernel, ...o }) => maxPool2d(t.x, kernel, o),
  avgPool2d: (t, { kernel, ...o }) => avgPool2d(t.x, kernel, o),
  sum: (t, o) => sum(t.x, o.axes),
  mean: (t, o) => mean(t.x, o.axes),
  max: (t, o) => max(t.x, o.axes),
  where: (t) => where(t.mask, t.a, t.b),
  clamp: (t, o) => clamp(t.x, o.arguments[0], o.arguments[1]),
  pow: (t, o) => pow(t.x, o.arguments[0]),
  ...mapped({ add, sub, mul, div, maximum, minimum }, (f) => (t) => f(t.a, t.b)),
  ...mapped(
    { neg, exp, log, sqrt, abs, relu, sigmoid, tanh, softplus, square },
    (f) => (t: Tensors) => f(t.x),
  ),
};

type Call = (t: Tensors, options: Options) => Tensor;

function mapped<F>(ops: Record<string, F>, call: (f: F) => Call): Record<string, Call> {
  return Object.fromEntries(Object.entries(ops).map(([name, f]) => [name, call(f)]));
}

async function evaluate(one: Golden, backend: Backend) {
  const leaf = (name: string, needsGradient: boolean) => {
    const { shape, values } = stored(`${one.name}.in.${name}`)!;
    const integer = INTEGERS.has(name) && !needsGradient;
    const result = tensor(values, shape, integer ? "i32" : "f32", backend);
    result.needsGradient = needsGradient;
    return [name, result] as const;
  };
  const tensors: Tensors = Object.fromEntries([
    ...one.inputs.map((name) => leaf(name, true)),
    ...one.constants.map((name) => leaf(name, false)),
  ]);
  const pending = scope(() => {
    const tape = new Tape();
    const { shape, values: weights } = stored(`${one.name}.weight`)!;
    const { output, loss } = withTape(tape, () => {
      const output = calls[one.op](tensors, one.options as Options);
      return { output, loss: sum(mul(output, tensor(weights, shape))) };
    });
    const gradientOf = backward(tape, loss);
    return {
      shape: output.shape,
      out: output.read(),
      gradients: one.inputs.map((name) => [name, gradientOf(tensors[name])?.read()] as const),
    };
  }, backend);
  const gradients = await Promise.all(
    pending.gradients.map(async ([name, read]) => [name, await read] as const),
  );
  return { shape: pending.shape, out: await pending.out, gradients };
}

/** As firstDifference, but what must not be finite must be the same NaN or infinity. */
function difference(got: ArrayLike<number>, expected: ArrayLike<number>, tolerance: Tolerance) {
  for (let i = 0; i < expected.length; i++) {
    if (!Number.isFinite(expected[i]) && !Object.is(got[i], expected[i])) {
      return `element ${i}: ${got[i]}, expected ${expected[i]}`;
    }
  }
  const finite = (values: ArrayLike<number>) =>
    Array.from(values, (value, i) => (Number.isFinite(expected[i]) ? value : 0));
  return firstDifference(finite(got), finite(expected), tolerance);
}

describe.each(backends)("on $name, as in PyTorch,", ({ backend, tolerance }) => {
  it.each(cases.map((one) => [one.name, one] as const))("%s", async (name, one) => {
    const got = await evaluate(one, backend);
    const expected = stored(`${name}.out`)!;
    expect(got.shape).toEqual(expected.shape);
    expect(difference(got.out, expected.values, tolerance), "value").toBeUndefined();
    for (const [input, gradient] of got.gradients) {
      const wanted = stored(`${name}.grad.${input}`);
      if (wanted === undefined) continue;
      const what = difference(gradient ?? [], wanted.values, tolerance);
      expect(what, `gradient of ${input}`).toBeUndefined();
    }
  });
});
