/** What runs have in common, whatever their task: enough to list them and to set them side by side. */
import type { Dirent } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { InputError, UnrolledError } from "../core/errors.ts";
import { RunStore } from "../train/run-store.ts";

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
      hint: "unrolled train text makes a run",
      cause,
    });
  });
  const found: RunSummary[] = [];
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (!(await isRun(path))) continue;
    try {
      found.push(await summarize(path));
    } catch (error) {
      if (!(error instanceof UnrolledError)) throw error;
      onNote(`left out: ${error.message}`);
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

async function summarize(folder: string): Promise<RunSummary> {
  return summaryOf(folder, await RunStore.open(folder));
}

async function summaryOf(folder: string, store: RunStore): Promise<RunSummary> {
  const run = await store.readRunJson();
  const [model, settings] = [objectOf(run.model), objectOf(run.settings)];
  const best = await store.bestLoss();
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
    baseline: numberOf(objectOf(run.baseline).loss),
    created: textOf(run.created) ?? "",
    bytes: await sizeOf(folder),
  };
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
  return readdir(folder, { withFileTypes: true, recursive: true });
}

/** Everything about a run that a comparison shows. @throws InputError when there is none; FormatError when it is damaged */
export async function describeRun(folder: string): Promise<RunDetails> {
  const store = await RunStore.open(folder);
  const run = await store.readRunJson();
  const summary = await summaryOf(folder, store);
  const events = await store.readMetrics();
  const evaluations = events
    .filter(({ event, split }) => event === "eval" && (split === "validation" || split === undefined))
    .map(({ step, loss }) => ({ step: Number(step), loss: Number(loss) }));
  const seconds = numberOf(events.findLast(({ event }) => event === "step")?.seconds);
  return { ...summary, options: optionsOf(run), evaluations, seconds };
}

function optionsOf(run: Json): Json {
  const data = objectOf(run.data);
  const paths = Array.isArray(data.paths) ? data.paths.join(" ") : undefined;
  const cell = textOf(objectOf(run.cellFile).sha256);
  return {
    task: run.task,
    ...objectOf(run.settings),
    ...objectOf(run.limits),
    ...(numberOf(run.evalEvery) !== null && { evalEvery: run.evalEvery }),
    ...(cell !== null && { cellSha256: cell.slice(0, 12) }),
    data: paths === "" ? "(bundled)" : paths,
    dataSha256: textOf(data.fingerprint)?.slice(0, 12),
    ...{ backend: run.backend, instructions: run.instructions, threads: run.threads, version: run.version },
  };
}

export interface OptionDifference {
  readonly option: string;
  /** One for each run; null where a run does not have it. */
  readonly values: readonly unknown[];
}

/** The options in which runs differ, in the order in which the first run has them. */
export function differences(runs: readonly RunDetails[]): OptionDifference[] {
  const names = [...new Set(runs.flatMap(({ options }) => Object.keys(options)))];
  return names
    .map((option) => ({ option, values: runs.map(({ options }) => options[option] ?? null) }))
    .filter(({ values }) => values.some((value) => JSON.stringify(value) !== JSON.stringify(values[0])));
}
