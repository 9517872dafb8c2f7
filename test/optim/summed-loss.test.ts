import { expect, it } from "vitest";
import { step } from "../../src/index.ts";
import { crossEntropy, ids, Linear, mul, parameters, Rng, tensor } from "../../src/nn/index.ts";
import { clipNorm, sgd } from "../../src/optim/index.ts";

it("a mean over T with T times the rate and a T-th of the norm makes the updates of the sum over T", async () => {
  const T = 20;
  const [RATE, NORM] = [0.1, 8];
  const rng = new Rng(3);
  const x = tensor(
    Float32Array.from({ length: T * 4 }, () => rng.normal()),
    [T, 4],
  );
  const targets = ids(Int32Array.from({ length: T }, (_, t) => (t * 3) % 5));
  const train = async (share: number) => {
    const layer = new Linear(4, 5, { rng: new Rng(1) });
    const optimizer = sgd(parameters(layer), { lr: (RATE * T) / share });
    const norms: number[] = [];
    for (let i = 0; i < 8; i++) {
      const loss = () => mul(crossEntropy(layer.forward(x), targets), share);
      norms.push((await step(loss, optimizer, clipNorm((NORM * share) / T)).gradientNorm) / share);
    }
    return { values: await layer.weight.read(), norms };
  };
  const [mean, sum] = [await train(1), await train(T)];
  // Some steps are clipped and some are not.
  expect(mean.norms.some((norm) => norm > NORM / T)).toBe(true);
  expect(mean.norms.some((norm) => norm < NORM / T)).toBe(true);
  for (const [i, value] of mean.values.entries()) expect(Math.abs(value - sum.values[i])).toBeLessThan(1e-4);
});
