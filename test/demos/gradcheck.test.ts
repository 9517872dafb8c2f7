import { describe, expect, test } from "vitest";
import { record } from "../../src/autograd/tape.ts";
import type { Backend, Kernels } from "../../src/backend/index.ts";
import { empty, type Tensor } from "../../src/backend/tensor.ts";
import { LAYER_CHECKS } from "../../src/demos/gradcheck/layers.ts";
import { type CheckResult, type LayerCheck, runChecks } from "../../src/demos/gradcheck/run.ts";
import { LONG } from "../support/long.ts";

async function results(checks: readonly LayerCheck[]): Promise<CheckResult[]> {
  const all: CheckResult[] = [];
  for await (const result of runChecks(checks)) all.push(result);
  return all;
}

const failures = async (checks: readonly LayerCheck[]) =>
  (await results(checks)).filter(({ passed }) => !passed).map(({ name }) => name);

/** The identity, whose gradient is `factor` times the right one. */
function scaledGradient(x: Tensor, factor: number): Tensor {
  const { kernels } = x.backend;
  const y = empty(x.shape);
  kernels.copy(y.address, x.address, x.size);
  return record("scaledGradient", [x], y, (dy) => {
    const dx = empty(x.shape);
    kernels.scale(dx.address, dy.address, factor, dx.size);
    return [dx];
  });
}

/** The same check with a wrong last op. */
const withWrongGradient = ({ name, build }: LayerCheck, factor: number): LayerCheck => ({
  name,
  build(backend, rng) {
    const { loss, leaves } = build(backend, rng);
    return { loss: () => scaledGradient(loss(), factor), leaves };
  },
});

/** The same check on a backend with some kernels changed. */
const withKernels = (
  { name, build }: LayerCheck,
  change: (kernels: Kernels, backend: Backend) => Partial<Kernels>,
): LayerCheck => ({
  name,
  build(backend, rng) {
    Object.assign(backend.kernels, change({ ...backend.kernels }, backend));
    return build(backend, rng);
  },
});

/** All of the checks in the long tests, else each fourth: that a check can fail shows on some as well. */
const takeSome = (checks: readonly LayerCheck[]) => checks.filter((_, at) => LONG || at % 4 === 0);

describe("the gradient check of the layers", () => {
  test("passes for every layer", async () => {
    expect(await failures(LAYER_CHECKS)).toEqual([]);
  });

  test("fails for every layer when its gradients are a hundred-thousandth off", async () => {
    const checks = takeSome(LAYER_CHECKS);
    const wrong = checks.map((check) => withWrongGradient(check, 1.00001));
    expect(await failures(wrong)).toEqual(checks.map(({ name }) => name));
  });

  test("fails when a gradient is NaN", async () => {
    const [first] = LAYER_CHECKS;
    const [result] = await results([withWrongGradient(first, Number.NaN)]);
    expect(result).toMatchObject({ error: Number.NaN, passed: false });
  });

  test("fails for every recurrent layer and cell when a kernel forgets a row in backward", async () => {
    const recurrent = LAYER_CHECKS.filter(({ name }) => /RNN|LSTM|GRU/.test(name));
    expect(recurrent).toHaveLength(22);
    const checks = takeSome(recurrent);
    const broken = checks.map((check) =>
      withKernels(check, ({ recurrent_backward, scale }) => ({
        recurrent_backward(...args) {
          recurrent_backward(...args);
          const [, dgates] = args;
          // The units of one step of one sequence: of one alone, relu may have a zero gradient anyway.
          scale(dgates, dgates, 0, 5);
        },
      })),
    );
    expect(await failures(broken)).toEqual(checks.map(({ name }) => name));
  });

  test("names the leaf that is wrong", async () => {
    const linear = LAYER_CHECKS.find(({ name }) => name === "Linear")!;
    const broken = withKernels(linear, ({ sum_rows, scale }) => ({
      sum_rows(y, x, rows, columns) {
        sum_rows(y, x, rows, columns);
        scale(y, y, 2, 1);
      },
    }));
    expect(await results([broken])).toMatchObject([{ passed: false, worst: "bias" }]);
  });
});
