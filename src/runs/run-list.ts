/** What runs have in common, whatever their task: enough to list them and to set them side by side. */
import type { Dirent } from "node:fs";
import { lstat, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { escapeControl, InputError, UnrolledError } from "../core/errors.ts";
import { isDamage, type MetricsEvent, RunStore } from "./run-store.ts";
import { tryStorage } from "./storage-errors.ts";

export interface RunSummary {
  readonly name: string;
  readonly folder: string;
  readonly task: string;
  /** `lstm`, ... or the file of an own cell; null where the run does not say. */
  readonly cell: string | null;
  readonly layers: number | null;
  readonly hidden: number | null;
  /** Updates up to the newest checkpoint. */
  readonly steps: number;
  /** Lowest validation loss of a checkpoint, and its step; null before the first evaluation. */
  readonly loss: number | null;
  readonly bestStep: number | null;
  readonly baseline: number | null;
  /** ISO 8601. */
  readonly created: string;
  /** Of all files. */
  readonly bytes: number;
}

export interface RunEvaluation {
  readonly step: number;
  readonly loss: number;
}

export interface RunDetails extends RunSummary {
  /** Every option under its name in run.json, and what else fixes the result. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly evaluations: readonly RunEvaluation[];
  /** Of training, in all sittings. */
  readonly seconds: number | null;
}

type Json = Record<string, unknown>;

const objectOf = (value: unknown): Json =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};
const textOf = (value: unknown): string | null => (typeof value === "string" ? value : null);
const numberOf = (value: unknown): number | null => (typeof value === "number" ? value : null);

/**
 * The runs in a folder, the newest last. What cannot be read is told and left out.
 * @throws InputError when there is no such folder
 */
export async function listRuns(folder: string, onNote: (text: string) => void): Promise<RunSummary[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: NodeJS.ErrnoException) => {
    throw new InputError(`there is no folder ${folder} with runs`, {
      hint: "npx unrolled train text makes a run",
      cause,
    });
  });
  const found: RunSummary[] = [];
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (!(await isRun(path))) continue;
    try {
      found.push(await summaryOf(path, await RunStore.open(path), onNote));
    } catch (error) {
      if (!(error instanceof UnrolledError)) throw error;
      onNote(`left out: ${error.problem}`);
    }
  }
  return found.sort((a, b) => compare(a.created, b.created) || compare(a.name, b.name));
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

export function isRun(path: string): Promise<boolean> {
  return stat(join(path, "run.json")).then(
    (found) => found.isFile(),
    () => false,
  );
}

async function summaryOf(
  folder: string,
  store: RunStore,
  onNote: (text: string) => void,
): Promise<RunSummary> {
  const run = await store.readRunJson();
  const [model, settings] = [objectOf(run.model), objectOf(run.settings)];
  const best = await store.bestLoss().catch((error) => {
    if (!isDamage(error)) throw error;
    onNote(`the best loss of ${folder} is not known: ${error.message}`);
    return undefined;
  });
  const [newest = 0] = await store.checkpointSteps();
  return {
    name: nameOf(folder),
    folder,
    task: textOf(run.task) ?? "unknown",
    cell: textOf(objectOf(run.cellFile).path) ?? textOf(settings.cell) ?? textOf(model.cell),
    layers: numberOf(model.layers) ?? numberOf(settings.layers),
    hidden: numberOf(model.hidden) ?? numberOf(settings.hidden),
    steps: newest,
    loss: best?.loss ?? null,
    bestStep: best?.step ?? null,
    baseline: numberOf(baselineOf(run).loss),
    created: textOf(run.created) ?? "",
    bytes: await sizeOf(folder),
  };
}

/** What there was to beat: version 0.1.0 had one baseline. */
function baselineOf({ baseline, baselines }: Json): Json {
  return objectOf(Array.isArray(baselines) ? baselines.find((one) => objectOf(one).loss !== null) : baseline);
}

const nameOf = (folder: string): string => folder.replace(/[\\/]+$/, "").replace(/^.*[\\/]/, "");

async function sizeOf(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await entriesOf(folder)) {
    if (!entry.isFile()) continue;
    // A running training removes old checkpoints.
    const found = await stat(join(entry.parentPath, entry.name)).catch(() => undefined);
    bytes += found?.size ?? 0;
  }
  return bytes;
}

function entriesOf(folder: string): Promise<Dirent[]> {
  return tryStorage("read", folder, () => readdir(folder, { withFileTypes: true, recursive: true }));
}

/** A deleted run. */
export interface DeletedRun {
  readonly name: string;
  readonly folder: string;
  /** Of all files that were in the folder. */
  readonly bytes: number;
  /** What was in the folder and is no part of a run: paths in it. */
  readonly kept: readonly string[];
}

/**
 * Check that runs can be deleted, before any of them is.
 * @returns the bytes of all of them
 * @throws InputError for a folder that is no run, or a link to one; LockError for one that is being trained
 */
export async function checkDeletable(folders: readonly string[]): Promise<number> {
  let bytes = 0;
  for (const folder of folders) {
    await (await openToDelete(folder)).close();
    bytes += await sizeOf(folder);
  }
  return bytes;
}

