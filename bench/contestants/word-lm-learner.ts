/** A replica of the word language model; its rows of every batch lie in shared memory. */

import { LanguageModel, type LanguageModelState } from "../../src/models/index.ts";
import { detachState, ids, parameters, Rng, uniform_ } from "../../src/nn/index.ts";
import { clipNorm, sgd } from "../../src/optim/index.ts";
import { type Engine, openBackend } from "../../src/tasks/engine.ts";
import type { Learner } from "../../src/train/index.ts";
import { stretchOf } from "../../src/train/shards.ts";
import type { Workload } from "../protocol.ts";

export interface WordLmSpec extends Engine, Workload {
  /** [batch, time], in shared memory. */
  readonly inputs: Int32Array;
  readonly targets: Int32Array;
}

const WEIGHTS = 0.1;

export function createLearner(spec: WordLmSpec, replica: number, replicas: number): Learner {
  const { vocab, hidden, time, batch, inputs, targets } = spec;
  const { from: first, to: end } = stretchOf(replica, replicas, batch);
  const backend = openBackend(spec);
  const rng = new Rng(spec.seed);
  const model = new LanguageModel(
    { vocabulary: vocab, hidden, embedding: hidden, layers: 2 },
    { rng, backend },
  );
  for (const { tensor } of parameters(model)) uniform_(tensor, -WEIGHTS, WEIGHTS, rng);
  let state: LanguageModelState | undefined;
  const own = (all: Int32Array) => ids(all.subarray(first * time, end * time), [end - first, time]);
  return {
    optimizer: sgd(parameters(model), { lr: spec.learningRate }),
    clip: clipNorm(spec.clip),
    ...{ shards: replicas, parts: [], weights: () => weightsOf(replicas, batch) },
    loss() {
      const run = model.loss(own(inputs), own(targets), { state });
      state = detachState(run.state);
      return { loss: run.loss };
    },
    // Nothing is saved or evaluated here.
    ...{ carried: { size: 0, tensors: [] }, readCarried: async () => {}, writeCarried() {} },
    ...{ evaluation: { parts: 0, width: 1 }, evaluate: async () => {} },
  };
}

/** Rows of each shard, one for each replica. */
export function weightsOf(shards: number, batch: number): number[] {
  return Array.from({ length: shards }, (_, shard) => {
    const { from, to } = stretchOf(shard, shards, batch);
    return to - from;
  });
}
