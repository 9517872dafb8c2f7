/** `npm run bench -- word-lm`: the training step of a word language model, on this package and in PyTorch. */

import type { Benchmark } from "./benchmark.ts";
import { wordLmContestants } from "./contestants.ts";
import type { Workload } from "./protocol.ts";

/**
 * The small model of Zaremba et al. (2014) for the Penn Treebank: two LSTM layers of 200. Their loss is the sum over 20
 * steps, with a rate of 1 and a norm of 5; this is their mean, with the same updates.
 */
const SMALL: Workload = {
  ...{ vocab: 10_000, time: 20, batch: 20, hidden: 200 },
  ...{ learningRate: 20, clip: 0.25, seed: 1 },
};

export const wordLm: Benchmark = {
  name: "word-lm",
  what: "the training step of a word LSTM as for the Penn Treebank",
  sizes: [],
  python: "torch",
  contestants: wordLmContestants,
  workloads: () => ({ small: SMALL }),
  title: ({ vocab, time, batch, hidden }) =>
    `word model, two layers of H=${hidden}, V=${vocab} T=${time} B=${batch}: one training step`,
  learns: true,
};
