/** One step at a time against the layers' own forward, with the weights as they are or rounded. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Backend, FloatArray } from "../../src/backend/backend.ts";
import { heapOf } from "../../src/backend/heap.ts";
import { createReferenceBackend } from "../../src/index.ts";
import { LanguageModel } from "../../src/models/index.ts";
import {
  Embedding,
  GRU,
  ids,
  LayerNormLSTMCell,
  Linear,
  LSTM,
  parameters,
  type RecurrentLayer,
  RNN,
  Rng,
  type Stepper,
  type StreamState,
  scope,
  tensor,
  type WeightFormat,
} from "../../src/nn/index.ts";
import { backends, firstDifference, HIGH_TOLERANCE } from "../support/backends.ts";
import { rounded } from "../support/rounded-weights.ts";

const CELLS = {
  "rnn tanh": (i: number, h: number, options: Options) => new RNN(i, h, options),
  "rnn relu": (i: number, h: number, options: Options) => new RNN(i, h, { ...options, nonlinearity: "relu" }),
  lstm: (i: number, h: number, options: Options) => new LSTM(i, h, options),
  "lstm with a projection": (i: number, h: number, options: Options) =>
    new LSTM(i, h, { ...options, projSize: Math.ceil(h / 2) }),
  gru: (i: number, h: number, options: Options) => new GRU(i, h, options),
  "gru, reset before": (i: number, h: number, options: Options) =>
    new GRU(i, h, { ...options, resetGate: "before" }),
};

interface Options {
  rng: Rng;
  backend: Backend;
  layers: number;
  bias: boolean;
}

interface Shape {
  cell: keyof typeof CELLS;
  input: "values" | "ids" | "embedding";
  inputs: number;
  hidden: number;
  layers: number;
  /** 0: no linear layer behind. */
  outputs: number;
  bias: boolean;
}

const SYMBOLS = 7;
const STEPS = 5;

class Net {
  readonly rnn: RecurrentLayer;
  readonly embedding?: Embedding;
  readonly head?: Linear;
  readonly shape: Shape;

  constructor(shape: Shape, backend: Backend) {
    const { cell, input, inputs, hidden, layers, outputs, bias } = shape;
    const rng = new Rng(3);
    this.shape = shape;
    const features = input === "ids" ? SYMBOLS : inputs;
    if (input === "embedding") this.embedding = new Embedding(SYMBOLS, features, { rng, backend });
    this.rnn = CELLS[cell](features, hidden, { rng, backend, layers, bias });
    if (outputs > 0) this.head = new Linear(this.rnn.stateSize, outputs, { rng, bias, backend });
  }

  private get backend(): Backend {
    return this.rnn.weight_hh_l0.backend;
  }

  /** The outputs after each of the first steps, and the state after the last. */
  forward(values: readonly number[][], symbols: readonly number[]) {
    return scope(() => {
      const x =
        this.shape.input === "values"
          ? tensor(values.flat(), [1, values.length, this.rnn.inputs])
          : ids(symbols, [1, symbols.length]);
      const { output, state } = this.rnn.forward(this.embedding?.forward(x) ?? x, { training: false });
      const y = this.head?.forward(output) ?? output;
      const read = (address: number, count: number) => this.backend.memory.readSync!(address, count);
      const all = read(y.address, y.size);
      const width = y.size / STEPS;
      return {
        steps: Array.from({ length: STEPS }, (_, t) => all.slice(t * width, (t + 1) * width)),
        hidden: read(state.hidden!.address, state.hidden!.size),
        cell: state.cell && read(state.cell.address, state.cell.size),
      };
    }, this.backend);
  }

  stream(weights: WeightFormat) {
    const { rnn, head } = this;
    return this.shape.input === "values"
      ? rnn.stream({ head, weights })
      : rnn.streamIds({ embedding: this.embedding?.weight, head, weights });
  }

