/** What a user's own cell can do wrong, and that the message says where. */
import { describe, expect, it } from "vitest";
import { createReferenceBackend } from "../../src/backend/reference/reference.ts";
import type { Tensor } from "../../src/backend/tensor.ts";
import { InputError, ShapeError } from "../../src/core/errors.ts";
import {
  add,
  type Cell,
  Linear,
  Recurrent,
  Rng,
  scope,
  slice,
  tanh,
  tensor,
  zeros,
} from "../../src/nn/index.ts";

const backend = createReferenceBackend();
const rng = new Rng(1);
const x = tensor(new Float64Array(2 * 4 * 3).fill(0.1), [2, 4, 3], "f32", backend);

type State = { h: Tensor };

/** Right in everything; each test breaks one thing. */
class MyCell implements Cell<State> {
  readonly input = new Linear(3, 5, { rng, backend });
  protected time = 0;

  zeroState(batch: number): State {
    return { h: zeros([batch, 5], backend) };
  }

  step(x: Tensor, { h }: State): { output: Tensor; state: State } {
    this.time++;
    const next = tanh(add(this.input.forward(x), h));
    return { output: next, state: { h: next } };
  }
}

function failure(cell: Cell<State>, options: { outputSize?: number; name?: string } = {}): InputError {
  try {
    scope(() => new Recurrent(cell, options).forward(x), backend);
  } catch (error) {
    return error as InputError;
  }
  throw new Error("nothing was thrown");
}

const messageOf = (cell: Cell<State>, options = {}) => failure(cell, options).problem;

/** A MyCell whose step returns something else. */
function returning(change: (right: { output: Tensor; state: State }, time: number) => unknown): Cell<State> {
  class Changed extends MyCell {
    override step(x: Tensor, state: State) {
      return change(super.step(x, state), this.time - 1) as { output: Tensor; state: State };
    }
  }
  return new Changed();
}

const options = { name: "MyCell" };

describe("a shape error inside a cell", () => {
  it("names the op, both shapes, the cell and the time", () => {
    class Late extends MyCell {
      override step(x: Tensor, state: State) {
        if (this.time === 3) add(this.input.forward(x), slice(state.h, 1, 0, 4));
        return super.step(x, state);
      }
    }
    const error = failure(new Late(), options);
    expect(error).toBeInstanceOf(ShapeError);
    expect(error.problem).toMatch(
      /^add: .*\[2, 5\].*\[2, 4\].*, in step of MyCell at time 3 \([\w.-]+\.ts:\d+\)$/,
    );
  });

  it("says so of the class by itself", () => {
    class Nameless extends MyCell {
      override step(x: Tensor, state: State) {
        return super.step(slice(x, 1, 0, 2), state);
      }
    }
    expect(messageOf(new Nameless())).toMatch(
      /^linear: x must be .*features=3.*got \[2, 2\], in step of Nameless at time 0 \([\w.-]+\.ts:\d+\)$/,
    );
  });

  it("of another error keeps the cause, and says where", () => {
    const cell = returning(() => {
      throw new TypeError("x is undefined");
    });
    const error = failure(cell, options);
    expect(error).toBeInstanceOf(InputError);
    expect(error.problem).toMatch(
      /^step of MyCell at time 0 failed: x is undefined \(own-cell-errors\.test\.ts:\d+\)$/,
    );
    expect(error.cause).toBeInstanceOf(TypeError);
  });
});

