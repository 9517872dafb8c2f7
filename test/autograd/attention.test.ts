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
  ids,
  mul,
  parameters,
  Rng,
  scope,
  select,
  stack,
  sum,
  swapAxes,
  type Tensor,
  tensor,
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
