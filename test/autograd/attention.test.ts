/** Fused attention: the same as the form made of general ops, whatever padding holds, in one call or step by step. */
import { describe, expect, test } from "vitest";
import {
  composedAdditiveAttention,
  composedDotAttention,
} from "../../bench/reproduce/_composed-attention.ts";
import { backward, Tape, withTape } from "../../src/autograd/tape.ts";
import { type Backend, heapOf } from "../../src/backend/index.ts";
import { createReferenceBackend } from "../../src/backend/reference/reference.ts";
import {
  AdditiveAttention,
  type Attention,
  add,
  additiveAttention,
  bindAdditiveMemory,
  bindDotMemory,
  DotAttention,
  dotAttention,
  gatherRows,
  ids,
  mul,
  parameters,
  Rng,
  reshape,
  scope,
  select,
  slice,
  stack,
  sum,
  swapAxes,
  type Tensor,
  tensor,
  zeros,
} from "../../src/nn/index.ts";
import { backends, firstDifference } from "../support/backends.ts";

const [B, T, S, A, H] = [3, 4, 5, 6, 7];
const LENGTHS = [3, 5, 1];

type Leaves = Record<"query" | "keys" | "values" | "v", Tensor>;
type Form = (leaves: Leaves) => Attention;

function leavesOn(backend: Backend, padding?: number): Leaves {
  const rng = new Rng(5);
  const leaf = (...shape: number[]) => {
    const size = shape.reduce((a, b) => a * b);
    const inner = size / (shape[0] * (shape[1] ?? 1));
    const numbers = Array.from({ length: size }, (_, i) => {
      const [value, place] = [Math.fround(rng.normal()), Math.floor(i / inner)];
      const isPadding = shape[1] === S && place % S >= LENGTHS[Math.floor(place / S)];
      return isPadding && padding !== undefined ? padding : value;
    });
    const made = tensor(numbers, shape, "f32", backend);
    made.needsGradient = true;
    return made;
  };
  return { query: leaf(B, T, A), keys: leaf(B, S, A), values: leaf(B, S, H), v: leaf(A) };
}

const lengths = () => ids(LENGTHS);
const counts = () =>
  ids(
    Array.from({ length: B * S }, (_, i) => Number(i % S < LENGTHS[Math.floor(i / S)])),
    [B, 1, S],
  );

/** Context, weights and the gradients of all leaves, for a loss in which every element has a weight of its own. */
async function evaluate(backend: Backend, form: Form, padding?: number) {
  const leaves = leavesOn(backend, padding);
  const reads = scope(() => {
    const tape = new Tape();
    const weigh = (y: Tensor) =>
      sum(
        mul(
          y,
          tensor(
            Array.from({ length: y.size }, (_, i) => Math.sin(i + 1)),
            y.shape,
          ),
        ),
      );
    const { context, weights, loss } = withTape(tape, () => {
      const found = form(leaves);
      return { ...found, loss: add(weigh(found.context), weigh(found.weights)) };
    });
    const gradientOf = backward(tape, loss);
    const gradients = Object.entries(leaves).map(([name, leaf]) => [name, gradientOf(leaf)?.read()] as const);
    return [["context", context.read()] as const, ["weights", weights.read()] as const, ...gradients];
  }, backend);
  return Promise.all(reads.map(async ([name, read]) => [name, await read] as const));
}

const forms: Record<string, { fused: Form; composed: Form; steps: Form }> = {
  additive: {
    fused: ({ query, keys, values, v }) => additiveAttention(query, keys, values, v, { lengths: lengths() }),
    composed: ({ query, keys, values, v }) => composedAdditiveAttention(query, keys, values, v, counts()),
    steps: ({ query, keys, values, v }) =>
      stepByStep(query, bindAdditiveMemory(keys, values, v, { lengths: lengths() })),
  },
  dot: {
    fused: ({ query, keys, values }) => dotAttention(query, keys, values, { lengths: lengths(), scale: 0.4 }),
    composed: ({ query, keys, values }) => composedDotAttention(query, keys, values, 0.4, counts()),
    steps: ({ query, keys, values }) =>
      stepByStep(query, bindDotMemory(keys, values, { lengths: lengths(), scale: 0.4 })),
  },
};

function stepByStep(query: Tensor, memory: { attend(query: Tensor): Attention }): Attention {
  const all = Array.from({ length: T }, (_, t) => memory.attend(select(swapAxes(query), t)));
  return {
    context: stack(
      all.map(({ context }) => context),
      1,
    ),
    weights: stack(
      all.map(({ weights }) => weights),
      1,
    ),
  };
}

