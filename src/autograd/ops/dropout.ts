import { WORD } from "../../backend/backend.ts";
import { empty, type Tensor } from "../../backend/tensor.ts";
import { axesOf } from "../../core/broadcast.ts";
import { InputError } from "../../core/errors.ts";
import { checkValue, GENERATOR, type Names, type Range, refuseOthers } from "../../core/options.ts";
import type { Rng } from "../../core/rng.ts";
import type { Shape } from "../../core/shape.ts";
import { showValue } from "../../core/show-value.ts";
import { batchAxisOf, drawnRuns } from "../batch-rows.ts";
import { requireFloats } from "../check.ts";
import { constant, scaled, select } from "../strided.ts";
import { kernelsOf, record } from "../tape.ts";

export interface DropoutOptions {
  /**
   * Axes along which all elements share one random number. `[0]` of time-major [T, B, F] is variational dropout with
   * one mask per sequence (Gal and Ghahramani 2016).
   */
  readonly sharedAxes?: readonly number[];
  /**
   * Index of the first element in the mask. Default: 0. A tensor that is the part of a larger tensor starting at
   * element `start` (row-major) gets the corresponding part of the larger tensor's mask, for the same draw of the
   * generator. With `sharedAxes` the index refers to elements of the mask, in which a shared axis has size 1.
   */
  readonly start?: number;
  /**
   * The batch axis. Default: 0; null if the tensor has none. If `rng` is for some rows of a batch (`rng.forRows`), the
   * rows get the same mask as in a tensor of the whole batch. Has no effect with other generators.
   */
  readonly batchAxis?: number | null;
}

const OPTIONS: Names<DropoutOptions> = { sharedAxes: 0, start: 0, batchAxis: 0 };

/** The kernels count elements in a double. */
export const MASK_START: Range = {
  text: "an integer from 0 to 2^52",
  fits: (value) => Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= 2 ** 52,
};

/**
 * Inverted dropout (Srivastava et al. 2014): sets each element to zero with probability p and divides the others by 1 -
 * p. Takes one draw from `rng`; backward generates the same mask again instead of storing it.
 * @throws InputError unless 0 <= p < 1, and for an invalid `start`; ShapeError if the batch size is not that of `rng`
 */
export function dropout(x: Tensor, p: number, rng: Rng, options: DropoutOptions = {}): Tensor {
  refuseOthers("dropout", OPTIONS, options);
  const { sharedAxes = [], start = 0 } = options;
  requireFloats("dropout", { x });
  if (!(typeof p === "number" && p >= 0 && p < 1)) {
    throw new InputError(`dropout: p must be in [0, 1), got ${showValue(p)}`);
  }
  checkValue("dropout: rng", GENERATOR, rng);
  checkValue("dropout: start", MASK_START, start);
  const shared = axesOf("dropout", sharedAxes, x.shape);
  const batchAxis = batchAxisOf("dropout", options.batchAxis, x.shape);
  if (p === 0) return x;
  const maskShape = x.shape.map((size, axis) => (shared.includes(axis) ? 1 : size));
  const isShared = batchAxis !== null && shared.includes(batchAxis);
  const runs = drawnRuns("dropout: x", maskShape, isShared ? null : batchAxis, rng);
  const [seed0, seed1] = rng.words();
  const kernels = kernelsOf("dropout", x);
  const drop: Drop = (into, from) => {
    const [y, x] = [into.address, from.address];
    for (const run of runs) {
      const bytes = run.at * WORD;
      kernels.dropout(y + bytes, x + bytes, seed0, seed1, start + run.start, p, run.count);
    }
    return into;
  };
  if (shared.length > 0) return withSharedMask(x, p, maskShape, drop);
  const y = drop(empty(x.shape), x);
  return record("dropout", [x], y, (dy) => [drop(empty(x.shape), dy)]);
}

/** Writes `from` with the mask applied to `into`, a tensor of the same shape, and returns `into`. */
type Drop = (into: Tensor, from: Tensor) => Tensor;

/** The mask has size 1 along the shared axes, and is stored. */
function withSharedMask(x: Tensor, p: number, maskShape: Shape, drop: Drop): Tensor {
  const kernels = kernelsOf("dropout", x);
  const mask = empty(maskShape);
  kernels.fill(mask.address, 1, mask.size);
  drop(mask, mask);
  // Select instead of multiplying: a dropped element is 0 even if it was NaN, as in the kernel.
  const apply = (values: Tensor) =>
    scaled(kernels, select(kernels, mask, values, constant(kernels, 0), x.shape), 1 / (1 - p));
  return record("dropout", [x], apply(x), (dy) => [apply(dy)]);
}
