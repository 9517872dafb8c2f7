import { empty, integerWrites, type Tensor } from "../../backend/tensor.ts";
import { InputError, ShapeError } from "../../core/errors.ts";
import { checkShape } from "../../core/shape.ts";
import { requireFloats, requireTensor, requireTensors } from "../check.ts";
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
  requireTensor(where, ids);
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

/**
 * For the backward pass of an op that uses ids again: checks those that were overwritten after the forward pass, in which
 * {@link checkIds} has seen others. Costs nothing while no tensor of integers is overwritten.
 */
export function watchIds(where: string, ids: Tensor, bound: number, allowed?: number): () => void {
  const before = integerWrites();
  return () => {
    if (integerWrites() !== before) checkIds(where, ids, bound, allowed);
  };
}

/** Rows of a table: ids [...] of integers, table [V, E] -> [..., E]. The table's gradient gets each dy at its row. */
export function embedding(ids: Tensor, table: Tensor): Tensor {
  requireTensors("embedding", { ids });
  requireFloats("embedding", { table });
  checkShape("embedding: table", table.shape, [
    ["vocabulary", null],
    ["features", null],
  ]);
  const [rows, width] = table.shape;
  checkIds("embedding: ids", ids, rows);
  const kernels = kernelsOf("embedding", ids, table);
  const y = empty([...ids.shape, width]);
  kernels.gather_rows(y.address, table.address, ids.address, ids.size, width);
  const recheck = watchIds("embedding: ids", ids, rows);
  return record("embedding", [table], y, (dy) => {
    recheck();
    const dTable = empty(table.shape);
    kernels.fill(dTable.address, 0, dTable.size);
    kernels.scatter_add_rows(dTable.address, dy.address, ids.address, ids.size, width);
    return [dTable];
  });
}
