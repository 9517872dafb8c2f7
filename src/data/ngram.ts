import { InputError, type Job, runJob } from "../core/index.ts";
import { checkValue, type Range, SIZE } from "../core/options.ts";
import { showValue } from "../core/show-value.ts";
import { type CountTable, countTable } from "./count-table.ts";
import type { CharacterIds } from "./id-store.ts";
import { checkIdsBelow, IDS } from "./ranges.ts";
import { MAX_VOCABULARY } from "./vocabulary.ts";

/**
 * The baseline for a character model: a trigram that is interpolated with a bigram, a unigram and the uniform
 * distribution (Jelinek and Mercer, "Interpolated estimation of Markov source parameters from sparse data", 1980).
 */

/** At most this many characters are counted, the last ones of the training text, to bound time and memory. */
export const MAX_COUNTED = 10_000_000;
/** Characters to handle between two pauses of a job. */
const PAUSE = 1 << 14;

const EM_ROUNDS = 100;
const EM_TOLERANCE = 1e-7;

/** The weights of the four distributions. Their sum is 1. */
export interface NgramWeights {
  trigram: number;
  bigram: number;
  unigram: number;
  uniform: number;
}

export interface NgramBaseline {
  /** Mean of -ln p over the validation characters, in nats. */
  loss: number;
  weights: NgramWeights;
  /** The number of training characters that were counted. */
  counted: number;
}

const VOCABULARY_SIZE: Range = {
  text: `an integer from 1 to ${MAX_VOCABULARY}`,
  fits: (value) => SIZE.fits(value) && (value as number) <= MAX_VOCABULARY,
};

/** The id of "no character", before the first character of a text. */
const NONE = -1;

export class TrigramModel {
  weights: NgramWeights = { trigram: 0.25, bigram: 0.25, unigram: 0.25, uniform: 0.25 };
  private readonly size: number;
  private readonly unigrams: CountTable;
  private readonly bigrams: CountTable;
  private readonly trigrams: CountTable;
  private total = 0;
  /** The last two characters that were counted. */
  private before = NONE;
  private last = NONE;
  /** Maximum-likelihood estimates, highest order first, as {@link estimate} has computed them. */
  private readonly parts = new Float64Array(3);

  /** @param vocabularySize all ids are below it */
  constructor(vocabularySize: number) {
    checkValue("TrigramModel: vocabularySize", VOCABULARY_SIZE, vocabularySize);
    this.size = vocabularySize;
    this.unigrams = countTable(vocabularySize);
    this.bigrams = countTable(vocabularySize ** 2);
    this.trigrams = countTable(vocabularySize ** 3);
  }

  /** Counts a text that follows the one that was counted before. */
  count(ids: CharacterIds): void {
    runJob(this.countJob(ids));
  }

  /** {@link count} as a job. */
  *countJob(ids: CharacterIds): Job<void> {
    checkIdsBelow("TrigramModel.count: ids", ids, this.size);
    for (const part of partsOf(ids)) {
      for (const table of [this.unigrams, this.bigrams, this.trigrams]) yield* table.reserveJob(part.length);
      this.countPart(part);
      yield;
    }
  }

  private countPart(ids: CharacterIds): void {
    const V = this.size;
    for (let at = 0; at < ids.length; at++) {
      const id = ids[at];
      this.unigrams.add(id);
      if (this.last !== NONE) this.bigrams.add(this.last * V + id);
      if (this.before !== NONE) this.trigrams.add((this.before * V + this.last) * V + id);
      this.before = this.last;
      this.last = id;
    }
    this.total += ids.length;
  }

  /** p(c | a b). `a`, or both `a` and `b`, may be -1 for "no character". The sum over all c is 1. */
  probability(a: number, b: number, c: number): number {
    for (const [name, id, least] of [
      ["a", a, NONE] as const,
      ["b", b, NONE] as const,
      ["c", c, 0] as const,
    ]) {
      if (Number.isInteger(id) && id >= least && id < this.size) continue;
      const expected = `an integer from ${least} to ${this.size - 1}`;
      throw new InputError(`TrigramModel.probability: ${name} must be ${expected}, got ${showValue(id)}`);
    }
    return this.mix(a, b, c);
  }

