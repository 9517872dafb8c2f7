import type { Benchmark } from "./benchmark.ts";
import { charLmContestants } from "./contestants.ts";
import { charLmFlops } from "./flops.ts";
import type { Workload } from "./protocol.ts";

const CHAR_LM = { vocab: 65, time: 64, batch: 32, learningRate: 2e-3, clip: 5, seed: 1 };

/** The training step of a character LSTM. */
export const charLm: Benchmark = {
  name: "char-lm",
  what: "the training step of a character LSTM, with clipping and Adam",
  sizes: ["hidden"],
  python: "torch",
  contestants: charLmContestants,
  workloads({ hidden }, quick) {
    const all = hidden ?? (quick ? [128] : [128, 256, 512]);
    return Object.fromEntries(
      all.map((size): [string, Workload] => [`H=${size}`, { ...CHAR_LM, hidden: size }]),
    );
  },
  title: ({ hidden, vocab, time, batch }) =>
    `H=${hidden}: one training step, V=${vocab} T=${time} B=${batch}`,
  flops: charLmFlops,
  learns: true,
};
