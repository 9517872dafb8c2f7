import { randomInt } from "node:crypto";
import { InputError } from "../core/errors.ts";
import { Rng } from "../core/rng.ts";
import { normalizeText, type Tokenizer } from "../data/tokenizer.ts";
import { refuseUnknown } from "../data/unknown.ts";
import { WordTokenizer } from "../data/word-tokenizer.ts";
import { generate } from "../decode/generate.ts";
import { checkSampling, type SamplingOptions } from "../decode/sampling.ts";
import type { LanguageModel } from "../models/language-model.ts";
import type { WeightFormat } from "../nn/stream.ts";
import { type BackendChoice, chooseEngine, openBackend } from "../tasks/engine.ts";
import type { Artifact } from "../tasks/task.ts";
import { buildTrained, loadCellOf, type OpenedCheckpoint, openCheckpoint } from "./open-trained.ts";

export interface SampleOptions extends SamplingOptions {
  /** Characters, words or tokens to write after the prime, as the model has them; default 500. */
  length?: number;
  /** Text to go on from; default a line end. */
  prime?: string;
  /** Default: a new one each time. */
  seed?: number;
  /** Leave out of the prime what the model does not know, instead of refusing characters and reading words as `<unk>`. */
  skipUnknown?: boolean;
  backend?: BackendChoice;
  /** The file of the run's own task; default: where it was, if it was named there before. */
  task?: string;
  /** How the weights are held while it writes; default f32. */
  weights?: WeightFormat;
  /** The file of the run's own cell; default: where it was, if it was named there before. */
  cell?: string;
}

export interface TextSample {
  readonly kind: "text";
  readonly seed: number;
  /** First the prime, if one was given, then character by character as they are made. */
  readonly pieces: AsyncIterable<string>;
}

/** A sample that is made at once. */
export interface ArtifactSample {
  readonly kind: "artifact";
  readonly seed: number;
  readonly artifact: Artifact;
}

export const DEFAULT_LENGTH = 500;

/**
 * Let a trained model make something. `run` is a run folder or a checkpoint file.
 * @param hooks what is worth a note, as words of the prime that the model does not know
 * @throws InputError for an option outside its range, for unknown characters in the prime, naming them, and for a task
 * whose models make nothing
 */
export async function sampleRun(
  run: string,
  options: SampleOptions = {},
  { onNote }: { onNote(text: string): void } = { onNote() {} },
): Promise<TextSample | ArtifactSample> {
  const { length = DEFAULT_LENGTH, seed = randomInt(2 ** 31) } = options;
  const { temperature, topK, topP } = options;
  checkSampling({ temperature, topK, topP });
  if (!Number.isSafeInteger(length) || length < 0) {
    throw new InputError(`--length must be an integer of at least 0, got ${length}`);
  }
  if (!Number.isSafeInteger(seed)) throw new InputError(`--seed must be an integer, got ${seed}`);
  const opened = await openCheckpoint(run, { task: options.task, onNote });
  if (opened.task.language !== undefined) return writeText(opened, { ...options, length, seed }, onNote);
  const { task } = opened;
  if (task.sample === undefined) {
    throw new InputError(`a model of the task ${task.name} makes no samples`, {
      hint: task.predict === undefined ? undefined : `this model predicts: npx unrolled predict ${run} INPUT`,
    });
  }
  const cell = await loadCellOf(opened, options.cell, onNote);
  const backend = openBackend(chooseEngine(options.backend));
  const trained = await buildTrained(opened, backend, cell);
  const artifact = await task.sample(trained as never, { backend, rng: new Rng(seed) });
  return { kind: "artifact", seed, artifact };
}

async function writeText(
  opened: OpenedCheckpoint,
  options: SampleOptions & { readonly length: number; readonly seed: number },
  onNote: (text: string) => void,
): Promise<TextSample> {
  const { length, seed, prime = "", skipUnknown, temperature, topK, topP, weights } = options;
  const tokenizer = opened.task.language!.tokenizer(opened.facts);
  const known = encodeTyped("--prime", prime, tokenizer, { skipUnknown, onNote });
  const cell = await loadCellOf(opened, options.cell, onNote);
  const backend = openBackend(chooseEngine(options.backend));
  const model = (await buildTrained(opened, backend, cell)).model as LanguageModel;
  const stream = model.stream({ weights });
  // Without a prime the text starts as after a line end, or where a line end is unknown, after its first symbol.
  const lineEnd = tokenizer.encode("\n", { skipUnknown: true });
  const start = known.length > 0 ? known : lineEnd.length > 0 ? lineEnd : [0];

  async function* pieces(): AsyncGenerator<string, void, undefined> {
    const decoder = tokenizer.decoder();
    if (known.length > 0) yield Array.from(known, (id) => decoder.push(id)).join("");
    const rng = new Rng(seed);
    const source = { stream: () => stream };
    for await (const id of generate(source, { prime: start, length, temperature, topK, topP, rng })) {
      const text = decoder.push(id);
      if (text !== "") yield text;
    }
    const rest = decoder.end();
    if (rest !== "") yield rest;
  }
  return { kind: "text", seed, pieces: pieces() };
}

/** Words that a note names. */
const NAMED_WORDS = 10;

/**
 * The symbols of a text that a person typed, which is taken as a file with that content would be.
 * @param where what holds the text, as `--prime`
 * @param options `skipUnknown`: leave out what the model does not know; else words are `<unk>`, which a note tells
 * @throws InputError naming characters that the model does not know
 */
export function encodeTyped(
  where: string,
  typed: string,
  tokenizer: Tokenizer,
  options: { skipUnknown?: boolean; onNote?: (text: string) => void },
): Int32Array {
  const { skipUnknown = false, onNote } = options;
  const text = normalizeText(typed);
  if (!skipUnknown) {
    refuseUnknown(where, text, tokenizer);
    if (tokenizer instanceof WordTokenizer) noteUnknown(where, tokenizer.unknownWords(text), onNote);
  }
  return tokenizer.encode(text, { skipUnknown });
}

function noteUnknown(where: string, words: readonly string[], onNote?: (text: string) => void): void {
  const unknown = [...new Set(words)];
  if (unknown.length === 0) return;
  const what = unknown.length === 1 ? "a word" : `${unknown.length} words`;
  const more = unknown.length > NAMED_WORDS ? ` and ${unknown.length - NAMED_WORDS} more` : "";
  const named = unknown.slice(0, NAMED_WORDS).map((word) => `'${word}'`);
  onNote?.(
    `${where} has ${what} that the model does not know: ${named.join(", ")}${more}, read as <unk>; ` +
      "--skip-unknown leaves unknown words out",
  );
}
