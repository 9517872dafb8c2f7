import { empty, type Tensor } from "../../backend/tensor.ts";
import { InputError, ShapeError } from "../../core/errors.ts";
import { showShape } from "../../core/shape.ts";
import { kernelsOf, record } from "../tape.ts";

/**
 * Rows of the first axis in any order: x [N, ...], rows ids [M] -> [M, ...]; -1 gives a row of zeros. A row that is
 * taken twice gets the sum of both gradients, one that is not taken zero.
 */
export function gatherRows(x: Tensor, rows: Tensor): Tensor {
  const [count, ...rest] = x.shape;
  if (count === undefined || rows.dtype !== "i32" || rows.shape.length !== 1) {
    throw new ShapeError(
      "gatherRows: x and rows",
      "[N, ...] and ids [M]",
      `${showShape(x.shape)} and ${rows.dtype} ${showShape(rows.shape)}`,
    );
  }
  for (const [position, row] of (rows.readIntsSync() ?? []).entries()) {
    if (row < -1 || row >= count) {
      throw new InputError(`gatherRows: rows must be in [-1, ${count}), got ${row} at position ${position}`);
    }
  }
  const kernels = kernelsOf("gatherRows", x, rows);
  const width = x.size / count;
  const y = empty([rows.size, ...rest], x.dtype);
  kernels.gather_rows(y.address, x.address, rows.address, rows.size, width);
  return record("gatherRows", [x], y, (dy) => {
    const dx = empty(x.shape);
    kernels.fill(dx.address, 0, dx.size);
    kernels.scatter_add_rows(dx.address, dy.address, rows.address, rows.size, width);
    return [dx];
  });
}
