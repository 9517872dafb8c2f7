/** What a classifier of sequences of numbers has to beat: classifiers that see the mean of each sequence alone. */
import type { Job } from "../core/index.ts";
import { type ClassificationMetrics, classificationMetrics } from "./classification-metrics.ts";
import type { Items } from "./items.ts";

/** Items to learn from or to be judged by. */
export interface LabelledFrames {
  /** Numbers, scaled to mean 0 and deviation 1. */
  readonly items: Items<Float32Array>;
  readonly labels: ArrayLike<number>;
}

export interface MeanBaseline {
  readonly metrics: ClassificationMetrics;
  /** Nats per item; null where there are no probabilities. */
  readonly loss: number | null;
}

/** The mean of each feature over the steps of each item, [count, features]. */
function meansOf(items: Items<Float32Array>): Float64Array {
  const { count, features } = items;
  const means = new Float64Array(count * features);
  for (let index = 0; index < count; index++) {
    const frames = items.item(index);
    const steps = frames.length / features;
    for (let at = 0; at < frames.length; at++)
      means[index * features + (at % features)] += frames[at] / steps;
  }
  return means;
}

/** Each feature to mean 0 and deviation 1 over the items of the training part. */
function standardize(train: Float64Array, others: readonly Float64Array[], features: number): void {
  const rows = train.length / features;
  for (let k = 0; k < features; k++) {
    let [sum, squares] = [0, 0];
    for (let at = k; at < train.length; at += features) sum += train[at];
    const mean = sum / rows;
    for (let at = k; at < train.length; at += features) squares += (train[at] - mean) ** 2;
    const deviation = Math.sqrt(squares / rows) || 1;
    for (const values of [train, ...others]) {
      for (let at = k; at < values.length; at += features) values[at] = (values[at] - mean) / deviation;
    }
  }
}

/** The class whose mean is nearest to that of an item (Rocchio's classifier). */
function nearestMean(
  train: Float64Array,
  labels: ArrayLike<number>,
  test: Float64Array,
  { features, classes }: { features: number; classes: number },
): Int32Array {
  const centres = new Float64Array(classes * features);
  const counts = new Float64Array(classes);
  for (let row = 0; row < labels.length; row++) {
    counts[labels[row]]++;
    for (let k = 0; k < features; k++) centres[labels[row] * features + k] += train[row * features + k];
  }
  const predictions = new Int32Array(test.length / features);
  for (let row = 0; row < predictions.length; row++) {
    let nearest = Number.POSITIVE_INFINITY;
    for (let label = 0; label < classes; label++) {
      if (counts[label] === 0) continue;
      let distance = 0;
      for (let k = 0; k < features; k++) {
        distance += (test[row * features + k] - centres[label * features + k] / counts[label]) ** 2;
      }
      if (distance >= nearest) continue;
      nearest = distance;
      predictions[row] = label;
    }
  }
  return predictions;
}

/** Steps of the linear model, and multiplications that all of them may take. */
const STEPS = 300;
const MOST_WORK = 4e8;
const RATE = 0.1;
const MOMENTUM = 0.9;
/** Pulls the weights to 0, so that classes that a line divides do not drive them to infinity. */
const DECAY = 1e-3;

/** Rows of the linear model between two pauses of the job. */
const PAUSE_WORK = 2e6;

/** Logits [rows, classes] of a softmax on weights [classes, features + 1]. */
function logitsOf(
  x: Float64Array,
  weights: Float64Array,
  features: number,
  classes: number,
  row: number,
  into: Float64Array,
): void {
  for (let label = 0; label < classes; label++) {
    let sum = weights[label * (features + 1) + features];
    for (let k = 0; k < features; k++) sum += weights[label * (features + 1) + k] * x[row * features + k];
    into[label] = sum;
  }
}

/** Turns logits into probabilities in place. Returns the logarithm of the sum of their powers. */
function normalize(logits: Float64Array): number {
  const most = logits.reduce((a, b) => Math.max(a, b));
  let total = 0;
  for (let k = 0; k < logits.length; k++) total += Math.exp(logits[k] - most);
  const logTotal = most + Math.log(total);
  for (let k = 0; k < logits.length; k++) logits[k] = Math.exp(logits[k] - logTotal);
  return logTotal;
}

/** Softmax regression by gradient descent with momentum on all items at once. */
function* linearWeightsJob(
  x: Float64Array,
  labels: ArrayLike<number>,
  features: number,
  classes: number,
): Job<Float64Array> {
  const width = features + 1;
  const weights = new Float64Array(classes * width);
  const velocity = new Float64Array(weights.length);
  const gradient = new Float64Array(weights.length);
  const p = new Float64Array(classes);
  const rows = labels.length;
  const steps = Math.max(20, Math.min(STEPS, Math.floor(MOST_WORK / (rows * classes * width))));
  let work = 0;
  for (let step = 0; step < steps; step++) {
    for (let at = 0; at < gradient.length; at++) gradient[at] = DECAY * weights[at];
    for (let row = 0; row < rows; row++) {
      logitsOf(x, weights, features, classes, row, p);
      normalize(p);
      for (let label = 0; label < classes; label++) {
        const error = (p[label] - Number(label === labels[row])) / rows;
        for (let k = 0; k < features; k++) gradient[label * width + k] += error * x[row * features + k];
        gradient[label * width + features] += error;
      }
      work += classes * width;
      if (work < PAUSE_WORK) continue;
      work = 0;
      yield;
    }
    for (let at = 0; at < weights.length; at++) {
      velocity[at] = MOMENTUM * velocity[at] - RATE * gradient[at];
      weights[at] += velocity[at];
    }
  }
  return weights;
}

/**
 * A linear softmax on the mean of each sequence, and the nearest class mean. What only the order of the steps tells is
 * beyond both.
 * @param train at least one item
 * @param validation at least one item
 * @param classes labels are in [0, classes)
 */
export function* meanBaselinesJob(
  train: LabelledFrames,
  validation: LabelledFrames,
  classes: number,
): Job<{ readonly linear: MeanBaseline; readonly nearest: MeanBaseline }> {
  const { features } = train.items;
  const [x, test] = [meansOf(train.items), meansOf(validation.items)];
  standardize(x, [test], features);
  yield;
  const nearest = nearestMean(x, train.labels, test, { features, classes });
  const weights = yield* linearWeightsJob(x, train.labels, features, classes);
  const p = new Float64Array(classes);
  const rows = validation.labels.length;
  const predictions = new Int32Array(rows);
  let loss = 0;
  for (let row = 0; row < rows; row++) {
    logitsOf(test, weights, features, classes, row, p);
    const own = p[validation.labels[row]];
    loss += normalize(p) - own;
    predictions[row] = p.indexOf(p.reduce((a, b) => Math.max(a, b)));
  }
  return {
    linear: { metrics: score(validation.labels, predictions, classes), loss: loss / rows },
    nearest: { metrics: score(validation.labels, nearest, classes), loss: null },
  };
}

function score(labels: ArrayLike<number>, predictions: Int32Array, classes: number): ClassificationMetrics {
  const confusion = new Float64Array(classes * classes);
  for (let row = 0; row < predictions.length; row++) confusion[labels[row] * classes + predictions[row]]++;
  return classificationMetrics(confusion, classes);
}
