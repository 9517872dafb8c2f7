/** Small trainings for the tests: a made text, a temporary folder, and everything that a run says. */

import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { poisonFreedMemory } from "../../src/backend/arena.ts";
import type { Hooks as TrainHooks } from "../../src/core/hooks.ts";
import { decodeCheckpoint } from "../../src/io/index.ts";
import type { TaskRun } from "../../src/runs/run-file.ts";
import type { EndEvent, EvalEvent, StepEvent, TrainEvent } from "../../src/train/events.ts";
import { type TextTrainOptions, trainText } from "../support/text-task.ts";

// Memory of ended scopes reads as NaN, so that a use after the end cannot pass.
poisonFreedMemory(true);

/** A folder that is gone after the tests of this file. */
export const root = mkdtempSync(join(tmpdir(), "text-runs-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let made = 0;
/** A path in {@link root} where nothing is yet. */
export const fresh = (name = "run"): string => join(root, `${name}-${made++}`);

/** Text that is neither constant nor random; another `salt`, another text of the same alphabet. */
export function madeText(lines: number, salt = 0): string {
  const line = (i: number) =>
    `line ${(i * i + salt) % 97} of the book of ${(i + salt) % 13} things, said ${i % 7}.\n`;
  return Array.from({ length: lines }, (_, i) => line(i)).join("");
}

export function writeText(text: string, name = "text"): string {
  const path = `${fresh(name)}.txt`;
  writeFileSync(path, text);
  return path;
}

/** 6 kB: 8 chunks of 12 for 48 streams. */
export const book = writeText(madeText(150), "book");

export type Options = Partial<TextTrainOptions>;

/** A model so small that a step takes a millisecond. */
export const TINY: Options = { hidden: 8, seqLength: 12, batchSize: 4, threads: 1 };

export interface Said {
  readonly notes: string[];
  readonly events: TrainEvent[];
  readonly steps: StepEvent[];
  readonly evals: EvalEvent[];
  readonly end: EndEvent;
  readonly folder: string;
  readonly run: TaskRun;
}

export function hooks(more: Partial<TrainHooks> = {}): TrainHooks & { notes: string[] } {
  const notes: string[] = [];
  const { signal } = new AbortController();
  return { signal, onProgress() {}, onNote: (note) => void notes.push(note), notes, ...more };
}

export const optionsOf = (options: Options): TextTrainOptions => {
  const own = options.resume || options.from !== undefined ? { threads: 1 } : TINY;
  return { data: options.resume ? [] : [book], resume: false, ...own, ...options };
};

/** Train to the end; `stopAt` aborts as Ctrl-C does once, when that step is told. */
export async function train(
  options: Options & { stopAt?: number; hooks?: Partial<TrainHooks> },
): Promise<Said> {
  const { stopAt, hooks: more, ...rest } = options;
  const abort = new AbortController();
  const own = hooks({ signal: abort.signal, ...more });
  const training = await trainText(optionsOf({ out: fresh(), ...rest }), own);
  const events: TrainEvent[] = [];
  if (stopAt === 0) abort.abort();
  for await (const event of training.events) {
    events.push(event);
    if (event.event === "step" && event.step === stopAt) abort.abort();
  }
  const steps = events.filter((event) => event.event === "step");
  const evals = events.filter((event) => event.event === "eval");
  const end = events.at(-1);
  if (end?.event !== "end") throw new Error(`the last event is ${end?.event}`);
  return { notes: own.notes, events, steps, evals, end, folder: training.runDirectory, run: training.run };
}

export const checkpointPath = (folder: string, step: number): string =>
  join(folder, "checkpoints", `step-${step}.safetensors`);

/** Steps of the checkpoints in a run, in order. */
export const savedSteps = (folder: string): number[] =>
  readdirSync(join(folder, "checkpoints"))
    .map((name) => Number(/^step-(\d+)\.safetensors$/.exec(name)?.[1] ?? -1))
    .filter((step) => step >= 0)
    .sort((a, b) => a - b);

/** SHA-256 of the parameters in a checkpoint, in the order of their names, read by way of the file alone. */
export async function hashOfCheckpoint(path: string): Promise<string> {
  const { tensors } = await decodeCheckpoint(readFileSync(path), path);
  const hash = createHash("sha256");
  for (const name of [...tensors.keys()].sort()) {
    if (name.startsWith("carried") || name.startsWith("optimizer.")) continue;
    const data = tensors.get(name)!.data();
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest("hex");
}

/** Every file of a folder with the hash of its bytes. */
export function filesOf(folder: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" }).sort()) {
    const path = join(folder, name);
    if (!statSync(path).isFile()) continue;
    found[name] = createHash("sha256").update(readFileSync(path)).digest("hex");
  }
  return found;
}

/** The lines of metrics.jsonl without what the clock decides. */
export function metricsOf(folder: string): Record<string, unknown>[] {
  const lines = readFileSync(join(folder, "metrics.jsonl"), "utf8").trimEnd().split("\n");
  return lines.map((line) => {
    const { seconds, unitsPerSecond, ...rest } = JSON.parse(line) as Record<string, unknown>;
    return rest;
  });
}
