import type { Backend } from "../backend/backend.ts";
import type { Tensor } from "../backend/tensor.ts";
import type { Rng } from "../core/rng.ts";

/** What a step may need to know beside its input. */
export interface StepContext {
  /**
   * While training: where dropout masks are drawn from. Absent when nothing is to be dropped. It may be for some rows of
   * a batch: then `dropout` needs to know the batch's axis where that is not the first (`batchAxis`).
   */
  readonly rng?: Rng;
}

/**
 * The contract of every recurrent cell, ours or a user's: from an input and a state to an output and the next state,
 * made of ops. `Recurrent` runs it over time; the gradients come from the ops.
 *
 * A state is a tensor, or an object or array of tensors, each with the batch as its first axis. Fields that hold
 * parameters or modules (`Linear`, ...) are found by `parameters()`; names that begin with `_` are not looked at.
 */
export interface Cell<State> {
  zeroState(batch: number): State;
  /** x [B, I] -> output [B, H] */
  step(x: Tensor, state: State, context: StepContext): { output: Tensor; state: State };
  /**
   * Optional, for cells that need not go step by step: x [T, B, I] -> output [T, B, H] and the state after the last
   * step. It must agree with `step`.
   */
  sequence?(x: Tensor, state: State, context: StepContext): { output: Tensor; state: State };
}

/** What the maker of a cell gets: hand it on to the modules inside, as `new Linear(inputs, hidden, options)`. */
export interface CreateCellOptions {
  readonly rng: Rng;
  readonly backend?: Backend;
}

/** Makes a cell that reads `inputs` features a step and says `hidden` ones: one for each layer. */
export type CreateCell<State = unknown> = (
  inputs: number,
  hidden: number,
  options: CreateCellOptions,
) => Cell<State>;

/** How errors call a cell. */
export function nameOfCell(cell: object): string {
  const { name } = cell.constructor;
  return name === "" || name === "Object" ? "the cell" : name;
}
