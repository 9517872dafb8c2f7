import { describe, expect, it } from "vitest";
import { backward, Tape, withTape } from "../../src/autograd/tape.ts";
import { scope } from "../../src/backend/scope.ts";
import {
  add,
  concat,
  crossEntropy,
  dropout,
  gatherRows,
  ids,
  layerNorm,
  matmul,
  mean,
  mul,
  Rng,
  select,
  softmax,
  stopGradient,
  sum,
  type Tensor,
  tensor,
  where,
} from "../../src/nn/index.ts";
import { backends } from "../support/backends.ts";

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;

describe.each(backends)("on $name", ({ backend }) => {
  const leaf = (values: number[], shape = [values.length]) => {
    const x = tensor(values, shape, "f32", backend);
    x.needsGradient = true;
    return x;
  };
  const read = (work: () => Tensor) => scope(() => work().read(), backend).then((values) => [...values]);
  const gradient = async (x: Tensor, loss: () => Tensor) => {
    const values = await scope(() => {
      const tape = new Tape();
      return backward(
        tape,
        withTape(tape, () => loss()),
      )(x)?.read();
    }, backend);
    return values && [...values];
  };

  it("stopGradient keeps values and cuts gradients", async () => {
    const x = leaf([2, -3]);
    expect(await read(() => stopGradient(x))).toEqual([2, -3]);
    expect(await gradient(x, () => sum(mul(x, stopGradient(x))))).toEqual([2, -3]);
  });

  it("a NaN on the side that where did not choose reaches neither value nor gradient", async () => {
    const x = leaf([nan, 1, inf]);
    const masked = () => where(ids([0, 1, 0]), mul(x, x), 5);
    expect(await read(masked)).toEqual([5, 1, 5]);
    const direct = () => sum(where(ids([0, 1, 0]), x, 5));
    expect(await gradient(x, direct)).toEqual([0, 1, 0]);
  });

  it("masked positions take no part in a softmax, whatever they held", async () => {
    const scores = leaf([1, nan, 1, inf], [1, 4]);
    const p = () => softmax(where(ids([1, 0, 1, 0], [1, 4]), scores, -inf));
    expect(await read(p)).toEqual([0.5, 0, 0.5, 0]);
    expect(await gradient(scores, () => sum(select(p(), 0)))).toEqual([0, 0, 0, 0]);
  });

  it("what dropout drops is 0 even if it was NaN, with a shared mask too", async () => {
    const x = leaf(new Array<number>(40).fill(nan), [20, 2]);
    for (const sharedAxes of [[], [0]]) {
      const values = await read(() => dropout(x, 0.9, new Rng(5), { sharedAxes }));
      expect(values).toContain(0);
      expect(values.every((value) => value === 0 || Number.isNaN(value))).toBe(true);
    }
  });

  it("a mask shared over time is the same at every step, and differs between rows and features", async () => {
    const x = leaf(new Array<number>(7 * 40).fill(1), [7, 5, 8]);
    const values = await read(() => dropout(x, 0.5, new Rng(1), { sharedAxes: [0] }));
    const first = values.slice(0, 40);
    for (let t = 1; t < 7; t++) expect(values.slice(t * 40, (t + 1) * 40)).toEqual(first);
    expect(new Set(first)).toEqual(new Set([0, 2]));
  });

  it("a part of a tensor gets its part of the mask, forward and backward", async () => {
    const x = leaf(new Array<number>(7 * 3).fill(1), [7, 3]);
    const part = leaf(new Array<number>(4 * 3).fill(1), [4, 3]);
    for (const sharedAxes of [[], [1]]) {
      const whole = await read(() => dropout(x, 0.5, new Rng(1), { sharedAxes }));
      const start = 3 * (sharedAxes.length > 0 ? 1 : 3);
      const op = () => dropout(part, 0.5, new Rng(1), { sharedAxes, start });
      expect(await read(op)).toEqual(whole.slice(9));
      expect(await gradient(part, () => sum(op()))).toEqual(whole.slice(9));
    }
  });

  it("rows that gatherRows leaves out may hold NaN", async () => {
    const x = leaf([1, 2, nan, nan, 5, 6], [3, 2]);
    const taken = () => gatherRows(x, ids([2, -1, 0]));
    expect(await read(taken)).toEqual([5, 6, 0, 0, 1, 2]);
    expect(await gradient(x, () => sum(taken()))).toEqual([1, 1, 0, 0, 1, 1]);
  });

  it("ignored rows of a cross-entropy may hold NaN", async () => {
    const logits = leaf([0, 0, nan, nan], [2, 2]);
    const loss = () => crossEntropy(logits, ids([1, -100]));
    expect((await read(loss))[0]).toBeCloseTo(Math.LN2, 6);
    expect(await gradient(logits, loss)).toEqual([0.5, -0.5, 0, 0]);
  });

  it("0 times infinity in a matrix product is NaN", async () => {
    expect(await read(() => matmul(tensor([0, 1], [1, 2]), tensor([inf, 1], [2, 1])))).toEqual([nan]);
  });

  it("NaN in one row leaves the other rows of layerNorm and softmax alone", async () => {
    const x = leaf([nan, 1, -1, 1], [2, 2]);
    expect((await read(() => softmax(x))).map(Number.isNaN)).toEqual([true, true, false, false]);
    expect((await read(() => layerNorm(x))).map(Number.isNaN)).toEqual([true, true, false, false]);
  });

  it("a mean over nothing is NaN and a sum is 0, as in PyTorch", async () => {
    expect(await read(() => mean(tensor([], [2, 0]), 1))).toEqual([nan, nan]);
    expect(await read(() => sum(tensor([], [2, 0]), 1))).toEqual([0, 0]);
    expect(await read(() => concat([tensor([], [0]), tensor([1])]))).toEqual([1]);
  });

  it("integers move without being touched", async () => {
    const words = [0x7f800001, -1, 2 ** 31 - 1, 0];
    const x = ids(words, [2, 2], backend);
    const moved = scope(() => [...concat([x, x], 0).readIntsSync()!], backend);
    expect(moved).toEqual([...words, ...words]);
  });

  it("ops on constants record nothing", async () => {
    const x = tensor([1, 2], [2], "f32", backend);
    scope(() => {
      const tape = new Tape();
      withTape(tape, () => add(mul(x, 2), 1));
      expect(tape.nodes).toEqual([]);
    }, backend);
  });
});
