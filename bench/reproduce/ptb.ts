import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";
import { runJob } from "../../src/core/index.ts";
import { trigramBaseline, unigramLoss } from "../../src/data/index.ts";
import { wholeTextJob } from "../../src/data/symbol-text.ts";
import type { TaskTraining as TextTraining } from "../../src/runs/train-task.ts";
import { type TextData, tokenizerOf } from "../../src/tasks/text/data.ts";
import { evalText, readCorpus, type TextTrainOptions, trainText } from "./_text-task.ts";

/** Words, the end of a line included, and how many of them differ. */
const WORDS = 929_589;
const VOCABULARY = 10_000;

interface Published {
  readonly epochs: number;
  /** What the paper reports for the test set. */
  readonly perplexity: number;
  readonly settings: Partial<TextTrainOptions>;
}

/**
 * The paper sums the loss over the T steps where ours is their mean, so its gradient is T times ours: a rate of 1 and a
 * norm of 5 are T and 5 / T here, and every update is the same.
 */
const summed = (seqLength: number) => ({ seqLength, lr: seqLength, clipNorm: 5 / seqLength });

const COMMON = { tokens: "word", vocabSize: VOCABULARY, layers: 2, batchSize: 20, optimizer: "sgd" } as const;

const MODELS: Record<"small" | "medium", Published> = {
  small: {
    ...{ epochs: 13, perplexity: 114.5 },
    settings: { ...COMMON, ...summed(20), hidden: 200, initUniform: 0.1, lrDecay: 0.5, lrDecayAfter: 4 },
  },
  medium: {
    ...{ epochs: 39, perplexity: 82.7 },
    settings: {
      ...{ ...COMMON, ...summed(35), hidden: 650, dropout: 0.5 },
      ...{ initUniform: 0.05, lrDecay: 1 / 1.2, lrDecayAfter: 6 },
    },
  },
};

const stop = new AbortController();
const hooks = { signal: stop.signal, onProgress: () => {}, onNote: (note: string) => console.error(note) };

/**
 * Perplexity of the Penn Treebank's test set (Mikolov's version: ptb.train.txt, ptb.valid.txt, ptb.test.txt, plain or
 * .gz) with the small or the medium LSTM of Zaremba, Sutskever and Vinyals (2014), "Recurrent neural network
 * regularization":
 *
 *     npm run reproduce ptb -- DIR [--medium] [--seed N] [--threads N] [--out RUN] [--resume]
 *
 * The schedule is theirs and looks at nothing; the test set is read once, at the end.
 */
export async function reproduce(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      medium: { type: "boolean", default: false },
      seed: { type: "string", default: "1" },
      threads: { type: "string" },
      out: { type: "string" },
      resume: { type: "boolean", default: false },
    },
  });
  const [folder] = positionals;
  if (folder === undefined) throw new Error("name the folder: npm run reproduce ptb -- path/to/ptb");
  const name = values.medium ? "medium" : "small";
  const { epochs, perplexity: published, settings } = MODELS[name];
  const [batch, length] = [COMMON.batchSize, settings.seqLength as number];
  const evalEvery = Math.floor(Math.floor((WORDS - 1) / batch) / length);
  const temporary = mkdtempSync(join(tmpdir(), "unrolled-ptb-"));
  process.once("SIGINT", () => stop.abort());
  try {
    const file = (part: string) => plainFile(join(folder, `ptb.${part}.txt`), temporary);
    const [train, valid, test] = [file("train"), file("valid"), file("test")];
    const training = await trainText(
      {
        ...{ ...settings, data: [train], val: valid, epochs, evalEvery },
        ...{ seed: Number(values.seed), threads: values.threads ? Number(values.threads) : undefined },
        ...{ out: values.out ?? join("runs", `ptb-${name}`), resume: values.resume },
      },
      hooks,
    );
    const { run } = training;
    const { facts, train: words, validation } = training.data as TextData;
    const symbols = words.length + validation.length;
    const tokenizer = tokenizerOf(facts);
    console.log(
      `${name}: ${run.backend} ${run.instructions}, ${run.threads} thread(s), ${training.parameters} parameters, ` +
        `${symbols} words, ${tokenizer.size} of them different`,
    );
    if (tokenizer.size !== VOCABULARY) throw new Error(`this is another text: expected ${VOCABULARY} words`);
    const checkpoint = await follow(training, evalEvery, batch * length);
    if (stop.signal.aborted) return;

    const { loss, items } = await evalText(checkpoint, [test], {}, hooks);
    const [past, held] = [await readCorpus([train], hooks), await readCorpus([test], hooks)].map(
      (corpus) => runJob(wholeTextJob(corpus, tokenizer)).ids,
    );
    const unigram = unigramLoss(past, held, VOCABULARY);
    const trigram = trigramBaseline(past, held, VOCABULARY).loss;
    console.log(
      `test: perplexity ${perplexity(loss)} on ${items} words (Zaremba et al. ${published}, ` +
        `interpolated trigram ${perplexity(trigram)}, unigram ${perplexity(unigram)})`,
    );
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** Train, with a line for each pass. @returns the last checkpoint */
async function follow(training: TextTraining, stepsPerEpoch: number, wordsPerStep: number): Promise<string> {
  let checkpoint = "";
  let [nats, steps, seconds] = [0, 0, 0];
  for await (const event of training.events) {
    if (event.event === "step") {
      nats += event.loss;
      steps++;
      seconds += wordsPerStep / event.unitsPerSecond;
    }
    if (event.event === "eval") {
      console.log(
        `pass ${(event.step / stepsPerEpoch).toFixed(0).padStart(2)}: perplexity ${perplexity(nats / steps)} in training, ` +
          `${perplexity(event.loss)} on the validation text; ${((steps * wordsPerStep) / seconds).toFixed(0)} words/s`,
      );
      [nats, steps, seconds] = [0, 0, 0];
    }
    if (event.event === "checkpoint") checkpoint = event.path;
    if (event.event === "end") console.log(`${event.reason} after ${event.seconds.toFixed(0)} s`);
  }
  return checkpoint;
}

const perplexity = (nats: number): string => Math.exp(nats).toFixed(2);

/** The file itself, or what its .gz holds in a folder of our own. */
function plainFile(path: string, folder: string): string {
  if (existsSync(path)) return path;
  const plain = join(folder, path.slice(path.lastIndexOf("/") + 1));
  writeFileSync(plain, gunzipSync(readFileSync(`${path}.gz`)));
  return plain;
}
