import { withScratch } from "../../backend/scope.ts";
import { empty, integerWrites, type Tensor } from "../../backend/tensor.ts";
import { InputError, ScopeError, ShapeError } from "../../core/errors.ts";
import { checkValue, FLAG, type Names, refuseOthers } from "../../core/options.ts";
import { checkShape, showShape } from "../../core/shape.ts";
import { showValue } from "../../core/show-value.ts";
import { requireFloats, requireIntegers, requireTensors } from "../check.ts";
import { isRecording, kernelsOf, recordAll } from "../tape.ts";
import { checkIds, watchIds } from "./embedding.ts";
import { BoundWeights, type CheckedRows } from "./recurrent-weights.ts";

/** The state before the first step. Absent parts are zero. */
export interface InitialState {
  /** [B, S] */
  readonly hidden?: Tensor;
  /** [B, H], only for an LSTM */
  readonly cell?: Tensor;
}

export interface RecurrentRun {
  /** Hidden states of all steps: [T, B, S], or [N, S] with `rows`. */
  readonly output: Tensor;
  /** Hidden state after the last step of each row, [B, S]. */
  readonly hidden: Tensor;
  /** [B, H], only for an LSTM */
  readonly cell: Tensor | undefined;
  /** The cell states of all steps, for inspection, without a gradient. */
  readonly cells: Tensor | undefined;
  /** The gates that the kernel saved (kernels/unrolled.h), if `keepGates` is set or backward needs them. */
  readonly gates: Tensor | undefined;
}

/** Sequences of different lengths without padding, sorted by length: see kernels/unrolled.h. */
export interface PackedRows {
  /** Number of sequences at each step, [T], never increasing. */
  readonly counts: Tensor;
  /** Index of the last step of each sequence among the N rows, [B]. */
  readonly last: Tensor;
}

/**
 * Runs one layer in one direction over time, as a single node of the tape (equations: backend/reference/cells/). For
 * one step of a loop, T is 1.
 * @param x [T, B, I], or ids [T, B] of integers in [0, I), which select columns of weightIh as a one-hot input would.
 * With `rows`: [N, I] or ids [N], the existing rows, step after step
 * @param bound the weights
 * @param initial the state before the first step, `{ hidden, cell }`. Default: zeros
 * @param rows for sequences of different lengths. CPU-only, because its values are checked
 * @param keepGates whether the run keeps `gates` even if no gradient needs them
 * @throws ShapeError, InputError for arguments that do not fit the weights or each other; ScopeError if the open scope
 * is on another backend
 */
export function recurrent(
  bound: BoundWeights,
  x: Tensor,
  initial: InitialState = {},
  rows?: PackedRows,
  keepGates?: boolean,
): RecurrentRun {
  if (!(bound instanceof BoundWeights)) {
    throw new InputError(`recurrent: bound must be BoundWeights, got ${showValue(bound)}`);
  }
  const { kind } = bound;
  requireTensors(kind, { x });
  checkInitial(kind, initial);
  if (rows !== undefined) checkRowsKind(kind, rows);
  if (keepGates !== undefined) checkValue(`${kind}: keepGates`, FLAG, keepGates);
  const call = checkCall(bound, x, initial, rows);
  const run = runForward(call, keepGates === true);
  bound.began();
  const inputs = [call.hasIds ? undefined : x, bound.token, initial.hidden, initial.cell];
  const { output, hidden, cell } = run;
  const outputs = cell === undefined ? [output, hidden] : [output, hidden, cell];
  // The weight gradients read memory of this backward later.
  recordAll(kind, inputs, outputs, (gradients) => differentiate(call, run, gradients), true);
  return run;
}

/** The checked arguments of a call. */
interface Call {
  readonly bound: BoundWeights;
  readonly x: Tensor;
  readonly hasIds: boolean;
  readonly h0: Tensor | undefined;
  readonly c0: Tensor | undefined;
  readonly rows: PackedRows | undefined;
  readonly checked: CheckedRows | undefined;
  /** Number of steps, of sequences, and of rows of all steps together. */
  readonly T: number;
  readonly B: number;
  readonly n: number;
  /** Checks the values that were overwritten since the forward pass. */
  readonly recheck: () => void;
}

