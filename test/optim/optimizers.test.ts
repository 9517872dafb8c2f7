import { describe, expect, it } from "vitest";
import type { Tensor } from "../../src/backend/tensor.ts";
import { clipNorm, clipValue, type Optimizer } from "../../src/optim/index.ts";
import { backends, firstDifference, type Tolerance } from "../support/backends.ts";
import { build, curves, golden, namesUnder, type OptimCase } from "./goldens.ts";

const STEPS = 20;

const CLIPS = {
  none: undefined,
  norm: clipNorm(1.5),
  "norm-1": clipNorm(4.5, { norm: 1 }),
  "norm-3": clipNorm(0.9, { norm: 3 }),
  "norm-infinity": clipNorm(0.6, { norm: Number.POSITIVE_INFINITY }),
  value: clipValue(0.4),
};

/** They do not need the count of updates that torch keeps for them. */
const WITHOUT_STEP = ["rmsprop", "adadelta"];

/** Updates `from` to `to` with the gradients of the case. Returns the norm before the first clip. */
async function run(one: OptimCase, optimizer: Optimizer, from: number, to: number): Promise<number> {
  let norm = Number.NaN;
  for (let step = from; step < to; step++) {
    optimizer.gradients.zero();
    for (const { name, tensor } of optimizer.parameters) {
      const { values } = golden(`${one.name}.gradients.${name}`);
      optimizer.gradients.of(tensor)!.write(values.slice(step * tensor.size, (step + 1) * tensor.size));
    }
    CLIPS[one.clip]?.(optimizer.gradients);
    if (step === 0) norm = (await optimizer.gradients.norm.read())[0];
    optimizer.update();
  }
  return norm;
}

async function compare(one: OptimCase, optimizer: Optimizer, when: "first" | "last", allowed: Tolerance) {
  const prefix = `${one.name}.${when}`;
  const state = optimizer.state();
  const tensors = new Map<string, Tensor>(
    optimizer.parameters.map(({ name, tensor }) => [`param.${name}`, tensor]),
  );
  for (const [name, tensor] of state) tensors.set(`state.${name}`, tensor);
  const expected = namesUnder(prefix).filter(
    (name) => !WITHOUT_STEP.includes(one.kind) || !name.includes(".step."),
  );
  for (const name of expected) {
    const found = tensors.get(name);
    expect(found?.shape, name).toEqual(golden(`${prefix}.${name}`).shape);
    const { values } = golden(`${prefix}.${name}`);
    expect(firstDifference(await found!.read(), values, allowed), `${when}: ${name}`).toBeUndefined();
  }
  return { ours: [...tensors.keys()], torchs: expected };
}

describe.each(backends)("on $name", ({ backend, tolerance }) => {
  it.each(curves)("$name: one update is PyTorch's, parameters and state", async (one) => {
    const optimizer = build(one, backend);
    const norm = await run(one, optimizer, 0, 1);
    if (one.clip.startsWith("norm")) {
      expect(firstDifference([norm], golden(`${one.name}.norm`).values, tolerance)).toBeUndefined();
    }
    const { ours, torchs } = await compare(one, optimizer, "first", tolerance);
    // Only SGD with dampening counts steps where torch, which keeps no buffer before the first one, does not.
    const extra = ours.filter((name) => !torchs.includes(name));
    expect(extra).toEqual(one.name === "sgd-dampening" ? ["state.step.weight", "state.step.bias"] : []);
    optimizer.dispose();
  });

  it.each(curves)("$name: twenty updates are PyTorch's", async (one) => {
    const optimizer = build(one, backend);
    await run(one, optimizer, 0, STEPS);
    await compare(one, optimizer, "last", tolerance);
    expect(optimizer.stepCount).toBe(STEPS);
    optimizer.dispose();
  });

  it.each(curves)("$name: going on from saved parameters and state is the same to the bit", async (one) => {
    const whole = build(one, backend);
    await run(one, whole, 0, STEPS);
    const first = build(one, backend);
    await run(one, first, 0, 7);
    const second = build(one, backend);
    for (const [index, { tensor }] of first.parameters.entries()) {
      second.parameters[index].tensor.write(await tensor.read());
    }
    for (const [name, tensor] of first.state())
      second
        .state()
        .get(name)!
        .write(await tensor.read());
    second.stepCount = first.stepCount;
    await run(one, second, 7, STEPS);
    for (const [index, { tensor }] of whole.parameters.entries()) {
      expect(await second.parameters[index].tensor.read()).toEqual(await tensor.read());
    }
    for (const each of [whole, first, second]) each.dispose();
  });
});
