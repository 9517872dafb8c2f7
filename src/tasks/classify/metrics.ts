/** Measuring a classifier: the loss, and a confusion matrix, from which accuracy and F1 follow. */
import { Frames } from "../../backend/scope.ts";
import { ids } from "../../backend/tensor.ts";
import type { LoadHooks } from "../../core/hooks.ts";
import { runJobInTurns, Turns } from "../../core/job.ts";
import {
  type ClassificationMetrics,
  classificationMetrics,
  majorityBaseline,
} from "../../data/classification-metrics.ts";
import { ItemBatches } from "../../data/item-batches.ts";
import { naiveBayesBaselineJob } from "../../data/naive-bayes.ts";
import type { SequenceClassifier } from "../../models/sequence-classifier.ts";
import type { Baseline, EvaluationOptions, EvaluationPlan, Score } from "../task.ts";
import { type ClassifyData, itemsOf } from "./data.ts";

/** Less than an item weighs in the accuracy of any set that fits in memory. */
const TIE = 1e-9;

/** Rows of an evaluation batch, which is one part. */
const ROWS = 64;

/**
 * Batches of the validation items in their order. Each part has the sum of the losses and a confusion matrix: element
 * 1 + label * K + prediction counts the items of a label that were predicted so.
 */
export function planEvaluation(
  { validation, facts }: ClassifyData,
  { rows = ROWS }: EvaluationOptions,
): EvaluationPlan<SequenceClassifier> {
  const classes = facts.labels.length;
  const width = 1 + classes * classes;
  const items = itemsOf(validation);
  const batches = new ItemBatches(items, { batchSize: rows, shuffle: false });
  return {
    parts: batches.stepsPerPass,
    width,
    items: items.count,
    async run(model, { backend, replica, replicas, onDone }, sums) {
      const frames = new Frames(backend);
      const turns = new Turns();
      for (let part = replica; part < batches.stepsPerPass; part += replicas) {
        onDone?.(part);
        const { values, lengths, rows: count, time } = batches.fill(part);
        const logits = await frames.run(() => model.forward(ids(values, [count, time]), { lengths }).read());
        const { indices } = batches.batch(part);
        const own = sums.subarray(part * width, (part + 1) * width);
        for (let row = 0; row < count; row++) {
          const label = validation.labels[indices[row]];
          countItem(own, logits.subarray(row * classes, (row + 1) * classes), label);
        }
        if (turns.isDue) await turns.take();
      }
      onDone?.(batches.stepsPerPass);
      frames.dispose();
    },
  };
}

/** Add an item's loss and its place in the confusion matrix. */
function countItem(sums: Float64Array, logits: ArrayLike<number>, label: number): void {
  let best = 0;
  for (let k = 1; k < logits.length; k++) if (logits[k] > logits[best]) best = k;
  let total = 0;
  for (let k = 0; k < logits.length; k++) total += Math.exp(logits[k] - logits[best]);
  sums[0] += Math.log(total) + logits[best] - logits[label];
  sums[1 + label * logits.length + best]++;
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

export function scoreLines(sums: Float64Array, { facts }: ClassifyData, items: number): Score {
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

const metricsOf = ({ accuracy, macroF1 }: ClassificationMetrics) => ({ accuracy, macroF1 });

/** The commonest label, and naive Bayes over pieces of up to three characters. */
export async function measureBaselines(data: ClassifyData, hooks: LoadHooks): Promise<Baseline[]> {
  const { train, validation, facts } = data;
  if (train.labels.length === 0) return [];
  const classes = facts.labels.length;
  const { loss, metrics } = majorityBaseline(train.labels, validation.labels, classes);
  hooks.onProgress("counting for the baseline", 0, null);
  const bayes = await runJobInTurns(
    naiveBayesBaselineJob(
      { items: itemsOf(train), labels: train.labels },
      { items: itemsOf(validation), labels: validation.labels },
      classes,
    ),
    hooks.signal,
  );
  return [
    { name: "naive Bayes, trigrams", loss: null, metrics: metricsOf(bayes.metrics) },
    { name: "the commonest label", loss, metrics: metricsOf(metrics) },
  ];
}
