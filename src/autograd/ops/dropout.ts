import { empty, type Tensor } from "../../backend/tensor.ts";
import { axesOf } from "../../core/broadcast.ts";
import { InputError } from "../../core/errors.ts";
import { checkValue, GENERATOR, type Names, refuseOthers } from "../../core/options.ts";
import type { Rng } from "../../core/rng.ts";
import { showValue } from "../../core/show-value.ts";
import { requireFloats } from "../check.ts";
import { constant, scaled, select } from "../strided.ts";
import { kernelsOf, record } from "../tape.ts";

export interface DropoutOptions {
  /**
   * Axes along which all elements share one draw. `[0]` of time-major [T, B, F] is variational dropout, one mask for a
   * whole sequence (Gal and Ghahramani 2016).
   */
  readonly sharedAxes?: readonly number[];
}

const OPTIONS: Names<DropoutOptions> = { sharedAxes: 0 };

/**
 * Inverted dropout (Srivastava et al. 2014): each element is zero with probability p, the others are divided by
 * 1 - p. Takes one draw from `rng`; backward draws the same mask again, so none is stored.
 * @throws InputError unless 0 <= p < 1
 */
export function dropout(x: Tensor, p: number, rng: Rng, options: DropoutOptions = {}): Tensor {
  refuseOthers("dropout", OPTIONS, options);
  const { sharedAxes = [] } = options;
  requireFloats("dropout", { x });
  if (!(typeof p === "number" && p >= 0 && p < 1)) {
    throw new InputError(`dropout: p must be in [0, 1), got ${showValue(p)}`);
  }
  checkValue("dropout: rng", GENERATOR, rng);
  const shared = axesOf("dropout", sharedAxes, x.shape);
  if (p === 0) return x;
  const [seed0, seed1] = rng.words();
  if (shared.length > 0) return withSharedMask(x, p, [seed0, seed1], shared);
  const kernels = kernelsOf("dropout", x);
  const y = empty(x.shape);
  kernels.dropout(y.address, x.address, seed0, seed1, p, x.size);
  return record("dropout", [x], y, (dy) => {
    const dx = empty(x.shape);
    kernels.dropout(dx.address, dy.address, seed0, seed1, p, dx.size);
    return [dx];
  });
}

/** The mask is as small as its axes that are not shared, and is kept. */
function withSharedMask(
  x: Tensor,
  p: number,
  seed: readonly [number, number],
  shared: readonly number[],
): Tensor {
  const kernels = kernelsOf("dropout", x);
  const mask = empty(x.shape.map((size, axis) => (shared.includes(axis) ? 1 : size)));
  kernels.fill(mask.address, 1, mask.size);
  kernels.dropout(mask.address, mask.address, seed[0], seed[1], p, mask.size);
  // A choice, not a product: what is dropped is 0 even if it was NaN, as in the kernel.
  const apply = (values: Tensor) =>
    scaled(kernels, select(kernels, mask, values, constant(kernels, 0), x.shape), 1 / (1 - p));
  return record("dropout", [x], apply(x), (dy) => [apply(dy)]);
}
