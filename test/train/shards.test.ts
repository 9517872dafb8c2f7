/** What shards promise: one training, whatever the number of replicas, and however they exchange. */

import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { reshape, sum } from "../../src/nn/index.ts";
import { startNodeWorker } from "../../src/runs/node-workers.ts";
import type { BackendChoice } from "../../src/tasks/engine.ts";
import type { StepEvent } from "../../src/train/events.ts";
import type { Learner, LearnerSource, ShardLoss } from "../../src/train/learner.ts";
import { trainLoop } from "../../src/train/loop.ts";
import { ReplicaGroup, type ReplicaOptions } from "../../src/train/replica-group.ts";
import {
  checkWeights,
  halvesOf,
  type Stretch,
  shardsOf,
  stretchOf,
  subtreesIn,
  sumOverShards,
} from "../../src/train/shards.ts";
import { LONG } from "../support/long.ts";
import * as faulty from "./faulty-learner.ts";
import * as ragged from "./ragged-learner.ts";

const WAYS = ["shared", "messages"] as const;

interface Trained {
  readonly losses: readonly number[];
  readonly parts: readonly (Readonly<Record<string, number>> | undefined)[];
  readonly parameters: readonly number[];
  readonly norms: readonly number[];
  readonly sums: readonly number[];
  readonly carried: readonly number[];
}

async function train(
  learner: Learner,
  steps: number,
  source: LearnerSource,
  options: Pick<ReplicaOptions, "replicas" | "exchange">,
): Promise<Trained> {
  const group = await ReplicaGroup.start(learner, { ...options, source, startWorker: startNodeWorker });
  try {
    const outcomes = [];
    for (let step = 0; step < steps; step++) outcomes.push(await group.step(step, 1e-2));
    const parameters = [];
    for (const { tensor } of group.learner.optimizer.parameters) parameters.push(...(await tensor.read()));
    return {
      losses: outcomes.map(({ loss }) => loss),
      parts: outcomes.map(({ parts }) => parts),
      norms: outcomes.map(({ gradientNorm }) => gradientNorm),
      parameters,
      sums: [...(await group.evaluate())],
      carried: [...(await group.collectCarried())],
    };
  } finally {
    await group.dispose();
  }
}

/** Equal for equal bits, of zeros too. */
function hash({ losses, norms, parameters, sums, carried }: Trained): string {
  const numbers = Float64Array.from([losses, norms, parameters, sums, carried].flat());
  return createHash("sha256").update(new Uint8Array(numbers.buffer)).digest("hex");
}

/** A replica without rows, one with padding alone, and a shard of one row that weighs nothing. */
const RAGGED = [
  [5, 0, 4],
  [1, 7, 2],
  [0, 0, 8],
  [3, 1, 3],
];

describe("one replica and three with ragged batches", () => {
  const run = (steps: readonly (readonly number[])[], replicas: number, exchange?: "shared" | "messages") => {
    const spec = ragged.raggedSpec("reference", steps, 0.3);
    const source = ragged.sourceOf(spec);
    return train(ragged.createLearner(spec, 0, replicas), steps.length, source, { replicas, exchange });
  };

  test.each(WAYS)("learn the same to 1e-9 in float64 (%s)", async (exchange) => {
    const whole = RAGGED.map((rows) => [rows.reduce((total, count) => total + count, 0)]);
    const [one, three] = [await run(whole, 1), await run(RAGGED, 3, exchange)];
    const worst = (a: readonly number[], b: readonly number[]) =>
      Math.max(...a.map((value, index) => Math.abs(value - b[index])));
    expect(worst(one.parameters, three.parameters)).toBeLessThan(1e-9);
    expect(worst(one.losses, three.losses)).toBeLessThan(1e-9);
    expect(worst(one.norms, three.norms)).toBeLessThan(1e-9);
    for (const [step, parts] of one.parts.entries()) {
      expect(Object.keys(parts!)).toEqual(["error", "size"]);
      expect(worst(Object.values(parts!), Object.values(three.parts[step]!))).toBeLessThan(1e-9);
      expect(parts!.error + parts!.size).toBeCloseTo(one.losses[step], 12);
    }
    expect(three.sums).toEqual(one.sums);
    expect(three.carried).toEqual([-0, 11, 12]);
  });
});

test("the events of a loop have the parts of the loss, and count the units of each step", async () => {
  const spec = ragged.raggedSpec("wasm", [[3], [7]]);
  const group = await ReplicaGroup.start(ragged.createLearner(spec, 0, 1));
  const events: StepEvent[] = [];
  const loop = trainLoop({
    ...{ group, limits: { steps: 2 }, learningRate: 0.1, stepsPerEpoch: 2, startStep: 0, startSeconds: 0 },
    ...{ score: () => ({ loss: 1, metrics: {} }), save: async () => "path" },
  });
  for await (const event of loop) if (event.event === "step") events.push(event);
  await group.dispose();
  expect(events.map(({ parts }) => Object.keys(parts!))).toEqual([
    ["error", "size"],
    ["error", "size"],
  ]);
  for (const { loss, parts } of events) expect(parts!.error + parts!.size).toBeCloseTo(loss, 6);
});

