/** What a training starts from: weights of another run, a cell of the user's own, and the data. */

import { InputError } from "../core/errors.ts";
import type { Hooks } from "../core/hooks.ts";
import type { DataSource } from "../data/data-source.ts";
import { isCellFile } from "../run/cell-file.ts";
import { assetOf, openRecordedSource, sourceOf } from "../sources/paths.ts";
import { fitLoaded } from "../tasks/fitted-settings.ts";
import type { DataFacts, Loaded, Task } from "../tasks/task.ts";
import type { TaskLearner } from "../tasks/task-learner.ts";
import type { TrainingSettings } from "../tasks/training-options.ts";
import { type Snapshot, type SnapshotTensor, takeSnapshot } from "../train/snapshot.ts";
import { loadNamedCell } from "./code-choice.ts";
import { loadCellOf, type OpenedCheckpoint, openCheckpoint } from "./open-trained.ts";
import type { OwnCell } from "./own-cell.ts";
import { type Resumed, refuseOtherData } from "./resume.ts";
import { parseSnapshot } from "./snapshot-file.ts";
import { validationPaths } from "./run-file.ts";
import { pickSettings, type TrainOptions } from "./training-options.ts";

/** Weights that a new run starts from, of its own task or of one that it can start from. */
export interface StartWeights {
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
export async function openWeights(task: Task, path: string, { onNote }: Hooks): Promise<StartWeights> {
  const opened = await openCheckpoint(path, { known: task, onNote });
  const { config, facts, cellFile, file, step, path: where } = opened;
  const { tensors } = parseSnapshot(file, step, where, { parametersOnly: true });
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

/** All parameters of the new model: those of the weights, and what it begins with where these have none. */
export async function completeSnapshot(
  { opened: { step }, tensors, isWhole }: StartWeights,
  learner: TaskLearner,
): Promise<Snapshot> {
  if (isWhole) return { step, tensors };
  const own = await takeSnapshot(learner, step, new Float64Array(learner.carried.size));
  return { step, tensors: new Map([...own.tensors, ...tensors]) };
}

/** The cell of a new run, when it is one of the user's own: the one that is named, or else the one of the weights. */
export async function loadCell(
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
  readonly validation: { readonly paths: readonly string[]; readonly source: DataSource } | undefined;
}

/** The data as it is named now, or else as the run has it. */
export async function openSources(
  { data, val }: TrainOptions,
  resumed: Resumed | undefined,
  word: string,
): Promise<Sources> {
  const { run, store } = resumed ?? {};
  const recorded = (paths: readonly string[]) => openRecordedSource(paths, store?.folder ?? "", word);
  const isNamed = data.length > 0 || run === undefined;
  const paths = isNamed ? data : run.data.paths;
  const before = run?.data.validation && validationPaths(run.data.validation);
  const held = val === undefined ? before : [val].flat();
  return {
    paths,
    source: paths.length === 0 ? undefined : isNamed ? sourceOf(paths) : await recorded(paths),
    validation:
      held === undefined
        ? undefined
        : { paths: held, source: val === undefined ? await recorded(held) : sourceOf(held) },
  };
}

/** @throws InputError for a task that does not say which data it has read: a run could go on with other data */
function checkFacts(task: Task, facts: DataFacts<object>, verified: string | undefined): DataFacts<object> {
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

/** Data that has been read, and what a trained model has to know of it. */
export interface TrainingData extends Loaded<TrainingSettings, unknown> {
  readonly facts: DataFacts<object>;
}

/** @throws InputError for data that cannot be read, or is not that of the run that goes on */
export async function loadData(
  task: Task,
  settings: TrainingSettings,
  parts: {
    options: TrainOptions;
    sources: Sources;
    resumed: Resumed | undefined;
    weights: StartWeights | undefined;
    hooks: Hooks;
  },
): Promise<TrainingData> {
  const { options, sources, resumed, weights, hooks } = parts;
  let verified: string | undefined;
  const known =
    resumed === undefined
      ? weights && ({ of: "weights", facts: weights.facts } as const)
      : ({ of: "run", facts: resumed.facts } as const);
  const given = pickSettings(task, options);
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
  const { data, settings: fitted } =
    known === undefined ? fitLoaded(task, loaded, { isChosen, threads: options.threads }, hooks) : loaded;
  return { data, settings: fitted, facts: checkFacts(task, task.facts(data), verified) };
}
