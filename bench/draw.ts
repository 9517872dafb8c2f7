/** `npm run bench -- draw`: the training step of a model that feeds its output back, on this package. */

import type { Benchmark } from "./benchmark.ts";
import { drawContestants } from "./contestants.ts";
import { drawFlops } from "./flops.ts";
import type { Workload } from "./protocol.ts";

/** The sizes of Gregor et al. (2015) for MNIST; `vocab` is the number of pixels. */
const MNIST: Workload = {
  ...{ vocab: 784, time: 64, batch: 100, hidden: 256 },
  ...{ learningRate: 1e-3, clip: 5, seed: 1 },
};

export const draw: Benchmark = {
  name: "draw",
  what: "the training step of DRAW without attention: cells and linear layers called once a step",
  sizes: [],
  contestants: drawContestants,
  workloads: () => ({ mnist: MNIST }),
  title: ({ vocab, time, batch, hidden }) =>
    `DRAW without attention, two LSTM cells of H=${hidden}, ${vocab} pixels, T=${time} B=${batch}: one training step`,
  flops: drawFlops,
  learns: true,
};
