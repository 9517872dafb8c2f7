import { describe, expect, it } from "vitest";
import { checkGradients } from "../../src/autograd/gradcheck.ts";
import { createReferenceBackend } from "../../src/backend/reference/reference.ts";
import type { Tensor } from "../../src/backend/tensor.ts";
import {
  add,
  type Cell,
  detachState,
  dropout,
  Linear,
  LSTM,
  LSTMCell,
  mapState,
  mul,
  parameters,
  Recurrent,
  RecurrentStack,
  RecurrentState,
  Rng,
  type StepContext,
  scope,
  stateTensors,
  sum,
  tanh,
  tensor,
  zeros,
} from "../../src/nn/index.ts";
import { backends, firstDifference, REFERENCE_TOLERANCE } from "../support/backends.ts";

const backend = createReferenceBackend();
const rng = new Rng(3);
const random = (...shape: number[]) =>
  tensor(
    Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => rng.normal()),
    shape,
    "f32",
    backend,
  );

/** As short as a cell can be. */
class Tiny implements Cell<{ h: Tensor }> {
  readonly input: Linear;
  readonly recurrent: Linear;
  private readonly _hidden: number;
  private readonly _drop: number;

  constructor(inputs: number, hidden: number, drop = 0) {
    this.input = new Linear(inputs, hidden, { rng, backend });
    this.recurrent = new Linear(hidden, hidden, { rng, backend });
    this._hidden = hidden;
    this._drop = drop;
  }

  zeroState(batch: number) {
    return { h: zeros([batch, this._hidden], backend) };
  }

  step(x: Tensor, { h }: { h: Tensor }, { rng }: StepContext) {
    const next = tanh(add(this.input.forward(x), this.recurrent.forward(h)));
    const output = rng === undefined ? next : dropout(next, this._drop, rng);
    return { output, state: { h: next } };
  }
}

const weigh = (y: Tensor) =>
  sum(
    mul(
      y,
      tensor(
        Float64Array.from({ length: y.size }, (_, i) => Math.sin(i + 1)),
        y.shape,
      ),
    ),
  );
const named = (module: object) =>
  Object.fromEntries(parameters(module).map(({ name, tensor }) => [name, tensor]));
const read = (make: () => Tensor) => scope(() => make().read(), backend);

describe("a state", () => {
  const [a, b] = [random(2, 3), random(2, 3)];
  const double = (x: Tensor) => add(x, x);

  it.each<[string, unknown, string[]]>([
    ["a tensor", a, [""]],
    ["an object", { h: a, c: b }, ["h", "c"]],
    ["an array", [a, { c: b }], ["0", "1.c"]],
    ["an instance of a class", new RecurrentState(a, b), ["hidden", "cell"]],
    ["an object with an absent part", { h: a, c: undefined }, ["h"]],
    ["nothing at all", {}, []],
  ])("may be %s: its tensors have their paths as names", (_, state, names) => {
    expect(stateTensors(state).map(({ name }) => name)).toEqual(names);
  });

  it("keeps its structure and its class when its tensors change", async () => {
    const values = scope(() => {
      const changed = mapState([new RecurrentState(a), { c: b }] as const, double);
      expect(changed[0]).toBeInstanceOf(RecurrentState);
      expect(changed[0].cell).toBeUndefined();
      return Promise.all([changed[0].hidden!.read(), changed[1].c.read()]);
    }, backend);
    const [first, second] = await values;
    expect(first[0]).toBe(2 * (await a.read())[0]);
    expect(second[5]).toBe(2 * (await b.read())[5]);
  });

  it("is detached by its own method, where it has one", () => {
    const detached = { h: b, detach: () => detached };
    expect(detachState({ h: a, detach: () => detached })).toBe(detached);
    expect(scope(() => detachState({ h: a }), backend).h).not.toBe(a);
  });

  it("must hold nothing but tensors", () => {
    expect(() => stateTensors({ h: a, t: 3 })).toThrow("state.t must be a tensor");
    expect(() => stateTensors({ deep: [null] })).toThrow("state.deep.0 must be a tensor");
    expect(() => stateTensors(new Float32Array(2))).toThrow("state must be a tensor");
  });
});

