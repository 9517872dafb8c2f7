import { type Tensor, tensor } from "../backend/tensor.ts";
import { InputError, ScopeError, ShapeError } from "../core/errors.ts";
import {
  COUNT,
  checkValue,
  listOfAny,
  OBJECT,
  type Range,
  type Ranges,
  SIZE,
  settle,
} from "../core/options.ts";
import { type Shape, showShape, sizeOf } from "../core/shape.ts";
import { mapState, stateTensors } from "../nn/cell-state.ts";
import { BACKEND } from "../nn/options.ts";

/** One tensor of the state that a training carries from chunk to chunk, of the whole batch. */
export interface CarriedTensor {
  readonly name: string;
  readonly shape: Shape;
}

interface Slot extends CarriedTensor {
  /** Where the batch is in the shape. */
  readonly axis: number;
  /** Offset in the flat buffer of all tensors, in elements. */
  readonly offset: number;
}

/** Shapes of the tensors of a state, for a batch with the given number of rows. */
export type StateShapes = readonly CarriedTensor[];

export const shapesOf = (state: unknown): StateShapes =>
  stateTensors(state).map(({ name, tensor }) => ({ name, shape: tensor.shape }));

type Own = { batch: number; first: number; rows: number };
const OWN: Ranges<Own> = { batch: SIZE, first: COUNT, rows: COUNT };
const SHAPES = listOfAny(OBJECT, "what shapesOf makes");
const DOUBLES: Range = {
  text: "a Float64Array",
  fits: (value) => Object.prototype.toString.call(value) === "[object Float64Array]",
};

/**
 * Where each replica's rows of a carried state lie in one flat buffer of the whole batch. Of the state only its
 * tensors are known; the batch is the axis that differs between the shapes for one row and for two.
 * @throws ScopeError for a tensor that has no such axis
 */
export class CarriedLayout<State> {
  readonly tensors: readonly Slot[];
  readonly size: number;
  private readonly template: State;
  private readonly first: number;
  private readonly rows: number;

  /**
   * @param one shapes of the state of one row
   * @param two the state of two rows; its structure is that of all restored ones
   * @param own which rows of the batch are this replica's
   */
  constructor(one: StateShapes, two: State, own: Own) {
    checkValue("CarriedLayout: one", SHAPES, one);
    const { batch, first, rows } = settle<Own>("CarriedLayout: own", OWN, {}, own);
    if (first + rows > batch) {
      throw new InputError(
        `CarriedLayout: rows ${first} to ${first + rows} are not within the batch of ${batch}`,
      );
    }
    this.template = two;
    this.first = own.first;
    this.rows = own.rows;
    let offset = 0;
    this.tensors = shapesOf(two).map(({ name, shape }) => {
      const single = one.find((other) => other.name === name)?.shape ?? [];
      const axis = shape.findIndex((length, at) => length === 2 && single[at] === 1);
      const others = shape.every((length, at) => at === axis || length === single[at]);
      if (axis < 0 || !others) {
        throw new ScopeError(
          `the state ${name} is ${showShape(single)} for one row and ${showShape(shape)} for two: it has no batch axis`,
          { hint: "every tensor of a state needs a row for each sequence of the batch" },
        );
      }
      const slot = { name, shape: shape.with(axis, own.batch), axis, offset };
      offset += sizeOf(slot.shape);
      return slot;
    });
    this.size = offset;
  }

  /** Write this replica's rows into the buffer of the whole batch; zeros without a state. */
  async read(state: State | undefined, into: Float64Array): Promise<void> {
    this.checkBuffer("CarriedLayout.read: into", into);
    const found = new Map(
      (state === undefined ? [] : stateTensors(state)).map((one) => [one.name, one.tensor]),
    );
    for (const slot of this.tensors) {
      const values = await found.get(slot.name)?.read();
      this.eachBlock(slot, (at, from, size) => {
        if (values === undefined) into.fill(0, at, at + size);
        else into.set(values.subarray(from, from + size), at);
      });
    }
  }

  /** Read this replica's rows from the buffer, as tensors outside all scopes. */
  write(from: Float64Array, backend: Tensor["backend"]): State {
    this.checkBuffer("CarriedLayout.write: from", from);
    checkValue("CarriedLayout.write: backend", BACKEND, backend);
    const slots = new Map(this.tensors.map((slot) => [slot.name, slot]));
    return mapState(this.template, (_, name) => {
      const slot = slots.get(name)!;
      const shape = slot.shape.with(slot.axis, this.rows);
      const values = new Float64Array(sizeOf(shape));
      this.eachBlock(slot, (at, to, size) => values.set(from.subarray(at, at + size), to));
      return tensor(values, shape, "f32", backend);
    });
  }

  private checkBuffer(where: string, buffer: Float64Array): void {
    checkValue(where, DOUBLES, buffer);
    if (buffer.length !== this.size) throw new ShapeError(where, `[${this.size}]`, `[${buffer.length}]`);
  }

  /** Each contiguous range of this replica's rows: its offsets in the buffer and in its tensor, and its length. */
  private eachBlock(slot: Slot, work: (inAll: number, inOwn: number, size: number) => void): void {
    const { shape, axis, offset } = slot;
    const inner = sizeOf(shape.slice(axis + 1));
    const size = this.rows * inner;
    for (let block = 0; block < sizeOf(shape.slice(0, axis)); block++) {
      work(offset + (block * shape[axis] + this.first) * inner, block * size, size);
    }
  }
}
