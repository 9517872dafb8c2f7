/** What something trivial reaches: one caption for all pictures, captions of other pictures, and words without pictures. */

import type { LoadHooks } from "../../core/hooks.ts";
import { runJobInTurns, Turns } from "../../core/job.ts";
import { Rng } from "../../core/rng.ts";
import { END } from "../../core/symbols.ts";
import { BleuScorer } from "../../data/bleu.ts";
import { type ItemStore, Items } from "../../data/items.ts";
import { trigramBaselineJob } from "../../data/ngram.ts";
import type { Baseline } from "../task.ts";
import type { CaptionData } from "./data.ts";
import { tokensOf } from "./facts.ts";
import { Layout, spread } from "./layout.ts";
import { addCaption, metricsOf } from "./metrics.ts";

/** The best caption for all pictures, captions of pictures drawn at random, and a trigram that sees no picture. */
export async function measureBaselines(data: CaptionData, hooks: LoadHooks): Promise<Baseline[]> {
  const { train, validation, facts } = data;
  if (train.captions.lengths.length === 0) return [];
  hooks.onProgress("measuring the baselines", 0, null);
  const constant = await bestConstant(data, hooks);
  const texts = train.references.flat();
  const rng = new Rng(0);
  const { loss } = await runJobInTurns(
    trigramBaselineJob(joined(train.captions), joined(validation.captions), tokensOf(facts).size),
    hooks.signal,
  );
  const measure = async (name: string, write: () => string) => ({
    name,
    loss: null,
    metrics: await measureCaptions(write, data, hooks),
  });
  return [
    await measure("one caption for all pictures", () => constant),
    await measure("captions of other pictures", () => texts[rng.integer(texts.length)]),
    { name: "a trigram of the captions", loss },
  ];
}

/** All captions, each with its END, one after the other. */
function joined(captions: ItemStore<Int32Array>): Uint16Array {
  const items = new Items(captions);
  const all = new Uint16Array(captions.lengths.reduce((sum, length) => sum + length + 1, 0)).fill(END);
  let at = 0;
  for (let index = 0; index < items.count; index++) {
    all.set(items.item(index), at);
    at += items.length(index) + 1;
  }
  return all;
}

async function measureCaptions(
  write: () => string,
  data: CaptionData,
  { signal }: LoadHooks,
): Promise<Record<string, number>> {
  const layout = new Layout(data);
  const sums = new Float64Array(layout.width);
  const turns = new Turns(signal);
  for (let picture = 0; picture < data.validation.rows.length; picture++) {
    addCaption(sums, layout, data.validation, picture, write());
    if (turns.isDue) await turns.take();
  }
  return metricsOf(sums, layout);
}

/** Captions that are tried as the answer to everything, and pictures that they are compared with. */
const CANDIDATES = { frequent: 20, others: 60 } as const;
const COMPARED = 150;

/** The caption to train on that has the best BLEU if it is written for every picture. */
async function bestConstant({ train, facts }: CaptionData, { signal }: LoadHooks): Promise<string> {
  const { lowercase } = tokensOf(facts);
  const counts = new Map<string, number>();
  for (const text of train.references.flat()) counts.set(text, (counts.get(text) ?? 0) + 1);
  const frequent = [...counts].sort(([, a], [, b]) => b - a).map(([text]) => text);
  const others = frequent.slice(CANDIDATES.frequent);
  const compared = spread(train.references.length, COMPARED).map((picture) => train.references[picture]);
  const scorer = new BleuScorer({ lowercase });
  const turns = new Turns(signal);
  let best = { text: frequent[0], bleu: -1 };
  const candidates = [
    ...frequent.slice(0, CANDIDATES.frequent),
    ...spread(others.length, CANDIDATES.others).map((index) => others[index]),
  ];
  for (const text of candidates) {
    const sums = new Float64Array(scorer.width);
    for (const references of compared) scorer.add(sums, text, references);
    const { bleu } = scorer.score(sums);
    if (bleu > best.bleu) best = { text, bleu };
    if (turns.isDue) await turns.take();
  }
  return best.text;
}
