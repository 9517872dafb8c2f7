import { backward, Tape, withTape } from "../../src/autograd/tape.ts";
import type { Backend } from "../../src/backend/backend.ts";
import {
  GRU,
  LSTM,
  mul,
  parameters,
  type RecurrentLayer,
  RNN,
  Rng,
  scope,
  sum,
  tensor,
} from "../../src/nn/index.ts";

export const LAYERS = {
  LSTM: (size: number, rng: Rng, backend: Backend) => new LSTM(size, size, { rng, backend }),
  GRU: (size: number, rng: Rng, backend: Backend) => new GRU(size, size, { rng, backend }),
  "RNN tanh": (size: number, rng: Rng, backend: Backend) => new RNN(size, size, { rng, backend }),
} satisfies Record<string, (size: number, rng: Rng, backend: Backend) => RecurrentLayer>;
export type LayerName = keyof typeof LAYERS;

export interface Shape {
  readonly time: number;
  readonly batch: number;
  /** Inputs and hidden units. */
  readonly size: number;
}

/** h of all steps, and the gradients of x and of every parameter, by name. */
export interface LayerValues {
  readonly h: ArrayLike<number>;
  readonly gradients: ReadonlyMap<string, ArrayLike<number>>;
}

/** The same numbers for every backend: normal x and upstream gradients, PyTorch's initial weights, all of them f32. */
export async function runLayer(
  name: LayerName,
  { time, batch, size }: Shape,
  backend: Backend,
): Promise<LayerValues> {
  const rng = new Rng(7);
  const normal = (n: number) => Float32Array.from({ length: n }, () => rng.normal());
  const layer = LAYERS[name](size, rng.fork(1), backend);
  const found = parameters(layer);
  for (const { tensor } of found) tensor.write(Float32Array.from(await tensor.read()));
  const [x, upstream] = [normal(batch * time * size), normal(batch * time * size)];
  const reads = scope(() => {
    const input = tensor(x, [batch, time, size]);
    input.needsGradient = true;
    const tape = new Tape();
    const { output, loss } = withTape(tape, () => {
      const { output } = layer.forward(input);
      return { output, loss: sum(mul(output, tensor(upstream, [batch, time, size]))) };
    });
    const gradientOf = backward(tape, loss);
    const leaves = [{ name: "x", tensor: input }, ...found];
    return {
      h: output.read(),
      gradients: leaves.map(({ name, tensor }) => [name, gradientOf(tensor)!.read()] as const),
    };
  }, backend);
  const gradients = new Map<string, ArrayLike<number>>();
  for (const [name, values] of reads.gradients) gradients.set(name, await values);
  return { h: await reads.h, gradients };
}

export interface LayerErrors {
  readonly hRms: number;
  readonly hMax: number;
  /** The largest error in a gradient over the largest element of its tensor: the worst tensor. */
  readonly gradient: number;
  /** Root of the mean square of a gradient's error over that of the gradient: the worst tensor. */
  readonly gradientRms: number;
}

export function errorsOf(got: LayerValues, exact: LayerValues): LayerErrors {
  const h = compare(got.h, exact.h);
  const gradients = [...exact.gradients].map(([name, values]) => {
    const { max, rms, largest, size } = compare(got.gradients.get(name) ?? [], values);
    return { max: max / largest, rms: rms / size };
  });
  return {
    hRms: h.rms,
    hMax: h.max,
    gradient: Math.max(...gradients.map(({ max }) => max)),
    gradientRms: Math.max(...gradients.map(({ rms }) => rms)),
  };
}

function compare(got: ArrayLike<number>, exact: ArrayLike<number>) {
  let [max, squares, largest, exactSquares] = [0, 0, 0, 0];
  for (let i = 0; i < exact.length; i++) {
    const error = Math.abs(got[i] - exact[i]);
    max = Math.max(max, error);
    squares += error * error;
    largest = Math.max(largest, Math.abs(exact[i]));
    exactSquares += exact[i] * exact[i];
  }
  return {
    max,
    largest,
    rms: Math.sqrt(squares / exact.length),
    size: Math.sqrt(exactSquares / exact.length),
  };
}
