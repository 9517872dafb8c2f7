import { InputError, type Job, runJob } from "../core/index.ts";
import { ABOVE_0, checkValue, LIST, type Range, type Ranges, SIZE, settle } from "../core/options.ts";
import { CLASSES, type ClassificationMetrics, classificationMetrics } from "./classification-metrics.ts";
import { checkIndices, ID_ITEMS, type Items } from "./items.ts";

export interface NaiveBayesOptions {
  /** The longest n-grams that are counted, beside all shorter ones. Default 3. */
  readonly order?: number;
  /** Added to the count of every n-gram in every class. Default 0.1. */
  readonly smoothing?: number;
}

/** What a bag of n-grams reaches. It has no loss: its probabilities are far too sure, since n-grams overlap. */
export interface NaiveBayesBaseline {
  /** `[classes, classes]`, a row for each label and a column for each prediction. */
  readonly confusion: Float64Array;
  readonly metrics: ClassificationMetrics;
  /** The number of different n-grams in the training part. */
  readonly ngrams: number;
}

/** Items to learn from or to be judged by. */
export interface LabelledItems {
  /** Items of ids. */
  readonly items: Items<Int32Array>;
  /** The class of each item, `[items.count]`. */
  readonly labels: ArrayLike<number>;
}

const ORDER: Range = {
  text: "an integer from 1 to 8",
  fits: (value) => SIZE.fits(value) && (value as number) <= 8,
};

const RANGES: Ranges<NaiveBayesOptions> = { order: ORDER, smoothing: ABOVE_0 };
const DEFAULTS = { order: 3, smoothing: 0.1 };

const LABELLED: Ranges<LabelledItems> = {
  items: ID_ITEMS,
  labels: LIST,
};

/** Ids that are looked at between two pauses of a job. */
const PAUSE = 1 << 12;

/** Stands before the first and after the last id of an item; ids are at least 0. */
const BOUNDARY = -1;

/**
 * What a classifier of sequences has to beat: naive Bayes over the bag of all n-grams of an item, up to trigrams unless
 * told otherwise, with a boundary before and behind each item. This is the multinomial model of McCallum and Nigam, "A
 * comparison of event models for naive Bayes text classification" (AAAI-98 workshop, equations 4 to 6):
 *
 *     class = argmax over c of  ln((items of c + 1) / (items + classes)) + sum over n-grams g of ln p(g | c)
 *     p(g | c) = (count of g in c + smoothing) / (count of all n-grams in c + smoothing * different n-grams)
 *
 * N-grams that do not occur in the training part are passed over; so are, where there are very many, those that come
 * after the first two million, or after as many as have 2^26 counts in all classes. Equal classes: the lowest one is predicted.
 * @param train what is counted
 * @param validation what is predicted, at least one item
 * @param classes labels are in [0, classes)
 */
export function naiveBayesBaseline(
  train: LabelledItems,
  validation: LabelledItems,
  classes: number,
  options: NaiveBayesOptions = {},
): NaiveBayesBaseline {
  return runJob(naiveBayesBaselineJob(train, validation, classes, options));
}

/** {@link naiveBayesBaseline} as a job. */
export function* naiveBayesBaselineJob(
  train: LabelledItems,
  validation: LabelledItems,
  classes: number,
  options: NaiveBayesOptions = {},
): Job<NaiveBayesBaseline> {
  const { order, smoothing } = settle("naiveBayesBaseline", RANGES, DEFAULTS, options);
  checkValue("naiveBayesBaseline: classes", CLASSES, classes);
  checkLabelled("naiveBayesBaseline: train", train, classes);
  checkLabelled("naiveBayesBaseline: validation", validation, classes);
  if (validation.items.count === 0) {
    throw new InputError("naiveBayesBaseline: validation must hold at least one item, got none");
  }
  const model = new NgramCounts(classes, order, smoothing);
  for (const part of partsOf(train.items)) {
    for (let index = part.from; index < part.to; index++)
      model.add(train.items.item(index), train.labels[index]);
    yield;
  }
  const confusion = new Float64Array(classes * classes);
  for (const part of partsOf(validation.items)) {
    for (let index = part.from; index < part.to; index++) {
      const prediction = model.predict(validation.items.item(index));
      confusion[validation.labels[index] * classes + prediction]++;
    }
    yield;
  }
  return { confusion, metrics: classificationMetrics(confusion, classes), ngrams: model.ngrams };
}

