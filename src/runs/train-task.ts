import { existsSync } from "node:fs";
import { join } from "node:path";
import { parameters } from "../autograd/parameter.ts";
import { InputError } from "../core/errors.ts";
import type { Hooks } from "../core/hooks.ts";
import type { CodeFile } from "../run/checkpoint-metadata.ts";
import type { Baseline, DataFacts, Task } from "../tasks/task.ts";
import { TaskLearner } from "../tasks/task-learner.ts";
import type { TrainingSettings } from "../tasks/training-options.ts";
import type { ShownTraining } from "../tasks/view.ts";
import type { StartEvent, TrainEvent } from "../train/events.ts";
import { TrainingHistory } from "../train/history.ts";
import { ReplicaGroup } from "../train/replica-group.ts";
import { VERSION } from "../version.ts";
import { startNodeWorker } from "./node-workers.ts";
import type { OwnCell } from "./own-cell.ts";
import {
  chooseRunFolder,
  type NamedTask,
  openResumed,
  type Resumed,
  refuseOtherModel,
  warnAboutBits,
} from "./resume.ts";
import type { TaskRun } from "./run-file.ts";
import { RunStore } from "./run-store.ts";
import type { WorkerSpec } from "./task-worker.ts";
import {
  completeSnapshot,
  loadCell,
  loadData,
  openSources,
  openWeights,
  type Sources,
  type StartWeights,
} from "./training-inputs.ts";
import {
  checkMemory,
  checkTrainOptions,
  chooseLimits,
  chooseMachine,
  type Machine,
  pickSettings,
  type TrainOptions,
} from "./training-options.ts";
import { discard, runTraining } from "./training-run.ts";
import { nameOfFile } from "./user-code.ts";

export type { NamedTask } from "./resume.ts";

export interface TaskTraining extends ShownTraining<TrainingSettings, unknown, unknown, object> {
  readonly task: Task;
  /** Iterate to train. */
  readonly events: AsyncIterable<TrainEvent>;
  readonly runDirectory: string;
  readonly run: TaskRun;
  /** Of a model with a cell of the user's own. */
  readonly cellName: string | undefined;
  /** Numbers that training changes. */
  readonly parameters: number;
  /** The limit in steps, where there is one. */
  readonly totalSteps: number | null;
  /** The limit in seconds of this sitting, where there is one. */
  readonly maxSeconds: number | null;
  /** What earlier sittings did. */
  readonly startStep: number;
  readonly startSeconds: number;
  /** What is counted: "character". */
  readonly unit: string;
  /** Grows while {@link events} are iterated; of a resumed run with what came before. */
  readonly history: TrainingHistory;
  /** The sums of the last evaluation of this sitting, once there was one. */
  readonly measured: { readonly sums?: Float64Array };
  /** Replaces the report in the run's folder, until the events have ended. Returns its path. */
  writeReport(html: string): Promise<string>;
}

/**
 * Train a model of a task, or go on with a run. Everything that can be refused is refused before the first step, options
 * before anything is read.
 * @throws InputError, FormatError, LockError, StorageError
 */
export async function trainTask(
  named: NamedTask,
  options: TrainOptions,
  hooks: Hooks,
): Promise<TaskTraining> {
  checkTrainOptions(named.task, options);
  const resumed = options.resume ? await openResumed(named, options, hooks) : undefined;
  try {
    return await prepare(named, options, hooks, resumed);
  } catch (error) {
    await resumed?.store.close();
    throw error;
  }
}

async function prepare(
  named: NamedTask,
  options: TrainOptions,
  hooks: Hooks,
  resumed: Resumed | undefined,
): Promise<TaskTraining> {
  const { task } = named;
  const folder = resumed?.store.folder ?? options.out ?? chooseRunFolder(task.name);
  if (resumed === undefined) refuseFolderOfRun(folder);
  const weights = options.from === undefined ? undefined : await openWeights(task, options.from, hooks);
  const brought = weights?.settings;
  if (brought !== undefined) refuseOtherModel(task, brought as never, options);
  const asked = resumed?.run.settings ?? task.complete(pickSettings(task, options), brought);
  const cell = resumed === undefined ? await loadCell(asked, options, weights, hooks.onNote) : resumed.cell;
  const sources = await openSources(options, resumed, task.words.data);
  const { data, settings, facts } = await loadData(task, asked, {
    options,
    sources,
    resumed,
    weights,
    hooks,
  });
  const config = task.configure(settings, facts.facts);
  checkMemory(task, config, settings);
  const machine = chooseMachine(options, resumed?.run, settings.batchSize, hooks);
  const spec = describeWorker({ named, cell, settings, config, data, machine, profile: options.profile });
  const place = { replica: 0, replicas: machine.threads };
  const learner = new TaskLearner(task, spec, place, { createCell: cell?.create, cellName: cell?.name });
  const baselines = resumed?.run.baselines ?? (await task.baselines(data, hooks));
  const run = describeRun({ options, before: resumed?.run, sources, facts, spec, machine, baselines });
  const history = new TrainingHistory();
  if (resumed !== undefined) {
    warnAboutBits(resumed.run, run, hooks);
    // Only now: a training that is refused leaves the run as it was.
    await resumed.store.rewindTo(resumed.snapshot?.step ?? 0, (event) => history.add(event));
  }
  const store = resumed?.store ?? (await RunStore.create(folder));
  try {
    await store.writeRunJson(run);
    const { saveEvery } = options;
    const cellName = cell && nameOfFile(cell.path);
    const parts = { task, run, store, history, data, facts, spec, learner };
    return await start({ ...parts, resumed, weights, saveEvery, cellName, hooks });
  } catch (error) {
    if (resumed === undefined) await discard(store);
    else await store.close();
    throw error;
  }
}

