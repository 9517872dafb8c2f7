import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { scope } from "../../src/backend/scope.ts";
import { type Shape, sizeOf } from "../../src/core/shape.ts";
import {
  add,
  broadcastTo,
  concat,
  matmul,
  max,
  mean,
  mul,
  pad,
  permute,
  reverse,
  softmax,
  split,
  sub,
  sum,
  type Tensor,
  tensor,
  where,
} from "../../src/nn/index.ts";
import { backends, firstDifference } from "../support/backends.ts";
import { evaluate, normal, use } from "./conformance/case.ts";

/** A dense tensor in plain JavaScript, looked up by index. */
interface Plain {
  readonly shape: Shape;
  readonly at: (index: readonly number[]) => number;
}

function indices(shape: Shape): number[][] {
  return shape.reduce<number[][]>(
    (all, size) => all.flatMap((index) => Array.from({ length: size }, (_, i) => [...index, i])),
    [[]],
  );
}

function plain(shape: Shape, values: ArrayLike<number>): Plain {
  const at = (index: readonly number[]) => values[index.reduce((sum, i, axis) => sum * shape[axis] + i, 0)];
  return { shape, at };
}

/** Look up an index of a larger shape by NumPy's rules. */
const spread =
  ({ shape, at }: Plain) =>
  (index: readonly number[]) =>
    at(shape.map((size, axis) => (size === 1 ? 0 : index[axis + index.length - shape.length])));

const size = fc.integer({ min: 1, max: 4 });
const shapes = (maxRank: number) => fc.array(size, { maxLength: maxRank });

/** A shape and a second one that broadcasts with it: axes of 1 on either side, fewer axes on one. */
const broadcastPair = fc
  .tuple(shapes(6), fc.infiniteStream(fc.nat(2)), fc.nat(3), fc.boolean())
  .map(([shape, choices, dropped, turned]) => {
    const kinds = shape.map(() => choices.next().value as number);
    const a = shape.map((n, axis) => (kinds[axis] === 1 ? 1 : n));
    const b = shape.map((n, axis) => (kinds[axis] === 2 ? 1 : n)).slice(Math.min(dropped, shape.length));
    const full = shape.map((n, axis) => {
      const repeated = kinds[axis] === 2 || axis < shape.length - b.length;
      return kinds[axis] === 1 && repeated ? 1 : n;
    });
    return turned ? { a: b, b: a, full } : { a, b, full };
  });

const withAxes = shapes(5).chain((shape) =>
  fc.tuple(fc.constant(shape), fc.subarray([...shape.keys()]), fc.boolean()),
);

/** Tensors in, numbers and a shape out. */
async function compute(backend: (typeof backends)[number]["backend"], work: () => Tensor) {
  const { shape, values } = scope(() => {
    const y = work();
    return { shape: y.shape, values: y.read() };
  }, backend);
  return { shape, values: await values };
}

const RUNS = { numRuns: 60 };

/** Terms of size 1 that a float32 sum may have before its partial sums, and so its roundings, outgrow the tolerance. */
const SUMMED_TERMS = 32;

