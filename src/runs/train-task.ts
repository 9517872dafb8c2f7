import { existsSync } from "node:fs";
import { join } from "node:path";
import { parameters } from "../autograd/parameter.ts";
import { InputError } from "../core/errors.ts";
import type { Hooks } from "../core/hooks.ts";
import type { DataSource } from "../data/data-source.ts";
import { isCellFile } from "../run/cell-file.ts";
import type { CodeFile } from "../run/checkpoint-metadata.ts";
import { assetOf, recordedSource, sourceOf } from "../sources/paths.ts";
import { fitLoaded } from "../tasks/fitted-settings.ts";
import type { Baseline, DataFacts, Loaded, Task } from "../tasks/task.ts";
import { TaskLearner } from "../tasks/task-learner.ts";
import type { TrainingSettings } from "../tasks/training-options.ts";
import type { ShownTraining } from "../tasks/view.ts";
import type { StartEvent, TrainEvent } from "../train/events.ts";
import { TrainingHistory } from "../train/history.ts";
import { ReplicaGroup } from "../train/replica-group.ts";
import { type Snapshot, type SnapshotTensor, takeSnapshot } from "../train/snapshot.ts";
import { VERSION } from "../version.ts";
import { loadNamedCell } from "./code-choice.ts";
import { startNodeWorker } from "./node-workers.ts";
import { loadCellOf, type OpenedCheckpoint, openCheckpoint } from "./open-trained.ts";
import type { OwnCell } from "./own-cell.ts";
import {
  type NamedTask,
  newRunFolder,
  openResumed,
  type Resumed,
  refuseOtherData,
  refuseOtherModel,
  warnAboutBits,
} from "./resume.ts";
import type { TaskRun } from "./run-file.ts";
import { RunStore } from "./run-store.ts";
import { snapshotOf } from "./snapshot-file.ts";
import type { WorkerSpec } from "./task-worker.ts";
import {
  checkMemory,
  checkTrainOptions,
  chooseMachine,
  givenSettings,
  limitsOf,
  type Machine,
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
  const folder = resumed?.store.folder ?? options.out ?? newRunFolder(task.name);
  if (resumed === undefined) refuseFolderOfRun(folder);
  const weights = options.from === undefined ? undefined : await openWeights(task, options.from, hooks);
  const brought = weights?.settings;
  if (brought !== undefined) refuseOtherModel(task, brought as never, options);
  const asked = resumed?.run.settings ?? task.complete(givenSettings(task, options), brought);
  const cell = resumed === undefined ? await cellOf(asked, options, weights, hooks.onNote) : resumed.cell;
  const sources = await sourcesOf(options, resumed, task.words.data);
  const loaded = await load(task, asked, { options, sources, resumed, weights, hooks });
  const { settings } = loaded;
  const facts = checkFacts(task, task.facts(loaded.data), loaded.verified);
  const config = task.configure(settings, facts.facts);
  checkMemory(task, config, settings);
  const machine = chooseMachine(options, resumed?.run, settings.batchSize, hooks);
  const spec: WorkerSpec = {
    task: task.name,
    taskFile: codeFileOf(named.file),
    cellFile: codeFileOf(cell),
    settings,
    config,
    data: loaded.data,
    backend: machine.backend,
    instructions: machine.instructions,
    shards: machine.shards,
    profile: options.profile,
  };
  const place = { replica: 0, replicas: machine.threads };
  const learner = new TaskLearner(task, spec, place, { createCell: cell?.create, cellName: cell?.name });
  const baselines = resumed?.run.baselines ?? (await task.baselines(loaded.data, hooks));
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
    return await start({
      task,
      run,
      store,
      history,
      loaded,
      facts,
      spec,
      learner,
      resumed,
      weights,
      saveEvery,
      cellName,
      hooks,
    });
  } catch (error) {
    if (resumed === undefined) await discard(store);
    else await store.close();
    throw error;
  }
}

const codeFileOf = (file: CodeFile | undefined): CodeFile | undefined =>
  file && { path: file.path, sha256: file.sha256 };

/** @throws InputError for a folder that a new run would overwrite */
function refuseFolderOfRun(folder: string): void {
  if (!existsSync(join(folder, "run.json"))) return;
  throw new InputError(`${folder} already holds a run`, {
    hint: "continue it with --resume, or choose another folder with --out",
  });
}

