/** Trainings of `translate` for its tests. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect } from "vitest";
import { type PredictOptions, predictRun } from "../../src/runs/predict-run.ts";
import { trainTask } from "../../src/runs/train-task.ts";
import type { TrainOptions } from "../../src/runs/training-options.ts";
import { TASKS } from "../../src/tasks/index.ts";
import type { TranslatePrediction } from "../../src/tasks/predictions.ts";
import type { Prediction } from "../../src/tasks/task.ts";
import type { TranslateSettings } from "../../src/tasks/translate/defaults.ts";
import type { EndEvent, EvalEvent, StepEvent } from "../../src/train/events.ts";

const root = mkdtempSync(join(tmpdir(), "translate-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let made = 0;
export const fresh = (name = "run") => join(root, `${made++}-${name}`);
export function file(content: string, name: string): string {
  const path = fresh(name);
  writeFileSync(path, content);
  return path;
}

export type Options = TrainOptions<TranslateSettings>;

/** Every second string of 1 to 4 of four letters, and the same from their end. */
const LETTERS = Array.from({ length: 4 + 16 + 64 + 256 }, (_, index) => {
  let [length, place] = [1, index];
  for (; place >= 4 ** length; length++) place -= 4 ** length;
  return Array.from({ length }, (_, at) => "abcd"[Math.floor(place / 4 ** at) % 4]).join("");
}).filter((_, index) => index % 2 === 0);
const reversed = (text: string) => [...text].reverse().join("");
export const PAIRS = LETTERS.map((text) => [text, reversed(text)] as const);
export const tsv = (pairs: readonly (readonly string[])[] = PAIRS) =>
  file(pairs.map((pair) => pair.join("\t")).join("\n"), "pairs.tsv");
export const data = tsv();

/** Sentences of words, which are translated one for one; the order of the last two is turned. */
const WORDS: Readonly<Record<string, string>> = {
  the: "le",
  a: "un",
  dog: "chien",
  cat: "chat",
  red: "rouge",
  old: "vieux",
};
export const SENTENCES = ["the", "a"].flatMap((article) =>
  ["dog", "cat"].flatMap((noun) =>
    ["red", "old"].map((adjective) => [
      `${article} ${adjective} ${noun} sees ${article} ${noun}.`,
      `${WORDS[article]} ${WORDS[noun]} ${WORDS[adjective]} voit ${WORDS[article]} ${WORDS[noun]}.`,
    ]),
  ),
);
export const lines = (side: 0 | 1, pairs = SENTENCES) => `${pairs.map((pair) => pair[side]).join("\n")}\n`;

export const SMALL: Partial<Options> = {
  hidden: 6,
  embedding: 4,
  batchSize: 5,
  threads: 1,
  valSplit: 0.2,
  minCount: 1,
};
export const LEARNED: Partial<Options> = { hidden: 24, embedding: 12, steps: 120, lr: 2e-2, batchSize: 32 };
export const hooks = { onProgress() {}, onNote() {} };

export interface Trained extends EndEvent {
  readonly steps: readonly StepEvent[];
  readonly evals: readonly EvalEvent[];
  readonly folder: string;
  readonly notes: readonly string[];
}

export async function train(options: Partial<Options>): Promise<Trained> {
  const notes: string[] = [];
  const all = {
    data: options.resume ? [] : [data],
    ...(options.resume ? {} : { ...SMALL, out: fresh() }),
    ...options,
  } as Options;
  const onNote = (text: string) => notes.push(text);
  const signal = new AbortController().signal;
  const training = await trainTask({ task: await TASKS.translate() }, all, {
    signal,
    onProgress() {},
    onNote,
  });
  const [steps, evals]: [StepEvent[], EvalEvent[]] = [[], []];
  let end: EndEvent | undefined;
  for await (const event of training.events) {
    if (event.event === "step") steps.push(event);
    if (event.event === "eval") evals.push(event);
    if (event.event === "end") end = event;
  }
  return { ...end!, steps, evals, folder: training.runDirectory, notes };
}

export async function predict(run: string, inputs: string[], options: PredictOptions = {}) {
  const notes: string[] = [];
  const onNote = (text: string) => notes.push(text);
  const { predictions, draw } = await predictRun(run, inputs, options, { ...hooks, onNote });
  const all: Prediction[] = [];
  for await (const prediction of predictions) all.push(prediction);
  return {
    all,
    notes,
    draw: () => draw!(all),
    json: all.map(({ json }) => json as unknown as TranslatePrediction),
    text: all.map(({ text }) => text),
  };
}

export const isSvg = (svg: string | undefined) => expect(svg).toMatch(/^<svg[\s\S]*<\/svg>\s*$/);