/** Delete a run: the files that it consists of, and its folder if nothing else is in it. */
export async function deleteRun(folder: string): Promise<DeletedRun> {
  const store = await openToDelete(folder);
  try {
    const bytes = await sizeOf(folder);
    return { name: nameOf(folder), folder, bytes, kept: await store.remove() };
  } finally {
    await store.close();
  }
}

async function openToDelete(folder: string): Promise<RunStore> {
  if ((await lstat(folder).catch(() => undefined))?.isSymbolicLink()) {
    throw new InputError(`${escapeControl(folder)} is a symbolic link`, {
      hint: "name the folder that it leads to",
    });
  }
  return RunStore.open(folder, { mode: "write" });
}

/**
 * Everything about a run that a comparison shows. What else is damaged is told and left out.
 * @throws InputError when there is none; FormatError when its run.json is damaged
 */
export async function describeRun(folder: string, onNote: (text: string) => void): Promise<RunDetails> {
  const store = await RunStore.open(folder);
  const run = await store.readRunJson();
  const summary = await summaryOf(folder, store, onNote);
  const events = await store.readMetrics().catch((error): MetricsEvent[] => {
    if (!isDamage(error)) throw error;
    onNote(`left out: ${error.message}`);
    return [];
  });
  const evaluations = events
    .filter(({ event, split }) => event === "eval" && (split === "validation" || split === undefined))
    .flatMap(({ step, loss }) =>
      typeof step === "number" && typeof loss === "number" ? [{ step, loss }] : [],
    );
  const seconds = numberOf(events.findLast(({ event }) => event === "step")?.seconds);
  return { ...summary, options: optionsOf(run), evaluations, seconds };
}

function optionsOf(run: Json): Json {
  const data = objectOf(run.data);
  const paths = Array.isArray(data.paths)
    ? data.paths.map((path) => textOf(path) ?? "?").join(" ")
    : undefined;
  const cell = textOf(objectOf(run.cellFile).sha256);
  const options = {
    task: run.task,
    ...objectOf(run.settings),
    ...objectOf(run.limits),
    ...(numberOf(run.evalEvery) !== null && { evalEvery: run.evalEvery }),
    ...(cell !== null && { cellSha256: cell.slice(0, 12) }),
    data: paths === "" ? "(bundled)" : paths,
    dataSha256: textOf(data.fingerprint)?.slice(0, 12),
    backend: run.backend,
    instructions: run.instructions,
    threads: run.threads,
    version: run.version,
  };
  // Options are words and numbers; a file from anybody may hold anything.
  return Object.fromEntries(Object.entries(options).filter(([, value]) => !isNested(value)));
}

const isNested = (value: unknown): boolean => typeof value === "object" && value !== null;

export interface OptionDifference {
  readonly option: string;
  /** One for each run; null where a run does not have it. */
  readonly values: readonly unknown[];
}

/** A loss at some step. */
export interface LossAt {
  readonly loss: number;
  /** False where it lies between two evaluations, on a straight line. */
  readonly isExact: boolean;
}

/** The loss of a run at a step; undefined before its first evaluation and after its last one. */
export function lossAt({ evaluations }: Pick<RunDetails, "evaluations">, step: number): LossAt | undefined {
  const sorted = evaluations.toSorted((a, b) => a.step - b.step);
  const after = sorted.find((one) => one.step >= step);
  if (after?.step === step) return { loss: after.loss, isExact: true };
  const before = sorted.findLast((one) => one.step < step);
  if (before === undefined || after === undefined) return undefined;
  const share = (step - before.step) / (after.step - before.step);
  return { loss: before.loss + share * (after.loss - before.loss), isExact: false };
}

/**
 * Steps at which runs can be compared, in rising order: some at which they were evaluated, first and last included,
 * and of neighbours those at which most of the runs were.
 */
export function chooseComparedSteps(
  runs: readonly Pick<RunDetails, "evaluations">[],
  most: number,
): number[] {
  const times = new Map<number, number>();
  for (const { evaluations } of runs) {
    for (const { step } of evaluations) times.set(step, (times.get(step) ?? 0) + 1);
  }
  const steps = [...times.keys()].toSorted((a, b) => a - b);
  if (steps.length <= most) return steps;
  const last = steps.length - 1;
  const inner = Array.from({ length: most - 2 }, (_, part) => {
    const [from, to] = [part, part + 1].map((edge) => 1 + Math.round((edge * (last - 1)) / (most - 2)));
    const best = steps.slice(from, to).toSorted((a, b) => times.get(b)! - times.get(a)!);
    return best.slice(0, 1);
  });
  return [steps[0], ...inner.flat(), steps[last]];
}

/** The options in which runs differ, in the order in which the first run has them. */
export function differences(runs: readonly RunDetails[]): OptionDifference[] {
  const names = [...new Set(runs.flatMap(({ options }) => Object.keys(options)))];
  return (
    names
      // Names come from files: one such as "constructor" must not be found where no run has it.
      .map((option) => ({
        option,
        values: runs.map(({ options }) =>
          Object.hasOwn(options, option) ? (options[option] ?? null) : null,
        ),
      }))
      .filter(({ values }) => values.some((value) => JSON.stringify(value) !== JSON.stringify(values[0])))
  );
}