/** Weights that a new run starts from, of its own task or of one that it can start from. */
interface StartWeights {
  readonly opened: OpenedCheckpoint;
  /** What they decide about the settings. */
  readonly settings: Partial<TrainingSettings>;
  readonly facts: object;
  /** Parameters of the new model. */
  readonly tensors: ReadonlyMap<string, SnapshotTensor>;
  /** Whether these are all of them. */
  readonly isWhole: boolean;
}

/** @throws InputError for weights of another task */
async function openWeights(task: Task, path: string, { onNote }: Hooks): Promise<StartWeights> {
  const opened = await openCheckpoint(path, { known: task, onNote });
  const { config, facts, cellFile, file, step, path: where } = opened;
  const { tensors } = snapshotOf(file, step, where, { parametersOnly: true });
  const isWhole = opened.task.name === task.name;
  const adopted = isWhole
    ? { settings: task.settingsOf?.(config, facts) ?? {}, facts, tensors }
    : task.adopt?.({ task: opened.task.name, config, facts, tensors, where });
  if (adopted === undefined) {
    throw new InputError(`--from ${path} is of the task ${opened.task.name}, expected ${task.name}`, {
      hint: `name a run of ${task.name}`,
    });
  }
  const settings = cellFile === undefined ? adopted.settings : { ...adopted.settings, cell: cellFile.path };
  return { ...adopted, settings, opened, isWhole };
}

/** The cell of a new run, when it is one of the user's own: the one that is named, or else the one of the weights. */
export async function cellOf(
  settings: TrainingSettings & { readonly cell?: string },
  options: TrainOptions<{ cell: string }>,
  weights: StartWeights | undefined,
  onNote: Hooks["onNote"],
): Promise<OwnCell | undefined> {
  if (settings.cell === undefined || !isCellFile(settings.cell)) return undefined;
  if (options.cell !== undefined) return loadNamedCell(options.cell, undefined, onNote);
  return weights && loadCellOf(weights.opened, undefined, onNote);
}

export interface Sources {
  /** As they were given; empty for the built-in data. */
  readonly paths: readonly string[];
  readonly source: DataSource | undefined;
  readonly validation: { readonly path: string; readonly source: DataSource } | undefined;
}

/** The data as it is named now, or else as the run has it. */
export async function sourcesOf(
  { data, val }: TrainOptions,
  resumed: Resumed | undefined,
  word: string,
): Promise<Sources> {
  const { run, store } = resumed ?? {};
  const recorded = (paths: readonly string[]) => recordedSource(paths, store?.folder ?? "", word);
  const isNamed = data.length > 0 || run === undefined;
  const paths = isNamed ? data : run.data.paths;
  const before = run?.data.validation?.path;
  const held = val ?? before;
  return {
    paths,
    source: paths.length === 0 ? undefined : isNamed ? sourceOf(paths) : await recorded(paths),
    validation:
      held === undefined
        ? undefined
        : { path: held, source: val === undefined ? await recorded([held]) : sourceOf([held]) },
  };
}

/** @throws InputError for a task that does not say which data it has read: a run could go on with other data */
export function checkFacts(
  task: Task,
  facts: DataFacts<object>,
  verified: string | undefined,
): DataFacts<object> {
  const where = `the task ${task.name}`;
  if (!/^[0-9a-f]{64}$/.test(facts.fingerprint)) {
    throw new InputError(
      `${where}: facts must have a fingerprint, the SHA-256 of the data in hexadecimal digits`,
    );
  }
  if (verified !== facts.fingerprint) {
    throw new InputError(`${where}: load must call request.verify with the fingerprint that facts has`);
  }
  return facts;
}

