/** Ops without gradients: argmax, equal, randomNormal. */
import { describe, expect, test } from "vitest";
import { isRecording, Tape, withTape } from "../../src/autograd/tape.ts";
import {
  argmax,
  equal,
  ids,
  mean,
  Rng,
  randomNormal,
  scope,
  type Tensor,
  tensor,
} from "../../src/nn/index.ts";
import { backends } from "../support/backends.ts";

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;

describe.each(backends)("on $name", ({ backend, name }) => {
  const floats = (values: readonly number[], shape?: number[]) =>
    tensor(Float32Array.from(values), shape, "f32", backend);
  const whole = (values: readonly number[], shape?: number[]) => ids(values, shape, backend);
  const indices = (make: () => Tensor) =>
    scope(() => {
      const y = make();
      return { shape: y.shape, values: [...y.readIntsSync()!] };
    }, backend);
  const read = async (make: () => Tensor) => [...(await scope(() => make().read(), backend))];

  test("argmax takes the first of equals and the first NaN, along any axis", () => {
    const x = floats([1, 3, 3, nan, 5, nan, -inf, -inf, -inf, 0, -0, 0], [4, 3]);
    expect(indices(() => argmax(x))).toEqual({ shape: [4], values: [1, 0, 0, 0] });
    expect(indices(() => argmax(x, 0))).toEqual({ shape: [3], values: [1, 1, 1] });
    expect(indices(() => argmax(x, 1, { keepDims: true })).shape).toEqual([4, 1]);
  });

  test("argmax agrees with a plain search at every width, with NaN and equals", () => {
    const rng = new Rng(3);
    for (const n of [1, 2, 5, 8, 15, 16, 17, 33, 70]) {
      for (const inner of [1, 3, 17]) {
        const values = Array.from({ length: 2 * n * inner }, () => {
          const value = rng.integer(6) - 3;
          return value === 2 && rng.integer(12) === 0 ? nan : value;
        });
        const expected = Array.from({ length: 2 * inner }, (_, i) => {
          const line = Array.from(
            { length: n },
            (_, k) => values[(Math.floor(i / inner) * n + k) * inner + (i % inner)],
          );
          const at = line.findIndex(Number.isNaN);
          return at >= 0 ? at : line.indexOf(Math.max(...line));
        });
        const x = floats(values, [2, n, inner]);
        expect(indices(() => argmax(x, 1)).values, `${n} x ${inner}`).toEqual(expected);
      }
    }
  });

  test("equal compares floats and integers, broadcast, and numbers", async () => {
    const x = floats([1, nan, 0, inf], [2, 2]);
    expect(await read(() => equal(x, x))).toEqual([1, 0, 1, 1]);
    expect(await read(() => equal(x, floats([-0, inf])))).toEqual([0, 0, 1, 1]);
    expect(await read(() => equal(0, x))).toEqual([0, 0, 1, 0]);
    // As floats these would be -0 and 0, and two NaN.
    const words = [-(2 ** 31), 0, 2 ** 31 - 1, -1];
    expect(await read(() => equal(whole(words), whole([0, 0, 2 ** 31 - 1, -1])))).toEqual([0, 1, 1, 1]);
    expect(await read(() => equal(whole(words), -1))).toEqual([0, 0, 0, 1]);
    const long = Array.from({ length: 37 }, (_, i) => i - 18);
    expect(await read(() => equal(whole(long), whole(long.map((i) => i % 5))))).toEqual(
      long.map((i) => Number(i === i % 5)),
    );
  });

  test("equal and argmax give an accuracy, and no gradient", async () => {
    const logits = floats([1, 2, 4, 3, 0, 1], [3, 2]);
    logits.needsGradient = true;
    const accuracy = scope(() => {
      const tape = new Tape();
      const result = withTape(tape, () => {
        const best = argmax(logits);
        expect(isRecording(best, equal(logits, 1))).toBe(false);
        return mean(equal(best, whole([1, 1, 1])));
      });
      expect(tape.nodes).toEqual([]);
      return result.read();
    }, backend);
    expect((await accuracy)[0]).toBeCloseTo(2 / 3, 6);
  });

  test("randomNormal takes one draw, and a part of a tensor gets its part of the numbers", async () => {
    const [one, two] = [new Rng(7), new Rng(7)];
    const all = await read(() => randomNormal([5, 3], one));
    expect(await read(() => randomNormal([3], two, { start: 6 }))).toEqual(all.slice(6, 9));
    expect(one.words()).toEqual(two.words());
    expect(new Set(all).size).toBe(15);
    const elsewhere = scope(() => randomNormal([5, 3], new Rng(7)).read());
    expect(all.map(Math.fround)).toEqual(name === "reference" ? expect.anything() : [...(await elsewhere)]);
  });

  test.each([
    [() => argmax(floats([1]), 1), "argmax: axis must be in [-1, 1) for [1], got 1"],
    [() => argmax(floats([], [2, 0])), "argmax: x must be one element or more along the axis, got [2, 0]"],
    [() => equal(1, 2), "equal: one of the operands must be a tensor, got 1 and 2"],
    [() => equal(floats([1]), whole([1])), "equal: b must be dtype f32, as a, got dtype i32"],
    [() => equal(whole([1]), 0.5), "equal: b must be an integer of 32 bits, got 0.5"],
    [
      () => randomNormal([2], new Rng(1), { start: -1, backend }),
      "randomNormal: start must be an integer from 0 to 2^52, got -1",
    ],
  ])("what does not fit is refused", (call, message) => {
    expect(() => scope(call, backend)).toThrow(message);
  });
});
