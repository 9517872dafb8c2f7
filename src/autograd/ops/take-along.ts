import { empty, type Tensor } from "../../backend/tensor.ts";
import { ShapeError } from "../../core/errors.ts";
import { sameShape, showShape, sizeOf } from "../../core/shape.ts";
import { requireTensors } from "../check.ts";
import { kernelsOf, record } from "../tape.ts";
import { checkIds, watchIds } from "./embedding.ts";
import { NO_ROW } from "./gather-rows.ts";

/**
 * Selects elements of the last axis, like torch.gather: x [..., n], ids [..., k] of integers in [0, n) -> [..., k]. Id
 * -1 gives 0 and has no gradient.
 */
export function takeAlong(x: Tensor, ids: Tensor): Tensor {
  requireTensors("takeAlong", { x, ids });
  const [leading, n] = [x.shape.slice(0, -1), x.shape.at(-1)];
  if (n === undefined) throw new ShapeError("takeAlong: x", "a tensor with one axis or more", "[]");
  if (ids.shape.length !== x.shape.length || !sameShape(ids.shape.slice(0, -1), leading)) {
    throw new ShapeError("takeAlong: ids", `[${[...leading, "k"].join(", ")}]`, showShape(ids.shape));
  }
  checkIds("takeAlong: ids", ids, n, NO_ROW);
  const [rows, k] = [sizeOf(leading), ids.shape.at(-1)!];
  const kernels = kernelsOf("takeAlong", x, ids);
  const y = empty(ids.shape, x.dtype);
  kernels.take_along(y.address, x.address, ids.address, rows, n, k);
  const recheck = watchIds("takeAlong: ids", ids, n, NO_ROW);
  return record("takeAlong", [x], y, (dy) => {
    recheck();
    const dx = empty(x.shape);
    kernels.fill(dx.address, 0, dx.size);
    kernels.scatter_add_along(dx.address, dy.address, ids.address, rows, n, k);
    return [dx];
  });
}
