import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { knownWordShare, wordSet } from "../../src/data/index.ts";
import { readCorpus, sampleText, type TextTrainOptions, trainText } from "./_text-task.ts";

export interface TextFigure {
  /** The best validation loss, in nats per character. */
  readonly validation: number;
  /** The update after which it was reached. */
  readonly bestStep: number;
  readonly trigram: number;
  readonly steps: number;
  readonly seconds: number;
  /** Of the words in a sample of 5000 characters at temperature 1, those that occur in the training corpus. */
  readonly knownWords: number;
}

const quiet = {
  signal: new AbortController().signal,
  onProgress: () => {},
  onNote: (note: string) => console.error(note),
};

/** Train in a folder that is removed afterwards, with a line for every evaluation. */
export async function trainAndMeasure(options: Partial<TextTrainOptions>): Promise<TextFigure> {
  const folder = mkdtempSync(join(tmpdir(), "unrolled-reproduce-"));
  try {
    const out = join(folder, "run");
    const data = options.data ?? [];
    const training = await trainText({ data, resume: false, ...options, out }, quiet);
    let validation = Number.POSITIVE_INFINITY;
    let [bestStep, steps, seconds] = [0, 0, 0];
    for await (const event of training.events) {
      if (event.event === "eval") {
        if (event.loss < validation) [validation, bestStep] = [event.loss, event.step];
        console.log(`  step ${event.step}: validation ${event.loss.toFixed(4)} nats`);
      }
      if (event.event === "end") [steps, seconds] = [event.step, event.seconds];
    }
    const corpus = await readCorpus(data, quiet);
    const words = wordSet(corpus.ids, corpus.vocabulary);
    let sample = "";
    for await (const piece of (await sampleText(out, { length: 5000, seed: 1 })).pieces) sample += piece;
    const knownWords = knownWordShare(sample, words).share;
    return { validation, bestStep, trigram: training.baselines[0].loss!, steps, seconds, knownWords };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function report(name: string, figure: TextFigure): void {
  const { validation, bestStep, trigram, steps, seconds, knownWords } = figure;
  console.log(
    `${name}: validation ${validation.toFixed(4)} nats per character (interpolated trigram ${trigram.toFixed(4)}), ` +
      `best at step ${bestStep} of ${steps} (${Math.round((100 * bestStep) / steps)} %), ` +
      `${(100 * knownWords).toFixed(1)} % of sampled words known, ${seconds.toFixed(0)} s`,
  );
}

/** The same training with each of these seeds, and what they reach together. */
export async function reportSeeds(
  name: string,
  seeds: readonly number[],
  options: Partial<TextTrainOptions>,
): Promise<void> {
  const losses: number[] = [];
  for (const seed of seeds) {
    const figure = await trainAndMeasure({ ...options, seed });
    report(`${name}, seed ${seed}`, figure);
    losses.push(figure.validation);
  }
  const mean = losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
  console.log(
    `${name}: mean of ${losses.length} seeds ${mean.toFixed(4)} nats per character, ` +
      `from ${Math.min(...losses).toFixed(4)} to ${Math.max(...losses).toFixed(4)}`,
  );
}
