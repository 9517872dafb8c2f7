/** Measuring a translator: the teacher-forced loss, and BLEU, chrF and exact matches of what it writes by itself. */
import { Frames } from "../../backend/scope.ts";
import { ids } from "../../backend/tensor.ts";
import { Turns } from "../../core/job.ts";
import { END } from "../../core/symbols.ts";
import { Items } from "../../data/items.ts";
import { padPairs } from "../../data/pair-batches.ts";
import type { Hypothesis } from "../../decode/beam-sentence.ts";
import type { Seq2Seq } from "../../models/seq2seq.ts";
import type { EvaluationContext, EvaluationOptions, EvaluationPlan, Score } from "../task.ts";
import type { TranslateData } from "./data.ts";
import { batchesOf, completeSearch, GREEDY, limitOf, type Search, searchBatch, textOf } from "./decode.ts";
import { type TranslateFacts, tokensOf } from "./facts.ts";
import { Bin, Layout, SHOWN, Sum, spread } from "./layout.ts";

/** Pairs of a batch of the loss, and their symbols with padding on the longer side, so that it fits in memory. */
const ROWS = 64;
const MOST_SYMBOLS = 2 ** 13;

/** While training so many pairs have their loss measured, and so many are decoded. */
const MOST_MEASURED = 4096;
const MOST_DECODED = 256;

/** A model that has learned little does not end by itself: while training it is cut behind the longest target that it saw. */
const BEYOND_LONGEST = 10;

type Part =
  | { readonly kind: "loss"; readonly pairs: number[] }
  | { readonly kind: "text"; readonly pairs: number[] };

/**
 * Parts are batches of two kinds: pairs whose teacher-forced loss is measured, and sources that are translated. While
 * training these are a fixed choice of the pairs, spread evenly, and the likeliest symbol is written at each step; otherwise
 * all pairs, with the search that is asked for.
 */
export function planEvaluation(
  data: TranslateData,
  { isComplete, rows = ROWS, search: asked }: EvaluationOptions,
): EvaluationPlan<Seq2Seq> {
  const { validation, longestTarget } = data;
  const layout = new Layout(data);
  const { sources, targets } = validation.store;
  const count = sources.lengths.length;
  const measured = spread(count, isComplete ? count : MOST_MEASURED);
  const decoded = isComplete ? measured : decodedOf(layout.shown, count);
  const limit = (length: number) => {
    const own = asked?.maxLength ?? limitOf(length);
    return isComplete ? own : Math.min(own, longestTarget + BEYOND_LONGEST);
  };
  const searched = batchesOf(
    decoded.map((index) => sources.lengths[index]),
    limit,
  ).map((places) => places.map((place) => decoded[place]));
  const parts: Part[] = [
    ...lossBatches(data, measured, rows).map((pairs) => ({ kind: "loss", pairs }) as const),
    ...searched.map((pairs) => ({ kind: "text", pairs }) as const),
  ];
  return {
    parts: parts.length,
    width: layout.width,
    items: measured.reduce((sum, index) => sum + targets.lengths[index] + 1, 0),
    async run(model, context, sums) {
      const search = asked === undefined ? GREEDY : completeSearch(asked, model);
      const measuring = new Measuring(data, layout, model, context, search);
      const turns = new Turns();
      for (let part = context.replica; part < parts.length; part += context.replicas) {
        context.onDone?.(part);
        const own = sums.subarray(part * layout.width, (part + 1) * layout.width);
        const { kind, pairs } = parts[part];
        if (kind === "loss") await measuring.addLoss(own, pairs);
        else await measuring.addTexts(own, pairs, limit(sources.lengths[pairs[0]]));
        if (turns.isDue) await turns.take();
      }
      context.onDone?.(parts.length);
      measuring.dispose();
    },
  };
}

/** The pairs that are shown, and others. */
function decodedOf(shown: readonly number[], count: number): number[] {
  const chosen = new Set([...shown, ...spread(count, MOST_DECODED - shown.length)]);
  return [...chosen].sort((a, b) => a - b);
}

