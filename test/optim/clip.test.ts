import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Gradients } from "../../src/autograd/gradients.ts";
import { parameter } from "../../src/autograd/parameter.ts";
import { type Clip, clipNorm, clips, clipValue, sgd } from "../../src/optim/index.ts";
import { backends } from "../support/backends.ts";

const START = [1, -2, 0.5];

/** A few roundings of numbers of size 3 in float32. */
const TOLERANCE = 1e-5;

/** One of the library's clips and what it does to a list of numbers. */
const CLIPS: readonly {
  readonly name: string;
  readonly clip: Clip;
  readonly plain: (g: number[]) => number[];
}[] = [
  ...[0.3, 2, Number.POSITIVE_INFINITY].map((max) => ({
    name: `norm ${max}`,
    clip: clipNorm(max),
    plain: (g: number[]) => g.map((x) => x * Math.min(1, max / (Math.hypot(...g) + 1e-6))),
  })),
  ...[1, 1.5, 3, Number.POSITIVE_INFINITY].map((norm) => ({
    name: `norm 0.9 of order ${norm}`,
    clip: clipNorm(0.9, { norm }),
    plain: (g: number[]) => {
      const sizes = g.map(Math.abs);
      const powers = sizes.reduce((sum, size) => sum + size ** norm, 0);
      const length = norm === Number.POSITIVE_INFINITY ? Math.max(...sizes) : powers ** (1 / norm);
      return g.map((x) => x * Math.min(1, 0.9 / (length + 1e-6)));
    },
  })),
  ...[0.1, 0.7].map((limit) => ({
    name: `value ${limit}`,
    clip: clipValue(limit),
    plain: (g: number[]) => g.map((x) => Math.max(-limit, Math.min(limit, x))),
  })),
  {
    name: "own",
    clip: ({ flat }: Gradients) => flat.backend.kernels.scale(flat.address, flat.address, 0.5, flat.size),
    plain: (g) => g.map((x) => 0.5 * x),
  },
];

describe.each(backends)("clips on $name", ({ backend }) => {
  it("do in any order, seen in between or not, what they do one by one", async () => {
    const gradient = fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: 3, maxLength: 3 });
    const chosen = fc.array(fc.tuple(fc.constantFrom(...CLIPS), fc.boolean()), {
      minLength: 1,
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(gradient, chosen, fc.integer({ min: 1, max: 2 }), async (values, list, updates) => {
        const tensor = parameter(START, [3], backend);
        const optimizer = sgd([{ name: "w", tensor }], { lr: 1 });
        optimizer.gradients.of(tensor)!.write(values);
        let expected = values.map(Math.fround);
        for (const [{ clip, plain }, isSeen] of list) {
          clips(clip)(optimizer.gradients);
          expected = plain(expected);
          const seen = isSeen ? await optimizer.gradients.of(tensor)!.read() : expected;
          for (const [i, x] of expected.entries()) expect(Math.abs(seen[i] - x)).toBeLessThan(TOLERANCE);
        }
        for (let n = 0; n < updates; n++) optimizer.update();
        const moved = await tensor.read();
        for (const [i, x] of expected.entries()) {
          expect(Math.abs(moved[i] - (START[i] - updates * x))).toBeLessThan(TOLERANCE);
        }
        optimizer.dispose();
      }),
      { numRuns: 60 },
    );
  });

  it.each([1, 2, 3, Number.POSITIVE_INFINITY])(
    "measure the norm of order %d, of NaN too, and with a limit of Infinity only that",
    async (norm) => {
      const tensor = parameter([0, 0, 0], [3], backend);
      const optimizer = sgd([{ name: "w", tensor }]);
      const { gradients } = optimizer;
      gradients.of(tensor)!.write([3, -4, 0]);
      clipNorm(Number.POSITIVE_INFINITY, { norm })(gradients);
      const expected = norm === Number.POSITIVE_INFINITY ? 4 : (3 ** norm + 4 ** norm) ** (1 / norm);
      expect((await gradients.norm.read())[0]).toBeCloseTo(expected, 5);
      expect(Array.from(await gradients.of(tensor)!.read())).toEqual([3, -4, 0]);
      gradients.of(tensor)!.write([3, Number.NaN, 0]);
      clipNorm(1, { norm })(gradients);
      expect((await gradients.norm.read())[0]).toBeNaN();
      // As in PyTorch, a norm that is NaN reaches every gradient.
      expect(Array.from(await gradients.of(tensor)!.read())).toEqual([Number.NaN, Number.NaN, Number.NaN]);
      gradients.zero();
      clipNorm(1, { norm })(gradients);
      expect((await gradients.norm.read())[0]).toBe(0);
      expect(Array.from(await gradients.of(tensor)!.read())).toEqual([0, 0, 0]);
      optimizer.dispose();
    },
  );
});
