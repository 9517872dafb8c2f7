import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { heapOf } from "../../src/backend/heap.ts";
import { StaleTensorError, step } from "../../src/index.ts";
import { GRU, LSTM, parameters, type RecurrentState, Rng, scope, sum, tensor } from "../../src/nn/index.ts";
import { adam, clipNorm } from "../../src/optim/index.ts";
import { backends } from "../support/backends.ts";
import { LONG } from "../support/long.ts";

const MODELS = LONG ? 1000 : 200;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;
/** The registry of freed tensors runs in a turn of its own after a collection. */
const settle = async () => {
  for (let i = 0; i < 3; i++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};

describe.each(backends.filter(({ name }) => name !== "reference"))("on $name", ({ backend }) => {
  const rng = new Rng(1);
  const random = (...shape: number[]) =>
    tensor(
      Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => rng.normal()),
      shape,
    );

  it(`${MODELS} models, trained for a step and dropped, leave nothing on the heap`, async () => {
    const heap = heapOf(backend);
    const train = async () => {
      const model = new LSTM(8, 16, { rng, layers: 2, backend });
      const optimizer = adam(parameters(model));
      await step(() => sum(model.forward(random(2, 3, 8)).output), optimizer, clipNorm(1)).loss;
      optimizer.dispose();
    };
    for (let i = 0; i < 20; i++) await train();
    await settle();
    const before = heap.usedBytes;
    for (let i = 0; i < MODELS; i++) {
      await train();
      if (i % 100 === 99) await settle();
    }
    await settle();
    // One model is 20 kB: two hundred that stayed would be 4 MB.
    expect(heap.usedBytes - before).toBeLessThan(1_000_000);
  });

  it("shapes that change at every step settle in one block", async () => {
    const model = new GRU(4, 8, { rng, backend });
    const optimizer = adam(parameters(model));
    const heap = heapOf(backend);
    const run = (batch: number, time: number) =>
      step(() => sum(model.forward(random(batch, time, 4)).output), optimizer).loss;
    await run(13, 17);
    for (let i = 0; i < 100; i++) await run(1 + (i % 13), 1 + ((i * 7) % 17));
    const before = heap.usedBytes;
    for (let i = 0; i < 400; i++) await run(1 + ((i * 5) % 13), 1 + ((i * 11) % 17));
    expect(heap.usedBytes).toBe(before);
    optimizer.dispose();
  });

  it("a state of an ended scope is refused by name", () => {
    const model = new LSTM(2, 3, { rng, backend });
    const forward = (state?: RecurrentState) =>
      scope(() => model.forward(random(1, 2, 2), { state }).state, backend);
    const stale = forward();
    expect(() => forward(stale)).toThrow(StaleTensorError);
    expect(() => forward(stale)).toThrow("the tensor [1, 1, 3] belongs to a scope that has ended");
  });
});
