/** What a model that feeds its output back does: the same weights and tensors in every step of a tape. */
import { describe, expect, it } from "vitest";
import { checkGradients } from "../../src/autograd/gradcheck.ts";
import { parameter } from "../../src/autograd/parameter.ts";
import { backward, Tape, withTape } from "../../src/autograd/tape.ts";
import type { Backend } from "../../src/backend/backend.ts";
import { heapOf } from "../../src/backend/heap.ts";
import { createReferenceBackend } from "../../src/backend/reference/reference.ts";
import { Frames, scope } from "../../src/backend/scope.ts";
import { ids, type Tensor, tensor } from "../../src/backend/tensor.ts";
import type { Shape } from "../../src/core/shape.ts";
import {
  add,
  concat,
  embedding,
  GRU,
  LSTM,
  LSTMCell,
  linear,
  mul,
  noGradient,
  parameters as parametersOf,
  RNN,
  Rng,
  reshape,
  slice,
  stack,
  sum,
  tanh,
  unstack,
} from "../../src/nn/index.ts";
import { backends, firstDifference } from "../support/backends.ts";
import { normal } from "./conformance/case.ts";

type Leaves = Record<string, Tensor>;

/** Values that every backend holds exactly. */
const shapes: Record<string, Shape> = { x: [3, 4], weight: [4, 4], bias: [4], table: [5, 4] };

function leavesOf(make: (values: Float32Array, shape: Shape) => Tensor): Leaves {
  const leaves = Object.entries(shapes).map(([name, shape]) => {
    const leaf = make(normal(...shape).values, shape);
    leaf.needsGradient = true;
    return [name, leaf] as const;
  });
  return Object.fromEntries(leaves);
}

/** Parameters, whose gradients wait for all calls, and plain tensors, whose gradients do not. */
const parameters = (backend: Backend) => leavesOf((values, shape) => parameter(values, shape, backend));
const plain = (backend: Backend) => leavesOf((values, shape) => tensor(values, shape, "f32", backend));

async function differentiate(backend: Backend, leaves: Leaves, loss: (leaves: Leaves) => Tensor) {
  const reads = scope(() => {
    const tape = new Tape();
    const value = withTape(tape, () => loss(leaves));
    const gradientOf = backward(tape, value);
    return {
      loss: value.read(),
      ...Object.fromEntries(Object.entries(leaves).map(([name, leaf]) => [name, gradientOf(leaf)?.read()])),
    };
  }, backend);
  const values: Record<string, ArrayLike<number>> = {};
  for (const [name, read] of Object.entries(reads)) values[name] = (await read) ?? [];
  return values;
}

const weigh = (y: Tensor) =>
  sum(
    mul(
      y,
      tensor(
        Float32Array.from({ length: y.size }, (_, i) => ((i * 5) % 7) - 2.5),
        y.shape,
      ),
    ),
  );

const word = (...values: number[]) => ids(values);

const loops: [string, (leaves: Leaves) => Tensor][] = [
  [
    "a linear layer that feeds its output back",
    ({ x, weight, bias }) => {
      let h = x;
      for (let t = 0; t < 5; t++) h = tanh(linear(h, weight, bias));
      return weigh(h);
    },
  ],
  [
    "inputs of other shapes, and two biases",
    ({ x, weight, bias, table }) => {
      const y = [
        linear(x, weight),
        linear(reshape(x, [1, 3, 4]), weight, bias),
        linear(slice(x, 0, 1, 2), weight),
      ];
      return add(
        weigh(
          concat(
            y.map((one) => reshape(one, [-1, 4])),
            0,
          ),
        ),
        weigh(linear(table, weight, bias)),
      );
    },
  ],
  [
    "calls that the loss does not reach, the first among them",
    ({ x, weight, bias }) => {
      const calls = [0, 1, 2, 3].map((t) => linear(mul(x, t + 1), weight, bias));
      return add(weigh(calls[1]), weigh(calls[2]));
    },
  ],
  [
    "calls without a tape, and in scopes of their own",
    ({ x, weight, bias, table }) => {
      scope(() => void linear(x, weight, bias));
      scope(() => void embedding(word(1), table));
      const before = noGradient(() => linear(x, weight, bias));
      const first = linear(before, weight, bias);
      scope(() => void linear(first, weight, bias));
      const looked = embedding(word(4, 0, 4), table);
      return weigh(linear(add(first, looked), weight, bias));
    },
  ],
  [
    "weights that get gradients from elsewhere, too",
    ({ x, weight, bias }) => {
      const penalty = weigh(mul(weight, weight));
      const y = linear(linear(x, weight, bias), weight, bias);
      return add(add(weigh(y), penalty), weigh(add(bias, bias)));
    },
  ],
  [
    "one matrix as embedding and output layer",
    ({ x, table, weight }) => {
      let [h, loss] = [x, weigh(x)];
      for (let t = 0; t < 3; t++) {
        h = tanh(add(linear(h, weight), embedding(word(t, 4, t + 1), table)));
        loss = add(loss, weigh(linear(h, table)));
      }
      return loss;
    },
  ],
  [
    "an embedding with a padding id in some calls",
    ({ table }) => {
      const all = [embedding(word(1, 2), table), embedding(word(2, 0), table, { paddingIdx: 0 })];
      return weigh(concat([...all, embedding(word(0, 2), table, { paddingIdx: 0 })], 0));
    },
  ],
];