function checkCall(
  bound: BoundWeights,
  x: Tensor,
  { hidden: h0, cell: c0 }: InitialState,
  rows: PackedRows | undefined,
): Call {
  const { kind, traits, sizes } = bound;
  kernelsOf(kind, bound.weights.weightIh, x, h0, c0, rows?.counts, rows?.last);
  const hasIds = x.dtype === "i32";
  checkInput(bound, x, rows);
  // With a binding of an ended scope the gradients of its weights would be lost. Reading the address throws in that
  // case.
  at(bound.token);
  const [T, B] = rows === undefined ? x.shape : [rows.counts.size, rows.last.size];
  const n = rows === undefined ? T * B : x.shape[0];
  const checked = rows === undefined ? undefined : checkRows(kind, rows, n);
  const recheckIds = hasIds ? watchIds(`${kind}: ids`, x, sizes.inputs) : undefined;
  const before = integerWrites();
  checkState(`${kind}: hidden`, h0, B, sizes.state);
  checkState(`${kind}: cell`, c0, B, sizes.hidden);
  if (c0 !== undefined && !traits.hasCell)
    throw new ShapeError(`${kind}: cell`, "absent", showShape(c0.shape));
  const recheck = () => {
    recheckIds?.();
    if (rows !== undefined && integerWrites() !== before) checkRows(kind, rows, n);
  };
  return { bound, x, hasIds, h0, c0, rows, checked, T, B, n, recheck };
}

function runForward({ bound, x, hasIds, h0, c0, rows, T, B, n }: Call, keepGates: boolean): RecurrentRun {
  const { kernels, traits } = bound;
  const { inputs: I, hidden: H, projection: P, state: S } = bound.sizes;
  const leading = rows === undefined ? [T, B] : [n];
  const output = empty([...leading, S]);
  const cells = traits.hasCell ? empty([...leading, H]) : undefined;
  const keeps = keepGates || isRecording(x, bound.token, h0, c0);
  const gates = keeps && traits.saved > 0 ? empty([...leading, traits.saved * H]) : undefined;
  const packed = bound.forward(hasIds);
  withScratch(kernels.recurrent_forward_scratch(traits.number, T, B, I, H, P, hasIds ? 1 : 0), (scratch) => {
    kernels.recurrent_forward(
      ...([traits.number, output.address, at(cells), at(gates)] as const),
      ...([hasIds ? 0 : x.address, hasIds ? x.address : 0, at(rows?.counts), at(h0), at(c0)] as const),
      ...([packed.address, T, B, I, H, P, scratch] as const),
    );
  });
  const lastOf = (all: Tensor, width: number): Tensor => {
    if (rows === undefined) return all.view([B, width], (T - 1) * B * width);
    const last = empty([B, width]);
    kernels.gather_rows(last.address, all.address, rows.last.address, B, width);
    return last;
  };
  return { output, hidden: lastOf(output, S), cell: cells && lastOf(cells, H), cells, gates };
}

/** The gradients of x, of the token of the weights, and of the initial state. */
function differentiate(
  { bound, x, hasIds, h0, c0, rows, checked, T, B, n, recheck }: Call,
  { output, cells, gates }: RecurrentRun,
  [dOutput, dHidden, dCell]: readonly (Tensor | undefined)[],
): (Tensor | undefined)[] {
  const { kernels, traits } = bound;
  const { inputs: I, hidden: H, projection: P } = bound.sizes;
  const like = (tensor: Tensor | undefined) => (tensor?.needsGradient ? empty(tensor.shape) : undefined);
  recheck();
  const dgates = empty([n, traits.differences * H]);
  const parts = bound.roomForParts(n);
  const dprojected = P > 0 ? empty([n, P]) : undefined;
  const [dh0, dc0] = [like(h0), like(c0)];
  const packed = bound.backward();
  withScratch(kernels.recurrent_backward_scratch(traits.number, T, B, H, P), (scratch) => {
    kernels.recurrent_backward(
      ...([traits.number, dgates.address, at(parts), at(dprojected), at(dh0), at(dc0)] as const),
      ...([at(dOutput), at(dHidden), at(dCell), output.address, at(cells), at(gates)] as const),
      ...([at(rows?.counts), at(h0), at(c0), packed.address, T, B, H, P, scratch] as const),
    );
  });
  const dx = hasIds ? undefined : like(x);
  if (dx !== undefined) {
    const { weightIh } = bound.weights;
    withScratch(kernels.recurrent_input_gradient_scratch(traits.number, n, I, H), (scratch) => {
      kernels.recurrent_input_gradient(
        ...([traits.number, dx.address, dgates.address, weightIh.address, n, I, H, scratch] as const),
      );
    });
  }
  const share = { x, output, cells, gates, dgates, parts, dprojected, h0, rows: checked, T, B, n };
  return [dx, bound.remember(share), dh0, dc0];
}