describe.each(backends)("on $name, for any shapes,", ({ backend, tolerance }) => {
  const same = (got: ArrayLike<number>, expected: ArrayLike<number>, terms = 1) => {
    const absolute = tolerance.absolute * Math.max(1, terms / SUMMED_TERMS);
    expect(firstDifference(got, expected, { ...tolerance, absolute })).toBeUndefined();
  };

  it("elementwise ops broadcast as NumPy does, and the gradient sums what was repeated", async () => {
    await fc.assert(
      fc.asyncProperty(broadcastPair, async ({ a, b, full }) => {
        const inputs = { a: normal(...a), b: normal(...b) };
        const [pa, pb] = [plain(a, inputs.a.values), plain(b, inputs.b.values)].map(spread);
        const outcome = await evaluate(
          use("mul", "", inputs, (t) => mul(t.a, t.b)),
          backend,
        );
        expect(outcome.shapes).toEqual([full]);
        const all = indices(full);
        same(
          outcome.values[0],
          all.map((index) => pa(index) * pb(index)),
        );
        // d(a) at an element is the sum over all places where it was read.
        const expected = new Float64Array(sizeOf(a));
        const place = spread(plain(a, [...expected.keys()]));
        for (const [i, index] of all.entries()) expected[place(index)] += (Math.sin(i + 1) + 0.3) * pb(index);
        same(outcome.gradients.a!, expected, all.length / expected.length);
      }),
      RUNS,
    );
  });

  it("where broadcasts all three of its operands", async () => {
    await fc.assert(
      fc.asyncProperty(broadcastPair, shapes(2), async ({ a, b, full }, extra) => {
        // The mask repeats a's shape below some leading axes of its own.
        const maskShape = [...extra, ...full];
        const flags = Array.from({ length: sizeOf(maskShape) }, (_, i) => (i * 7) % 3 && 1);
        const [va, vb] = [normal(...a), normal(...b)];
        const { shape, values } = await compute(backend, () =>
          where(tensor(flags, maskShape, "i32"), tensor(va.values, a), tensor(vb.values, b)),
        );
        expect(shape).toEqual(maskShape);
        const [pa, pb] = [plain(a, va.values), plain(b, vb.values)].map(spread);
        same(
          values,
          indices(maskShape).map((index, i) => (flags[i] ? pa(index) : pb(index))),
        );
      }),
      RUNS,
    );
  });

  it("sum, mean and max go over any axes, kept or not", async () => {
    await fc.assert(
      fc.asyncProperty(withAxes, async ([shape, axes, keepDims]) => {
        const x = normal(...shape);
        const kept = shape.map((n, axis) => (axes.includes(axis) ? 1 : n));
        const lines: number[][] = Array.from({ length: sizeOf(kept) }, () => []);
        const place = spread(plain(kept, [...lines.keys()]));
        for (const [i, index] of indices(shape).entries()) lines[place(index)].push(x.values[i]);
        const total = (line: number[]) => line.reduce((a, b) => a + b, 0);
        const naive = {
          sum: total,
          mean: (line: number[]) => total(line) / line.length,
          max: (line: number[]) => Math.max(...line),
        };
        for (const [name, f] of Object.entries({ sum, mean, max })) {
          const got = await compute(backend, () => f(tensor(x.values, shape), axes, { keepDims }));
          expect(got.shape).toEqual(keepDims ? kept : shape.filter((_, axis) => !axes.includes(axis)));
          same(got.values, lines.map(naive[name as keyof typeof naive]), x.values.length / lines.length);
        }
      }),
      RUNS,
    );
  });

  it("permute looks up the old index, and the inverse order brings everything back", async () => {
    const orders = shapes(6).chain((shape) =>
      fc.tuple(
        fc.constant(shape),
        fc.shuffledSubarray([...shape.keys()], { minLength: shape.length, maxLength: shape.length }),
      ),
    );
    await fc.assert(
      fc.asyncProperty(orders, async ([shape, order]) => {
        const x = normal(...shape);
        const got = await compute(backend, () => permute(tensor(x.values, shape), order));
        const { at } = plain(shape, x.values);
        const expected = indices(got.shape).map((index) =>
          at(shape.map((_, axis) => index[order.indexOf(axis)])),
        );
        expect([...got.values]).toEqual(expected);
        const inverse = order.map((_, axis) => order.indexOf(axis));
        const back = await compute(backend, () => permute(permute(tensor(x.values, shape), order), inverse));
        expect([...back.values]).toEqual([...x.values]);
      }),
      RUNS,
    );
  });

  it("reverse twice, and split after concat, change nothing", async () => {
    await fc.assert(
      fc.asyncProperty(
        withAxes,
        fc.array(size, { minLength: 1, maxLength: 3 }),
        async ([shape, axes], sizes) => {
          const x = normal(...shape);
          const twice = await compute(backend, () => reverse(reverse(tensor(x.values, shape), axes), axes));
          expect([...twice.values]).toEqual([...x.values]);
          const axis = Math.max(axes[0] ?? 0, 0);
          if (shape.length === 0) return;
          const parts = sizes.map((n) => normal(...shape.with(axis, n)));
          for (const [i, part] of parts.entries()) {
            const got = await compute(backend, () => {
              const whole = concat(
                parts.map(({ shape, values }) => tensor(values, shape)),
                axis,
              );
              return split(whole, sizes, axis)[i];
            });
            expect([...got.values]).toEqual([...part.values]);
          }
        },
      ),
      RUNS,
    );
  });

  it("pad surrounds with its value and broadcastTo repeats", async () => {
    const padded = fc.array(fc.tuple(size, fc.nat(2), fc.nat(2)), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(padded, shapes(2), async (axes, extra) => {
        const shape = axes.map(([n]) => n);
        const pads = axes.map(([, before, after]) => [before, after] as const);
        const x = normal(...shape);
        const { at } = plain(shape, x.values);
        const got = await compute(backend, () => pad(tensor(x.values, shape), pads, 9));
        const inside = (index: number[]) => index.map((i, axis) => i - pads[axis][0]);
        const expected = indices(got.shape).map((index) => {
          const old = inside(index);
          return old.every((i, axis) => i >= 0 && i < shape[axis]) ? at(old) : 9;
        });
        expect([...got.values]).toEqual(expected);
        const wide = [...extra, ...shape.map((n, axis) => (n === 1 ? pads[axis][0] + 1 : n))];
        const repeated = await compute(backend, () => broadcastTo(tensor(x.values, shape), wide));
        const { at: lookUp } = { at: spread(plain(shape, x.values)) };
        expect([...repeated.values]).toEqual(indices(wide).map(lookUp));
      }),
      RUNS,
    );
  });

  it("matmul multiplies matrices under broadcast leading axes, transposed or not", async () => {
    const sizes = fc.tuple(
      broadcastPair,
      size,
      fc.integer({ min: 1, max: 9 }),
      size,
      fc.boolean(),
      fc.boolean(),
    );
    await fc.assert(
      fc.asyncProperty(sizes, async ([{ a, b, full }, m, k, n, transposeA, transposeB]) => {
        const shapeA = [...a, ...(transposeA ? [k, m] : [m, k])];
        const shapeB = [...b, ...(transposeB ? [n, k] : [k, n])];
        const [va, vb] = [normal(...shapeA), normal(...shapeB)];
        const [atA, atB] = [plain(shapeA, va.values), plain(shapeB, vb.values)].map(
          ({ shape, at }) =>
            // Only the leading axes broadcast.
            (lead: number[], i: number, j: number) => {
              const own = shape.slice(0, -2);
              return at([
                ...own.map((s, axis) => (s === 1 ? 0 : lead[axis + lead.length - own.length])),
                i,
                j,
              ]);
            },
        );
        const got = await compute(backend, () =>
          matmul(tensor(va.values, shapeA), tensor(vb.values, shapeB), { transposeA, transposeB }),
        );
        expect(got.shape).toEqual([...full, m, n]);
        const expected = indices(got.shape).map((index) => {
          const [lead, i, j] = [index.slice(0, -2), index.at(-2)!, index.at(-1)!];
          let total = 0;
          for (let l = 0; l < k; l++) {
            total +=
              (transposeA ? atA(lead, l, i) : atA(lead, i, l)) *
              (transposeB ? atB(lead, j, l) : atB(lead, l, j));
          }
          return total;
        });
        same(got.values, expected);
      }),
      RUNS,
    );
  });

  it("softmax adds up to 1 and does not change when a constant is added", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 3 }),
        async (shape) => {
          const x = normal(...shape);
          const totals = await compute(backend, () => sum(softmax(tensor(x.values, shape)), -1));
          same(totals.values, new Float64Array(totals.values.length).fill(1));
          const moved = await compute(backend, () => {
            const scores = tensor(x.values, shape);
            return sub(softmax(add(scores, 8)), softmax(scores));
          });
          same(moved.values, new Float64Array(moved.values.length));
        },
      ),
      RUNS,
    );
  });
});