describe("a cell", () => {
  it.each<[string, Parameters<typeof returning>[0], string]>([
    [
      "returns nothing",
      () => undefined,
      "step of MyCell at time 0 must return { output, state }, got undefined",
    ],
    [
      "returns only its output",
      ({ output }) => output,
      "step of MyCell at time 0 must return { output, state }, got a tensor",
    ],
    [
      "returns no output",
      ({ state }) => ({ state }),
      "step of MyCell at time 0: output must be a tensor [batch=2, features], got undefined",
    ],
    [
      "forgets its state",
      ({ output }) => ({ output }),
      "step of MyCell at time 0 returned no state, so nothing would be remembered",
    ],
    [
      "forgets a part of its state",
      ({ output }) => ({ output, state: {} }),
      "step of MyCell at time 0: state.h is missing, the state before the step has it",
    ],
    [
      "forgets it later",
      ({ output, state }, time) => ({ output, state: time === 2 ? {} : state }),
      "step of MyCell at time 2: state.h is missing, the state before the step has it",
    ],
    [
      "returns a number as its state",
      ({ output }) => ({ output, state: { h: 3 } }),
      "step of MyCell at time 0: state.h must be a tensor, or an object or array of tensors, got 3",
    ],
    [
      "returns an output without a batch",
      ({ output, state }) => ({ output: output.view([10]), state }),
      "step of MyCell at time 0: output must be [batch=2, features], got [10]",
    ],
    [
      "returns another width at another time",
      ({ output, state }, time) => ({ output: time === 1 ? slice(output, 1, 0, 4) : output, state }),
      "step of MyCell at time 1: output must be [batch=2, features=5], got [2, 4]",
    ],
    [
      "returns a state of another shape",
      ({ output, state }) => ({ output, state: { h: slice(state.h, 1, 0, 4) } }),
      "step of MyCell at time 0: state.h must be [2, 5] as before the step, got [2, 4]",
    ],
    [
      "lets its state grow at every step",
      ({ output, state }, time) => ({ output, state: { ...state, [`t${time}`]: output } }),
      "step of MyCell at time 1: state.t0 is missing, the state before the step has it",
    ],
  ])("that %s is refused", (_, change, message) => {
    expect(messageOf(returning(change), options)).toBe(message);
  });

  it("that returns its old state at every step is refused, but one that has none may", () => {
    class Stuck extends MyCell {
      override step(x: Tensor, state: State) {
        return { output: super.step(x, state).output, state };
      }
    }
    expect(messageOf(new Stuck())).toBe("step of Stuck returned the state that it was given, at every time");
    const stateless: Cell<object> = { zeroState: () => ({}), step: (x, state) => ({ output: x, state }) };
    expect(scope(() => new Recurrent(stateless).forward(x).output.shape, backend)).toEqual([2, 4, 3]);
  });

  it("must be as wide as it is said to be", () => {
    expect(messageOf(new MyCell(), { outputSize: 6 })).toBe(
      "step of MyCell at time 0: output must be [batch=2, features=6], got [2, 5]",
    );
  });

  it("must begin with a state for every row", () => {
    const begins = (zeroState: (batch: number) => unknown) =>
      messageOf(Object.assign(new MyCell(), { zeroState }) as Cell<State>, options);
    expect(begins(() => undefined)).toBe(
      "zeroState of MyCell must be a tensor, or an object or array of tensors, got undefined",
    );
    expect(begins(() => ({ h: 0 }))).toMatch(/^zeroState of MyCell\.h must be a tensor, .* got 0$/);
    expect(begins(() => ({ h: zeros([5]) }))).toBe("zeroState of MyCell.h must be [batch=2, ...], got [5]");
    const wrong = { state: { h: tensor([1, 2], [1, 2], "f32", backend) } };
    expect(() => scope(() => new Recurrent(new MyCell()).forward(x, wrong), backend)).toThrow(
      "recurrent.forward: state.h must be [batch=2, ...], got [1, 2]",
    );
  });
});

it("refuses inputs without time, and lengths that do not fit", () => {
  const rnn = new Recurrent(new MyCell());
  const forward = (...given: Parameters<typeof rnn.forward>) => scope(() => rnn.forward(...given), backend);
  expect(() => forward(x.view([24]))).toThrow(
    "recurrent.forward: inputs must be [batch, time, ...], neither empty, got [24]",
  );
  expect(() => forward(x, { lengths: [4, 5] })).toThrow(
    "recurrent.forward: lengths must be integers from 1 to 4, got 5",
  );
  expect(() => forward(x, { lengths: [4] })).toThrow("recurrent.forward: lengths must be [batch=2], got [1]");
});
