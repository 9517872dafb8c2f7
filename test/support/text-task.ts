/** The task `text` as tests use it: typed, and by short names. */
import type { Hooks, LoadHooks } from "../../src/core/hooks.ts";
import type { TextCorpus } from "../../src/data/index.ts";
import { type EvaluateOptions, evaluateRun, type RunEvaluation } from "../../src/runs/evaluate-run.ts";
import { type SampleOptions, sampleRun, type TextSample } from "../../src/runs/sample-run.ts";
import { type TaskTraining, trainTask } from "../../src/runs/train-task.ts";
import type { TrainOptions } from "../../src/runs/training-options.ts";
import { assetOf, BUNDLED, sourceOf } from "../../src/sources/paths.ts";
import type { Task } from "../../src/tasks/task.ts";
import type { TextSettings } from "../../src/tasks/text/defaults.ts";
import { text } from "../../src/tasks/text/model.ts";

export { inspectRun as inspectText } from "../../src/runs/inspect-run.ts";
export { DEFAULTS } from "../../src/tasks/text/defaults.ts";

/** As the registry hands it out. */
export const TEXT = text as unknown as Task;

export type TextTrainOptions = TrainOptions<TextSettings>;

export function trainText(options: TextTrainOptions, hooks: Hooks): Promise<TaskTraining> {
  return trainTask({ task: TEXT }, options, hooks);
}

export function evalText(
  path: string,
  data: string[],
  options: EvaluateOptions,
  hooks: LoadHooks,
): Promise<RunEvaluation> {
  return evaluateRun(path, data, options, hooks);
}

export async function sampleText(
  run: string,
  options: SampleOptions = {},
  hooks: { onNote(text: string): void } = { onNote() {} },
): Promise<TextSample> {
  return (await sampleRun(run, options, hooks)) as TextSample;
}

/** No paths: the bundled corpus. */
export function readCorpus(paths: readonly string[], hooks: LoadHooks): Promise<TextCorpus> {
  return (paths.length === 0 ? assetOf(BUNDLED) : sourceOf(paths)).readText(hooks);
}
