import { empty, type Tensor } from "../../backend/tensor.ts";
import { axisOf } from "../../core/broadcast.ts";
import { ShapeError } from "../../core/errors.ts";
import { checkValue, FLAG, type Names, refuseOthers } from "../../core/options.ts";
import { showShape, sizeOf } from "../../core/shape.ts";
import { requireFloats } from "../check.ts";
import { kernelsOf } from "../tape.ts";
import type { ReduceOptions } from "./reduce.ts";

const OPTIONS: Names<ReduceOptions> = { keepDims: 0 };

/**
 * Indices of the largest elements along an axis, like torch.argmax: x [..., n, ...] -> integers [...]. The first of
 * equal elements is chosen, and NaN counts as larger than every number. No gradient flows through it.
 * @param axis index of the axis; negative values count from the end. Default: the last axis
 * @throws ShapeError for an axis that x does not have, or that has size 0
 */
export function argmax(x: Tensor, axis = -1, options: ReduceOptions = {}): Tensor {
  refuseOthers("argmax", OPTIONS, options);
  const { keepDims = false } = options;
  checkValue("argmax: keepDims", FLAG, keepDims);
  requireFloats("argmax", { x });
  const along = axisOf("argmax", axis, x.shape);
  const n = x.shape[along];
  if (n === 0) {
    throw new ShapeError("argmax: x", "one element or more along the axis", showShape(x.shape));
  }
  const [before, behind] = [x.shape.slice(0, along), x.shape.slice(along + 1)];
  const kernels = kernelsOf("argmax", x);
  const y = empty([...before, ...(keepDims ? [1] : []), ...behind], "i32");
  kernels.argmax(y.address, x.address, sizeOf(before), n, sizeOf(behind));
  return y;
}
