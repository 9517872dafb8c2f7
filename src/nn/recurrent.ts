import { requireTensors } from "../autograd/check.ts";
import { concat } from "../autograd/ops/concat.ts";
import { reshape } from "../autograd/ops/reshape.ts";
import { slice } from "../autograd/ops/slice.ts";
import { splitRows } from "../autograd/ops/split-rows.ts";
import type { Tensor } from "../backend/tensor.ts";
import { ShapeError } from "../core/errors.ts";
import {
  checkValue,
  FLAG,
  FUNCTION,
  GENERATOR,
  type Names,
  OBJECT,
  optional,
  refuseOthers,
  type Settled,
  SIZE,
  settle,
  TEXT,
} from "../core/options.ts";
import type { Rng } from "../core/rng.ts";
import { showShape } from "../core/shape.ts";
import { type Cell, nameOfCell, type StepContext } from "./cell.ts";
import {
  checkBatch,
  checkChanged,
  checkGivenState,
  checkReturned,
  checkSameState,
  inCell,
  partsOf,
  type StatePart,
} from "./cell-check.ts";
import { mapState, stateTensors } from "./cell-state.ts";
import { checkSize } from "./options.ts";
import { denseTimeline, packedTimeline, type Timeline } from "./timeline.ts";

export interface RecurrentCellOptions {
  /** Whether inputs and outputs are [batch, time, ...] (default) or [time, batch, ...], which saves two copies. */
  batchFirst?: boolean;
  /** Number of features that the output of the cell must have; errors name both numbers. Default: not checked. */
  outputSize?: number;
  /** Name of the cell in errors. Default: the name of its class. */
  name?: string;
}

export interface CellForwardOptions<State> {
  /** The initial state. Default: the `zeroState` of the cell. */
  state?: State;
  /** Length of each sequence of the batch, in any order, 1 to T. Padding is never read; outputs there are 0. */
  lengths?: ArrayLike<number>;
  /** Generator that every step receives, for dropout inside the cell. */
  rng?: Rng;
  /** If false, nothing is dropped. Default true. */
  training?: boolean;
}

const RANGES = { batchFirst: FLAG, outputSize: optional(SIZE), name: optional(TEXT) };

/** The whole result of forward may be passed as a state; its output is ignored. */
type Forwarded = CellForwardOptions<unknown> & { output?: unknown };

export const CELL_FORWARD: Names<Forwarded> = { state: 0, lengths: 0, rng: 0, training: 0, output: 0 };

/** Checks the options that all layers have. @throws InputError */
export function checkForward(where: string, { rng, training }: Pick<Forwarded, "rng" | "training">): void {
  checkValue(`${where}: rng`, optional(GENERATOR), rng);
  checkValue(`${where}: training`, optional(FLAG), training);
}

/** @throws InputError if the value does not have the methods of a cell */
export function checkCell(where: string, cell: unknown): void {
  checkValue(where, { text: "a cell, with zeroState and step", fits: OBJECT.fits }, cell);
  const { zeroState, step, sequence } = cell as Partial<Cell<unknown>>;
  for (const [name, method] of Object.entries({ zeroState, step })) {
    checkValue(`${where}.${name}`, FUNCTION, method);
  }
  checkValue(`${where}.sequence`, optional(FUNCTION), sequence);
}

/**
 * Runs any cell over time, one step after the other, on the tape. It can be used in place of `LSTM`. The parameters of
 * the cell are found under `cell`. Errors in the results of a cell name the cell and the time step.
 */
export class Recurrent<State> {
  readonly cell: Cell<State>;
  readonly batchFirst: boolean;
  private readonly _outputSize: number | undefined;
  private readonly _name: string;
  /** Parts of the cell's initial state; known after the first one was made. */
  private _parts: readonly StatePart[] | undefined;

  /** @throws InputError for a cell without its methods, or an option outside its range */
  constructor(cell: Cell<State>, options: RecurrentCellOptions = {}) {
    const settings = settle<Settled<RecurrentCellOptions, "outputSize" | "name">>(
      "Recurrent",
      RANGES,
      { batchFirst: true },
      options,
    );
    checkCell("Recurrent: cell", cell);
    const { batchFirst, outputSize, name = nameOfCell(cell) } = settings;
    this.cell = cell;
    this.batchFirst = batchFirst;
    this._outputSize = outputSize;
    this._name = name;
  }

  /** @param batch number of sequences */
  zeroState(batch: number): State {
    checkSize("recurrent.zeroState: batch", batch);
    const where = `zeroState of ${this._name}`;
    const state = inCell(where, () => this.cell.zeroState(batch));
    checkBatch(where, state, batch);
    this._parts ??= partsOf(state);
    return state;
  }

