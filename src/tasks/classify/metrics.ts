/** Measuring a classifier: the loss, and a confusion matrix, from which accuracy and F1 follow. */
import { Frames } from "../../backend/scope.ts";
import type { LoadHooks } from "../../core/hooks.ts";
import { runJobInTurns, Turns } from "../../core/job.ts";
import {
  type ClassificationMetrics,
  classificationMetrics,
  majorityBaseline,
} from "../../data/classification-metrics.ts";
import { ItemBatches } from "../../data/item-batches.ts";
import { Items } from "../../data/items.ts";
import { largestOf, lossAt } from "../../data/logits.ts";
import { meanBaselinesJob } from "../../data/mean-baselines.ts";
import { naiveBayesBaselineJob } from "../../data/naive-bayes.ts";
import type { SequenceClassifier } from "../../models/sequence-classifier.ts";
import type { Baseline, EvaluationOptions, EvaluationPlan, Score } from "../task.ts";
import { type ClassifyData, inputTensor, itemsOf, type LabelledPart } from "./data.ts";

/** Less than an item weighs in the accuracy of any set that fits in memory. */
const TIE = 1e-9;

/** Rows of an evaluation batch, which is one part unless there are very many labels. */
const ROWS = 64;

/** Numbers in the sums of all parts: 128 MiB, since a confusion matrix of a thousand labels takes 8 MiB. */
const MOST_SUMS = 2 ** 24;

/** Steps that a batch may have in all, padding included, so that it fits in memory; one item is always a batch. */
const MOST_STEPS = 2 ** 17;

/**
 * Batches of the validation items in their order. Each part has of one of them, or of several, the sum of the losses and a confusion matrix: element
 * 1 + label * K + prediction counts the items of a label that were predicted so.
 */
export function planEvaluation(
  { validation, facts }: ClassifyData,
  { rows = ROWS }: EvaluationOptions,
): EvaluationPlan<SequenceClassifier> {
  const classes = facts.labels.length;
  const width = 1 + classes * classes;
  const items = itemsOf(validation);
  const batchSize = Math.max(1, Math.min(rows, Math.floor(MOST_STEPS / items.longest)));
  const batches = new ItemBatches(items, { batchSize, shuffle: false });
  const steps = batches.stepsPerPass;
  const parts = Math.max(1, Math.min(steps, Math.floor(MOST_SUMS / width)));
  const firstOf = (part: number) => Math.floor((part * steps) / parts);
  return {
    parts,
    width,
    items: items.count,
    async run(model, { backend, replica, replicas, onDone }, sums) {
      const frames = new Frames(backend);
      const turns = new Turns();
      for (let part = replica; part < parts; part += replicas) {
        onDone?.(part);
        const own = sums.subarray(part * width, (part + 1) * width);
        for (let step = firstOf(part); step < firstOf(part + 1); step++) {
          const padded = batches.fill(step);
          const { lengths, rows: count } = padded;
          const logits = await frames.run(() => model.forward(inputTensor(padded), { lengths }).read());
          const { indices } = batches.batch(step);
          for (let row = 0; row < count; row++) {
            const label = validation.labels[indices[row]];
            countItem(own, logits, { at: row * classes, classes, label });
          }
          if (turns.isDue) await turns.take();
        }
      }
      onDone?.(parts);
      frames.dispose();
    },
  };
}

/** Add the loss of an item, whose logits begin at `at`, and its place in the confusion matrix. */
function countItem(
  sums: Float64Array,
  logits: ArrayLike<number>,
  { at, classes, label }: { readonly at: number; readonly classes: number; readonly label: number },
): void {
  sums[0] += lossAt(logits, at, classes, label);
  sums[1 + label * classes + largestOf(logits, at, classes)]++;
}

/** The confusion matrix of all parts, [K, K]. */
export function confusionOf(sums: Float64Array, classes: number): Float64Array {
  const width = 1 + classes * classes;
  const confusion = new Float64Array(classes * classes);
  for (let at = 0; at < sums.length; at += width) {
    for (let k = 0; k < confusion.length; k++) confusion[k] += sums[at + 1 + k];
  }
  return confusion;
}

export function scoreItems(sums: Float64Array, { facts }: ClassifyData, items: number): Score {
  const classes = facts.labels.length;
  const width = 1 + classes * classes;
  let loss = 0;
  for (let at = 0; at < sums.length; at += width) loss += sums[at];
  const { accuracy, macroF1 } = classificationMetrics(confusionOf(sums, classes), classes);
  const mean = loss / items;
  // What people want of a classifier: the fewest items in the wrong class, and of as many the lower loss.
  const unsure = Number.isNaN(mean) ? 1 : 1 - 1 / (1 + mean);
  return { loss: mean, metrics: { accuracy, macroF1 }, choose: 1 - accuracy + TIE * unsure };
}

/** The confusion matrix and the scores of each label, for `--json`. */
export function describeClasses(sums: Float64Array, { facts: { labels } }: ClassifyData) {
  const confusion = confusionOf(sums, labels.length);
  const { classes } = classificationMetrics(confusion, labels.length);
  const rows = labels.map((_, label) => [
    ...confusion.subarray(label * labels.length, (label + 1) * labels.length),
  ]);
  return { labels: labels.map((label, place) => ({ label, ...classes[place] })), confusion: rows };
}

const metricsOf = ({ accuracy, macroF1 }: ClassificationMetrics) => ({ accuracy, macroF1 });

/** What the best of the baselines is called, which comes first. */
export const BASELINES = {
  char: "naive Bayes, trigrams",
  word: "naive Bayes, word pairs",
  linear: "linear, on the mean",
  nearest: "the nearest class mean",
  majority: "the commonest label",
} as const;

/**
 * The commonest label, and what counts without learning an order: of texts naive Bayes over pieces of up to three
 * characters, or over words and pairs of them; of numbers two classifiers of the mean of each item.
 */
export async function measureBaselines(data: ClassifyData, hooks: LoadHooks): Promise<Baseline[]> {
  const { train, validation, facts } = data;
  if (train.labels.length === 0) return [];
  const classes = facts.labels.length;
  const { loss, metrics } = majorityBaseline(train.labels, validation.labels, classes);
  const majority = { name: BASELINES.majority, loss, metrics: metricsOf(metrics) };
  hooks.onProgress("counting for the baseline", 0, null);
  const partOf = ({ items, labels }: LabelledPart) => ({ items: new Items(items), labels });
  const parts = [partOf(train), partOf(validation)];
  if (facts.input.kind === "numbers") {
    const [own, other] = parts as { items: Items<Float32Array>; labels: Int32Array }[];
    const { linear, nearest } = await runJobInTurns(meanBaselinesJob(own, other, classes), hooks.signal);
    return [
      { name: BASELINES.linear, loss: linear.loss, metrics: metricsOf(linear.metrics) },
      { name: BASELINES.nearest, loss: null, metrics: metricsOf(nearest.metrics) },
      majority,
    ];
  }
  const [own, other] = parts as { items: Items<Int32Array>; labels: Int32Array }[];
  const { tokens } = facts.input;
  const job = naiveBayesBaselineJob(own, other, classes, { order: tokens === "word" ? 2 : 3 });
  const bayes = await runJobInTurns(job, hooks.signal);
  return [{ name: BASELINES[tokens], loss: null, metrics: metricsOf(bayes.metrics) }, majority];
}
