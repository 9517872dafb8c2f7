import type { Job } from "../../core/job.ts";
import { countTable } from "../../data/count-table.ts";
import type { CharacterIds } from "../../data/index.ts";

/** What models without a memory pay for a text at best, in nats per character. */
export interface Baselines {
  /** Each character by its share of the text: the entropy of characters. */
  readonly unigram: number;
  /** Each character by its share after the one before it: the conditional entropy of pairs. */
  readonly bigram: number;
}

/** Characters that are looked at between two pauses of a job. */
const PAUSE = 1 << 16;

/** @param text at least two ids in [0, vocabulary) */
export function* baselinesJob(text: CharacterIds, vocabulary: number): Job<Baselines> {
  const characters = new Float64Array(vocabulary);
  const firsts = new Float64Array(vocabulary);
  const pairs = countTable(vocabulary ** 2);
  for (let at = 0; at < text.length; at++) {
    if (at % PAUSE === 0) yield;
    characters[text[at]]++;
    if (at === 0) continue;
    firsts[text[at - 1]]++;
    pairs.add(text[at - 1] * vocabulary + text[at]);
  }
  let unigram = 0;
  for (const times of characters) unigram -= plogp(times / text.length);
  // Every occurrence of a pair pays -ln of its share; adding occurrences one by one needs no list of the pairs.
  let bigram = 0;
  for (let at = 1; at < text.length; at++) {
    if (at % PAUSE === 0) yield;
    bigram -= Math.log(pairs.get(text[at - 1] * vocabulary + text[at]) / firsts[text[at - 1]]);
  }
  return { unigram, bigram: bigram / (text.length - 1) };
}

function plogp(p: number): number {
  return p === 0 ? 0 : p * Math.log(p);
}
