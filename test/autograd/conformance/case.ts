import { backward, Tape, withTape } from "../../../src/autograd/tape.ts";
import type { Backend, FloatArray } from "../../../src/backend/backend.ts";
import { scope } from "../../../src/backend/scope.ts";
import { type Tensor, tensor } from "../../../src/backend/tensor.ts";
import { type Shape, sizeOf } from "../../../src/core/shape.ts";
import { add, mul, Rng, sum } from "../../../src/nn/index.ts";

/** Numbers that float32 holds exactly, so that every backend starts from the same. */
export interface Input {
  readonly shape: Shape;
  readonly values: Float32Array;
}

type Inputs = Readonly<Record<string, Input>>;

/** One use of one op, to be run on every backend. */
export interface Case {
  /** The name under which src/autograd/ops/index.ts exports it. */
  readonly op: string;
  readonly what: string;
  readonly inputs: Inputs;
  readonly run: (tensors: Record<string, Tensor>) => Tensor | readonly Tensor[];
}

/** Standard normal numbers. */
export function normal(...shape: number[]): Input {
  const rng = new Rng(sizeOf(shape) * 31 + shape.length);
  return { shape, values: Float32Array.from({ length: sizeOf(shape) }, () => rng.normal()) };
}

/** Numbers in [0.5, 2.5). */
export function positive(...shape: number[]): Input {
  const rng = new Rng(sizeOf(shape) * 37 + shape.length);
  return { shape, values: Float32Array.from({ length: sizeOf(shape) }, () => 0.5 + 2 * rng.uniform()) };
}

export const values = (shape: Shape, numbers: readonly number[]): Input => ({
  shape,
  values: Float32Array.from(numbers),
});

/** `use(op)` makes a case of an op; `what` says how it is used. */
export function use<Names extends string>(
  op: string,
  what: string,
  inputs: Readonly<Record<Names, Input>>,
  run: (tensors: Record<Names, Tensor>) => Tensor | readonly Tensor[],
): Case {
  return { op, what, inputs, run };
}

/** A scalar in which every element of every output has a weight of its own, so that no gradient can hide in a sum. */
export function weigh(outputs: Tensor | readonly Tensor[]): Tensor {
  const list = Array.isArray(outputs) ? (outputs as readonly Tensor[]) : [outputs as Tensor];
  return list
    .map((y, part) => {
      const weights = Float64Array.from({ length: y.size }, (_, i) => Math.sin(i + 1 + 7 * part) + 0.3);
      return sum(mul(y, tensor(weights, y.shape)));
    })
    .reduce((a, b) => add(a, b));
}

export function leavesOf({ inputs }: Case, backend: Backend): Record<string, Tensor> {
  const leaf = ({ shape, values }: Input) => {
    const result = tensor(values, shape, "f32", backend);
    result.needsGradient = true;
    return result;
  };
  return Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, leaf(input)]));
}

export interface Outcome {
  readonly values: readonly FloatArray[];
  readonly shapes: readonly Shape[];
  /** By the name of the input; undefined where no gradient flowed. */
  readonly gradients: Readonly<Record<string, FloatArray | undefined>>;
}

/** Values and all gradients of a case on one backend. */
export async function evaluate(one: Case, backend: Backend): Promise<Outcome> {
  const leaves = leavesOf(one, backend);
  const pending = scope(() => {
    const tape = new Tape();
    const { outputs, loss } = withTape(tape, () => {
      const result = one.run(leaves);
      const outputs = Array.isArray(result) ? (result as readonly Tensor[]) : [result as Tensor];
      return { outputs, loss: weigh(outputs) };
    });
    const gradientOf = loss.needsGradient ? backward(tape, loss) : () => undefined;
    return {
      shapes: outputs.map((output) => output.shape),
      values: Promise.all(outputs.map((output) => output.read())),
      gradients: Object.entries(leaves).map(([name, leaf]) => [name, gradientOf(leaf)?.read()] as const),
    };
  }, backend);
  const gradients: Record<string, FloatArray | undefined> = {};
  for (const [name, gradient] of pending.gradients) gradients[name] = await gradient;
  return { values: await pending.values, shapes: pending.shapes, gradients };
}
