/** The run that a training goes on with. */
import { existsSync } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { FormatError, InputError } from "../core/errors.ts";
import type { Hooks } from "../core/hooks.ts";
import { isCellFile } from "../run/cell-file.ts";
import type { CodeFile } from "../run/checkpoint-metadata.ts";
import { findDifferingOptions, flagOf, type OptionSchema } from "../tasks/option-schema.ts";
import type { DataFacts, Task } from "../tasks/task.ts";
import type { TrainingSettings } from "../tasks/training-options.ts";
import type { Snapshot } from "../train/snapshot.ts";
import { loadNamedCell, loadRecordedCell } from "./code-choice.ts";
import { readCheckpoint } from "./open-trained.ts";
import type { OwnCell } from "./own-cell.ts";
import { isSame, parseTaskRun, type TaskRun } from "./run-file.ts";
import { isDamage, RunStore } from "./run-store.ts";
import { parseSnapshot } from "./snapshot-file.ts";
import { pickSettings, type TrainOptions } from "./training-options.ts";

/** A task, and where it comes from if it is the user's own. */
export interface NamedTask {
  readonly task: Task;
  readonly file?: CodeFile;
}

/** Where runs go unless --out says otherwise. */
export const RUNS = "runs";

/** A folder for a new run: `runs/text-20261123-094500`, and `-2` behind it for a second one in that second. */
export function chooseRunFolder(task: string, now: Date = new Date()): string {
  const [date, time] = now.toISOString().replace(/[-:]/g, "").split("T");
  const first = join(RUNS, `${task}-${date}-${time.slice(0, 6)}`);
  let folder = first;
  for (let n = 2; existsSync(folder); n++) folder = `${first}-${n}`;
  return folder;
}

/** The run of a task in `runs/` that was started or resumed last, whatever its name. @throws InputError for none */
export async function findNewestRun(task: string): Promise<string> {
  const names = await readdir(RUNS).catch(() => [] as string[]);
  const runs = await Promise.all(names.map((name) => readRunAt(join(RUNS, name), task)));
  const [newest] = runs.filter((run) => run !== undefined).sort((a, b) => b.started - a.started);
  if (newest === undefined) {
    throw new InputError(`there is no run to resume in ${RUNS}/`, { hint: "name its folder with --out" });
  }
  return newest.folder;
}

async function readRunAt(
  folder: string,
  task: string,
): Promise<{ folder: string; started: number } | undefined> {
  const path = join(folder, "run.json");
  try {
    // Written at the start of every sitting, and never in between.
    const { mtimeMs } = await stat(path);
    const run = JSON.parse(await readFile(path, "utf8")) as { task?: unknown };
    return run.task === task ? { folder, started: mtimeMs } : undefined;
  } catch {
    // No run, or a broken one: not what `--resume` alone can mean. Named with --out it says what is wrong.
    return undefined;
  }
}

export interface Resumed {
  readonly store: RunStore;
  readonly run: TaskRun;
  readonly facts: object;
  readonly cell: OwnCell | undefined;
  readonly snapshot: Snapshot | undefined;
  readonly seconds: number;
  /** The lowest score so far. */
  readonly best: number;
}

/**
 * Its folder, locked, and its latest checkpoint; undefined where it holds no run yet. Nothing in it is changed.
 * @throws InputError for options that the run does not have, FormatError, LockError
 */
