import type { Benchmark } from "./benchmark.ts";
import { minCharRnnContestants } from "./contestants.ts";
import { charLmFlops } from "./flops.ts";
import type { Workload } from "./protocol.ts";

/** The program's own. */
const SETTINGS = { time: 25, batch: 1, hidden: 100, learningRate: 0.1, clip: 5, seed: 1 };

/** An iteration of Karpathy's program, here and in numpy as he wrote it. */
export const minCharRnn: Benchmark = {
  name: "min-char-rnn",
  what: "an iteration of Karpathy's program, here and in numpy",
  sizes: ["vocab"],
  python: "numpy",
  contestants: minCharRnnContestants,
  workloads({ vocab }, quick) {
    const all = vocab ?? (quick ? [65] : [65, 173]);
    return Object.fromEntries(
      all.map((size): [string, Workload] => [`V=${size}`, { ...SETTINGS, vocab: size }]),
    );
  },
  title: ({ vocab, time, hidden }) => `V=${vocab}: one iteration, T=${time} B=1 H=${hidden}`,
  flops: (workload) => charLmFlops({ ...workload, cell: "rnn" }),
  learns: true,
};
