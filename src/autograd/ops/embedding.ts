import { WORD } from "../../backend/backend.ts";
import { empty, integerWrites, type Tensor } from "../../backend/tensor.ts";
import { InputError, ShapeError } from "../../core/errors.ts";
import { type Names, refuseOthers } from "../../core/options.ts";
import { checkShape } from "../../core/shape.ts";
import { showValue } from "../../core/show-value.ts";
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

const LOOKUP: Names<EmbeddingLookupOptions> = { paddingIdx: 0 };

export interface EmbeddingLookupOptions {
  /** The row of the id that only fills up: it gets no gradient. From the end where it is below 0. Default: none. */
  readonly paddingIdx?: number | undefined;
}

/**
 * The row that a padding id stands for, counted from the start.
 * @throws InputError unless it is an integer in [-rows, rows)
 */
export function paddingRow(where: string, paddingIdx: number, rows: number): number {
  if (Number.isInteger(paddingIdx) && paddingIdx >= -rows && paddingIdx < rows) {
    return paddingIdx < 0 ? rows + paddingIdx : paddingIdx;
  }
  throw new InputError(
    `${where} must be an integer from ${-rows} to ${rows - 1}, got ${showValue(paddingIdx)}`,
  );
}

/**
 * Rows of a table: ids [...] of integers, table [V, E] -> [..., E], as torch.nn.functional.embedding. The table's
 * gradient gets each dy at its row, but none at that of `paddingIdx`.
 * @throws ShapeError, InputError for ids outside [0, V) and a paddingIdx outside [-V, V)
 */
export function embedding(ids: Tensor, table: Tensor, options: EmbeddingLookupOptions = {}): Tensor {
  refuseOthers("embedding", LOOKUP, options);
  requireTensors("embedding", { ids });
  requireFloats("embedding", { table });
  checkShape("embedding: table", table.shape, [
    ["vocabulary", null],
    ["features", null],
  ]);
  const [rows, width] = table.shape;
  const { paddingIdx } = options;
  const padding = paddingIdx === undefined ? -1 : paddingRow("embedding: paddingIdx", paddingIdx, rows);
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
    if (padding >= 0) kernels.fill(dTable.address + padding * width * WORD, 0, width);
    return [dTable];
  });
}
