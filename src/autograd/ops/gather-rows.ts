import { empty, type Tensor } from "../../backend/tensor.ts";
import { checkShape } from "../../core/shape.ts";
import { kernelsOf, record } from "../tape.ts";
import { checkIds } from "./embedding.ts";

/** Id of a row of zeros. */
export const NO_ROW = -1;

/**
 * Rows of x by number: x [N, F], ids [...] of integers in [0, N) -> [..., F]. Id -1 gives a row of zeros and takes no
 * gradient, so that a list of ids can reorder time, cut sequences to their lengths and pad them. A row that is taken
 * several times gets the sum of its gradients.
 */
export function gatherRows(x: Tensor, ids: Tensor): Tensor {
  checkShape("gatherRows: x", x.shape, [
    ["rows", null],
    ["features", null],
  ]);
  const [rows, width] = x.shape;
  checkIds("gatherRows: ids", ids, rows, NO_ROW);
  const kernels = kernelsOf("gatherRows", x, ids);
  const y = empty([...ids.shape, width], x.dtype);
  kernels.gather_rows(y.address, x.address, ids.address, ids.size, width);
  return record("gatherRows", [x], y, (dy) => {
    const dx = empty(x.shape);
    kernels.fill(dx.address, 0, dx.size);
    kernels.scatter_add_rows(dx.address, dy.address, ids.address, ids.size, width);
    return [dx];
  });
}
