import { requireTensors } from "../autograd/check.ts";
import { swapAxes } from "../autograd/ops/time.ts";
import type { Tensor } from "../backend/tensor.ts";
import { InputError, ShapeError } from "../core/errors.ts";
import {
  BELOW_1,
  checkValue,
  FLAG,
  GENERATOR,
  optional,
  refuseOthers,
  type Settled,
  SIZE,
  settle,
  TEXT,
} from "../core/options.ts";
import type { Rng } from "../core/rng.ts";
import { showShape } from "../core/shape.ts";
import type { Cell } from "./cell.ts";
import { checkSize } from "./options.ts";
import {
  CELL_FORWARD,
  type CellForwardOptions,
  checkCell,
  checkForward,
  Recurrent,
  type RecurrentCellOptions,
} from "./recurrent.ts";
import { sequenceDropout } from "./sequence-dropout.ts";

export interface StackOptions extends RecurrentCellOptions {
  /** Probability of dropping an element between two layers while training. Default 0. */
  dropout?: number;
  /**
   * Whether one dropout mask serves all steps of a sequence (Gal and Ghahramani 2016). Default false: a new mask per
   * step.
   */
  variational?: boolean;
  /** Generator of the dropout masks, unless forward is given another. */
  rng?: Rng;
}

type Settings = Settled<StackOptions, "rng" | "outputSize" | "name">;

const RANGES = {
  dropout: BELOW_1,
  variational: FLAG,
  batchFirst: FLAG,
  rng: optional(GENERATOR),
  outputSize: optional(SIZE),
  name: optional(TEXT),
};

const STATES = { text: "an array with the state of each layer", fits: Array.isArray };

/**
 * A stack of cells, each reading the outputs of the cell below, with dropout between them. It is for cells what
 * `layers` is for LSTM. The state is an array with one state per layer.
 */
export class RecurrentStack<State> {
  readonly layers: readonly Recurrent<State>[];
  readonly dropout: number;
  readonly variational: boolean;
  readonly batchFirst: boolean;
  private readonly _rng: Rng | undefined;

  constructor(cells: readonly Cell<State>[], options: StackOptions = {}) {
    const { dropout, variational, batchFirst, rng, ...others } = settle<Settings>(
      "RecurrentStack",
      RANGES,
      { dropout: 0, variational: false, batchFirst: true },
      options,
    );
    checkValue("RecurrentStack: cells", { text: "an array of cells", fits: Array.isArray }, cells);
    for (let layer = 0; layer < cells.length; layer++)
      checkCell(`RecurrentStack: cells[${layer}]`, cells[layer]);
    if (cells.length === 0) throw new InputError("RecurrentStack: at least one cell is needed, got none");
    if (new Set(cells).size < cells.length) {
      throw new InputError("RecurrentStack: the same cell was given twice", {
        hint: "make a cell for each layer: they would share their weights",
      });
    }
    this.layers = cells.map((cell) => new Recurrent(cell, { ...others, batchFirst: false }));
    this.dropout = dropout;
    this.variational = variational;
    this.batchFirst = batchFirst;
    this._rng = rng;
  }

  /** @param batch number of sequences */
  zeroState(batch: number): State[] {
    checkSize("recurrentStack.zeroState: batch", batch);
    return this.layers.map((layer) => layer.zeroState(batch));
  }

  /** inputs [B, T, I] -> output [B, T, H] of the top layer, and the states of all layers. */
  forward(inputs: Tensor, options: CellForwardOptions<State[]> = {}): { output: Tensor; state: State[] } {
    refuseOthers("recurrentStack.forward", CELL_FORWARD, options);
    requireTensors("recurrentStack.forward", { inputs });
    const { state, training = true, rng = this._rng, lengths } = options;
    checkForward("recurrentStack.forward", options);
    checkValue("recurrentStack.forward: state", optional(STATES), state);
    if (state !== undefined && state.length !== this.layers.length) {
      throw new ShapeError(
        "recurrentStack.forward: state",
        `[layers=${this.layers.length}]`,
        `[${state.length}]`,
      );
    }
    if (this.dropout > 0 && training && rng === undefined) {
      throw new InputError("recurrentStack.forward: dropout needs random numbers", {
        hint: "give { rng }, or { training: false } to drop nothing",
      });
    }
    if (inputs.shape.length < 2) {
      const axes = this.batchFirst ? "[batch, time, ...]" : "[time, batch, ...]";
      throw new ShapeError("recurrentStack.forward: inputs", axes, showShape(inputs.shape));
    }
    let x = this.batchFirst ? swapAxes(inputs) : inputs;
    const states: State[] = [];
    for (const [index, layer] of this.layers.entries()) {
      if (index > 0 && training && this.dropout > 0) {
        x = sequenceDropout(x, this.dropout, rng!, this.variational);
      }
      const run = layer.forward(x, { state: state?.[index], training, rng, lengths });
      x = run.output;
      states.push(run.state);
    }
    return { output: this.batchFirst ? swapAxes(x) : x, state: states };
  }
}