/** Pairs of similar length together: the sum of the losses does not depend on it, but the time does. */
function lossBatches({ validation }: TranslateData, measured: readonly number[], rows: number): number[][] {
  const { sources, targets } = validation.store;
  const lengthOf = (index: number) => Math.max(sources.lengths[index], targets.lengths[index] + 1);
  const sorted = [...measured].sort((a, b) => lengthOf(a) - lengthOf(b) || a - b);
  const batches: number[][] = [];
  let batch: number[] = [];
  for (const index of sorted) {
    if (batch.length === rows || lengthOf(index) * (batch.length + 1) > MOST_SYMBOLS) {
      if (batch.length > 0) batches.push(batch);
      batch = [];
    }
    batch.push(index);
  }
  return batch.length === 0 ? batches : [...batches, batch];
}

/** What one replica measures. */
class Measuring {
  private readonly frames: Frames;
  private readonly sources: Items<Int32Array>;
  private readonly targets: Items<Int32Array>;
  private readonly data: TranslateData;
  private readonly layout: Layout;
  private readonly model: Seq2Seq;
  private readonly context: EvaluationContext;
  private readonly search: Search;

  constructor(
    data: TranslateData,
    layout: Layout,
    model: Seq2Seq,
    context: EvaluationContext,
    search: Search,
  ) {
    this.data = data;
    this.layout = layout;
    this.model = model;
    this.context = context;
    this.search = search;
    this.frames = new Frames(context.backend);
    this.sources = new Items(data.validation.store.sources);
    this.targets = new Items(data.validation.store.targets);
  }

  dispose(): void {
    this.frames.dispose();
  }

  async addLoss(sums: Float64Array, pairs: readonly number[]): Promise<void> {
    const batch = padPairs(this.data.validation.store, pairs);
    const { source, target, sourceLengths, targetLengths, rows, sourceTime, targetTime } = batch;
    const losses = await this.frames.run(() => {
      const { loss } = this.model.loss(ids(source, [rows, sourceTime]), ids(target, [rows, targetTime]), {
        sourceLengths,
        targetLengths,
        reduction: "none",
      });
      return loss.read();
    });
    const steps = targetTime + 1;
    for (let row = 0; row < rows; row++) {
      for (let t = 0; t <= targetLengths[row]; t++) sums[Sum.loss] += losses[row * steps + t];
      sums[Sum.symbols] += targetLengths[row] + 1;
    }
  }

  async addTexts(sums: Float64Array, pairs: readonly number[], limit: number): Promise<void> {
    const { model, layout, search } = this;
    const sources = pairs.map((index) => this.sources.item(index));
    const results = await searchBatch({ model, backend: this.context.backend }, sources, limit, search);
    for (const [row, index] of pairs.entries()) {
      const [best] = results[row].hypotheses;
      this.addText(sums.subarray(layout.binOf(sources[row].length)), index, best);
      const place = layout.shown.indexOf(index);
      if (place >= 0) keepShown(sums.subarray(layout.shownPlace(place)), best, sources[row].length);
    }
  }

  /** @param bin sums of the bin of the pair */
  private addText(bin: Float64Array, index: number, best: Hypothesis): void {
    const { layout, search, data } = this;
    const { validation, facts } = data;
    const { target } = tokensOf(facts);
    const pieces = search.copyUnknown ? piecesOf(validation.sources[index], facts) : undefined;
    const text = textOf(best, target, pieces);
    const reference = validation.targets[index];
    bin[Bin.written]++;
    if (!best.ended) bin[Bin.open]++;
    if (text === (target.lowercase ? reference.toLowerCase() : reference)) bin[Bin.exact]++;
    addSymbols(bin, best, this.targets.item(index));
    const places = layout.scorePlaces;
    layout.bleu.add(bin.subarray(places.bleu, places.lower), text, reference);
    layout.lower.add(bin.subarray(places.lower, places.chrf), text, reference);
    layout.chrf.add(bin.subarray(places.chrf, layout.binWidth), text, reference);
  }
}

/** The pieces of a source in the order in which the model reads them. */
export function piecesOf(source: string, facts: TranslateFacts): string[] {
  const pieces = tokensOf(facts).source.split(source);
  return facts.reverseSource ? pieces.reverse() : pieces;
}

/** How many symbols of the target, END included, were written at their place. */
function addSymbols(bin: Float64Array, { symbols, ended }: Hypothesis, target: Int32Array): void {
  for (let t = 0; t <= target.length; t++) {
    const written = t < symbols.length ? symbols[t] : t === symbols.length && ended ? END : undefined;
    if (written === (t === target.length ? END : target[t])) bin[Bin.right]++;
  }
  bin[Bin.symbols] += target.length + 1;
}

