/** `npm run bench -- seq2seq`: the training step of a translator with attention, on this package and in PyTorch. */

import type { Benchmark } from "./benchmark.ts";
import { seq2seqContestants } from "./contestants.ts";
import type { Workload } from "./protocol.ts";

/** As for Multi30k: lengths are those of bench/pair-lengths.ts, `time` is more than any of them. */
const PLAIN: Workload = {
  ...{ vocab: 8000, time: 26, batch: 80, hidden: 512 },
  ...{ learningRate: 3e-4, clip: 1, seed: 1 },
};

export const seq2seq: Benchmark = {
  name: "seq2seq",
  what: "the training step of a translator with additive attention",
  sizes: [],
  python: "torch",
  contestants: seq2seqContestants,
  workloads: () => ({ plain: PLAIN, readout: { ...PLAIN, readout: PLAIN.hidden } }),
  title: ({ vocab, batch, hidden, readout }) =>
    `GRU encoder in both directions and GRU decoder of H=${hidden}, additive attention, V=${vocab} B=${batch}, ${readout ? `a tanh layer of ${readout}` : "nothing"} before the output matrix: one training step`,
  learns: true,
};