  run(weights: WeightFormat, values: readonly number[][], symbols: readonly number[]) {
    const stream = this.stream(weights);
    const isValues = this.shape.input === "values";
    const inputs: readonly (number | number[])[] = isValues ? values : symbols;
    const steps = inputs.map((input) => (stream as Stepper<number | number[]>).step(input).slice());
    const state: StreamState = stream.state;
    stream.dispose();
    return { steps, ...state };
  }
}

const shapes: fc.Arbitrary<Shape> = fc.record({
  cell: fc.constantFrom(...(Object.keys(CELLS) as (keyof typeof CELLS)[])),
  input: fc.constantFrom("values", "ids", "embedding"),
  inputs: fc.integer({ min: 1, max: 40 }),
  // Beyond a block of eight vectors of sixteen, and every rest of one.
  hidden: fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: 2, max: 40 }) },
    { weight: 1, arbitrary: fc.integer({ min: 120, max: 150 }) },
  ),
  layers: fc.integer({ min: 1, max: 3 }),
  outputs: fc.integer({ min: 0, max: 20 }),
  bias: fc.boolean(),
});

const sequence = (shape: Shape, seed: number) => {
  const rng = new Rng(seed);
  return {
    values: Array.from({ length: STEPS }, () =>
      Array.from({ length: shape.inputs }, () => Math.fround(rng.normal())),
    ),
    symbols: Array.from({ length: STEPS }, () => rng.integer(SYMBOLS)),
  };
};

function expectClose(
  got: { steps: FloatArray[]; hidden: FloatArray; cell?: FloatArray },
  expected: { steps: FloatArray[]; hidden: FloatArray; cell?: FloatArray },
  absolute: number,
): void {
  const tolerance = { absolute, relative: absolute };
  for (const [t, y] of got.steps.entries()) {
    expect(firstDifference(y, expected.steps[t], tolerance), `step ${t}`).toBeUndefined();
  }
  expect(firstDifference(got.hidden, expected.hidden, tolerance)).toBeUndefined();
  expect(got.cell === undefined).toBe(expected.cell === undefined);
  if (got.cell) expect(firstDifference(got.cell, expected.cell!, tolerance)).toBeUndefined();
}

/** float32 over a few steps, and what rounding h to 16 bits adds to it with weights of int8. */
const CLOSE: Record<WeightFormat, number> = { f32: 1e-5, bf16: 1e-5, int8: 3e-4 };

describe.each(backends)("on $name", ({ name, backend, tolerance }) => {
  // A stream's sums are f32 everywhere; with AMX those of forward are not.
  const bits = tolerance === HIGH_TOLERANCE ? HIGH_TOLERANCE.absolute : 0;
  it("gives what forward gives, to the bit unless its products are split, for any cell, input and shape", () => {
    fc.assert(
      fc.property(shapes, fc.nat(1e6), (shape, seed) => {
        const { values, symbols } = sequence(shape, seed);
        const net = new Net(shape, backend);
        expectClose(net.run("f32", values, symbols), net.forward(values, symbols), bits);
      }),
      { numRuns: 40 },
    );
  });

  it.each(["bf16", "int8"] as const)("gives what forward gives with weights rounded to %s", (weights) => {
    const exact = createReferenceBackend();
    fc.assert(
      fc.property(shapes, fc.nat(1e6), (shape, seed) => {
        const { values, symbols } = sequence(shape, seed);
        const [net, plain] = [new Net(shape, backend), new Net(shape, exact)];
        // What goes in one-hot is a table of float32.
        const kept = ["embedding.weight", ...(shape.input === "ids" ? ["rnn.weight_ih_l0"] : [])];
        const targets = new Map(parameters(plain).map(({ name, tensor }) => [name, tensor]));
        for (const { name, tensor } of parameters(net)) {
          const stored = backend.memory.readSync!(tensor.address, tensor.size);
          const isMatrix = tensor.shape.length === 2 && !kept.includes(name);
          const used = isMatrix ? rounded(stored, tensor.shape[1], weights) : stored;
          targets.get(name)!.write(used);
        }
        const absolute = name === "reference" ? 1e-12 : CLOSE[weights];
        expectClose(net.run(weights, values, symbols), plain.forward(values, symbols), absolute);
      }),
      { numRuns: 20 },
    );
  });
});