/** What the replicas on other threads build their parts from. */
function describeWorker(parts: {
  named: NamedTask;
  cell: OwnCell | undefined;
  settings: TrainingSettings;
  config: unknown;
  data: unknown;
  machine: Machine;
  profile: boolean | undefined;
}): WorkerSpec {
  const { named, cell, machine, ...others } = parts;
  const { backend, instructions, shards } = machine;
  return {
    ...others,
    task: named.task.name,
    taskFile: pickCodeFile(named.file),
    cellFile: pickCodeFile(cell),
    backend,
    instructions,
    shards,
  };
}

const pickCodeFile = (file: CodeFile | undefined): CodeFile | undefined =>
  file && { path: file.path, sha256: file.sha256 };

/** @throws InputError for a folder that a new run would overwrite */
function refuseFolderOfRun(folder: string): void {
  if (!existsSync(join(folder, "run.json"))) return;
  throw new InputError(`${folder} already holds a run`, {
    hint: "continue it with --resume, or choose another folder with --out",
  });
}

/** What run.json will say. */
function describeRun(parts: {
  options: TrainOptions;
  before: TaskRun | undefined;
  sources: Sources;
  facts: DataFacts<object>;
  spec: WorkerSpec;
  machine: Machine;
  baselines: readonly Baseline[];
}): TaskRun {
  const { options, before, sources, facts, spec, machine, baselines } = parts;
  const { backend, instructions, threads, shards, precision } = machine;
  const { validation } = sources;
  return {
    task: spec.task,
    taskFile: spec.taskFile,
    version: VERSION,
    created: before?.created ?? new Date().toISOString(),
    model: spec.config,
    cellFile: spec.cellFile,
    settings: spec.settings,
    limits: chooseLimits(options, before),
    evalEvery: options.evalEvery ?? before?.evalEvery,
    backend,
    instructions,
    threads,
    shards,
    precision,
    data: {
      paths: sources.paths,
      ...facts.counts,
      fingerprint: facts.fingerprint,
      validation: validation && describeValidation(validation.paths, facts.validation!),
      ...facts.facts,
    },
    baselines,
  };
}

const describeValidation = ([path, ...others]: readonly string[], fingerprint: string) => ({
  path,
  ...(others.length > 0 && { others }),
  fingerprint,
});

/** The same file under Node's own TypeScript support and after compilation. */
const EXTENSION = import.meta.url.endsWith(".ts") ? "ts" : "js";

interface StartParts {
  readonly task: Task;
  readonly run: TaskRun;
  readonly store: RunStore;
  readonly history: TrainingHistory;
  readonly data: unknown;
  readonly facts: DataFacts<object>;
  readonly spec: WorkerSpec;
  readonly learner: TaskLearner;
  readonly resumed: Resumed | undefined;
  readonly weights: StartWeights | undefined;
  readonly saveEvery: number | undefined;
  readonly cellName: string | undefined;
  readonly hooks: Hooks;
}

/** Start the replicas. What is returned trains when its events are iterated. */
async function start(parts: StartParts): Promise<TaskTraining> {
  const { task, run, store, history, data, facts, learner, resumed, weights } = parts;
  const values = resumed?.snapshot ?? (weights && (await completeSnapshot(weights, learner)));
  const snapshot = values && { snapshot: values, parametersOnly: resumed?.snapshot === undefined };
  const startEvent = describeStart(parts);
  const source = { module: new URL(`./task-worker.${EXTENSION}`, import.meta.url).href, spec: parts.spec };
  const group = await ReplicaGroup.start(learner, {
    replicas: run.threads,
    source,
    startWorker: startNodeWorker,
    snapshot,
  });
  const startSeconds = resumed?.seconds ?? 0;
  const measured: { sums?: Float64Array } = {};
  const events = runTraining({
    task,
    run,
    store,
    history,
    group,
    learner,
    data,
    facts,
    startEvent,
    snapshot,
    hooks: parts.hooks,
    startSeconds,
    best: resumed?.best ?? Number.POSITIVE_INFINITY,
    saveEvery: parts.saveEvery,
    isNew: resumed === undefined,
    measured,
  });
  return {
    task,
    events,
    measured,
    settings: run.settings,
    data,
    config: run.model,
    facts,
    baselines: run.baselines,
    paths: run.data.paths,
    runDirectory: store.folder,
    run,
    cellName: parts.cellName,
    parameters: startEvent.parameters,
    totalSteps: findStepLimit(run.limits, learner.plan.stepsPerEpoch),
    maxSeconds: run.limits.maxSeconds ?? null,
    startStep: resumed?.snapshot?.step ?? 0,
    startSeconds,
    unit: task.unit(run.model, facts.facts),
    history,
    writeReport: (html) => store.writeReport(html),
  };
}

function describeStart({ task, run, store, data, learner }: StartParts): StartEvent {
  return {
    event: "start",
    task: task.name,
    run: store.folder,
    parameters: parameters(learner.model).reduce((total, { tensor }) => total + tensor.size, 0),
    backend: run.backend,
    instructions: run.instructions,
    threads: run.threads,
    precision: run.precision,
    seed: run.settings.seed,
    version: VERSION,
    ...task.view.startEvent?.(data),
  };
}

function findStepLimit({ steps, epochs }: TaskRun["limits"], stepsPerEpoch: number): number | null {
  const byEpochs = epochs === undefined ? undefined : Math.ceil(epochs * stepsPerEpoch);
  const ends = [steps, byEpochs].filter((end) => end !== undefined);
  return ends.length === 0 ? null : Math.min(...ends);
}
