import { empty, type Tensor } from "../../backend/tensor.ts";
import { ShapeError } from "../../core/errors.ts";
import { checkShape, showShape } from "../../core/shape.ts";
import { isRecording, recordAll } from "../tape.ts";
import { checkIds } from "./embedding.ts";
import type { BoundWeights } from "./recurrent-weights.ts";

/** The state before the first step; absent ones are zero. */
export interface InitialState {
  /** [B, S] */
  readonly hidden?: Tensor;
  /** [B, H], LSTM only */
  readonly cell?: Tensor;
}

export interface RecurrentRun {
  /** Hidden states of all steps: [T, B, S], or [N, S] with `rows`. */
  readonly output: Tensor;
  /** Hidden state after the last step of each row, [B, S]. */
  readonly hidden: Tensor;
  /** [B, H], LSTM only */
  readonly cell: Tensor | undefined;
  /** To look at, without a gradient: the cell states of all steps. */
  readonly cells: Tensor | undefined;
  /** What the kernel has saved of the gates (kernels/unrolled.h), if `keepGates` asked for it or backward needs it. */
  readonly gates: Tensor | undefined;
}

/** Sequences of different lengths without padding, sorted by length: see kernels/unrolled.h. */
export interface PackedRows {
  /** How many sequences reach each step, [T], never rising. */
  readonly counts: Tensor;
  /** Where the last step of each sequence lies among the N rows, [B]. */
  readonly last: Tensor;
}

/**
 * One layer in one direction over time, as a single node of the tape (equations: backend/reference/cells/).
 *
 * x is [T, B, I], or ids [T, B] of integers in [0, I), which pick columns of weightIh as a one-hot input would. With
 * `rows`, x is [N, I] or ids [N]: the rows that exist, step after step. One step of a loop is T = 1.
 */
export function recurrent(
  bound: BoundWeights,
  x: Tensor,
  initial: InitialState = {},
  rows?: PackedRows,
  keepGates = isRecording(x, bound.token, initial.hidden, initial.cell),
): RecurrentRun {
  const { kind, traits, sizes, kernels } = bound;
  const { inputs: I, hidden: H, projection: P, state: S } = sizes;
  const hasIds = x.dtype === "i32";
  checkInput(bound, x, rows);
  // A binding of an ended scope would lose its weights' gradients: reading the address finds it out.
  at(bound.token);
  const [T, B] = rows === undefined ? x.shape : [rows.counts.size, rows.last.size];
  const leading = rows === undefined ? [T, B] : [x.shape[0]];
  const n = rows === undefined ? T * B : x.shape[0];
  const { hidden: h0, cell: c0 } = initial;
  checkState(`${kind}: hidden`, h0, B, S);
  checkState(`${kind}: cell`, c0, B, H);
  if (c0 !== undefined && !traits.hasCell)
    throw new ShapeError(`${kind}: cell`, "absent", showShape(c0.shape));

  const output = empty([...leading, S]);
  const cells = traits.hasCell ? empty([...leading, H]) : undefined;
  const gates = keepGates && traits.saved > 0 ? empty([...leading, traits.saved * H]) : undefined;
  const [values, indices] = hasIds ? [0, x.address] : [x.address, 0];
  const counts = at(rows?.counts);
  const scratch = empty([kernels.recurrent_forward_scratch(traits.number, T, B, I, H, P, hasIds ? 1 : 0)]);
  kernels.recurrent_forward(
    ...([
      traits.number,
      output.address,
      at(cells),
      at(gates),
      values,
      indices,
      counts,
      at(h0),
      at(c0),
    ] as const),
    ...([bound.forward(hasIds).address, T, B, I, H, P, scratch.address] as const),
  );
  const lastOf = (all: Tensor, width: number): Tensor => {
    if (rows === undefined) return all.view([B, width], (T - 1) * B * width);
    const last = empty([B, width]);
    kernels.gather_rows(last.address, all.address, rows.last.address, B, width);
    return last;
  };
  const hidden = lastOf(output, S);
  const cell = cells && lastOf(cells, H);

  bound.began();
  const inputs = [hasIds ? undefined : x, bound.token, h0, c0];
  const outputs = cell === undefined ? [output, hidden] : [output, hidden, cell];
  recordAll(kind, inputs, outputs, ([dOutput, dHidden, dCell]) => {
    const like = (tensor: Tensor | undefined) => (tensor?.needsGradient ? empty(tensor.shape) : undefined);
    const dgates = empty([n, traits.differences * H]);
    const parts = bound.roomForParts(n);
    const dprojected = P > 0 ? empty([n, P]) : undefined;
    const [dh0, dc0] = [like(h0), like(c0)];
    const room = empty([kernels.recurrent_backward_scratch(traits.number, T, B, H, P)]);
    kernels.recurrent_backward(
      ...([traits.number, dgates.address, at(parts), at(dprojected), at(dh0), at(dc0)] as const),
      ...([at(dOutput), at(dHidden), at(dCell), output.address, at(cells), at(gates)] as const),
      ...([counts, at(h0), at(c0), bound.backward().address, T, B, H, P, room.address] as const),
    );
    const dx = hasIds ? undefined : like(x);
    if (dx !== undefined) {
      const { weightIh } = bound.weights;
      const tiles = empty([kernels.recurrent_input_gradient_scratch(traits.number, n, I, H)]);
      kernels.recurrent_input_gradient(
        ...([traits.number, dx.address, dgates.address, weightIh.address, n, I, H, tiles.address] as const),
      );
    }
    const share = { x, output, cells, gates, dgates, parts, dprojected, h0, counts: rows?.counts, T, B, n };
    return [dx, bound.remember(share), dh0, dc0];
  });
  return { output, hidden, cell, cells, gates };
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
