import { parameter } from "../autograd/parameter.ts";
import type { Backend } from "../backend/backend.ts";
import type { Rng } from "../core/rng.ts";
import { type Shape, sizeOf } from "../core/shape.ts";

/** A parameter with values uniform in [-bound, bound). */
export function uniform(shape: Shape, bound: number, rng: Rng, backend?: Backend) {
  const values = new Float32Array(sizeOf(shape));
  for (let i = 0; i < values.length; i++) values[i] = (2 * rng.uniform() - 1) * bound;
  return parameter(values, shape, backend);
}

/** A parameter with standard normal values. */
export function normal(shape: Shape, rng: Rng, backend?: Backend) {
  return parameter(
    Float32Array.from({ length: sizeOf(shape) }, () => rng.normal()),
    shape,
    backend,
  );
}