describe("Recurrent", () => {
  it("has the right gradients, with a given state, for every parameter", async () => {
    const rnn = new Recurrent(new Tiny(3, 4));
    const [x, h] = [random(2, 5, 3), random(2, 4)];
    const loss = () => {
      const { output, state } = rnn.forward(x, { state: { h } });
      return add(weigh(output), weigh(state.h));
    };
    const checks = await checkGradients(loss, { x, h, ...named(rnn) });
    expect(checks.map(({ name }) => name)).toContain("cell.recurrent.weight");
    for (const { name, error } of checks) expect(error, name).toBeLessThan(1e-8);
  });

  it("goes on from a state as if the sequence had never been cut", async () => {
    const rnn = new Recurrent(new Tiny(3, 4), { batchFirst: false });
    const x = random(6, 2, 3);
    const whole = await read(() => rnn.forward(x).output);
    const cut = await read(() => {
      const first = rnn.forward(x.view([2, 2, 3]));
      return rnn.forward(x.view([4, 2, 3], 12), first).output;
    });
    expect(cut).toEqual(whole.slice(16));
  });

  it("never reads padding: sequences of different lengths are as if each were alone", async () => {
    const rnn = new Recurrent(new Tiny(2, 3));
    const lengths = [2, 4, 1, 4];
    const x = random(4, 4, 2);
    const padded = (await x.read()).map((value, i) => ((i >> 1) % 4 < lengths[i >> 3] ? value : Number.NaN));
    const input = tensor(padded, [4, 4, 2], "f32", backend);
    const [outputs, states] = await scope(() => {
      const { output, state } = rnn.forward(input, { lengths });
      return Promise.all([output.read(), state.h.read()]);
    }, backend);
    for (const [row, length] of lengths.entries()) {
      const [output, state] = await scope(() => {
        const alone = rnn.forward(x.view([1, length, 2], row * 8));
        return Promise.all([alone.output.read(), alone.state.h.read()]);
      }, backend);
      expect(outputs.slice(row * 12, row * 12 + length * 3)).toEqual(output);
      expect([...outputs.slice(row * 12 + length * 3, row * 12 + 12)]).toEqual(
        new Array((4 - length) * 3).fill(0),
      );
      expect(states.slice(row * 3, row * 3 + 3)).toEqual(state);
    }
    const loss = () => {
      const { output, state } = rnn.forward(x, { lengths });
      return add(weigh(output), weigh(state.h));
    };
    for (const { name, error } of await checkGradients(loss, { x, ...named(rnn) })) {
      expect(error, name).toBeLessThan(1e-8);
    }
  });

  it("hands random numbers to the cell while training, and none otherwise", async () => {
    const rnn = new Recurrent(new Tiny(2, 3, 0.5));
    const x = random(2, 4, 2);
    const plain = await read(() => rnn.forward(x).output);
    const dropped = await read(() => rnn.forward(x, { rng: new Rng(1) }).output);
    expect(plain.some((value) => value === 0)).toBe(false);
    expect(dropped.some((value) => value === 0)).toBe(true);
    expect(await read(() => rnn.forward(x, { rng: new Rng(1), training: false }).output)).toEqual(plain);
  });

  it("uses the parallel form of a cell that has one, and refuses one that forgets an axis", async () => {
    class Doubling implements Cell<{ n: Tensor }> {
      readonly scale = random(1);
      zeroState = (batch: number) => ({ n: zeros([batch, 1], backend) });
      step(x: Tensor, state: { n: Tensor }) {
        return { output: add(x, x), state };
      }
      sequence(x: Tensor, state: { n: Tensor }) {
        return { output: add(x, x), state };
      }
    }
    const x = random(2, 3, 1);
    const output = await read(() => new Recurrent(new Doubling()).forward(x).output);
    expect(output).toEqual((await x.read()).map((value) => 2 * value));
    class Flat extends Doubling {
      override sequence(_: Tensor, state: { n: Tensor }) {
        return { output: zeros([2, 1]), state };
      }
    }
    expect(() => read(() => new Recurrent(new Flat()).forward(x).output)).toThrow(
      "sequence of Flat: output must be [time=3, batch=2, features], got [2, 1]",
    );
  });
});

describe("RecurrentStack", () => {
  it.each(backends)("of LSTM cells is a stacked LSTM, on $name", async ({ backend, tolerance }) => {
    const lstm = new LSTM(3, 4, { layers: 2, rng, backend });
    const cells = [0, 1].map((layer) => new LSTMCell(layer === 0 ? 3 : 4, 4, { rng, backend }));
    const stack = new RecurrentStack(cells);
    const weights = named(lstm);
    for (const [layer, cell] of cells.entries()) {
      for (const { name, tensor } of parameters(cell))
        tensor.write(await weights[`${name}_l${layer}`].read());
    }
    const x = tensor(await random(2, 5, 3).read(), [2, 5, 3], "f32", backend);
    const [one, other] = await scope(
      () => Promise.all([lstm.forward(x).output.read(), stack.forward(x).output.read()]),
      backend,
    );
    expect(firstDifference(other, one, tolerance)).toBeUndefined();
    expect(parameters(stack)[0].name).toBe("layers.0.cell.weight_ih");
  });

  it("drops between its layers only, and one mask serves all steps when it is variational", async () => {
    const cells = [new Tiny(3, 8), new Tiny(8, 8)];
    const x = random(2, 6, 3);
    const run = (options: object, rng?: Rng) => {
      const stack = new RecurrentStack(cells, options);
      return read(() => stack.forward(x, { rng }).output);
    };
    const plain = await run({});
    expect(await run({ dropout: 0.5 }, new Rng(1))).not.toEqual(plain);
    expect(await run({ dropout: 0.5, variational: true }, new Rng(1))).not.toEqual(
      await run({ dropout: 0.5 }, new Rng(1)),
    );
    expect(() => run({ dropout: 0.5 })).toThrow("recurrentStack.forward: dropout needs random numbers");
    expect(
      firstDifference(await run({ dropout: 0 }, new Rng(1)), plain, REFERENCE_TOLERANCE),
    ).toBeUndefined();
  });

  it("has a state for each layer, and refuses another number of them", () => {
    const stack = new RecurrentStack([new Tiny(3, 4), new Tiny(4, 4)]);
    expect(stack.zeroState(2)).toHaveLength(2);
    expect(() => read(() => stack.forward(random(2, 3, 3), { state: [] }).output)).toThrow(
      "recurrentStack.forward: state must be [layers=2], got [0]",
    );
    const cell = new Tiny(4, 4);
    expect(() => new RecurrentStack([cell, cell])).toThrow("the same cell was given twice");
    expect(() => new RecurrentStack([])).toThrow("at least one cell is needed");
  });
});
