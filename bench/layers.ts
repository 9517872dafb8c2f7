/** `npm run bench -- layers`: one recurrent layer over time, forward and backward or forward alone, cell by cell. */

import { type CompareOptions, compare } from "./compare.ts";
import { layerContestants } from "./contestants.ts";
import type { Workload } from "./protocol.ts";

export const CELLS = ["rnn", "lstm", "gru"] as const;
export const MODES = ["train", "infer"] as const;

export interface LayersOptions extends CompareOptions {
  cells: readonly (typeof CELLS)[number][];
  modes: readonly (typeof MODES)[number][];
  hidden: readonly number[];
  batch: readonly number[];
  python?: string;
}

/** The learning settings are unused: nothing is updated. */
const SETTINGS = { vocab: 0, time: 64, learningRate: 0, clip: 0, seed: 1 };

/** @returns the exit status */
export async function layers(options: LayersOptions): Promise<number> {
  const { cells, modes, hidden: sizes, batch: batches, python, ...rest } = options;
  const workloads: Record<string, Workload> = {};
  for (const mode of modes) {
    for (const cell of cells) {
      for (const batch of batches) {
        for (const hidden of sizes) {
          workloads[`${cell} ${mode} B=${batch} H=${hidden}`] = { ...SETTINGS, cell, mode, batch, hidden };
        }
      }
    }
  }
  return compare("layers", layerContestants(python), workloads, rest);
}