describe.each(backends)("on $name", ({ backend, tolerance }) => {
  it.each(loops)("%s: gradients that wait equal those that do not", async (_name, loss) => {
    const [got, expected] = [
      await differentiate(backend, parameters(backend), loss),
      await differentiate(backend, plain(backend), loss),
    ];
    for (const [name, values] of Object.entries(expected)) {
      expect(firstDifference(got[name], values, tolerance), name).toBeUndefined();
    }
  });

  it("of a single call they have the same bits", async () => {
    const loss = ({ x, weight, bias, table }: Leaves) =>
      weigh(add(linear(x, weight, bias), embedding(word(3, 1, 3), table, { paddingIdx: 1 })));
    const [got, expected] = [
      await differentiate(backend, parameters(backend), loss),
      await differentiate(backend, plain(backend), loss),
    ];
    expect(got).toEqual(expected);
  });
});

type Layer = LSTM | GRU | RNN;

const layers: [string, (rng: Rng, backend: Backend) => Layer][] = [
  ["an LSTM", (rng, backend) => new LSTM(3, 4, { rng, backend })],
  ["an LSTM with a projection", (rng, backend) => new LSTM(3, 4, { rng, backend, projSize: 2 })],
  ["a GRU", (rng, backend) => new GRU(3, 4, { rng, backend })],
  ["a GRU that resets before", (rng, backend) => new GRU(3, 4, { rng, backend, resetGate: "before" })],
  ["an RNN without biases", (rng, backend) => new RNN(3, 4, { rng, backend, bias: false })],
];

describe.each(backends)("on $name", ({ backend, tolerance }) => {
  it.each(layers)(
    "%s called several times with one binding has the gradients of as many bindings",
    async (_, make) => {
      const layer = make(new Rng(2), backend);
      const x = tensor(normal(2, 5, 3).values, [2, 5, 3], "f32", backend);
      x.needsGradient = true;
      const loss = (bind: () => ReturnType<Layer["bind"]>) => () => {
        const first = layer.forward(x, { bound: bind() });
        const second = layer.forward(slice(x, 1, 0, 2), { bound: bind(), state: first.state });
        const third = layer.forward(x, { bound: bind(), lengths: [3, 5], state: second.state });
        return add(add(weigh(first.output), weigh(second.output)), weigh(third.output));
      };
      const leaves = {
        x,
        ...Object.fromEntries(parametersOf(layer).map(({ name, tensor }) => [name, tensor])),
      };
      let bound: ReturnType<Layer["bind"]> | undefined;
      const once = () => (bound ??= layer.bind());
      const [got, expected] = [
        await differentiate(backend, leaves, loss(once)),
        await differentiate(
          backend,
          leaves,
          loss(() => layer.bind()),
        ),
      ];
      for (const [name, values] of Object.entries(expected)) {
        expect(firstDifference(got[name], values, tolerance), name).toBeUndefined();
      }
    },
  );
});

const reference = createReferenceBackend();

/** Constants to the tape, but not to differences. */
const CUT_OFF = [
  "calls without a tape, and in scopes of their own",
  "an embedding with a padding id in some calls",
];

