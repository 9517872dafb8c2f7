import { describe, expect, test } from "vitest";
import { type HelloEvent, type HelloTrace, helloDemo } from "../../src/demos/hello/demo.ts";
import { letterPairs, pairEntropy } from "../../src/demos/hello/pairs.ts";

async function run(seed: number): Promise<HelloEvent[]> {
  const all: HelloEvent[] = [];
  for await (const event of helloDemo({ seed })) all.push(event);
  return all;
}

const pick = <Name extends HelloEvent["event"]>(all: readonly HelloEvent[], name: Name) =>
  all.filter((event): event is Extract<HelloEvent, { event: Name }> => event.event === name);

describe("the hello demo", () => {
  const SEEDS = Array.from({ length: 20 }, (_, index) => 1 + index);

  test.each(SEEDS)("learns to write hello from seed %i, below what letter pairs can reach", async (seed) => {
    const all = await run(seed);
    const [before, after] = pick(all, "trace");
    const [memory] = pick(all, "memory");
    expect([before.when, before.spells === "hello"]).toEqual(["before", false]);
    expect([after.when, after.spells]).toEqual(["after", "hello"]);
    expect(after.steps.map(({ says }) => says).join("")).toBe("ello");
    expect(after.loss).toBeLessThan(memory.bound);
    expect(memory.withoutMemory.loss).toBeGreaterThan(memory.bound);
    expect(all.at(-1)).toMatchObject({ event: "end", reason: "spelled", step: after.step });
  });

  test("computes the bound of letter pairs as (2 ln 2) / 4", () => {
    expect(pairEntropy("hello")).toBeCloseTo((2 * Math.log(2)) / 4, 15);
    expect(letterPairs("hello").at(-1)).toEqual({
      letter: "l",
      next: [
        { letter: "l", times: 1 },
        { letter: "o", times: 1 },
      ],
    });
  });

  test("counts how often each pair occurs", () => {
    // a comes before b twice and before c once, b before a twice: 3 of 5 pairs have something to be learned.
    const bound = -(2 * Math.log(2 / 3) + Math.log(1 / 3)) / 5;
    expect(pairEntropy("ababac")).toBeCloseTo(bound, 15);
  });

  test("shows the numbers of one network: softmax of the scores, the loss of the right letters", async () => {
    for (const trace of pick(await run(3), "trace")) {
      for (const { x, y, p, reads } of trace.steps) {
        expect(x.indexOf(1)).toBe("helo".indexOf(reads));
        const total = y.reduce((sum, score) => sum + Math.exp(score), 0);
        for (const [id, score] of y.entries()) expect(p[id]).toBeCloseTo(Math.exp(score) / total, 12);
      }
      expect(lossOf(trace)).toBeCloseTo(trace.loss, 12);
    }
  });

  test("shows the weights that make these numbers: h = tanh(W_xh x + W_hh h'), y = W_hy h", async () => {
    const product = (matrix: readonly (readonly number[])[], vector: readonly number[]) =>
      matrix.map((row) => row.reduce((sum, weight, at) => sum + weight * vector[at], 0));
    for (const { weights, steps } of pick(await run(4), "trace")) {
      const { W_xh, W_hh, W_hy } = weights;
      expect([W_xh, W_hh, W_hy].flat(2)).toHaveLength(33);
      let before: readonly number[] = [0, 0, 0];
      for (const { x, h, y } of steps) {
        const recurrent = product(W_hh, before);
        for (const [unit, input] of product(W_xh, x).entries()) {
          expect(h[unit]).toBeCloseTo(Math.tanh(input + recurrent[unit]), 12);
        }
        for (const [id, score] of product(W_hy, h).entries()) expect(y[id]).toBeCloseTo(score, 12);
        before = h;
      }
    }
  });

  test("is the same for the same seed, and another for another", async () => {
    const losses = async (seed: number) => pick(await run(seed), "step").map(({ loss }) => loss);
    expect(await losses(7)).toEqual(await losses(7));
    expect(await losses(7)).not.toEqual(await losses(8));
  });

  test("refuses a seed that is no integer", async () => {
    await expect(run(0.5)).rejects.toThrow("--seed must be an integer, got 0.5");
  });
});

function lossOf({ steps }: HelloTrace): number {
  const losses = steps.map(({ p, target }) => -Math.log(p["helo".indexOf(target)]));
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
}
