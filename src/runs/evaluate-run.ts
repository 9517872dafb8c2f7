import { InputError } from "../core/errors.ts";
import type { LoadHooks } from "../core/hooks.ts";
import type { WeightFormat } from "../nn/stream.ts";
import { sourceOf } from "../sources/paths.ts";
import { type BackendChoice, chooseEngine, openBackend } from "../tasks/engine.ts";
import { pickSearch, type SearchOptions } from "../tasks/search-options.ts";
import type { Baseline, Score, Task } from "../tasks/task.ts";
import { buildTrained, loadCellOf, openCheckpoint, runOf } from "./open-trained.ts";
import { loadOwnData, requireRun } from "./own-data.ts";

export interface EvaluateOptions extends SearchOptions {
  /** Rows side by side: only speed and memory depend on it, the result does not. Default 32. */
  readonly batchSize?: number;
  /** Leave out what the model does not know, instead of refusing it or reading it as unknown. */
  readonly skipUnknown?: boolean;
  /** Rounded weights, as `sample` may have them. Default f32. */
  readonly weights?: WeightFormat;
  readonly backend?: BackendChoice;
  /** The file of the run's own task; default: where it was, if it was named there before. */
  readonly task?: string;
  /** The file of the run's own cell; default: where it was, if it was named there before. */
  readonly cell?: string;
}

export interface RunEvaluation extends Score {
  readonly task: Task;
  /** What was counted: predicted characters, items. */
  readonly items: number;
  readonly unit: string;
  /** Only on the run's own data, since a baseline is made from what was trained on. */
  readonly baselines: readonly Baseline[];
  readonly data: unknown;
  /** Of all parts. */
  readonly sums: Float64Array;
  /** What else the task says of it, for programs. */
  readonly details: Readonly<Record<string, unknown>>;
  /** SVG of what there is to look at, where the task has such a picture. */
  readonly picture: string | undefined;
}

/**
 * How well a model does on `data`, or on the part of its run's data that was kept for validation. The result depends on
 * the model and the data alone.
 * @param path a run folder or a checkpoint file
 * @throws InputError, FormatError
 */
export async function evaluateRun(
  path: string,
  data: readonly string[],
  options: EvaluateOptions,
  hooks: LoadHooks,
): Promise<RunEvaluation> {
  const { batchSize, skipUnknown = false, weights } = options;
  if (batchSize !== undefined && (!Number.isSafeInteger(batchSize) || batchSize < 1)) {
    throw new InputError(`--batch-size must be an integer of at least 1, got ${batchSize}`);
  }
  const opened = await openCheckpoint(path, { task: options.task, onNote: hooks.onNote });
  const { task, config, facts } = opened;
  const search = pickSearch(task, options);
  const run = await runOf(opened);
  const own = data.length === 0 ? requireRun(run, opened, "evaluate") : undefined;
  const cell = await loadCellOf(opened, options.cell, hooks.onNote);
  const loaded =
    own === undefined
      ? await task.loadTest(
          { source: sourceOf(data), settings: run?.settings, config, facts, skipUnknown },
          hooks,
        )
      : await loadOwnData(opened, own, hooks);
  const backend = openBackend(chooseEngine(options.backend, hooks.onNote));
  const { model } = await buildTrained(opened, backend, cell);
  const plan = task.evaluation(loaded, { isComplete: true, rows: batchSize, weights, search });
  const sums = new Float64Array(plan.parts * plan.width);
  const onDone = (parts: number) => hooks.onProgress("evaluating", parts, plan.parts);
  await plan.run(model, { backend, replica: 0, replicas: 1, onDone }, sums);
  const baselines = own === undefined ? [] : await task.baselines(loaded, hooks);
  return {
    task,
    ...task.score(sums, loaded, plan, baselines),
    items: plan.items,
    unit: task.unit(config, facts),
    baselines,
    data: loaded,
    sums,
    details: task.details?.(sums, loaded) ?? {},
    picture: task.picture?.(sums, loaded).svg,
  };
}