export async function load(
  task: Task,
  settings: TrainingSettings,
  parts: {
    options: TrainOptions;
    sources: Sources;
    resumed: Resumed | undefined;
    weights: StartWeights | undefined;
    hooks: Hooks;
  },
): Promise<Loaded<TrainingSettings, unknown> & { readonly verified: string | undefined }> {
  const { options, sources, resumed, weights, hooks } = parts;
  let verified: string | undefined;
  const known =
    resumed === undefined
      ? weights && ({ of: "weights", facts: weights.facts } as const)
      : ({ of: "run", facts: resumed.facts } as const);
  const given = givenSettings(task, options);
  const isChosen = (name: string) => resumed !== undefined || Object.hasOwn(given, name);
  const loaded = await task.load(
    {
      source: sources.source,
      validation: sources.validation?.source,
      settings,
      isChosen,
      known,
      threads: options.threads,
      verify(read, symbols) {
        verified = read.fingerprint;
        if (resumed !== undefined) {
          refuseOtherData(task, resumed.run, resumed.store.folder, read, symbols);
        }
      },
      asset: assetOf,
      file: (path) => sourceOf([path]),
    },
    hooks,
  );
  const fitted =
    known === undefined ? fitLoaded(task, loaded, { isChosen, threads: options.threads }, hooks) : loaded;
  return { ...fitted, verified };
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
    limits: limitsOf(options, before),
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
      validation: validation && { path: validation.path, fingerprint: facts.validation! },
      ...facts.facts,
    },
    baselines,
  };
}

/** The same file under Node's own TypeScript support and after compilation. */
const EXTENSION = import.meta.url.endsWith(".ts") ? "ts" : "js";

/** Start the replicas. What is returned trains when its events are iterated. */
async function start(parts: {
  task: Task;
  run: TaskRun;
  store: RunStore;
  history: TrainingHistory;
  loaded: Loaded<TrainingSettings, unknown>;
  facts: DataFacts<object>;
  spec: WorkerSpec;
  learner: TaskLearner;
  resumed: Resumed | undefined;
  weights: StartWeights | undefined;
  saveEvery: number | undefined;
  cellName: string | undefined;
  hooks: Hooks;
}): Promise<TaskTraining> {
  const { task, run, store, history, loaded, facts, spec, learner, resumed, weights, hooks } = parts;
  const { settings, data } = loaded;
  const { limits, backend, instructions, threads, precision, baselines } = run;
  const values = resumed?.snapshot ?? (weights && (await snapshotOfWeights(weights, learner)));
  const snapshot = values && { snapshot: values, parametersOnly: resumed?.snapshot === undefined };
  const source = { module: new URL(`./task-worker.${EXTENSION}`, import.meta.url).href, spec };
  const group = await ReplicaGroup.start(learner, {
    replicas: threads,
    source,
    startWorker: startNodeWorker,
    snapshot,
  });
  const count = parameters(learner.model).reduce((total, { tensor }) => total + tensor.size, 0);
  const startEvent: StartEvent = {
    event: "start",
    task: task.name,
    run: store.folder,
    parameters: count,
    backend,
    instructions,
    threads,
    precision,
    seed: settings.seed,
    version: VERSION,
    ...task.view.startEvent?.(data),
  };
  const startSeconds = resumed?.seconds ?? 0;
  const best = resumed?.best ?? Number.POSITIVE_INFINITY;
  const { saveEvery, cellName } = parts;
  const measured: { sums?: Float64Array } = {};
  return {
    task,
    events: runTraining({
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
      hooks,
      startSeconds,
      best,
      saveEvery,
      isNew: resumed === undefined,
      measured,
    }),
    measured,
    settings,
    data,
    config: spec.config,
    facts,
    baselines,
    paths: run.data.paths,
    runDirectory: store.folder,
    run,
    cellName,
    parameters: count,
    totalSteps: stepLimit(limits, learner.plan.stepsPerEpoch),
    maxSeconds: limits.maxSeconds ?? null,
    startStep: resumed?.snapshot?.step ?? 0,
    startSeconds,
    unit: task.unit(spec.config, facts.facts),
    history,
    writeReport: (html) => store.writeReport(html),
  };
}

function stepLimit({ steps, epochs }: TaskRun["limits"], stepsPerEpoch: number): number | null {
  const byEpochs = epochs === undefined ? undefined : Math.ceil(epochs * stepsPerEpoch);
  const ends = [steps, byEpochs].filter((end) => end !== undefined);
  return ends.length === 0 ? null : Math.min(...ends);
}

/** All parameters of the new model: those of the weights, and what it begins with where these have none. */
async function snapshotOfWeights(
  { opened: { step }, tensors, isWhole }: StartWeights,
  learner: TaskLearner,
): Promise<Snapshot> {
  if (isWhole) return { step, tensors };
  const own = await takeSnapshot(learner, step, new Float64Array(learner.carried.size));
  return { step, tensors: new Map([...own.tensors, ...tensors]) };
}
