import type { Backend } from "../backend/backend.ts";
import type { Tensor } from "../backend/tensor.ts";
import type { Rng } from "../core/rng.ts";

/** What a step may need in addition to its input and its state. */
export interface StepContext {
  /**
   * The generator for dropout masks while training; absent if nothing is to be dropped. If it is for some rows of a
   * batch, `dropout` needs to know the batch axis if that is not the first (`batchAxis`).
   */
  readonly rng?: Rng;
}

/**
 * The interface of every recurrent cell, ours or a user's: ops compute an output and the next state from an input and a
 * state. `Recurrent` applies a cell to a sequence; the gradients come from the ops.
 *
 * A state is a tensor, or an object or array of tensors, each with the batch as its first axis. `parameters()` finds
 * parameters and modules (`Linear`, ...) in the fields of a cell; it ignores fields whose names begin with `_`.
 */
export interface Cell<State> {
  zeroState(batch: number): State;
  /** x [B, I] -> output [B, H] */
  step(x: Tensor, state: State, context: StepContext): { output: Tensor; state: State };
  /**
   * Optional, for cells that can process a whole sequence at once: x [T, B, I] -> output [T, B, H] and the state after
   * the last step. Its results must be those of `step`.
   */
  sequence?(x: Tensor, state: State, context: StepContext): { output: Tensor; state: State };
}

/** The options of a cell, to be passed to the modules in it: `new Linear(inputs, hidden, options)`. */
export interface CreateCellOptions {
  readonly rng: Rng;
  readonly backend?: Backend;
}

/** Makes the cell of a layer, whose input has `inputs` features and whose output has `hidden` features per step. */
export type CreateCell<State = unknown> = (
  inputs: number,
  hidden: number,
  options: CreateCellOptions,
) => Cell<State>;

/** The name of a cell in errors. */
export function nameOfCell(cell: object): string {
  const { name } = cell.constructor;
  return name === "" || name === "Object" ? "the cell" : name;
}
