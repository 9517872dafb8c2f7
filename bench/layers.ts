import { type Benchmark, CELLS, type Sizes } from "./benchmark.ts";
import { layerContestants } from "./contestants.ts";
import { layerFlops } from "./flops.ts";
import type { Workload } from "./protocol.ts";

/** The learning settings are unused: nothing is updated. */
export const LAYER = { vocab: 0, time: 64, learningRate: 0, clip: 0, seed: 1 };

/** One recurrent layer over time, forward and backward or forward alone, cell by cell. */
export const layers: Benchmark = {
  name: "layers",
  what: "one RNN, LSTM or GRU layer, forward and backward or forward alone",
  sizes: ["cell", "mode", "batch", "hidden"],
  python: "torch",
  contestants: layerContestants,
  workloads(sizes, quick) {
    if (Object.keys(sizes).length > 0) return cross(sizes);
    if (quick) return cross({ batch: [32], hidden: [128] });
    const usual = [
      { batch: [32], hidden: [128, 256, 512] },
      { batch: [1], hidden: [128] },
      { mode: ["infer" as const], cell: ["lstm" as const], batch: [32], hidden: [128, 256, 512] },
    ];
    return Object.assign({}, ...usual.map(cross));
  },
  title: layerTitle,
  flops: layerFlops,
  learns: false,
};

export function layerTitle({ cell = "lstm", mode, hidden, time, batch }: Workload): string {
  const what = mode === "infer" ? "forward" : "forward and backward";
  return `${cell.toUpperCase()} ${what}, T=${time} B=${batch} H=${hidden}, input as wide`;
}

/** Every combination. */
function cross(sizes: Sizes): Record<string, Workload> {
  const {
    cell: cells = CELLS,
    mode: modes = ["train"],
    batch: batches = [1, 32],
    hidden: widths = [128],
  } = sizes;
  const found: Record<string, Workload> = {};
  for (const mode of modes) {
    for (const cell of cells) {
      for (const batch of batches) {
        for (const hidden of widths) {
          found[`${cell} ${mode} B=${batch} H=${hidden}`] = { ...LAYER, cell, mode, batch, hidden };
        }
      }
    }
  }
  return found;
}
