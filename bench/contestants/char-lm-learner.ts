/** The benchmark's character model as a learner, so that it trains in replicas as any task does. */

import { crossEntropy, ids, Linear, LSTM, parameters, Rng } from "../../src/nn/index.ts";
import { adam, clipNorm } from "../../src/optim/index.ts";
import type { Learner } from "../../src/train/index.ts";
import { openBackend } from "../open-backend.ts";
import type { InitRequest } from "../protocol.ts";

export interface CharLmSpec {
  readonly request: InitRequest;
  /** [batch, time] each, in shared memory: what the next step learns. */
  readonly inputs: Int32Array;
  readonly targets: Int32Array;
}

export function createLearner(spec: CharLmSpec, replica: number, replicas: number): Learner {
  const { vocab, time, batch, hidden, seed, learningRate, clip, backend } = spec.request;
  openBackend(backend);
  const rng = new Rng(seed);
  const rnn = new LSTM(vocab, hidden, { rng });
  const head = new Linear(hidden, vocab, { rng });
  const [from, to] = [replica, replica + 1].map((index) => Math.floor((index * batch) / replicas));
  const own = (all: Int32Array) => ids(all.subarray(from * time, to * time), [to - from, time]);
  return {
    optimizer: adam(parameters({ rnn, head }), { lr: learningRate }),
    clip: clipNorm(clip),
    share: (to - from) / batch,
    loss: () => crossEntropy(head.forward(rnn.forward(own(spec.inputs)).output), own(spec.targets)),
    // Every step starts from zeros, and nothing is evaluated.
    carried: { size: 0, tensors: [] },
    readCarried: async () => {},
    writeCarried: () => {},
    evaluationParts: 0,
    evaluate: async () => {},
  };
}
