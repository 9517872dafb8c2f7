import { empty, type Tensor } from "../../backend/tensor.ts";
import { InputError, ShapeError } from "../../core/errors.ts";
import { checkShape } from "../../core/shape.ts";
import { kernelsOf, record } from "../tape.ts";

/**
 * Refuse ids outside [0, bound), except `allowed`: a kernel would read or write beyond its table. CPU-only: where
 * integers cannot be read at once, the kernels of that backend have to check.
 * @returns the ids, where they could be read
 */
export function checkIds(
  where: string,
  ids: Tensor,
  bound: number,
  allowed?: number,
): Int32Array | undefined {
  if (ids.dtype !== "i32") throw new ShapeError(where, "integer ids (dtype i32)", `dtype ${ids.dtype}`);
  const values = ids.readIntsSync();
  if (values === undefined) return undefined;
  for (const [position, id] of values.entries()) {
    if ((id < 0 || id >= bound) && id !== allowed) {
      const besides = allowed === undefined ? "" : ` or ${allowed}`;
      throw new InputError(`${where} must be in [0, ${bound})${besides}, got ${id} at position ${position}`);
    }
  }
  return values;
}

/** Rows of a table: ids [...] of integers, table [V, E] -> [..., E]. The table's gradient gets each dy at its row. */
export function embedding(ids: Tensor, table: Tensor): Tensor {
  checkShape("embedding: table", table.shape, [
    ["vocabulary", null],
    ["features", null],
  ]);
  const [rows, width] = table.shape;
  checkIds("embedding: ids", ids, rows);
  const kernels = kernelsOf("embedding", ids, table);
  const y = empty([...ids.shape, width]);
  kernels.gather_rows(y.address, table.address, ids.address, ids.size, width);
  return record("embedding", [table], y, (dy) => {
    const dTable = empty(table.shape);
    kernels.fill(dTable.address, 0, dTable.size);
    kernels.scatter_add_rows(dTable.address, dy.address, ids.address, ids.size, width);
    return [dTable];
  });
}
