import { InputError } from "../core/index.ts";
import { checkValue, type Range, SIZE } from "../core/options.ts";
import { showValue } from "../core/show-value.ts";
import { type CountTable, countTable } from "./count-table.ts";
import type { CharacterIds } from "./id-store.ts";
import { checkIdsBelow, IDS } from "./ranges.ts";
import { MAX_VOCABULARY } from "./vocabulary.ts";

/**
 * The baseline that a character model has to beat: a trigram interpolated with bigram, unigram and the uniform
 * distribution (Jelinek and Mercer, "Interpolated estimation of Markov source parameters from sparse data",
 * 1980).
 */

/** Counts come from at most this many characters, the last of the training text: it bounds time and memory. */
export const MAX_COUNTED = 10_000_000;
const EM_ROUNDS = 100;
const EM_TOLERANCE = 1e-7;

/** Shares of the four distributions; they sum to 1. */
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
  /** Training characters that were counted. */
  counted: number;
}

const VOCABULARY_SIZE: Range = {
  text: `an integer from 1 to ${MAX_VOCABULARY}`,
  fits: (value) => SIZE.fits(value) && (value as number) <= MAX_VOCABULARY,
};

/** No character: what stands before the first one of a text. */
const NONE = -1;

export class TrigramModel {
  weights: NgramWeights = { trigram: 0.25, bigram: 0.25, unigram: 0.25, uniform: 0.25 };
  private readonly size: number;
  private readonly unigrams: CountTable;
  private readonly bigrams: CountTable;
  private readonly trigrams: CountTable;
  private total = 0;
  /** The last two characters counted. */
  private before = NONE;
  private last = NONE;
  /** Maximum-likelihood estimates, highest order first: filled by {@link estimate}. */
  private readonly parts = new Float64Array(3);

  /** @param vocabularySize ids are below it */
  constructor(vocabularySize: number) {
    checkValue("TrigramModel: vocabularySize", VOCABULARY_SIZE, vocabularySize);
    this.size = vocabularySize;
    this.unigrams = countTable(vocabularySize);
    this.bigrams = countTable(vocabularySize ** 2);
    this.trigrams = countTable(vocabularySize ** 3);
  }

  /** Count a stretch of text; it follows what was counted before. */
  count(ids: CharacterIds): void {
    checkIdsBelow("TrigramModel.count: ids", ids, this.size);
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

  /** p(c | a b); a, or both a and b, may be -1 for "nothing there". Sums to 1 over c. */
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
    return this.mixed(a, b, c);
  }

  private mixed(a: number, b: number, c: number): number {
    this.estimate(a, b, c);
    const { weights: w, parts } = this;
    return w.trigram * parts[0] + w.bigram * parts[1] + w.unigram * parts[2] + w.uniform / this.size;
  }

  /** Sum of -ln p over a text that follows what was counted. */
  loss(ids: CharacterIds): number {
    checkIdsBelow("TrigramModel.loss: ids", ids, this.size);
    let sum = 0;
    let a = this.before;
    let b = this.last;
    for (let at = 0; at < ids.length; at++) {
      sum -= Math.log(this.mixed(a, b, ids[at]));
      a = b;
      b = ids[at];
    }
    return sum;
  }

  /** Choose the weights that make a text, which follows what was counted, most likely (EM). */
  fit(heldOut: CharacterIds): void {
    checkIdsBelow("TrigramModel.fit: heldOut", heldOut, this.size);
    const rows = heldOut.length;
    if (rows === 0) return;
    const parts = new Float64Array(3 * rows);
    let a = this.before;
    let b = this.last;
    for (let at = 0; at < rows; at++) {
      this.estimate(a, b, heldOut[at]);
      parts.set(this.parts, 3 * at);
      a = b;
      b = heldOut[at];
    }
    const uniform = 1 / this.size;
    let [w3, w2, w1, w0] = [0.25, 0.25, 0.25, 0.25];
    for (let round = 0; round < EM_ROUNDS; round++) {
      let [n3, n2, n1, n0] = [0, 0, 0, 0];
      for (let at = 0; at < 3 * rows; at += 3) {
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
      // One more imaginary character goes to the uniform part: it must never reach 0, or a new character would
      // cost infinitely much.
      const sum = rows + 1;
      const next = [n3 / sum, n2 / sum, n1 / sum, (n0 + 1) / sum];
      const change = Math.max(Math.abs(next[0] - w3), Math.abs(next[1] - w2), Math.abs(next[2] - w1));
      [w3, w2, w1, w0] = next;
      if (change < EM_TOLERANCE) break;
    }
    this.weights = { trigram: w3, bigram: w2, unigram: w1, uniform: w0 };
  }

  /** A context never met leaves its share to the next shorter one, so that the parts stay distributions. */
  private estimate(a: number, b: number, c: number): void {
    const { size: V, parts } = this;
    const p1 = this.total === 0 ? 1 / V : this.unigrams.get(c) / this.total;
    let p2 = p1;
    let p3 = p1;
    if (b !== NONE) {
      // The very last character, or pair, was counted but nothing follows it.
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

/**
 * Loss of the trigram on a validation text that directly follows the training text.
 *
 * The weights are fitted on the last tenth of the training text with counts from the rest; then everything is
 * counted. Only the last {@link MAX_COUNTED} training characters are looked at.
 */
export function trigramBaseline(
  trainIds: CharacterIds,
  validIds: CharacterIds,
  vocabularySize: number,
): NgramBaseline {
  requireText("trigramBaseline", trainIds, validIds);
  const text = trainIds.subarray(Math.max(0, trainIds.length - MAX_COUNTED));
  const heldOut = Math.floor(text.length / 10);
  const model = new TrigramModel(vocabularySize);
  model.count(text.subarray(0, text.length - heldOut));
  const tail = text.subarray(text.length - heldOut);
  model.fit(tail);
  model.count(tail);
  return { loss: model.loss(validIds) / validIds.length, weights: model.weights, counted: text.length };
}

/** Loss, in nats per character, of character frequencies alone: `(count + 1) / (characters + V)`. */
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
    `a baseline needs training and validation text, got ${trainIds.length} and ${validIds.length} characters`,
    { hint: "use a --val-split above 0" },
  );
}