test.each([
  [
    "without one of its parts",
    { loss: "loss", parts: { error: "loss" } },
    "part size of the loss must be a tensor",
  ],
  ["that is a tensor", "loss", "the learner's loss must return { loss, parts }, got a tensor []"],
  [
    "with a part of several numbers",
    { loss: "loss", parts: { error: "loss", size: "many" } },
    "part size of the loss must be a scalar [], got [2]",
  ],
])("a loss %s is refused", async (_, result, message) => {
  const learner = ragged.createLearner(ragged.raggedSpec("wasm", [[3]]), 0, 1);
  const { tensor: weight } = learner.optimizer.parameters[0];
  const fill = (value: unknown): unknown => {
    if (value === "loss") return sum(weight);
    if (value === "many") return sum(reshape(weight, [2, weight.size / 2]), 1);
    return Object.fromEntries(Object.entries(value as object).map(([name, one]) => [name, fill(one)]));
  };
  const group = await ReplicaGroup.start({ ...learner, loss: () => fill(result) as ShardLoss });
  await expect(group.step(0, 0.1)).rejects.toThrow(message);
  await group.dispose();
});

describe.each((LONG ? ["reference", "wasm", "auto"] : ["reference", "auto"]) as BackendChoice[])(
  "shards on %s",
  (backend) => {
    const text = (
      replicas: number,
      shards: number,
      exchange?: "shared" | "messages",
      variational = false,
    ) => {
      const plain = faulty.specOf(backend, 7);
      const dropout = { dropout: 0.3, layers: 2, embedding: 6, variational };
      const spec = {
        ...plain,
        shards,
        settings: { ...plain.settings, ...dropout },
        config: { ...(plain.config as object), ...dropout },
      };
      const learner = faulty.createLearner(spec, 0, replicas);
      return train(learner, 5, faulty.sourceOf(spec), { replicas, exchange });
    };

    test("4 on 1, 2 and 4 replicas are one training, with dropout", async () => {
      const expected = hash(await text(1, 4));
      for (const exchange of WAYS) {
        for (const replicas of LONG || exchange === "shared" ? [2, 4] : [4])
          expect(hash(await text(replicas, 4, exchange))).toBe(expected);
      }
      expect(hash(await text(1, 2))).not.toBe(expected);
    });

    test("4 on 1 and 2 replicas are one training, with variational dropout", async () => {
      expect(hash(await text(2, 4, undefined, true))).toBe(hash(await text(1, 4, undefined, true)));
    });

    test("6 on 1, 2 and 3 replicas, and on 6 among the long tests, where some have no whole subtree", async () => {
      const expected = hash(await text(1, 6));
      for (const replicas of LONG ? [2, 3, 6] : [2, 3]) expect(hash(await text(replicas, 6))).toBe(expected);
    });

    test("that are empty in some steps change no bit", async () => {
      const steps = [...RAGGED.map((rows) => [...rows, 2]), [0, 0, 0, 3], [0, 3, 0, 0]];
      const spec = ragged.raggedSpec(backend, steps, 0.3);
      const run = (replicas: number, exchange?: "messages") =>
        train(ragged.createLearner(spec, 0, replicas), steps.length, ragged.sourceOf(spec), {
          ...{ replicas, exchange },
        });
      const expected = await run(1);
      for (const replicas of [2, 4]) {
        for (const exchange of LONG
          ? ([undefined, "messages"] as const)
          : ([replicas === 2 ? "messages" : undefined] as const)) {
          const found = await run(replicas, exchange);
          expect(hash(found)).toBe(hash(expected));
          expect(found.parts).toEqual(expected.parts);
        }
      }
    });
  },
);

describe("the tree of shards", () => {
  const leaves = (node: Stretch): number[] =>
    node.to - node.from === 1 ? [node.from] : halvesOf(node).flatMap(leaves);

  test("has every shard once, in order, and depends on their number alone", () => {
    for (let shards = 1; shards <= 70; shards++) {
      expect(leaves({ from: 0, to: shards })).toEqual(Array.from({ length: shards }, (_, at) => at));
    }
    expect(halvesOf({ from: 0, to: 6 })).toEqual([
      { from: 0, to: 4 },
      { from: 4, to: 6 },
    ]);
  });

  test("gives every replica whole subtrees, one where it has a power of two of shards", () => {
    const sizes = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }));
    fc.assert(
      fc.property(sizes, ([replicas, each]) => {
        const shards = replicas * each;
        const all = Array.from({ length: replicas }, (_, replica) =>
          subtreesIn(stretchOf(replica, replicas, shards), { from: 0, to: shards }),
        );
        expect(all.flat().flatMap(leaves)).toEqual(Array.from({ length: shards }, (_, at) => at));
        for (const [replica, subtrees] of all.entries()) {
          expect(subtrees.flatMap(leaves)).toEqual(shardsOf(replica, replicas, shards));
          if (Number.isInteger(Math.log2(each))) expect(subtrees).toHaveLength(1);
        }
      }),
    );
  });

  test("adds numbers in its order and leaves out those of weight 0", () => {
    const numbers = [1, 2 ** 60, -(2 ** 60), 5, Number.NaN];
    const sum = (weights: number[]) => sumOverShards((shard) => numbers[shard], weights);
    expect(sum([1, 1, 1, 1, 0])).toBe(1 + 2 ** 60 + (-(2 ** 60) + 5));
    expect(sum([0, 1, 1, 0, 0])).toBe(0);
    expect(sum([0, 0, 0, 1, 0])).toBe(5);
  });

  test.each<[unknown, string]>([
    [[1, 2], "must be 3, got 2"],
    [[0, 0, 0], "are all 0: there is nothing to learn"],
    [[1, -1, 1], "must be a list of numbers, each finite and at least 0"],
    [[1, Number.NaN, 1], "must be a list of numbers, each finite and at least 0"],
    [3, "must be a list of numbers, each finite and at least 0, got 3"],
  ])("weights %j are refused", (weights, message) => {
    expect(() => checkWeights(weights as number[], 3, 7)).toThrow(
      `the weights of the shards in step 7 ${message}`,
    );
  });
});
