/** The task `tag` as these programs use it: trained to its last step, and measured there. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { trainTask } from "../../src/runs/train-task.ts";
import type { TrainOptions } from "../../src/runs/training-options.ts";
import { TASKS } from "../../src/tasks/index.ts";
import type { Baseline } from "../../src/tasks/results.ts";
import type { TagSettings } from "../../src/tasks/tag/defaults.ts";

export type TagTraining = Partial<TrainOptions<TagSettings>>;

export interface TagResult {
  /** Of the validation data, after the last step. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly baselines: readonly Baseline[];
  readonly seconds: number;
}

const hooks = { signal: new AbortController().signal, onProgress() {}, onNote() {} };

/** A training with one evaluation, after its last step, so that the data of `val` chooses nothing. */
export async function trainTag(options: TagTraining): Promise<TagResult> {
  const folder = mkdtempSync(join(tmpdir(), "unrolled-tag-"));
  try {
    const all = { data: [], threads: 1, evalEvery: 1e9, out: join(folder, "run"), ...options };
    const training = await trainTask({ task: await TASKS.tag() }, all as TrainOptions, hooks);
    let [metrics, seconds]: [TagResult["metrics"], number] = [{}, 0];
    for await (const event of training.events) {
      if (event.event === "eval") metrics = event.metrics;
      if (event.event === "end") seconds = event.seconds;
    }
    return { metrics, baselines: training.baselines, seconds };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** Mean, and half of the 95 % interval of the mean by Student's t. */
export function meanOf(numbers: readonly number[]): { readonly mean: number; readonly half: number } {
  const count = numbers.length;
  const mean = numbers.reduce((sum, one) => sum + one, 0) / count;
  if (count < 2) return { mean, half: Number.NaN };
  const variance = numbers.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (count - 1);
  const t = STUDENT[Math.min(count - 1, STUDENT.length) - 1];
  return { mean, half: t * Math.sqrt(variance / count) };
}

/** The 97.5 % quantiles of Student's t for 1, 2, ... degrees of freedom. */
const STUDENT = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262];

/** `0.712 ± 0.010` */
export function interval(numbers: readonly number[]): string {
  const { mean, half } = meanOf(numbers);
  return `${mean.toFixed(3)} ± ${half.toFixed(3)}`;
}
