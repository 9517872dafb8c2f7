import { empty, type Tensor } from "../../backend/tensor.ts";
import { InputError } from "../../core/errors.ts";
import type { Rng } from "../../core/rng.ts";
import { kernelsOf, record } from "../tape.ts";

/**
 * Inverted dropout (Srivastava et al. 2014): each element is zero with probability p, the others are divided by
 * 1 - p. Takes one draw from `rng`; backward draws the same mask again, so none is stored.
 * @throws InputError unless 0 <= p < 1
 */
export function dropout(x: Tensor, p: number, rng: Rng): Tensor {
  if (!(p >= 0 && p < 1)) throw new InputError(`dropout: p must be in [0, 1), got ${p}`);
  if (p === 0) return x;
  const [seed0, seed1] = rng.words();
  const kernels = kernelsOf("dropout", x);
  const y = empty(x.shape);
  kernels.dropout(y.address, x.address, seed0, seed1, p, x.size);
  return record("dropout", [x], y, (dy) => {
    const dx = empty(x.shape);
    kernels.dropout(dx.address, dy.address, seed0, seed1, p, dx.size);
    return [dx];
  });
}