const at = (tensor: Tensor | undefined): number => tensor?.address ?? 0;

function checkInput({ kind, sizes }: BoundWeights, x: Tensor, rows: PackedRows | undefined): void {
  const axes =
    rows === undefined
      ? ([
          ["time", null],
          ["batch", null],
        ] as const)
      : ([["rows", null]] as const);
  const features = x.dtype === "i32" ? [] : ([["features", sizes.inputs]] as const);
  checkShape(`${kind}: inputs`, x.shape, [...axes, ...features]);
  if (x.size === 0) throw new ShapeError(`${kind}: inputs`, "not empty", showShape(x.shape));
  if (x.dtype === "i32") checkIds(`${kind}: ids`, x, sizes.inputs);
}

function checkState(where: string, state: Tensor | undefined, batch: number, width: number): void {
  if (state === undefined) return;
  checkShape(where, state.shape, [
    ["batch", batch],
    ["hidden", width],
  ]);
}

/** A state in another form or with other names would be treated as absent. */
function checkInitial(kind: string, initial: unknown): asserts initial is InitialState {
  const isObject = Object.prototype.toString.call(initial) === "[object Object]";
  const other =
    isObject && Object.keys(initial as object).find((name) => name !== "hidden" && name !== "cell");
  if (!isObject || other !== undefined) {
    const got = typeof other === "string" ? `an object with ${other}` : showValue(initial);
    throw new InputError(`${kind}: state must be { hidden } or { hidden, cell } of tensors, got ${got}`);
  }
  const { hidden, cell } = initial as InitialState;
  requireFloats(`${kind}: state`, {}, { hidden, cell });
}

const PACKED_ROWS: Names<PackedRows> = { counts: 0, last: 0 };

function checkRowsKind(kind: string, rows: unknown): asserts rows is PackedRows {
  refuseOthers(`${kind}: rows`, PACKED_ROWS, rows as PackedRows);
  const { counts, last } = rows as PackedRows;
  requireIntegers(`${kind}: rows.counts`, counts);
  requireIntegers(`${kind}: rows.last`, last);
  checkShape(`${kind}: rows.counts`, counts.shape, [["time", null]]);
  checkShape(`${kind}: rows.last`, last.shape, [["batch", null]]);
}

/**
 * The kernels access the rows that counts and last refer to, so their values must match the rows of x.
 * @param n number of rows of x
 */
function checkRows(kind: string, { counts, last }: PackedRows, n: number): CheckedRows {
  const [values, places] = [counts.readIntsSync(), last.readIntsSync()];
  if (values === undefined || places === undefined) {
    throw new ScopeError(
      `${kind}: rows must be read at once, which the ${counts.backend.name} backend cannot`,
    );
  }
  const fits = (ok: boolean, what: string, expected: string, got: ArrayLike<number>) => {
    if (!ok)
      throw new InputError(`${kind}: rows.${what} must be ${expected}, got ${showValue(Array.from(got))}`);
  };
  const [T, B] = [values.length, places.length];
  const falls = values.every(
    (count, step) => count >= 1 && (step === 0 ? count === B : count <= values[step - 1]),
  );
  const total = values.reduce((sum, count) => sum + count, 0);
  fits(T > 0 && falls, "counts", `from the batch, ${B}, on never rising and at least 1`, values);
  fits(total === n, "counts", `numbers that add up to the ${n} rows of inputs`, values);
  // Row r of the batch takes part in all steps with more than r rows.
  let [end, row] = [n, 0];
  const expected = new Int32Array(B);
  for (let step = T - 1; step >= 0; step--) {
    end -= values[step];
    for (; row < values[step]; row++) expected[row] = end + row;
  }
  fits(
    places.every((place, r) => place === expected[r]),
    "last",
    "where each sequence ends",
    places,
  );
  return { counts, values };
}
