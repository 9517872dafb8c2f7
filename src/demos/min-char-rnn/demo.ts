import type { Backend } from "../../backend/backend.ts";
import { type Precision, precisionOf } from "../../backend/native/native.ts";
import { InputError } from "../../core/errors.ts";
import type { Hooks } from "../../core/hooks.ts";
import { runJobInTurns, Turns } from "../../core/job.ts";
import type { TextCorpus } from "../../data/index.ts";
import { textSourceOf } from "../../sources/paths.ts";
import { type BackendChoice, chooseEngine, openBackend } from "../../tasks/engine.ts";
import { VERSION } from "../../version.ts";
import { type Baselines, baselinesJob } from "./entropy.ts";
import { STEPS } from "./model.ts";
import { readProgramText } from "./text.ts";
import { MinCharTraining } from "./training.ts";

export interface MinCharOptions {
  /** Of all random numbers. Default 1. */
  seed?: number;
  /** Iterations to make; 0 (default): until `signal` says stop. */
  iterations?: number;
  /** Iterations between samples. Default: after 0, 100, 200, 500, 1000, 2000, 5000, ... */
  sampleEvery?: number;
  /** Default auto: wasm. */
  backend?: BackendChoice;
}

/** What the demo tells: start, then steps and samples, then end. */
export type MinCharEvent =
  | MinCharStart
  | MinCharStep
  | { event: "sample"; step: number; text: string }
  | MinCharEnd;

export interface MinCharStart {
  event: "start";
  task: "min-char-rnn";
  run: null;
  parameters: number;
  backend: string;
  instructions: string;
  threads: 1;
  precision: Precision;
  seed: number;
  version: string;
  /** What the text is called, and how much there is. */
  text: string;
  characters: number;
  vocabulary: number;
  /** Where the smooth loss starts: 25 ln V. */
  smoothLoss: number;
  /** In nats per character; multiplied by 25, comparable to the smooth loss. */
  baselines: Baselines;
}

export interface MinCharStep {
  event: "step";
  /** `n` of the program: iterations before this one. */
  step: number;
  epoch: number;
  /** Loss of this iteration before its update, in nats per character. */
  loss: number;
  /** What the program prints: the running mean of the loss of 25 characters. */
  smoothLoss: number;
  gradNorm: number;
  lr: number;
  seconds: number;
  unitsPerSecond: number;
}

export interface MinCharEnd {
  event: "end";
  /** Iterations made. */
  step: number;
  smoothLoss: number;
  seconds: number;
  reason: "steps" | "interrupted";
}

/** Characters of a sample, as in the program. */
const SAMPLE_LENGTH = 200;

/** @throws InputError naming the option that is outside its range */
export function checkMinCharOptions({ seed = 1, iterations = 0, sampleEvery = 1 }: MinCharOptions): void {
  if (!Number.isSafeInteger(seed)) throw new InputError(`--seed must be an integer, got ${seed}`);
  if (!(Number.isSafeInteger(iterations) && iterations >= 0)) {
    throw new InputError(`--iterations must be an integer of at least 0, got ${iterations}`, {
      hint: "0 goes on until Ctrl-C",
    });
  }
  if (!(Number.isSafeInteger(sampleEvery) && sampleEvery >= 1)) {
    throw new InputError(`--sample-every must be an integer of at least 1, got ${sampleEvery}`);
  }
}

/**
 * Karpathy's min-char-rnn.py of 2015 on a text: one event for every iteration.
 * @param path undefined: the bundled corpus; "-": standard input
 */
export async function* minCharDemo(
  path: string | undefined,
  options: MinCharOptions,
  hooks: Hooks,
): AsyncGenerator<MinCharEvent> {
  checkMinCharOptions(options);
  const { seed = 1, iterations = 0, sampleEvery } = options;
  const corpus = await readProgramText(path, hooks);
  const backend = openBackend(chooseEngine(options.backend, hooks.onNote));
  const training = new MinCharTraining(corpus.ids, corpus.vocabulary.size, { seed, backend });
  const baselines = await runJobInTurns(baselinesJob(corpus.ids, corpus.vocabulary.size), hooks.signal);
  yield { ...startOf(training, path, corpus, backend, seed), baselines };

  const started = performance.now();
  let before = started;
  const turns = new Turns();
  const last = iterations === 0 ? Number.POSITIVE_INFINITY : iterations;
  while (training.n < last && !hooks.signal.aborted) {
    if (sampleEvery === undefined ? isRound(training.n) : training.n % sampleEvery === 0) {
      const text = corpus.vocabulary.decode(await training.sample(SAMPLE_LENGTH));
      yield { event: "sample", step: training.n, text };
      before = performance.now();
    }
    const { n, loss, smoothLoss, gradientNorm } = await training.iterate();
    const now = performance.now();
    yield {
      ...({ event: "step", step: n, epoch: training.epoch, loss: loss / STEPS, smoothLoss } as const),
      gradNorm: gradientNorm,
      lr: training.optimizer.learningRate,
      seconds: (now - started) / 1000,
      unitsPerSecond: (1000 * STEPS) / (now - before),
    };
    before = now;
    if (!turns.isDue) continue;
    await turns.take();
    before = performance.now();
  }
  yield {
    ...({ event: "end", step: training.n, smoothLoss: training.smoothLoss } as const),
    seconds: (performance.now() - started) / 1000,
    reason: hooks.signal.aborted ? "interrupted" : "steps",
  };
  training.dispose();
}

function startOf(
  training: MinCharTraining,
  path: string | undefined,
  corpus: TextCorpus,
  backend: Backend,
  seed: number,
): Omit<MinCharStart, "baselines"> {
  return {
    ...({ event: "start", task: "min-char-rnn", run: null } as const),
    parameters: training.optimizer.parameters.reduce((total, { tensor }) => total + tensor.size, 0),
    backend: backend.name,
    instructions: backend.instructions,
    ...({ threads: 1, precision: precisionOf(backend.instructions), seed, version: VERSION } as const),
    text: path === "-" ? "standard input" : textSourceOf(path).description,
    characters: corpus.characters,
    vocabulary: corpus.vocabulary.size,
    smoothLoss: training.smoothLoss,
  };
}

/** 0, 100, 200, 500, 1000, ...: often while much changes. */
function isRound(n: number): boolean {
  return n === 0 || /^[125]00+$/.test(String(n));
}