describe.each(backends)("a stream on $name", ({ backend, tolerance }) => {
  const small: Shape = {
    ...{ cell: "lstm", input: "values", inputs: 3, hidden: 9, layers: 2, outputs: 4, bias: true },
  };
  const { values, symbols } = sequence(small, 1);

  it("goes on from a state that was taken, and from zeros after a reset", () => {
    const stream = new Net(small, backend).stream("int8") as Stepper<number[]> & { state: StreamState };
    const first = values.map((x) => stream.step(x).slice());
    stream.reset();
    stream.step(values[0]);
    const taken = stream.state;
    const second = stream.step(values[1]).slice();
    stream.step(values[4]);
    stream.state = taken;
    expect(stream.step(values[1])).toEqual(second);
    expect(second).toEqual(first[1]);
  });

  it("takes an embedding and a head as modules or as their matrices", () => {
    const net = new Net({ ...small, input: "embedding", bias: false }, backend);
    const { rnn, embedding, head } = net;
    const answers = [embedding!, embedding!.weight].flatMap((embedding) =>
      [head!, head!.weight].map((head) => {
        const stream = rnn.streamIds({ embedding, head });
        return symbols.map((id) => [...stream.step(id)]);
      }),
    );
    const { steps } = net.run("f32", values, symbols);
    for (const answer of answers) expect(answer).toEqual(steps.map((step) => [...step]));
    const withBias = new Net(small, backend);
    const stream = withBias.rnn.stream({ head: withBias.head! });
    const bare = withBias.rnn.stream({ head: withBias.head!.weight });
    const [y, product] = [stream.step(values[0]), bare.step(values[0])];
    const bias = backend.memory.readSync!(withBias.head!.bias!.address, 4);
    for (const [i, b] of bias.entries()) expect(y[i]).toBeCloseTo(product[i] + b, 5);
  });

  it.each(["lstm", "lstm with a projection", "gru"] as const)(
    "of an %s goes on from the state of an encoder, as the decoder's own forward does",
    (cell) => {
      const [encoder, decoder] = [new Net({ ...small, cell }, backend), new Net({ ...small, cell }, backend)];
      const stream = decoder.rnn.stream({ head: decoder.head! });
      const expected = scope(() => {
        const read = tensor(values.flat(), [1, STEPS, 3]);
        const { state } = encoder.rnn.forward(read, { training: false });
        stream.state = state;
        const { output } = decoder.rnn.forward(read, { state, training: false });
        const y = decoder.head!.forward(output);
        return backend.memory.readSync!(y.address, y.size);
      }, backend);
      const found = values.flatMap((x) => [...stream.step(x)]);
      expect(firstDifference(found, expected, tolerance)).toBeUndefined();

      const first = stream.step(values[0]).slice();
      stream.state = decoder.rnn.zeroState(1);
      stream.step(values[0]);
      const second = stream.step(values[0]).slice();
      expect(second).not.toEqual(first);
      stream.reset();
      stream.step(values[0]);
      expect(stream.step(values[0])).toEqual(second);
    },
  );

  it("refuses the state of a batch, of other sizes and of another cell, and parts that are none", () => {
    const { rnn, head } = new Net(small, backend);
    const stream = rnn.stream({ head });
    const stateOf = (net: Net, batch: number) =>
      net.rnn.forward(tensor(new Float32Array(batch * 6), [batch, 2, 3]), { training: false }).state;
    const set = (state: unknown) => () => {
      stream.state = state as StreamState;
    };
    scope(() => {
      const net = new Net(small, backend);
      expect(set(stateOf(net, 2))).toThrow(
        "stream.state: hidden must be [layers=2, batch=1, hidden=9], got [2, 2, 9]",
      );
      const wide = new Net({ ...small, hidden: 8 }, backend);
      expect(set(stateOf(wide, 1))).toThrow("hidden must be [layers=2, batch=1, hidden=9], got [2, 1, 8]");
      const gru = new Net({ ...small, cell: "gru" }, backend);
      expect(set({ ...stateOf(gru, 1) })).toThrow("stream.state: cell must be [18], got [0]");
    }, backend);
    for (const state of [undefined, null, 7, "zero"])
      expect(set(state)).toThrow("stream.state must be a state");
    for (const part of [null, 7, {}, { weight: [1] }, { weight: head!.weight, bias: 1 }]) {
      expect(() => rnn.stream({ head: part as unknown as Linear })).toThrow(
        "stream: head must be a Linear or",
      );
      expect(() => rnn.streamIds({ embedding: part as unknown as Embedding })).toThrow(
        "stream: embedding must be an Embedding or",
      );
    }
    const integers = tensor(new Int32Array(21), [7, 3], "i32", backend);
    expect(() => rnn.streamIds({ embedding: integers })).toThrow(
      "stream: embedding: weight must be of floats (dtype f32), got dtype i32",
    );
    const bits = tensor(new Int32Array(4), [4], "i32", backend);
    expect(() => rnn.stream({ head: { weight: head!.weight, bias: bits } })).toThrow(
      "stream: head: bias must be of floats",
    );
    const hidden = tensor(new Int32Array(18), [2, 9], "i32", backend);
    expect(set({ hidden })).toThrow("stream.state: hidden must be of floats (dtype f32), got dtype i32");
    expect(set({ hidden: Object.create(Object.getPrototypeOf(hidden)) })).toThrow(
      "stream.state: hidden must be an array or a typed array",
    );
    const bias = tensor([1, 2], [2], "f32", backend);
    expect(() => rnn.stream({ head: { weight: head!.weight, bias } })).toThrow(
      "stream: head bias must be [outputs=4], got [2]",
    );
  });

  it("keeps the weights that it was made with", () => {
    const net = new Net(small, backend);
    const stream = net.stream("f32") as Stepper<number[]>;
    const before = stream.step(values[0]).slice();
    net.rnn.weight_hh_l0.write(new Float32Array(net.rnn.weight_hh_l0.size));
    stream.reset();
    expect(stream.step(values[0])).toEqual(before);
  });

  it.each(["f32", "bf16", "int8"] as const)("20000 steps in %s leave the heap as it was", (weights) => {
    const net = new Net({ ...small, layers: 1, hidden: 4 }, backend);
    const heap = heapOf(backend);
    const idle = heap.usedBytes;
    const stream = net.stream(weights) as Stepper<number[]>;
    const open = heap.usedBytes;
    const answer = stream.step(values[0]);
    for (let i = 0; i < 20_000; i++) expect(stream.step(values[i % STEPS]) === answer).toBe(true);
    expect(heap.usedBytes).toBe(open);
    stream.dispose();
    expect(heap.usedBytes).toBe(idle);
    expect(() => stream.step(values[0])).toThrow("this stream has been disposed of");
    stream.dispose();
    expect(heap.usedBytes).toBe(idle);
  });

  it("rows of zeros are zeros in every format, and a row's scale is its own", () => {
    const net = new Net({ ...small, cell: "rnn tanh", layers: 1, input: "ids", outputs: 2 }, backend);
    const { weight, bias } = net.head!;
    const huge = Array.from({ length: 9 }, (_, k) => (k === 0 ? 2 ** 40 : 0));
    weight.write([...huge, ...new Array<number>(9).fill(0)]);
    bias!.write([0, 0.5]);
    for (const weights of ["f32", "bf16", "int8"] as const) {
      const [first, second] = (net.stream(weights) as Stepper<number>).step(symbols[0]);
      expect(Math.abs(first)).toBeGreaterThan(2 ** 30);
      expect(second).toBe(0.5);
    }
  });

  it("says which weight is not finite", () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const net = new Net(small, backend);
      net.rnn.weight_hh_l1.write(new Float32Array(net.rnn.weight_hh_l1.size).fill(bad));
      expect(() => net.stream("f32")).toThrow(`stream: weightHh of layer 1 must be finite, but holds ${bad}`);
    }
  });

  it("an input that is not a number makes answers that are none, in every format", () => {
    for (const weights of ["f32", "bf16", "int8"] as const) {
      const stream = new Net(small, backend).stream(weights) as Stepper<number[]>;
      expect(stream.step([0, Number.NaN, 0]).every(Number.isNaN)).toBe(true);
    }
  });

  it("refuses what it cannot read, by name", () => {
    const reads = new Net(small, backend).stream("f32") as Stepper<unknown>;
    expect(() => reads.step(1)).toThrow("stream.step: input must be [3], got an id");
    expect(() => reads.step([1, 2])).toThrow("stream.step: input must be [3], got [2]");
    expect(() => reads.step(undefined)).toThrow("stream.step: input must be [3], got undefined");
    expect(() => reads.step(null)).toThrow("stream.step: input must be [3], got null");
    const counts = new Net({ ...small, input: "ids" }, backend).stream("f32") as Stepper<unknown>;
    for (const id of [-1, SYMBOLS, 0.5, Number.NaN]) {
      expect(() => counts.step(id)).toThrow(`stream.step: ids must be integers from 0 to 6, got ${id}`);
    }
    expect(() => counts.step([1])).toThrow("stream.step: input must be an id, got [1]");
    expect(() => counts.step(undefined)).toThrow("stream.step: input must be an id, got undefined");
    const stream = new Net(small, backend).stream("f32");
    expect(() => {
      stream.state = { hidden: new Float32Array(3), cell: new Float32Array(18) };
    }).toThrow("stream.state: hidden must be [18], got [3]");
    expect(() => {
      stream.state = { hidden: new Float32Array(18) };
    }).toThrow("stream.state: cell must be [18], got [0]");
    const net = new Net(small, backend);
    expect(() => net.stream("int4" as WeightFormat)).toThrow(
      'stream: weights must be "f32", "bf16" or "int8", got "int4"',
    );
    const other = new Linear(5, 2, { rng: new Rng(1), backend });
    expect(() => net.rnn.stream({ head: other })).toThrow(
      "stream: head must be [outputs, state=9], got [2, 5]",
    );
    const both = new LSTM(2, 3, { rng: new Rng(1), bidirectional: true, backend });
    expect(() => both.stream()).toThrow("a bidirectional layer reads a sequence from its end, too");
  });
});

