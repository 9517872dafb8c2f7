import { select, stack, swapAxes } from "../autograd/ops/time.ts";
import type { Tensor } from "../backend/tensor.ts";
import { ShapeError } from "../core/errors.ts";
import { showShape } from "../core/shape.ts";

/** What a cell hands from one step to the next. */
export interface CellState {
  /** Cut off from the tape and kept for the next step: truncated back-propagation through time. */
  detach(): this | CellState;
}

/**
 * The contract of every recurrent cell, ours or a user's: from an input and a state to an output and the next
 * state, made of ops. `Recurrent` runs it over time.
 */
export interface Cell<State> {
  zeroState(batch: number): State;
  /** x [B, I] -> output [B, H] */
  step(x: Tensor, state: State): { output: Tensor; state: State };
}

/** Runs any cell over time, one step after the other, through the tape. */
export class Recurrent<State> {
  readonly cell: Cell<State>;

  constructor(cell: Cell<State>) {
    this.cell = cell;
  }

  zeroState(batch: number): State {
    return this.cell.zeroState(batch);
  }

  /** inputs [B, T, I] (or ids [B, T]) -> output [B, T, H] */
  forward(inputs: Tensor, options: { state?: State } = {}): { output: Tensor; state: State } {
    const [batch, steps] = inputs.shape;
    if (inputs.shape.length < 2 || !batch || !steps) {
      throw new ShapeError(
        "recurrent.forward: inputs",
        "[batch, time, ...], neither empty",
        showShape(inputs.shape),
      );
    }
    const timeMajor = swapAxes(inputs);
    let state = options.state ?? this.cell.zeroState(batch);
    const outputs: Tensor[] = [];
    for (let t = 0; t < steps; t++) {
      const next = this.cell.step(select(timeMajor, t), state);
      state = next.state;
      outputs.push(next.output);
    }
    return { output: swapAxes(stack(outputs)), state };
  }
}
