/** The training step of `char-lm` on several replicas, as `unrolled train --threads` makes it. */

import type { Tensor } from "../../src/backend/tensor.ts";
import { crossEntropy, ids, Linear, LSTM, parameters, Rng } from "../../src/nn/index.ts";
import { adam, clipNorm } from "../../src/optim/index.ts";
import { startNodeWorker } from "../../src/runs/node-workers.ts";
import type { Learner } from "../../src/train/learner.ts";
import { ReplicaGroup } from "../../src/train/replica-group.ts";
import { stretchOf } from "../../src/train/shards.ts";
import { IdStream } from "../ids.ts";
import { describeOwn, openBackend } from "../open-backend.ts";
import type { InitRequest } from "../protocol.ts";
import type { Trainer } from "../serve.ts";
import { weightsOf } from "./word-lm-learner.ts";

export async function trainWithReplicas(request: InitRequest): Promise<Trainer> {
  const { threads, learningRate } = request;
  const backend = openBackend(request.backend);
  const source = { module: import.meta.url, spec: request };
  const group = await ReplicaGroup.start(createLearner(request, 0, threads), {
    ...{ replicas: threads, source, startWorker: startNodeWorker },
  });
  let step = 0;
  return {
    ...describeOwn(backend, "nn.LSTM on ids, replicas", threads),
    // Every replica draws the batch that the runner has drawn too: they all have the seed.
    step: async () => (await group.step(step++, learningRate)).loss,
  };
}

/** Called in every worker; see src/train/learner.ts. */
export function createLearner(request: InitRequest, replica: number, replicas: number): Learner {
  const { vocab, hidden, time, batch, seed } = request;
  if (replica > 0) openBackend(request.backend);
  const rng = new Rng(seed);
  const rnn = new LSTM(vocab, hidden, { rng });
  const head = new Linear(hidden, vocab, { rng });
  const stream = new IdStream(vocab, seed);
  const { from: first, to: last } = stretchOf(replica, replicas, batch);
  const shape = [last - first, time];
  const own = (all: Int32Array) => ids(all.subarray(first * time, last * time), shape);
  return {
    optimizer: adam(parameters({ rnn, head }), { lr: request.learningRate }),
    clip: clipNorm(request.clip),
    ...{ shards: replicas, parts: [], weights: () => weightsOf(replicas, batch) },
    loss(): { loss: Tensor } {
      const { inputs, targets } = stream.nextBatch(batch, time);
      const { output } = rnn.forward(own(inputs));
      return { loss: crossEntropy(head.forward(output), own(targets)) };
    },
    // No state goes from step to step, and nothing is evaluated.
    carried: { size: 0, tensors: [] },
    readCarried: async () => {},
    writeCarried: () => {},
    evaluation: { parts: 0, width: 1 },
    evaluate: async () => {},
  };
}
