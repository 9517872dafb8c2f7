/** The checks before a training, on data in files: what `unrolled check` runs. */
import type { Hooks } from "../core/hooks.ts";
import { openBackend } from "../tasks/engine.ts";
import { type CheckResult, checkRecipe } from "../tasks/recipe/recipe.ts";
import type { TrainingSettings } from "../tasks/training-options.ts";
import type { ShownTraining } from "../tasks/view.ts";
import type { NamedTask } from "./train-task.ts";
import { loadCell, loadData, openSources } from "./training-inputs.ts";
import {
  checkMemory,
  checkTrainOptions,
  chooseMachine,
  type Machine,
  pickSettings,
  type TrainOptions,
} from "./training-options.ts";
import { nameOfFile } from "./user-code.ts";

/** Seconds that the checks take together, unless somebody says otherwise. */
export const DEFAULT_SECONDS = 60;

/** What of the options of a training decides what is checked. */
export type CheckOptions<Settings = object> = Omit<
  TrainOptions<Settings>,
  | "resume"
  | "from"
  | "out"
  | "epochs"
  | "steps"
  | "patience"
  | "shards"
  | "threads"
  | "evalEvery"
  | "saveEvery"
>;

/** What is checked, and its results as they come. */
export interface TrainingCheck extends ShownTraining<TrainingSettings, unknown, unknown, object> {
  readonly machine: Machine;
  readonly cellName: string | undefined;
  /** Iterate to check. */
  readonly results: AsyncIterable<CheckResult>;
}

/**
 * Check the model that `trainTask` would train with the same options, on one thread. No run is made.
 * @param hooks an aborted signal ends the results with its reason
 * @throws InputError, FormatError as for a training
 */
export async function checkTraining(
  named: NamedTask,
  options: CheckOptions,
  hooks: Hooks,
): Promise<TrainingCheck> {
  const { task } = named;
  checkTrainOptions(task, options);
  const asked = task.complete(pickSettings(task, options));
  const cell = await loadCell(asked, options as never, undefined, hooks.onNote);
  const sources = await openSources(options, undefined, task.words.data);
  const parts = { options, sources, resumed: undefined, weights: undefined, hooks };
  const { data, settings, facts } = await loadData(task, asked, parts);
  const config = task.configure(settings, facts.facts);
  checkMemory(task, config, settings);
  const machine = chooseMachine({ ...options, threads: 1 }, undefined, settings.batchSize, hooks);
  const checked = {
    task,
    data,
    settings,
    config,
    engine: machine,
    backend: openBackend(machine),
    cell: { createCell: cell?.create, cellName: cell?.name },
    hooks,
  };
  return {
    settings,
    data,
    baselines: [],
    config,
    facts,
    paths: sources.paths,
    machine,
    cellName: cell && nameOfFile(cell.path),
    results: checkRecipe(checked, options.maxSeconds ?? DEFAULT_SECONDS),
  };
}