function checkLabelled(where: string, labelled: LabelledItems, classes: number): void {
  settle<LabelledItems>(where, LABELLED, {}, labelled);
  const { items, labels } = labelled;
  checkIndices(`${where}.labels`, labels, classes);
  if (labels.length === items.count) return;
  throw new InputError(
    `${where}.labels must be one for each of the ${items.count} items, got ${labels.length}`,
  );
}

/** Stretches of items that take a few milliseconds each. */
function* partsOf({ count, store }: Items): Generator<{ from: number; to: number }> {
  for (let from = 0; from < count; ) {
    let to = from;
    for (let size = 0; to < count && size < PAUSE; to++) size += store.lengths[to];
    yield { from, to };
    from = to;
  }
}

/** Bounds the memory: so many numbers are 256 MiB. */
const MAX_COUNTS = 2 ** 26;

/** With more the key of a node could be above 2^53. */
const MAX_NGRAMS = 2 ** 21;

/** Logarithms of counts below this are looked up. */
const LOOKED_UP = 4096;

/** Whole numbers below 2^53, for `id` from -1 to 2^31 - 1. */
const keyOf = (node: number, id: number): number => node * (2 ** 31 + 1) + id + 1;

/**
 * How often each n-gram occurs in each class. N-grams are the nodes of a tree: one of n ids is a child of the one of its
 * first n - 1 ids. A child's key is its parent's number and its last id, so that keys stay below 2^53 for any order.
 */
class NgramCounts {
  private readonly classes: number;
  private readonly order: number;
  /** Node 0 is the root; the numbers of others begin at 1. */
  private readonly children = new Map<number, number>();
  /** `[nodes, classes]`, in memory that doubles. */
  private counts = new Uint32Array(0);
  /** Of all n-grams of each class. */
  private readonly totals: Float64Array;
  private readonly items: Float64Array;
  private readonly smoothing: number;
  private readonly logarithms: Float64Array;
  private readonly mostNgrams: number;

  constructor(classes: number, order: number, smoothing: number) {
    this.classes = classes;
    this.order = order;
    this.smoothing = smoothing;
    this.logarithms = Float64Array.from({ length: LOOKED_UP }, (_, count) => Math.log(count + smoothing));
    this.mostNgrams = Math.min(MAX_NGRAMS, Math.floor(MAX_COUNTS / classes)) - 1;
    this.totals = new Float64Array(classes);
    this.items = new Float64Array(classes);
  }

  get ngrams(): number {
    return this.children.size;
  }

  add(ids: Int32Array, label: number): void {
    this.items[label]++;
    for (let start = -1; start <= ids.length; start++) {
      let node = 0;
      for (let at = start; at < start + this.order && at <= ids.length; at++) {
        const next = this.child(node, idAt(ids, at)) ?? this.grow(node, idAt(ids, at));
        if (next === undefined) break;
        node = next;
        this.counts[node * this.classes + label]++;
        this.totals[label]++;
      }
    }
  }

  predict(ids: Int32Array): number {
    const { classes, counts, items, totals, smoothing } = this;
    const all = items.reduce((sum, count) => sum + count, 0);
    const scores = items.map((count) => Math.log((count + 1) / (all + classes)));
    const sums = totals.map((total) => Math.log(total + smoothing * Math.max(1, this.ngrams)));
    for (let start = -1; start <= ids.length; start++) {
      let node: number | undefined = 0;
      for (let at = start; at < start + this.order && at <= ids.length; at++) {
        node = this.child(node, idAt(ids, at));
        // What begins with an n-gram that was never met was never met either.
        if (node === undefined) break;
        for (let label = 0; label < classes; label++) {
          scores[label] += this.logarithm(counts[node * classes + label]) - sums[label];
        }
      }
    }
    return scores.indexOf(scores.reduce((most, score) => Math.max(most, score)));
  }

  private logarithm(count: number): number {
    return count < LOOKED_UP ? this.logarithms[count] : Math.log(count + this.smoothing);
  }

  private child(node: number, id: number): number | undefined {
    return this.children.get(keyOf(node, id));
  }

  /** A new node; undefined where there is no memory for more. */
  private grow(node: number, id: number): number | undefined {
    if (this.ngrams === this.mostNgrams) return undefined;
    const child = this.ngrams + 1;
    this.children.set(keyOf(node, id), child);
    if ((child + 1) * this.classes > this.counts.length) {
      const larger = new Uint32Array(Math.max(1024 * this.classes, 2 * this.counts.length));
      larger.set(this.counts);
      this.counts = larger;
    }
    return child;
  }
}

const idAt = (ids: Int32Array, at: number): number => (at < 0 || at >= ids.length ? BOUNDARY : ids[at]);
