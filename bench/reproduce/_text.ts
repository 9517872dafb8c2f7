import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { knownWordShare, wordSet } from "../../src/data/index.ts";
import { readCorpus } from "../../src/tasks/text/corpus.ts";
import { sampleText } from "../../src/tasks/text/sample.ts";
import { type TextTrainOptions, trainText } from "../../src/tasks/text/train.ts";

export interface TextFigure {
  /** The best validation loss, nats per character. */
  readonly validation: number;
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
    let [steps, seconds] = [0, 0];
    for await (const event of training.events) {
      if (event.event === "eval") {
        validation = Math.min(validation, event.loss);
        console.log(`  step ${event.step}: validation ${event.loss.toFixed(4)} nats`);
      }
      if (event.event === "end") [steps, seconds] = [event.step, event.seconds];
    }
    const corpus = await readCorpus(data, quiet);
    const words = wordSet(corpus.ids, corpus.vocabulary);
    let sample = "";
    for await (const piece of (await sampleText(out, { length: 5000, seed: 1 })).pieces) sample += piece;
    const knownWords = knownWordShare(sample, words).share;
    return { validation, trigram: training.baseline.loss, steps, seconds, knownWords };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function report(name: string, { validation, trigram, steps, seconds, knownWords }: TextFigure): void {
  console.log(
    `${name}: validation ${validation.toFixed(4)} nats (interpolated trigram ${trigram.toFixed(4)}), ` +
      `${(100 * knownWords).toFixed(1)} % of sampled words known, ${steps} steps in ${seconds.toFixed(0)} s`,
  );
}