  private mix(a: number, b: number, c: number): number {
    this.estimate(a, b, c);
    const { weights: w, parts } = this;
    return w.trigram * parts[0] + w.bigram * parts[1] + w.unigram * parts[2] + w.uniform / this.size;
  }

  /** The sum of -ln p, in nats, over a text that follows the one that was counted. */
  loss(ids: CharacterIds): number {
    return runJob(this.lossJob(ids));
  }

  /** {@link loss} as a job. */
  *lossJob(ids: CharacterIds): Job<number> {
    checkIdsBelow("TrigramModel.loss: ids", ids, this.size);
    let sum = 0;
    let [a, b] = [this.before, this.last];
    for (const part of partsOf(ids)) {
      sum = this.addLosses(sum, a, b, part);
      [a, b] = lastTwo(b, part);
      yield;
    }
    return sum;
  }

  /** Adds -ln p of a text after the characters `a` and `b` to `sum`, in order, so that a cut changes no bit. */
  private addLosses(sum: number, a: number, b: number, ids: CharacterIds): number {
    let [all, before, last] = [sum, a, b];
    for (let at = 0; at < ids.length; at++) {
      all -= Math.log(this.probability(before, last, ids[at]));
      before = last;
      last = ids[at];
    }
    return all;
  }

  /** Chooses the weights that maximise the likelihood of a text that follows the one that was counted (EM). */
  fit(heldOut: CharacterIds): void {
    runJob(this.fitJob(heldOut));
  }

  /** {@link fit} as a job. */
  *fitJob(heldOut: CharacterIds): Job<void> {
    checkIdsBelow("TrigramModel.fit: heldOut", heldOut, this.size);
    const rows = heldOut.length;
    if (rows === 0) return;
    const parts = yield* this.partsJob(heldOut);
    let w = Float64Array.of(0.25, 0.25, 0.25, 0.25);
    const counts = new Float64Array(4);
    for (let round = 0; round < EM_ROUNDS; round++) {
      counts.fill(0);
      for (let at = 0; at < 3 * rows; at += 3 * PAUSE) {
        addShares(parts.subarray(at, at + 3 * PAUSE), w, 1 / this.size, counts);
        yield;
      }
      // One imaginary character belongs to the uniform part, whose weight must not become 0, or a new character would
      // have an infinite loss.
      counts[3] += 1;
      const next = counts.map((count) => count / (rows + 1));
      const change = Math.max(Math.abs(next[0] - w[0]), Math.abs(next[1] - w[1]), Math.abs(next[2] - w[2]));
      w = next;
      if (change < EM_TOLERANCE) break;
    }
    const [trigram, bigram, unigram, uniform] = w;
    this.weights = { trigram, bigram, unigram, uniform };
  }

  /** The estimates for each character of a text: three numbers each, highest order first. */
  private *partsJob(heldOut: CharacterIds): Job<Float64Array> {
    const parts = new Float64Array(3 * heldOut.length);
    let [a, b] = [this.before, this.last];
    let row = 0;
    for (const part of partsOf(heldOut)) {
      for (let at = 0; at < part.length; at++, row += 3) {
        this.estimate(a, b, part[at]);
        parts.set(this.parts, row);
        a = b;
        b = part[at];
      }
      yield;
    }
    return parts;
  }

  /** A context that never occurred uses the estimate of the next shorter one, so that all parts are distributions. */
  private estimate(a: number, b: number, c: number): void {
    const { size: V, parts } = this;
    const p1 = this.total === 0 ? 1 / V : this.unigrams.get(c) / this.total;
    let p2 = p1;
    let p3 = p1;
    if (b !== NONE) {
      // The last character and the last pair were counted, but no character follows them.
      const after = this.unigrams.get(b) - (b === this.last ? 1 : 0);
      if (after > 0) p2 = this.bigrams.get(b * V + c) / after;
      p3 = p2;
    }
    if (a !== NONE && b !== NONE) {
      const open = a === this.before && b === this.last ? 1 : 0;
      const after = this.bigrams.get(a * V + b) - open;
      if (after > 0) p3 = this.trigrams.get((a * V + b) * V + c) / after;
    }
    parts[0] = p3;
    parts[1] = p2;
    parts[2] = p1;
  }
}