describe.each(backends)("a language model on $name", ({ backend, tolerance }) => {
  const config = { vocabulary: 5, hidden: 6, embedding: 6 };
  const rng = new Rng(1);
  const symbols = [3, 0, 4, 4, 1];
  const logitsOf = (model: LanguageModel) =>
    scope(() => {
      const { logits } = model.forward(ids(symbols, [1, symbols.length]));
      return backend.memory.readSync!(logits.address, logits.size);
    }, backend);
  const answers = (stream: Stepper<number>) => symbols.flatMap((id) => [...stream.step(id)]);

  it("streams what forward says, with a cell of one's own too, and forgets after a reset", () => {
    const createCell = (inputs: number, hidden: number) =>
      new LayerNormLSTMCell(inputs, hidden, { rng, backend });
    for (const cell of ["lstm", "gru", "rnn", "own"] as const) {
      const model = new LanguageModel({ ...config, cell, layers: 2 }, { rng, backend, createCell });
      const stream = model.stream();
      const first = answers(stream);
      expect(firstDifference(first, logitsOf(model), tolerance), cell).toBeUndefined();
      stream.reset();
      expect(answers(stream)).toEqual(first);
      stream.dispose();
    }
  });

  it("refuses rounded weights for a cell of one's own", () => {
    const createCell = (inputs: number, hidden: number) =>
      new LayerNormLSTMCell(inputs, hidden, { rng, backend });
    const model = new LanguageModel({ ...config, cell: "own" }, { rng, backend, createCell });
    expect(() => model.stream({ weights: "int8" })).toThrow(
      "weights in int8 need a built-in cell, and this is one of your own",
    );
  });
});
