import { randomInt } from "node:crypto";
import { InputError } from "../../core/errors.ts";
import { Rng } from "../../core/rng.ts";
import { generate } from "../../decode/generate.ts";
import { checkSampling, type SamplingOptions } from "../../decode/sampling.ts";
import type { WeightFormat } from "../../nn/stream.ts";
import { type BackendChoice, chooseEngine, openBackend } from "../engine.ts";
import type { Hooks } from "../../sources/corpus.ts";
import { buildModel, encodeTyped, loadCellOf, openModel } from "./open.ts";

export interface TextSampleOptions extends SamplingOptions {
  /** Characters, words or tokens to write after the prime, as the model has them; default 500. */
  length?: number;
  /** Text to go on from; default a line end. */
  prime?: string;
  /** Default: a new one each time. */
  seed?: number;
  /** Leave out of the prime what the model does not know, instead of refusing characters and reading words as `<unk>`. */
  skipUnknown?: boolean;
  backend?: BackendChoice;
  /** How the weights are held while it writes; default f32. */
  weights?: WeightFormat;
  /** The file of the run's own cell; default: where it was, if it was named there before. */
  cell?: string;
}

export interface TextSample {
  readonly seed: number;
  /** First the prime, if one was given, then character by character as they are made. */
  readonly pieces: AsyncIterable<string>;
}

export const DEFAULT_LENGTH = 500;

/**
 * Let a trained model write. `run` is a run folder or a checkpoint file.
 * @param hooks what is worth a note, as words of the prime that the model does not know
 * @throws InputError for an option outside its range and for unknown characters in the prime, naming them
 */
export async function sampleText(
  run: string,
  options: TextSampleOptions = {},
  { onNote }: Pick<Hooks, "onNote"> = { onNote() {} },
): Promise<TextSample> {
  const { length = DEFAULT_LENGTH, prime = "", seed = randomInt(2 ** 31), skipUnknown } = options;
  const { temperature, topK, topP } = options;
  checkSampling({ temperature, topK, topP });
  if (!Number.isSafeInteger(length) || length < 0) {
    throw new InputError(`--length must be an integer of at least 0, got ${length}`);
  }
  if (!Number.isSafeInteger(seed)) throw new InputError(`--seed must be an integer, got ${seed}`);
  const opened = await openModel(run, onNote);
  const { vocabulary } = opened.facts;
  const known = encodeTyped("--prime", prime, opened, { skipUnknown, onNote });
  const cell = await loadCellOf(opened, options.cell, onNote);
  const backend = openBackend(chooseEngine(options.backend));
  const model = buildModel(opened, backend, cell);
  const stream = model.stream({ weights: options.weights });
  // Without a prime the text starts as after a line end, or where a line end is unknown, after its first symbol.
  const lineEnd = vocabulary.encode("\n", { skipUnknown: true });
  const start = known.length > 0 ? known : lineEnd.length > 0 ? lineEnd : [0];

  async function* pieces(): AsyncGenerator<string, void, undefined> {
    const decoder = vocabulary.decoder();
    if (known.length > 0) yield Array.from(known, (id) => decoder.push(id)).join("");
    const rng = new Rng(seed);
    for await (const id of generate(
      { stream: () => stream },
      {
        prime: start,
        length,
        temperature,
        topK,
        topP,
        rng,
      },
    )) {
      const text = decoder.push(id);
      if (text !== "") yield text;
    }
    const rest = decoder.end();
    if (rest !== "") yield rest;
  }
  return { seed, pieces: pieces() };
}
