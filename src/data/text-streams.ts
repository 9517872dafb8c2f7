import { InputError, Rng } from "../core/index.ts";
import { COUNT, checkValue, type Names, refuseOthers } from "../core/options.ts";
import { showValue } from "../core/show-value.ts";
import type { CharacterIds } from "./id-store.ts";
import { IDS, INTS } from "./ranges.ts";

export interface TextStreamOptions {
  /** B: how many streams are read in parallel. */
  batchSize: number;
  /** T: characters of each stream in one step. */
  sequenceLength: number;
  /** Determines where each pass starts; 0 by default. */
  seed?: number;
}

const OPTIONS: Names<TextStreamOptions> = { batchSize: 0, sequenceLength: 0, seed: 0 };

/**
 * A training text, cut for truncated back-propagation through time as in char-rnn and in loaders of the Penn Treebank:
 * B streams of equal length are read in parallel, in chunks of T characters, so that the state after a chunk is the
 * state before the next one.
 *
 * A batch is a function of the step number, so a resumed run needs no saved position. In the first pass, the remainder
 * that does not fill a chunk (less than T characters per stream) is at the end of each stream. Later passes shift the
 * start by an amount that the seed determines, so that every character is used and chunks end at other places.
 */
export class TextStreams {
  readonly batchSize: number;
  readonly sequenceLength: number;
  /** The number of steps in one pass over the text. */
  readonly chunksPerEpoch: number;
  private readonly ids: CharacterIds;
  /** Characters from the start of one stream to the start of the next. */
  private readonly stride: number;
  private readonly rng: Rng;

  /** @throws InputError if the text is shorter than one step; it names sizes that fit */
  constructor(ids: CharacterIds, options: TextStreamOptions) {
    refuseOthers("TextStreams", OPTIONS, options);
    checkValue("TextStreams: ids", IDS, ids);
    const { batchSize, sequenceLength, seed = 0 } = options;
    for (const [name, value] of [
      ["--batch-size", batchSize],
      ["--seq-length", sequenceLength],
    ] as const) {
      if (!Number.isSafeInteger(value) || value < 1) {
        throw new InputError(`${name} must be a whole number from 1 on, got ${showValue(value)}`);
      }
    }
    // The last character of the text is a target only.
    const inputs = ids.length - 1;
    if (inputs < batchSize * sequenceLength) throw tooShort(ids.length, batchSize, sequenceLength);
    this.ids = ids;
    this.batchSize = batchSize;
    this.sequenceLength = sequenceLength;
    this.stride = Math.floor(inputs / batchSize);
    this.chunksPerEpoch = Math.floor(this.stride / sequenceLength);
    this.rng = new Rng(seed);
  }

  /** The pass that a step belongs to, counted from 0. */
  epoch(step: number): number {
    checkValue("textStreams.epoch: step", COUNT, step);
    return Math.floor(step / this.chunksPerEpoch);
  }

  /** Whether a step is the first of a pass: the carried state must be zero before it. */
  startsPass(step: number): boolean {
    checkValue("textStreams.startsPass: step", COUNT, step);
    return step % this.chunksPerEpoch === 0;
  }

  /**
   * Writes the streams `from`..`to` (a replica's share of the batch) of one step.
   * @param inputs `[to - from, T]` character ids, row by row
   * @param targets `[to - from, T]`, the character after each input
   */
  fill(step: number, from: number, to: number, inputs: Int32Array, targets: Int32Array): void {
    const { ids, sequenceLength: T } = this;
    checkValue("textStreams.fill: step", COUNT, step);
    checkValue("textStreams.fill: from", COUNT, from);
    checkValue("textStreams.fill: to", COUNT, to);
    if (!(from <= to && to <= this.batchSize)) {
      throw new InputError(`textStreams.fill: rows ${from}..${to} are not within 0..${this.batchSize}`);
    }
    checkValue("textStreams.fill: inputs", INTS, inputs);
    checkValue("textStreams.fill: targets", INTS, targets);
    const size = (to - from) * T;
    if (inputs.length !== size || targets.length !== size) {
      throw new InputError(
        `textStreams.fill: inputs and targets must hold ${to - from} x ${T} ids, got ${inputs.length} and ${targets.length}`,
      );
    }
    const first = this.start(this.epoch(step)) + (step % this.chunksPerEpoch) * T;
    let out = 0;
    for (let stream = from; stream < to; stream++) {
      const at = first + stream * this.stride;
      for (let t = 0; t < T; t++) {
        inputs[out] = ids[at + t];
        targets[out++] = ids[at + t + 1];
      }
    }
  }

  /** Where stream 0 starts in a pass: any place after which all chunks fit. */
  private start(epoch: number): number {
    const spare = this.stride - this.chunksPerEpoch * this.sequenceLength;
    return epoch === 0 ? 0 : this.rng.fork(epoch).integer(spare + 1);
  }
}

function tooShort(symbols: number, batchSize: number, sequenceLength: number): InputError {
  const batch = Math.floor((symbols - 1) / sequenceLength);
  const length = Math.floor((symbols - 1) / batchSize);
  const fits: string[] = [];
  if (batch >= 1) fits.push(`at most ${batch} streams`);
  if (length >= 1) fits.push(`sequences of at most ${length}`);
  if (fits.length === 0 && symbols >= 2) fits.push(`1 stream with sequences of at most ${symbols - 1}`);
  fits.push("a longer text");
  return new InputError(
    `the training text has ${symbols} ids; ${batchSize} streams of ${sequenceLength} need at least ` +
      `${batchSize * sequenceLength + 1}`,
    { hint: `use ${fits.join(", or ")}` },
  );
}
