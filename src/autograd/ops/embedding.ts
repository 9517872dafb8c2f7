import { WORD } from "../../backend/backend.ts";
import { empty, type Tensor } from "../../backend/tensor.ts";
import { InputError, ShapeError } from "../../core/errors.ts";
import { type Names, refuseOthers } from "../../core/options.ts";
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
  throw new InputError(`${where} must be an integer from ${-rows} to ${rows - 1}, got ${String(paddingIdx)}`);
}

/**
 * Rows of a table: ids [...] of integers, table [V, E] -> [..., E], as torch.nn.functional.embedding. The table's
 * gradient gets each dy at its row, but none at that of `paddingIdx`.
 * @throws ShapeError, InputError for ids outside [0, V) and a paddingIdx outside [-V, V)
 */
export function embedding(ids: Tensor, table: Tensor, options: EmbeddingLookupOptions = {}): Tensor {
  refuseOthers("embedding", LOOKUP, options);
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
  return record("embedding", [table], y, (dy) => {
    const dTable = empty(table.shape);
    kernels.fill(dTable.address, 0, dTable.size);
    kernels.scatter_add_rows(dTable.address, dy.address, ids.address, ids.size, width);
    if (padding >= 0) kernels.fill(dTable.address + padding * width * WORD, 0, width);
    return [dTable];
  });
}
