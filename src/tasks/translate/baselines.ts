/** What something trivial reaches: copies of the sources, one target for all of them, and targets without their sources. */
import type { LoadHooks } from "../../core/hooks.ts";
import { runJobInTurns, Turns } from "../../core/job.ts";
import { END } from "../../core/symbols.ts";
import { BleuScorer } from "../../data/bleu.ts";
import { Items } from "../../data/items.ts";
import { trigramBaselineJob } from "../../data/ngram.ts";
import type { PairStore } from "../../data/pair-batches.ts";
import type { Baseline } from "../task.ts";
import type { TranslateData } from "./data.ts";
import { tokensOf } from "./facts.ts";
import { Bin, Layout, spread } from "./layout.ts";
import { metricsOf } from "./metrics.ts";

/** The copied source, the best constant target, and a trigram of the targets that sees no source. */
export async function measureBaselines(data: TranslateData, hooks: LoadHooks): Promise<Baseline[]> {
  if (data.train.targets.lengths.length === 0) return [];
  const { validation, facts } = data;
  hooks.onProgress("measuring the baselines", 0, null);
  const constant = await bestConstant(data, hooks);
  const { loss } = await runJobInTurns(
    trigramBaselineJob(joinTargets(data.train), joinTargets(validation.store), tokensOf(facts).target.size),
    hooks.signal,
  );
  return [
    { name: "the copied source", loss: null, metrics: await measureTexts(validation.sources, data, hooks) },
    {
      name: "one target for all",
      loss: null,
      metrics: await measureTexts(
        validation.sources.map(() => constant),
        data,
        hooks,
      ),
    },
    { name: "a trigram of the targets", loss },
  ];
}

/** All targets, each with its END, one after the other. */
function joinTargets({ targets }: PairStore): Uint16Array {
  const items = new Items(targets);
  const symbols = targets.lengths.reduce((sum, length) => sum + length + 1, 0);
  const joined = new Uint16Array(symbols).fill(END);
  let at = 0;
  for (let index = 0; index < items.count; index++) {
    joined.set(items.item(index), at);
    at += items.length(index) + 1;
  }
  return joined;
}

async function measureTexts(
  texts: readonly string[],
  data: TranslateData,
  { signal }: LoadHooks,
): Promise<Record<string, number>> {
  const layout = new Layout(data);
  const { targets, store } = data.validation;
  const { target: tokens } = tokensOf(data.facts);
  const sums = new Float64Array(layout.binWidth);
  const places = layout.scorePlaces;
  const items = new Items(store.targets);
  const turns = new Turns(signal);
  for (const [index, text] of texts.entries()) {
    const reference = tokens.lowercase ? targets[index].toLowerCase() : targets[index];
    const own = tokens.lowercase ? text.toLowerCase() : text;
    sums[Bin.written]++;
    if (own === reference) sums[Bin.exact]++;
    const [written, right] = [tokens.encode(own), items.item(index)];
    for (let t = 0; t <= right.length; t++) {
      if ((written[t] ?? END) === (right[t] ?? END) && t <= written.length) sums[Bin.right]++;
    }
    sums[Bin.symbols] += right.length + 1;
    layout.bleu.add(sums.subarray(places.bleu, places.lower), own, reference);
    layout.chrf.add(sums.subarray(places.chrf), own, reference);
    if (turns.isDue) await turns.take();
  }
  return metricsOf(sums, layout, data.facts);
}

/** Targets that are tried as the answer to everything, and those that they are compared with. */
const CANDIDATES = { frequent: 20, others: 60 } as const;
const COMPARED = 300;

/** The target to train on that has the best BLEU if it is written for every source; of texts that are no sentences, the most frequent one. */
async function bestConstant({ train, facts }: TranslateData, { signal }: LoadHooks): Promise<string> {
  const { target } = tokensOf(facts);
  const items = new Items(train.targets);
  const texts = Array.from({ length: items.count }, (_, index) => target.decode(items.item(index)));
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  const frequent = [...counts].sort(([, a], [, b]) => b - a).map(([text]) => text);
  if (facts.judgedBy === "exactMatch") return frequent[0];
  const others = spreadTexts(frequent.slice(CANDIDATES.frequent), CANDIDATES.others);
  const compared = spreadTexts(texts, COMPARED);
  const scorer = new BleuScorer({ lowercase: target.lowercase });
  const turns = new Turns(signal);
  let best = { text: frequent[0], bleu: -1 };
  for (const text of [...frequent.slice(0, CANDIDATES.frequent), ...others]) {
    const sums = new Float64Array(scorer.width);
    for (const reference of compared) scorer.add(sums, text, reference);
    const { bleu } = scorer.score(sums);
    if (bleu > best.bleu) best = { text, bleu };
    if (turns.isDue) await turns.take();
  }
  return best.text;
}

function spreadTexts(texts: readonly string[], most: number): string[] {
  return spread(texts.length, most).map((index) => texts[index]);
}