describe.each(backends)("attention on $name", ({ backend, tolerance }) => {
  test.each(Object.entries(forms))(
    "%s gives the values and gradients of the composed form",
    async (_, form) => {
      const expected = await evaluate(createReferenceBackend(), form.composed);
      for (const way of [form.fused, form.steps]) {
        const got = await evaluate(backend, way);
        for (const [index, [name, values]] of got.entries())
          expect(firstDifference(values ?? [], expected[index][1] ?? [], tolerance), name).toBeUndefined();
      }
    },
  );

  test("over zero values the context is zero, whatever the weights are", async () => {
    for (const { fused } of Object.values(forms)) {
      const leaves = leavesOn(backend);
      leaves.values.write(new Float32Array(leaves.values.size));
      const [context, weights] = await scope(() => {
        const found = fused(leaves);
        return Promise.all([found.context.read(), found.weights.read()]);
      }, backend);
      expect(Array.from(context)).toEqual(new Array(B * T * H).fill(0));
      expect(new Set(weights).size).toBeGreaterThan(B * T);
    }
  });

  test("weights that are one-hot return that row of the values, to the bit", async () => {
    // The score of one place is so far above the others that their weights are 0.
    const chosen = [[2], [4], [0]];
    const keys = chosen.flatMap(([place]) =>
      Array.from({ length: S * A }, (_, i) => (Math.floor(i / A) === place ? 900 : -900)),
    );
    const { values, v } = leavesOn(backend);
    const ofValues = await values.read();
    const expected = chosen.flatMap(([place], b) => [
      ...ofValues.slice((b * S + place) * H, (b * S + place + 1) * H),
    ]);
    v.write(new Float32Array(A).fill(200));
    const reads = scope(() => {
      const query = tensor(new Float32Array(B * A).fill(1), [B, A]);
      const made = tensor(keys, [B, S, A]);
      const found = [additiveAttention(query, made, values, v), dotAttention(query, made, values)];
      return found.flatMap(({ context, weights }) => [context.read(), weights.read()]);
    }, backend);
    const oneHot = chosen.flatMap(([place]) => Array.from({ length: S }, (_, s) => Number(s === place)));
    for (const [index, read] of reads.entries()) {
      expect(Array.from(await read)).toEqual(index % 2 === 0 ? expected : oneHot);
    }
  });

  test.each(["additive", "dot"])(
    "%s attends the first sequences only, with gradients for those",
    async (name) => {
      const count = 2;
      const bind = ({ keys, values, v }: Leaves) =>
        name === "dot"
          ? bindDotMemory(keys, values, { lengths: lengths() })
          : bindAdditiveMemory(keys, values, v, { lengths: lengths() });
      const rowsOf = (x: Tensor, n: number) => slice(x, 0, 0, n);
      const few = await evaluate(backend, (leaves) =>
        bind(leaves).attendFirst(rowsOf(leaves.query, count), count),
      );
      const all = await evaluate(backend, (leaves) => {
        const { context, weights } = bind(leaves).attend(leaves.query);
        return { context: rowsOf(context, count), weights: rowsOf(weights, count) };
      });
      for (const [index, [what, values]] of few.entries()) {
        expect(firstDifference(values ?? [], all[index][1] ?? [], tolerance), what).toBeUndefined();
      }
      expect(() => scope(() => bind(leavesOn(backend)).attendFirst(zeros([4, A]), 4), backend)).toThrow(
        `Attention: count must be an integer from 1 to ${B}, got 4`,
      );
    },
  );

  test.each(["additive", "dot"])("%s rows attend the sequences that they name, to the bit", async (name) => {
    const { query, keys, values, v } = leavesOn(backend);
    const read = async (work: (memory: ReturnType<typeof bindDotMemory>, q: Tensor) => Attention) => {
      const found = scope(() => {
        const options = { lengths: lengths() };
        const memory =
          name === "dot"
            ? bindDotMemory(keys, values, options)
            : bindAdditiveMemory(keys, values, v, options);
        const { context, weights } = work(memory, reshape(query, [B * T, A]));
        return Promise.all([context.read(), weights.read()]);
      }, backend);
      return found;
    };
    // Row r of the query belongs to sequence r / T.
    const [contexts, weights] = await read((memory, q) => {
      const found = memory.attend(reshape(q, [B, T, A]));
      return { context: reshape(found.context, [B * T, H]), weights: reshape(found.weights, [B * T, S]) };
    });
    for (const rows of [[0], [0, 4, 8], [0, 1, 4, 5, 8, 9], [8, 0, 1, 2, 5, 4], [3, 7, 11, 2], [9, 10, 0]]) {
      const [own, ownWeights] = await read((memory, q) =>
        memory.attendRows(
          gatherRows(q, ids(rows)),
          rows.map((row) => Math.floor(row / T)),
        ),
      );
      const expected = (all: ArrayLike<number>, width: number) =>
        rows.flatMap((row) => Array.from(all).slice(row * width, (row + 1) * width));
      expect(Array.from(own)).toEqual(expected(contexts, H));
      expect(Array.from(ownWeights)).toEqual(expected(weights, S));
    }
    const call = (rows: number[], isTape = false) =>
      scope(() => {
        const work = () => bindDotMemory(keys, values).attendRows(tensor(new Float32Array(A), [1, A]), rows);
        return isTape ? withTape(new Tape(), work) : work();
      }, backend);
    expect(() => call([B])).toThrow(`sequences must be a list of integers from 0 to ${B - 1}`);
    expect(() => call([0, 1])).toThrow("query must be [rows=2");
    expect(() => call([0], true)).toThrow("attendRows has no gradient");
  });

  test.each(Object.entries(forms))("%s never reads padding", async (_, { fused }) => {
    const [plain, nan] = [await evaluate(backend, fused), await evaluate(backend, fused, Number.NaN)];
    expect(nan).toEqual(plain);
    const dKeys = Object.fromEntries(nan).keys!;
    expect([...dKeys.slice(LENGTHS[0] * A, S * A)]).toEqual(new Array((S - LENGTHS[0]) * A).fill(0));
  });

  test("the modules' projections are trained, and padding does not reach them", async () => {
    for (const Module of [AdditiveAttention, DotAttention]) {
      const module = new Module(6, 7, 4, { rng: new Rng(3), bias: true, backend });
      const gradients = async (padding?: number) => {
        const { query, values } = leavesOn(backend, padding);
        return Promise.all(
          scope(() => {
            const tape = new Tape();
            const loss = withTape(tape, () => {
              const { context } = module.forward(query, values, { lengths: lengths() });
              return sum(mul(context, context));
            });
            const gradientOf = backward(tape, loss);
            return parameters(module).map(({ tensor }) => gradientOf(tensor)!.read());
          }, backend),
        );
      };
      const [plain, nan] = [await gradients(), await gradients(Number.NaN)];
      expect(nan).toEqual(plain);
      expect(plain.filter((gradient) => gradient.some((x) => x !== 0)).length).toBeGreaterThanOrEqual(3);
    }
  });
});