/** Keep what was written and the attention, cut to what a picture has room for. */
function keepShown(numbers: Float64Array, { symbols, weights }: Hypothesis, length: number): void {
  const count = Math.min(symbols.length, SHOWN.target);
  numbers[0] = 1 + count;
  for (let t = 0; t < count; t++) numbers[1 + t] = 1 + symbols[t];
  const first = 1 + SHOWN.target;
  for (let t = 0; t <= count; t++) {
    for (let s = 0; s < length; s++) numbers[first + t * SHOWN.source + s] = weights?.[t]?.[s] ?? 0;
  }
}

/** The metrics of texts that were written. @param bin sums of some bins, or of all */
export function metricsOf(
  bin: Float64Array,
  layout: Layout,
  { judgedBy }: TranslateFacts,
): Record<string, number> {
  const written = Math.max(1, bin[Bin.written]);
  const [exactMatch, tokenAccuracy] = [
    bin[Bin.exact] / written,
    bin[Bin.right] / Math.max(1, bin[Bin.symbols]),
  ];
  if (judgedBy === "exactMatch") return { exactMatch, tokenAccuracy };
  const { bleu, chrf } = scoresOf(bin, layout);
  return { bleu: bleu.bleu, chrf: chrf.chrf, exactMatch, tokenAccuracy };
}

export function scoresOf(bin: Float64Array, layout: Layout) {
  const { bleu, lower, chrf } = layout.scorePlaces;
  return {
    bleu: layout.bleu.score(bin.subarray(bleu, lower)),
    lower: layout.lower.score(bin.subarray(lower, chrf)),
    chrf: layout.chrf.score(bin.subarray(chrf)),
  };
}

/** Among models of which none writes a text without a mistake, single symbols decide. */
const OF_SYMBOLS = 1e-3;

export function scorePairs(sums: Float64Array, data: TranslateData): Score {
  const layout = new Layout(data);
  const all = layout.addParts(sums);
  const bin = layout.addBins(all);
  const metrics = metricsOf(bin, layout, data.facts);
  const loss = all[Sum.loss] / Math.max(1, all[Sum.symbols]);
  const { exactMatch, tokenAccuracy, bleu } = metrics;
  return {
    loss,
    metrics: { ...metrics, perplexity: Math.exp(loss), decoded: bin[Bin.written] },
    choose:
      data.facts.judgedBy === "bleu" ? 1 - bleu / 100 : 1 - exactMatch + OF_SYMBOLS * (1 - tokenAccuracy),
  };
}

/** What `eval --json` says besides: figures with their signatures, and the scores by length of the source. */
export function describeScores(sums: Float64Array, data: TranslateData): Readonly<Record<string, unknown>> {
  const layout = new Layout(data);
  const all = layout.addParts(sums);
  const bin = layout.addBins(all);
  const { source, target } = tokensOf(data.facts);
  const { bleu, lower, chrf } = scoresOf(bin, layout);
  return {
    scores: {
      bleu: pickBleu(bleu),
      ...(!target.lowercase && { bleuLowercase: pickBleu(lower) }),
      chrf: { value: chrf.chrf, signature: chrf.signature },
    },
    tokens: { source: source.rule, target: target.rule },
    unended: bin[Bin.open],
    byLength: lengthsOf(all, layout, data.facts),
  };
}

function pickBleu({
  bleu,
  precisions,
  brevityPenalty,
  hypothesisLength,
  referenceLength,
  signature,
}: ReturnType<Layout["bleu"]["score"]>) {
  return { value: bleu, precisions, brevityPenalty, hypothesisLength, referenceLength, signature };
}

/** The scores of sources of some lengths. */
export interface LengthScore {
  /** Symbols of a source, from and to (included). */
  readonly from: number;
  readonly to: number;
  readonly sources: number;
  readonly metrics: Readonly<Record<string, number>>;
}

export function lengthsOf(all: Float64Array, layout: Layout, facts: TranslateFacts): LengthScore[] {
  return Array.from({ length: layout.bins }, (_, bin) => {
    const sums = layout.addBins(all, bin, bin + 1);
    const from = layout.from + bin * layout.step;
    const metrics = metricsOf(sums, layout, facts);
    return { from, to: from + layout.step - 1, sources: sums[Bin.written], metrics };
  }).filter(({ sources }) => sources > 0);
}