describe("on the reference", () => {
  it.each(loops.filter(([name]) => !CUT_OFF.includes(name)))(
    "%s: gradients equal central differences",
    async (_name, loss) => {
      const leaves = parameters(reference);
      for (const { name, error } of await checkGradients(() => loss(leaves), leaves)) {
        expect(error, name).toBeLessThanOrEqual(1e-6);
      }
    },
  );

  const shared: [string, (x: Tensor) => Tensor][] = [
    ["a tensor added to itself, twice", (x) => weigh(add(add(x, x), mul(add(x, x), x)))],
    [
      "one gradient that goes to several tensors, which get others, too",
      (x) => {
        const [a, b] = [tanh(x), mul(x, 2)];
        const both = add(a, b);
        return add(add(weigh(both), weigh(mul(a, a))), add(weigh(tanh(a)), add(weigh(b), weigh(mul(b, x)))));
      },
    ],
    [
      "views of one gradient",
      (x) => {
        const rows = unstack(tanh(x));
        const again = stack([rows[0], rows[2], rows[0]]);
        return add(weigh(again), add(weigh(mul(rows[0], rows[1])), weigh(reshape(x, [12]))));
      },
    ],
  ];

  it.each(shared)("%s: gradients equal central differences", async (_name, loss) => {
    const { x } = plain(reference);
    const [{ error }] = await checkGradients(() => loss(x), { x });
    expect(error).toBeLessThanOrEqual(1e-6);
  });

  it("steps on two tapes in turn each get their own gradients", async () => {
    const { x, weight, bias } = parameters(reference);
    const loss = (h: Tensor) => weigh(linear(h, weight, bias));
    const pending = scope(() => {
      const tapes = [new Tape(), new Tape()];
      const halves = [0, 1, 2, 3].map((t) => withTape(tapes[t % 2], () => loss(mul(x, t + 1))));
      const sums = tapes.map((tape, i) => withTape(tape, () => add(halves[i], halves[i + 2])));
      return sums.map((total, i) => backward(tapes[i], total)(weight)!.read());
    }, reference);
    const whole = await differentiate(reference, { x, weight, bias }, () =>
      [1, 2, 3, 4].map((t) => loss(mul(x, t))).reduce((a, b) => add(a, b)),
    );
    const [even, odd] = await Promise.all(pending);
    const total = Array.from(even, (value, i) => value + odd[i]);
    expect(firstDifference(total, whole.weight, { absolute: 1e-9, relative: 0 })).toBeUndefined();
  });

  it("a cell whose first step of a tape is in a scope of its own", async () => {
    const cell = new LSTMCell(4, 4, { rng: new Rng(3), backend: reference });
    const { x } = plain(reference);
    const steps = () => {
      const { output, state } = cell.step(x, {} as never);
      return weigh(cell.step(output, state).output);
    };
    const inScope = () => {
      scope(() => void cell.step(x, {} as never));
      return steps();
    };
    const leaves = { x, weight_ih: cell.weight_ih, weight_hh: cell.weight_hh };
    expect(await differentiate(reference, leaves, inScope)).toEqual(
      await differentiate(reference, leaves, steps),
    );
  });
});

describe("memory of a loop", () => {
  const { backend } = backends.find(({ name }) => name !== "reference") ?? { backend: reference };
  const SIZE = 2 ** 16;

  /** Bytes of the heap that differentiating takes, without what the first growth of an arena leaves unused. */
  async function bytesOf(steps: number, loss: (x: Tensor, steps: number) => Tensor, shape: Shape) {
    const frames = new Frames(backend);
    const before = heapOf(backend).usedBytes;
    const x = tensor(new Float32Array(shape.reduce((a, b) => a * b, 1)), shape, "f32", backend);
    x.needsGradient = true;
    const run = () =>
      frames.run(() => {
        const tape = new Tape();
        backward(
          tape,
          withTape(tape, () => loss(x, steps)),
        );
      });
    run();
    run();
    const bytes = heapOf(backend).usedBytes - before;
    frames.dispose();
    x.dispose();
    return bytes;
  }

  it("a tensor that is used in every step has one gradient, whatever the number of steps", async () => {
    const loss = (x: Tensor, steps: number) => {
      let total = sum(x);
      for (let t = 1; t < steps; t++) total = add(total, sum(x));
      return total;
    };
    const [few, many] = [await bytesOf(2, loss, [SIZE]), await bytesOf(64, loss, [SIZE])];
    // 62 more gradients would be 16 MB; scalars take a cache line each.
    expect(many - few).toBeLessThan(62 * 1024);
  });

  it.each([0, 1])(
    "a sequence taken apart along axis %d takes the memory of a few sequences",
    async (axis) => {
      const shape = (steps: number) => (axis === 0 ? [steps, 4, 1024] : [4, steps, 1024]);
      const loss = (x: Tensor) => {
        const steps = unstack(x, axis);
        return steps.map((step) => sum(mul(step, step))).reduce((a, b) => add(a, b));
      };
      const [few, many] = [await bytesOf(16, loss, shape(16)), await bytesOf(64, loss, shape(64))];
      expect(many).toBeLessThan(4.5 * few);
    },
  );
});
