import { WORD } from "../../backend/backend.ts";
import { empty, integerWrites, type Tensor } from "../../backend/tensor.ts";
import { InputError, ShapeError } from "../../core/errors.ts";
import { type Names, refuseOthers } from "../../core/options.ts";
import { checkShape } from "../../core/shape.ts";
import { showValue } from "../../core/show-value.ts";
import { requireFloats, requireTensor, requireTensors } from "../check.ts";
import { kernelsOf, record } from "../tape.ts";
import { TapeBindings } from "../tape-bindings.ts";

/**
 * Checks that ids are in [0, bound) or equal to `allowed`; otherwise a kernel would access memory outside its table.
 * CPU-only: if integers cannot be read synchronously, the kernels of that backend must check them.
 * @returns the ids, if they could be read
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
 * Returns a check for the backward pass of an op that uses its ids again. It calls {@link checkIds} again if the ids
 * were overwritten after the forward pass, and costs nothing if no integer tensor was overwritten.
 */
export function watchIds(where: string, ids: Tensor, bound: number, allowed?: number): () => void {
  const before = integerWrites();
  return () => {
    if (integerWrites() !== before) checkIds(where, ids, bound, allowed);
  };
}

const LOOKUP: Names<EmbeddingLookupOptions> = { paddingIdx: 0 };

export interface EmbeddingLookupOptions {
  /** The id that is used as padding: its row gets no gradient. Negative values count from the end. Default: none. */
  readonly paddingIdx?: number | undefined;
}

/**
 * The row of a padding id, counted from the start.
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
 * Selects rows of a table, like torch.nn.functional.embedding. The gradient of the table is the sum of dy at each row,
 * except at the row of `paddingIdx`. If the table is a parameter, that gradient is computed once for all calls with it
 * on one tape.
 * @param ids integers [...] in [0, V)
 * @param table [V, E]
 * @returns [..., E]
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
  const bound = boundTo(table, padding);
  const y = empty([...ids.shape, width]);
  kernels.gather_rows(y.address, table.address, ids.address, ids.size, width);
  const call = { ids, recheck: watchIds("embedding: ids", ids, rows) };
  if (bound !== undefined) {
    return record("embedding", [bound.token], y, (dy) => [bound.remember({ ...call, dy })]);
  }
  return record("embedding", [table], y, (dy) => [tableGradient([{ ...call, dy }], table, padding)]);
}

interface Lookup {
  readonly ids: Tensor;
  readonly dy: Tensor;
  /** Checks ids that were overwritten since the forward pass. */
  readonly recheck: () => void;
}

/** Adds every dy to the row of its id, except to the row `padding`, unless that is negative. */
function tableGradient(lookups: readonly Lookup[], table: Tensor, padding: number): Tensor {
  const { kernels } = table.backend;
  const width = table.shape[1];
  const dTable = empty(table.shape);
  kernels.fill(dTable.address, 0, dTable.size);
  for (const { ids, dy, recheck } of lookups) {
    recheck();
    kernels.scatter_add_rows(dTable.address, dy.address, ids.address, ids.size, width);
  }
  if (padding >= 0) kernels.fill(dTable.address + padding * width * WORD, 0, width);
  return dTable;
}

/** A table on one tape. Its gradient is computed after all lookups, like that of the weights in linear.ts. */
class BoundTable {
  readonly token: Tensor;
  readonly padding: number;
  private readonly lookups: Lookup[] = [];

  constructor(table: Tensor, padding: number) {
    this.padding = padding;
    this.token = record("embedding", [table], empty([]), () => {
      const gradient = tableGradient(this.lookups, table, padding);
      this.lookups.length = 0;
      return [gradient];
    });
  }

  /** @returns the gradient of the token, which only makes the tape reach it; its value is never read */
  remember(lookup: Lookup): Tensor | undefined {
    this.lookups.push(lookup);
    return this.lookups.length === 1 ? empty([]) : undefined;
  }
}

const bindings = new TapeBindings<BoundTable>();

function boundTo(table: Tensor, padding: number): BoundTable | undefined {
  if (!table.needsGradient) return undefined;
  return bindings.of(
    table,
    (one) => one.padding === padding,
    () => new BoundTable(table, padding),
  );
}
