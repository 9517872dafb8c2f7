import { CELL_KINDS } from "../../backend/kernels.generated.ts";
import type { Tensor } from "../../backend/tensor.ts";
import { InputError, ShapeError } from "../../core/errors.ts";
import { type Names, refuseOthers } from "../../core/options.ts";
import { checkShape, showShape } from "../../core/shape.ts";
import { showValue } from "../../core/show-value.ts";
import { requireFloats } from "../check.ts";

/**
 * The cells with kernels of their own. `gru` applies the reset gate after the recurrent product (PyTorch), `gru-before`
 * before it.
 */
export type CellKind = "rnn-tanh" | "rnn-relu" | "lstm" | "gru" | "gru-before";

export interface CellTraits {
  /** The number of the cell in kernels/unrolled.h. */
  readonly number: number;
  /** Number of blocks of H rows in weightIh and weightHh. */
  readonly gates: number;
  /** Number of values per unit that forward saves, and number of gradients of sums that backward computes. */
  readonly saved: number;
  readonly differences: number;
  /** Whether it has a cell state in addition to the hidden state. */
  readonly hasCell: boolean;
}

export const CELLS: Record<CellKind, CellTraits> = {
  "rnn-tanh": { number: CELL_KINDS.rnnTanh, gates: 1, saved: 0, differences: 1, hasCell: false },
  "rnn-relu": { number: CELL_KINDS.rnnRelu, gates: 1, saved: 0, differences: 1, hasCell: false },
  lstm: { number: CELL_KINDS.lstm, gates: 4, saved: 4, differences: 4, hasCell: true },
  gru: { number: CELL_KINDS.gruAfter, gates: 3, saved: 4, differences: 4, hasCell: false },
  "gru-before": { number: CELL_KINDS.gruBefore, gates: 3, saved: 3, differences: 3, hasCell: false },
};

/** The matrices of one layer in one direction, with G gates in PyTorch's order (i f g o; r z n), S = P or H. */
export interface RecurrentWeights {
  /** [G H, I] */
  readonly weightIh: Tensor;
  /** [G H, S] */
  readonly weightHh: Tensor;
  /** [G H] each; both or neither */
  readonly biasIh?: Tensor;
  readonly biasHh?: Tensor;
  /** [P, H]: the projection of an LSTM (Sak et al. 2014) */
  readonly weightHr?: Tensor;
}

export interface RecurrentSizes {
  readonly inputs: number;
  readonly hidden: number;
  /** 0 if there is no projection. */
  readonly projection: number;
  /** Size of the recurrent hidden state: projection or hidden. */
  readonly state: number;
}

const WEIGHTS: Names<RecurrentWeights> = { weightIh: 0, weightHh: 0, biasIh: 0, biasHh: 0, weightHr: 0 };

/**
 * The sizes that follow from the weights.
 * @throws InputError for an unknown cell or an invalid weight; ShapeError if the weights do not fit each other
 */
export function sizesOf(kind: CellKind, weights: RecurrentWeights): RecurrentSizes {
  if (typeof kind !== "string" || !Object.hasOwn(CELLS, kind)) {
    throw new InputError(
      `BoundWeights: kind must be one of ${Object.keys(CELLS).join(", ")}, got ${showValue(kind)}`,
    );
  }
  refuseOthers(`${kind}: weights`, WEIGHTS, weights);
  const { weightIh, weightHh, biasIh, biasHh, weightHr } = weights;
  requireFloats(kind, { weightIh, weightHh }, { biasIh, biasHh, weightHr });
  if (weightHr !== undefined && !CELLS[kind].hasCell) {
    throw new ShapeError(
      `${kind}: weightHr`,
      "absent: only an LSTM has a projection",
      showShape(weightHr.shape),
    );
  }
  const { gates } = CELLS[kind];
  const inputs = weightIh.shape[1];
  const hidden = weightIh.shape[0] / gates;
  const projection = weightHr?.shape[0] ?? 0;
  const state = projection || hidden;
  const rows = [`${gates} hidden`, gates * hidden] as const;
  checkShape(`${kind}: weightIh`, weightIh.shape, [
    [`${gates} hidden`, Math.floor(hidden) * gates],
    ["inputs", inputs ?? null],
  ]);
  if (weightIh.size === 0 || weightHh.size === 0) {
    const empty = weightIh.size === 0 ? "weightIh" : "weightHh";
    throw new ShapeError(`${kind}: ${empty}`, "not empty", showShape(weights[empty].shape));
  }
  checkShape(`${kind}: weightHh`, weightHh.shape, [rows, ["state", state]]);
  if (biasIh !== undefined) checkShape(`${kind}: biasIh`, biasIh.shape, [rows]);
  if (biasHh !== undefined) checkShape(`${kind}: biasHh`, biasHh.shape, [rows]);
  if (weightHr !== undefined) {
    checkShape(`${kind}: weightHr`, weightHr.shape, [
      ["projection", projection],
      ["hidden", hidden],
    ]);
  }
  return { inputs, hidden, projection, state };
}