/** Cuts a text into parts that take a few milliseconds each. */
function* partsOf(ids: CharacterIds): Generator<CharacterIds> {
  for (let at = 0; at < ids.length; at += PAUSE) yield ids.subarray(at, at + PAUSE);
}

/** The last two characters after a text that follows `last`. */
function lastTwo(last: number, ids: CharacterIds): [number, number] {
  return [ids.length > 1 ? ids[ids.length - 2] : last, ids[ids.length - 1]];
}

/**
 * A part of an expectation step: adds each distribution's share of each character to `counts`.
 * @param parts three estimates for each character, highest order first
 * @param weights of the four distributions
 * @param uniform the fourth estimate
 */
function addShares(
  parts: Float64Array,
  [w3, w2, w1, w0]: Float64Array,
  uniform: number,
  counts: Float64Array,
): void {
  let [n3, n2, n1, n0] = counts;
  for (let at = 0; at < parts.length; at += 3) {
    const p3 = w3 * parts[at];
    const p2 = w2 * parts[at + 1];
    const p1 = w1 * parts[at + 2];
    const p0 = w0 * uniform;
    const share = 1 / (p3 + p2 + p1 + p0);
    n3 += p3 * share;
    n2 += p2 * share;
    n1 += p1 * share;
    n0 += p0 * share;
  }
  counts.set([n3, n2, n1, n0]);
}

/**
 * The loss of the trigram on a validation text that directly follows the training text.
 *
 * The weights are fitted on the last tenth of the training text with the counts of the rest; then all of it is counted.
 * Only the last {@link MAX_COUNTED} training characters are used.
 */
export function trigramBaseline(
  trainIds: CharacterIds,
  validIds: CharacterIds,
  vocabularySize: number,
): NgramBaseline {
  return runJob(trigramBaselineJob(trainIds, validIds, vocabularySize));
}

/** {@link trigramBaseline} as a job. */
export function* trigramBaselineJob(
  trainIds: CharacterIds,
  validIds: CharacterIds,
  vocabularySize: number,
): Job<NgramBaseline> {
  requireText("trigramBaseline", trainIds, validIds);
  const text = trainIds.subarray(Math.max(0, trainIds.length - MAX_COUNTED));
  const heldOut = Math.floor(text.length / 10);
  const model = new TrigramModel(vocabularySize);
  yield* model.countJob(text.subarray(0, text.length - heldOut));
  const tail = text.subarray(text.length - heldOut);
  yield* model.fitJob(tail);
  yield* model.countJob(tail);
  const sum = yield* model.lossJob(validIds);
  return { loss: sum / validIds.length, weights: model.weights, counted: text.length };
}

/** The loss of character frequencies, `(count + 1) / (characters + V)`, in nats per character. */
export function unigramLoss(trainIds: CharacterIds, validIds: CharacterIds, vocabularySize: number): number {
  requireText("unigramLoss", trainIds, validIds);
  checkValue("unigramLoss: vocabularySize", VOCABULARY_SIZE, vocabularySize);
  checkIdsBelow("unigramLoss: trainIds", trainIds, vocabularySize);
  checkIdsBelow("unigramLoss: validIds", validIds, vocabularySize);
  const counts = new Float64Array(vocabularySize).fill(1);
  for (let at = 0; at < trainIds.length; at++) counts[trainIds[at]]++;
  const costs = counts.map((count) => -Math.log(count / (trainIds.length + vocabularySize)));
  let sum = 0;
  for (let at = 0; at < validIds.length; at++) sum += costs[validIds[at]];
  return sum / validIds.length;
}

function requireText(where: string, trainIds: CharacterIds, validIds: CharacterIds): void {
  checkValue(`${where}: trainIds`, IDS, trainIds);
  checkValue(`${where}: validIds`, IDS, validIds);
  if (trainIds.length > 0 && validIds.length > 0) return;
  throw new InputError(
    `a baseline needs a text to train on and one to validate on, got ${trainIds.length} and ${validIds.length} ids`,
    { hint: "keep a part of the text for validation" },
  );
}
