import { empty, type Tensor } from "../../backend/tensor.ts";
import { ShapeError } from "../../core/errors.ts";
import { showShape, sizeOf } from "../../core/shape.ts";
import { requireTensors } from "../check.ts";
import { kernelsOf, record } from "../tape.ts";
import { checkIds, watchIds } from "./embedding.ts";

/** The id that selects a row of zeros. */
export const NO_ROW = -1;

/**
 * Selects entries of the first axis: x [N, ...], ids [M...] of integers in [0, N) -> [M..., ...]. Id -1 selects a row
 * of zeros and has no gradient, so a list of ids can reorder time, cut sequences to their lengths and pad them. The
 * gradient of a row that is selected several times is the sum of its gradients.
 */
export function gatherRows(x: Tensor, ids: Tensor): Tensor {
  requireTensors("gatherRows", { x, ids });
  const [rows, ...rest] = x.shape;
  if (rows === undefined) throw new ShapeError("gatherRows: x", "[rows, ...]", showShape(x.shape));
  const width = sizeOf(rest);
  checkIds("gatherRows: ids", ids, rows, NO_ROW);
  const kernels = kernelsOf("gatherRows", x, ids);
  const y = empty([...ids.shape, ...rest], x.dtype);
  kernels.gather_rows(y.address, x.address, ids.address, ids.size, width);
  const recheck = watchIds("gatherRows: ids", ids, rows, NO_ROW);
  return record("gatherRows", [x], y, (dy) => {
    recheck();
    const dx = empty(x.shape);
    kernels.fill(dx.address, 0, dx.size);
    kernels.scatter_add_rows(dx.address, dy.address, ids.address, ids.size, width);
    return [dx];
  });
}