export async function openResumed(
  { task, file }: NamedTask,
  options: TrainOptions,
  hooks: Hooks,
): Promise<Resumed | undefined> {
  if (options.from !== undefined) {
    throw new InputError("--from and --resume exclude each other", {
      hint: "--resume goes on with a run, --from starts a new one from its weights",
    });
  }
  const folder = options.out ?? (await findNewestRun(task.name));
  if (existsSync(folder) && !existsSync(join(folder, "run.json"))) {
    hooks.onNote(`${folder} holds no run yet: starting from the beginning`);
    return undefined;
  }
  const store = await RunStore.open(folder, { mode: "write" });
  try {
    const where = join(folder, "run.json");
    const value = await store.readRunJson();
    const run = parseTaskRun(task, value, where);
    refuseOtherCode(run, file, folder);
    const cell = await loadCellOfRun(run, options, folder, hooks.onNote);
    refuseOtherSettings(task, run, { options, folder, cell });
    const { facts } = task.parse((name) => (name === "model" ? value.model : run.data[name]), where);
    return await openLatest(task, { store, run, facts, cell }, hooks);
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** @throws InputError for a file of a task that is not the one of the training */
function refuseOtherCode({ taskFile }: TaskRun, file: CodeFile | undefined, folder: string): void {
  if (taskFile === undefined || file === undefined || taskFile.sha256 === file.sha256) return;
  const [now, before] = [file, taskFile].map(({ sha256 }) => `${sha256.slice(0, 12)}...`);
  throw new InputError(
    `${folder} cannot be resumed with the task ${file.path}: its SHA-256 is ${now}, the run has ${before}`,
    { hint: "restore the file, or start a new run from its weights with --from" },
  );
}

async function openLatest(
  task: Task,
  opened: Pick<Resumed, "store" | "run" | "facts" | "cell">,
  hooks: Hooks,
): Promise<Resumed> {
  const { store, run } = opened;
  const latest = await store.latestCheckpoint();
  for (const warning of latest?.warnings ?? []) {
    hooks.onNote(`${warning}; going on from step ${latest?.step} instead`);
  }
  if (latest === undefined) {
    await refuseLostCheckpoints(store);
    hooks.onNote(`${store.folder} was stopped before its first checkpoint: starting from the beginning`);
    return { ...opened, snapshot: undefined, seconds: 0, best: Number.POSITIVE_INFINITY };
  }
  const {
    task: other,
    config,
    seconds,
  } = await readCheckpoint(latest, { path: latest.path, store }, { known: task, onNote: hooks.onNote });
  if (other.name !== task.name || !isSame(config, run.model)) {
    throw new FormatError(latest.path, "is of another model than run.json describes");
  }
  const snapshot = parseSnapshot(latest, latest.step, latest.path);
  return { ...opened, snapshot, seconds, best: await readBest(store, hooks) };
}

/** Where a best checkpoint was marked there were checkpoints: starting over would lose what they held without a word. */
async function refuseLostCheckpoints(store: RunStore): Promise<void> {
  try {
    // With no checkpoint at all it cannot be there either.
    await store.bestCheckpoint();
  } catch (error) {
    if (!isDamage(error)) throw error;
    throw new InputError(`${store.folder} has lost its checkpoints: ${error.problem}`, {
      hint: "put them back, or start a new run, in another folder",
      cause: error,
    });
  }
}

/** The lowest score so far; where its checkpoint is lost the best is looked for anew, and a note says so. */
async function readBest(store: RunStore, { onNote }: Hooks): Promise<number> {
  try {
    const best = await store.bestCheckpoint();
    return best?.choose ?? best?.loss ?? Number.POSITIVE_INFINITY;
  } catch (error) {
    if (!isDamage(error)) throw error;
    onNote(`the best checkpoint is lost (${error.problem}): the next evaluation counts as the best`);
    return Number.POSITIVE_INFINITY;
  }
}

/** The cell of a run that goes on: wherever its file is now, it must be the same. */
async function loadCellOfRun(
  { cellFile }: TaskRun,
  options: TrainOptions<{ cell: string }>,
  folder: string,
  onNote: Hooks["onNote"],
): Promise<OwnCell | undefined> {
  if (cellFile === undefined) return undefined;
  if (options.cell === undefined) return loadRecordedCell(cellFile, folder);
  return isCellFile(options.cell) ? loadNamedCell(options.cell, undefined, onNote) : undefined;
}

/** @throws InputError listing every option that was given and differs from the run's */
function refuseOtherSettings(
  task: Task,
  run: TaskRun,
  { options, folder, cell }: { options: TrainOptions; folder: string; cell: OwnCell | undefined },
): void {
  const schema = task.options as OptionSchema<TrainingSettings>;
  const given = pickSettings(task, options) as Readonly<Record<string, unknown>>;
  const stored = run.settings as unknown as Readonly<Record<string, unknown>>;
  const names = findDifferingOptions(schema, given, stored as never) as string[];
  const differences: string[] = [];
  for (const name of new Set([...names, ...("cell" in given ? ["cell"] : [])])) {
    if (name === "cell" && cell !== undefined && run.cellFile !== undefined) {
      if (cell.sha256 === run.cellFile.sha256) continue;
      const [now, before] = [cell.sha256, run.cellFile.sha256].map((hash) => `${hash.slice(0, 12)}...`);
      differences.push(`--cell ${given.cell} with SHA-256 ${now} (the run has ${before})`);
    } else if (given[name] !== stored[name]) {
      differences.push(`${flagOf(name)} ${given[name]} (the run has ${stored[name]})`);
    }
  }
  const shards = run.shards ?? run.threads;
  if (options.shards !== undefined && options.shards !== shards) {
    differences.push(`--shards ${options.shards} (the run has ${shards})`);
  }
  if (differences.length === 0) return;
  const isOtherModel = names.some((name) => schema[name as keyof TrainingSettings].role === "model");
  throw new InputError(`${folder} cannot be resumed with ${differences.join(", ")}`, {
    // The weights of this run would not fit another model.
    hint: isOtherModel
      ? "leave these options out to go on with the run's own, or start a new run"
      : "leave these options out to go on with the run's own, or start a new run with --from",
  });
}

/** @throws InputError listing how the model that is asked for differs from the one whose weights it is to get */
export function refuseOtherModel(
  task: Task,
  brought: Readonly<Record<string, unknown>>,
  options: TrainOptions,
): void {
  const schema = task.options as OptionSchema<TrainingSettings>;
  const given = pickSettings(task, options) as Readonly<Record<string, unknown>>;
  const differences = Object.keys(given)
    .filter((name) => schema[name as keyof TrainingSettings].role === "model" && name in brought)
    .filter((name) => given[name] !== brought[name])
    // Another version of a file may still fit: the shapes of its parameters decide.
    .filter((name) => name !== "cell" || !(isCellFile(`${given.cell}`) && isCellFile(`${brought.cell}`)))
    .map((name) => `${flagOf(name)} ${given[name]} (they have ${brought[name]})`);
  if (differences.length === 0) return;
  throw new InputError(`the weights of ${options.from} do not fit ${differences.join(", ")}`, {
    hint: "leave these options out to go on with that model, or leave out --from",
  });
}

/**
 * @param read the data as it is now
 * @param symbols of the data, for the words of the error
 * @throws InputError saying how it differs from the data that the run was trained on
 */
export function refuseOtherData(
  task: Task,
  { data }: TaskRun,
  folder: string,
  read: Omit<DataFacts<unknown>, "facts">,
  symbols?: readonly string[],
): void {
  const { data: word } = task.words;
  if (read.fingerprint !== data.fingerprint) {
    const hash = (fingerprint: string) => `SHA-256 ${fingerprint.slice(0, 12)}...`;
    const differences = task.differences?.(data, read, symbols) ?? [
      `${hash(read.fingerprint)} (the run has ${hash(data.fingerprint)})`,
    ];
    throw new InputError(`${folder} cannot be resumed with another ${word}: ${differences.join(", ")}`, {
      hint: `give the ${word} that it was trained on, or start a new run from its weights with --from`,
    });
  }
  const before = data.validation?.fingerprint;
  if (read.validation === before) return;
  const name = (fingerprint?: string) =>
    fingerprint === undefined
      ? `the end of its ${word}`
      : `a ${word} with SHA-256 ${fingerprint.slice(0, 12)}...`;
  throw new InputError(
    `${folder} validates on ${name(before)}, it cannot go on with ${name(read.validation)}`,
    { hint: "give the same --val, or start a new run from its weights with --from" },
  );
}

/** Say what keeps a run from ending with the bits of an uninterrupted one. */
export function warnAboutBits(before: TaskRun, now: TaskRun, hooks: Hooks): void {
  const old = { ...before, shards: before.shards ?? before.threads };
  const compared = ["backend", "instructions", "precision", "shards", "version"] as const;
  const changes = compared
    .filter((name) => old[name] !== now[name])
    .map((name) => `${name} ${old[name]} -> ${now[name]}`);
  // Only the cosine looks at its end.
  if (now.settings.lrDecay === null && before.limits.epochs !== now.limits.epochs) {
    changes.push(`epochs ${before.limits.epochs ?? "none"} -> ${now.limits.epochs ?? "none"}`);
  }
  if (changes.length > 0) {
    hooks.onNote(`bits may differ from an uninterrupted run: ${changes.join(", ")}`);
  }
}
