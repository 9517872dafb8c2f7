import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ReplicaError } from "../../src/core/errors.ts";
import { startNodeWorker } from "../../src/runs/node-workers.ts";
import type { BackendChoice } from "../../src/tasks/engine.ts";
import { ReplicaGroup } from "../../src/train/replica-group.ts";
import type { ReplicaWorker, WorkerStart } from "../../src/train/serve-replica.ts";
import { LONG } from "../support/long.ts";
import { createLearner, type Fault, type FaultySpec, sourceOf, specOf } from "./faulty-learner.ts";

const STEPS = 6;

type Way = "shared" | "messages";
const WAYS: Way[] = ["shared", "messages"];

function start(replicas: number, spec: FaultySpec, exchange?: Way): Promise<ReplicaGroup> {
  return ReplicaGroup.start(createLearner(spec, 0, replicas), {
    ...{ replicas, source: sourceOf(spec), startWorker: startNodeWorker, exchange },
  });
}

/** Every parameter after a few steps, the losses and norms on the way, and what is evaluated and carried in the end. */
async function train(replicas: number, backend: BackendChoice, exchange?: Way): Promise<number[]> {
  const group = await start(replicas, specOf(backend, 7), exchange);
  try {
    const numbers: number[] = [];
    for (let step = 0; step < STEPS; step++) {
      const { loss, gradientNorm } = await group.step(step, 1e-2);
      numbers.push(loss, gradientNorm);
    }
    for (const { tensor } of group.learner.optimizer.parameters) numbers.push(...(await tensor.read()));
    return [...numbers, ...(await group.evaluate()), ...(await group.collectCarried())];
  } finally {
    await group.dispose();
  }
}

/** float64, and only the order of additions differs; Adam's first steps raise the smallest gradients to 1. */
const TOLERANCE = 1e-9;

describe("replicas", () => {
  test.each([2, 3])("%i in float64 learn what one learns", async (replicas) => {
    const [one, several] = [await train(1, "reference"), await train(replicas, "reference")];
    const worst = Math.max(...one.map((value, index) => Math.abs(value - several[index])));
    expect(worst).toBeLessThan(TOLERANCE);
  });

  // Four are more than the cores of a small machine: whoever waits must let the others run.
  test.each(["wasm", "auto"] as const)(
    "four on %s give the same bits every time, however they exchange",
    async (backend) => {
      const expected = await train(4, backend);
      for (const exchange of WAYS) expect(await train(4, backend, exchange)).toEqual(expected);
    },
  );
});

test("a spec that no thread can be sent is refused", async () => {
  const spec = { learningRate: () => 1 };
  const source = { ...sourceOf(specOf("reference", 1)), spec };
  const learner = createLearner(specOf("reference", 1), 0, 2);
  const options = { replicas: 2, source, startWorker: startNodeWorker };
  await expect(ReplicaGroup.start(learner, options)).rejects.toThrow(
    expect.objectContaining({ code: "INPUT", message: expect.stringContaining("what a thread can be sent") }),
  );
});

test("shards that the replicas cannot divide are refused", async () => {
  const learner = createLearner({ ...specOf("reference", 6), shards: 3 }, 0, 1);
  await expect(ReplicaGroup.start(learner, { replicas: 2 })).rejects.toThrow(
    "the learner's shards must be a multiple of the 2 replicas, got 3",
  );
});

test("what is no worker is refused", async () => {
  const spec = specOf("reference", 6);
  const startWorker = (async () => {}) as never;
  await expect(
    ReplicaGroup.start(createLearner(spec, 0, 2), { replicas: 2, source: sourceOf(spec), startWorker }),
  ).rejects.toThrow("what startWorker returned must be a worker, { terminate }, got a Promise");
});

describe.each(WAYS)("a replica that stops (%s)", (exchange) => {
  const faults: [Fault, RegExp][] = [
    ["throws", /^replica 2 stopped: the sky has fallen$/],
    ["exits with 0", /^replica 2 stopped: its thread ended with code 0$/],
    ["exits with 3", /^replica 2 stopped: its thread ended with code 3$/],
    ["allocates too much", /^replica 2 stopped: .*tensor \[2147483648\]/],
  ];

  test.each(faults)(
    "when it %s, in the middle of a step, ends the step with its name and the cause",
    async (kind, message) => {
      const group = await start(3, specOf("wasm", 6, { kind, replica: 2, step: 2 }), exchange);
      try {
        for (let step = 0; step < 2; step++) await group.step(step, 1e-2);
        const outcome = group.step(2, 1e-2);
        await expect(outcome).rejects.toThrow(ReplicaError);
        await expect(outcome).rejects.toThrow(message);
      } finally {
        await group.dispose();
      }
    },
  );

  test("before the first step, refuses to start", async () => {
    const outcome = start(3, specOf("wasm", 6, { kind: "cannot be built", replica: 1, step: 0 }), exchange);
    await expect(outcome).rejects.toThrow(/^replica 1 stopped: the model is not to be had$/);
  });

  test("at any moment ends the run and does not hang it", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 40 }),
        fc.integer({ min: 1, max: 2 }),
        async (delay, victim) => {
          const threads: ReplicaWorker[] = [];
          const spec = specOf("wasm", 6);
          const startWorker = (start: WorkerStart) => {
            threads.push(startNodeWorker(start));
            return threads[threads.length - 1];
          };
          const options = { replicas: 3, source: sourceOf(spec), startWorker, exchange };
          const group = await ReplicaGroup.start(createLearner(spec, 0, 3), options);
          setTimeout(() => void threads[victim - 1].terminate(), delay);
          const forever = async () => {
            for (let step = 0; ; step++) {
              await group.step(step, 1e-2);
              await new Promise((resolve) => setTimeout(resolve, 0));
            }
          };
          await expect(forever()).rejects.toThrow(new RegExp(`^replica ${victim} stopped: `));
          await group.dispose();
        },
      ),
      { numRuns: LONG ? 6 : 2 },
    );
  });
});