test("a module has the parameters of its projections, and a bound memory gives what the memory does", async () => {
  const module = new AdditiveAttention(6, 7, 4, { rng: new Rng(3) });
  expect(parameters(module).map(({ name }) => name)).toEqual(["query.weight", "keys.weight", "v"]);
  const rng = new Rng(1);
  const numbers = (n: number) => Array.from({ length: n }, () => rng.normal());
  const [query, memory] = [tensor(numbers(3 * 6), [3, 6]), tensor(numbers(3 * 5 * 7), [3, 5, 7])];
  const [whole, bound] = scope(() => {
    const options = { lengths: lengths() };
    const found = [
      module.forward(query, memory, options),
      module.forward(query, module.bind(memory, options)),
    ];
    return found.map(({ context }) => context.read());
  });
  expect(await bound).toEqual(await whole);
});

test.each([
  [
    () =>
      additiveAttention(tensor([1], [1, 1]), tensor([1], [1, 1, 1]), tensor([1], [1, 1, 1]), tensor([1, 2])),
    "additiveAttention: v must be [units=1], got [2]",
  ],
  [
    () => dotAttention(tensor([1, 2], [1, 2]), tensor([1], [1, 1, 1]), tensor([1], [1, 1, 1])),
    "dotAttention: query must be [batch=1, units=1], got [1, 2]",
  ],
  [
    () => dotAttention(tensor([1], [1, 1]), tensor([], [1, 0, 1]), tensor([], [1, 0, 1])),
    "dotAttention: keys must be one place or more, got [1, 0, 1]",
  ],
  [
    () =>
      dotAttention(tensor([1], [1, 1]), tensor([1], [1, 1, 1]), tensor([1], [1, 1, 1]), {
        lengths: ids([2]),
      }),
    "dotAttention: lengths must be integers from 1 to 1, got 2 at position 0",
  ],
])("attention refuses what does not fit", (call, message) => {
  expect(() => scope(call)).toThrow(message);
});

test("additive attention of B=80 S=30 T=30 A=256 takes less than 100 MiB above its inputs", async () => {
  const { backend } = backends.find(({ name }) => name.startsWith("wasm")) ?? backends[0];
  const shapes = [[80, 30, 256], [80, 30, 256], [80, 30, 256], [256]];
  const [query, keys, values, v] = shapes.map((shape) => {
    const made = tensor(new Float32Array(shape.reduce((a, b) => a * b)).fill(0.1), shape, "f32", backend);
    made.needsGradient = true;
    return made;
  });
  const heap = heapOf(backend);
  const before = heap.usedBytes;
  heap.restartPeak();
  scope(() => {
    const tape = new Tape();
    const loss = withTape(tape, () => sum(additiveAttention(query, keys, values, v).context));
    backward(tape, loss);
  }, backend);
  expect((heap.peakBytes - before) / 2 ** 20).toBeLessThan(100);
});