  /**
   * inputs [B, T, I] (or ids [B, T], for a cell that takes ids) -> output [B, T, H] and the state after the last step
   * of each sequence.
   */
  forward(inputs: Tensor, options: CellForwardOptions<State> = {}): { output: Tensor; state: State } {
    refuseOthers("recurrent.forward", CELL_FORWARD, options);
    requireTensors("recurrent.forward", { inputs });
    const { lengths, training = true, rng } = options;
    checkForward("recurrent.forward", options);
    const [batch, steps] = this.batchFirst ? inputs.shape : [inputs.shape[1], inputs.shape[0]];
    if (inputs.shape.length < 2 || !batch || !steps) {
      const axes = this.batchFirst ? "[batch, time, ...]" : "[time, batch, ...]";
      throw new ShapeError(
        "recurrent.forward: inputs",
        `${axes}, neither empty`,
        `${showShape(inputs.shape)}`,
      );
    }
    const state = options.state === undefined ? this.zeroState(batch) : this.given(options.state, batch);
    const context: StepContext = { rng: training ? rng : undefined };
    if (this.cell.sequence !== undefined && lengths === undefined) {
      return this.sequence(inputs, state, context, [steps, batch]);
    }
    const time =
      lengths === undefined
        ? denseTimeline(this.batchFirst, inputs.shape)
        : packedTimeline(this.batchFirst, inputs.shape, lengths, "recurrent.forward: lengths");
    return this.loop(inputs, state, context, time, countsOf(lengths, batch, steps));
  }

  private given(state: State, batch: number): State {
    if (this._parts === undefined) this.zeroState(batch);
    const cell = { cell: this._name, parts: this._parts ?? [] };
    checkGivenState("recurrent.forward: state", state, batch, cell);
    return state;
  }

  /** Runs all steps in one call of the cell. */
  private sequence(inputs: Tensor, state: State, context: StepContext, [steps, batch]: [number, number]) {
    const where = `sequence of ${this._name}`;
    const time = denseTimeline(this.batchFirst, inputs.shape);
    const returned = inCell(where, () => this.cell.sequence!(time.enter(inputs), state, context));
    const axes = [["time", steps] as const, ["batch", batch] as const];
    checkReturned(where, returned, axes, this._outputSize);
    checkSameState(where, state, returned.state, true);
    return { output: time.leave(returned.output), state: returned.state };
  }

  /** @param counts number of sequences at each step; the sequences are sorted by length */
  private loop(inputs: Tensor, start: State, context: StepContext, time: Timeline, counts: number[]) {
    const x = time.enter(inputs);
    const inner = inputs.shape.slice(2);
    const rows = splitRows(reshape(x, [counts.reduce((total, count) => total + count, 0), ...inner]), counts);
    let state = mapState(start, time.sortBatch);
    const initial = state;
    const ended: State[] = [];
    const outputs: Tensor[] = [];
    const contextOf = stepContexts(context, time);
    for (let t = 0; t < counts.length; t++) {
      const going = counts[t];
      if (t > 0 && going < counts[t - 1]) {
        ended.unshift(mapState(state, (tensor) => slice(tensor, 0, going, counts[t - 1])));
        state = mapState(state, (tensor) => slice(tensor, 0, 0, going));
      }
      const where = `step of ${this._name} at time ${t}`;
      const returned = inCell(where, () => this.cell.step(rows[t], state, contextOf(t, going)));
      checkReturned(where, returned, [["batch", going]], this._outputSize ?? outputs[0]?.shape[1]);
      checkSameState(where, state, returned.state, t === 0);
      state = returned.state;
      outputs.push(returned.output);
    }
    if (counts.length > 1) checkChanged(this._name, initial, state);
    const output = outputs.length === 1 ? outputs[0] : concat(outputs, 0);
    const inLayout = time.rows === undefined ? [counts.length, counts[0], output.shape[1]] : output.shape;
    return {
      output: time.leave(reshape(output, inLayout)),
      state: mapState(joined(state, ended), time.unsortBatch),
    };
  }
}

/**
 * The context of each step, given the number of sequences at the step. For some rows of a batch with different lengths,
 * each step has its own random stream: other replicas may have more steps, and must draw the same numbers afterwards.
 */
function stepContexts(context: StepContext, time: Timeline): (t: number, going: number) => StepContext {
  const { rng } = context;
  if (rng?.batchRows === undefined || time.rows === undefined) return () => context;
  const steps = rng.fork(...rng.words());
  return (t, going) => ({ ...context, rng: time.generatorOfSequences(steps.fork(t), going) });
}

/** Concatenates the rows that continued to the end and those that ended before, the last to end first. */
function joined<State>(state: State, ended: readonly State[]): State {
  if (ended.length === 0) return state;
  const others = ended.map((one) => new Map(stateTensors(one).map(({ name, tensor }) => [name, tensor])));
  return mapState(state, (tensor, name) => concat([tensor, ...others.map((one) => one.get(name)!)], 0));
}

function countsOf(lengths: ArrayLike<number> | undefined, batch: number, steps: number): number[] {
  if (lengths === undefined) return new Array<number>(steps).fill(batch);
  const all = Array.from(lengths);
  return Array.from({ length: Math.max(...all) }, (_, t) => all.filter((length) => length > t).length);
}
