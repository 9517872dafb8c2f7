import { InputError } from "../core/index.ts";
import { AT_LEAST_0, checkValue, LIST, type Range, SIZE } from "../core/options.ts";
import { showValue } from "../core/show-value.ts";
import { checkIndices } from "./items.ts";

/** How well one class is found. */
export interface ClassScore {
  /** Share of the items predicted as this class that are of it; 0 where none was predicted. */
  readonly precision: number;
  /** Share of the items of this class that were predicted as it; 0 where there are none. */
  readonly recall: number;
  /** The harmonic mean of both, 2 TP / (2 TP + FP + FN); 0 where the class neither occurs nor is predicted. */
  readonly f1: number;
  /** The number of items of this class. */
  readonly support: number;
}

export interface ClassificationMetrics {
  /** The number of items. */
  readonly items: number;
  /** Share of the items whose class was predicted; 0 without items. */
  readonly accuracy: number;
  /** The mean of the F1 scores of all classes that occur or are predicted, each counting the same; 0 without items. */
  readonly macroF1: number;
  /** By class, `[classes]`. */
  readonly classes: readonly ClassScore[];
}

/** A confusion matrix of so many classes takes 128 MiB. */
export const MAX_CLASSES = 2 ** 12;

export const CLASSES: Range = {
  text: `an integer from 1 to ${MAX_CLASSES}`,
  fits: (value) => SIZE.fits(value) && (value as number) <= MAX_CLASSES,
};

/**
 * A confusion matrix: element `label * classes + prediction` counts the items of this label that were predicted so.
 * @param labels the class of each item, in [0, classes)
 * @param predictions what was predicted for it, in [0, classes)
 * @returns `[classes, classes]`
 */
export function confusionMatrix(
  labels: ArrayLike<number>,
  predictions: ArrayLike<number>,
  classes: number,
): Float64Array {
  checkValue("confusionMatrix: classes", CLASSES, classes);
  checkIndices("confusionMatrix: labels", labels, classes);
  checkIndices("confusionMatrix: predictions", predictions, classes);
  if (labels.length !== predictions.length) {
    throw new InputError(
      `confusionMatrix: predictions must be one for each of the ${labels.length} labels, got ${predictions.length}`,
    );
  }
  const confusion = new Float64Array(classes * classes);
  for (let at = 0; at < labels.length; at++) confusion[labels[at] * classes + predictions[at]]++;
  return confusion;
}

/**
 * Accuracy, macro F1 and the scores of each class, as scikit-learn's `precision_recall_fscore_support` and `f1_score`
 * compute them by default: a ratio of 0 by 0 is 0 (`zero_division`), and a class that neither occurs nor is predicted is
 * left out of the mean (`labels=None`).
 * @param confusion `[classes, classes]`, a row for each label and a column for each prediction: finite numbers of at
 * least 0, which may be sums of parts or of weights
 */
export function classificationMetrics(confusion: ArrayLike<number>, classes: number): ClassificationMetrics {
  checkValue("classificationMetrics: classes", CLASSES, classes);
  checkConfusion("classificationMetrics: confusion", confusion, classes);
  const [labelled, predicted] = [new Float64Array(classes), new Float64Array(classes)];
  let [items, right] = [0, 0];
  for (let label = 0; label < classes; label++) {
    for (let prediction = 0; prediction < classes; prediction++) {
      const count = confusion[label * classes + prediction];
      labelled[label] += count;
      predicted[prediction] += count;
      items += count;
      if (label === prediction) right += count;
    }
  }
  const scores = Array.from(labelled, (support, label): ClassScore => {
    const found = confusion[label * classes + label];
    return {
      precision: ratio(found, predicted[label]),
      recall: ratio(found, support),
      f1: ratio(2 * found, support + predicted[label]),
      support,
    };
  });
  const present = scores.filter((_, label) => labelled[label] + predicted[label] > 0);
  const macroF1 = ratio(
    present.reduce((sum, { f1 }) => sum + f1, 0),
    present.length,
  );
  return { items, accuracy: ratio(right, items), macroF1, classes: scores };
}

/** @throws InputError for what is no `[classes, classes]` list of finite numbers from 0 on */
export function checkConfusion(where: string, confusion: ArrayLike<number>, classes: number): void {
  checkValue(where, LIST, confusion);
  if (confusion.length !== classes * classes) {
    throw new InputError(`${where} must hold ${classes} x ${classes} numbers, got ${confusion.length}`);
  }
  for (let at = 0; at < confusion.length; at++) {
    if (AT_LEAST_0.fits(confusion[at])) continue;
    throw new InputError(
      `${where} must hold ${AT_LEAST_0.text} each, got ${showValue(confusion[at])} at position ${at}`,
    );
  }
}

const ratio = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);

/** What guessing without a look at the items reaches. */
export interface MajorityBaseline {
  /** The most frequent class of the training part, the lowest one if there are several. */
  readonly label: number;
  /** The mean of -ln p of the right class, in nats, with p = (count + 1) / (items + classes) of the training part. */
  readonly loss: number;
  /** Of always predicting {@link label}: `[classes, classes]`. */
  readonly confusion: Float64Array;
  /** The scores of {@link confusion}. */
  readonly metrics: ClassificationMetrics;
}

/**
 * What a classifier has to beat at least: always predicting the most frequent class.
 * @param trainLabels the class of each item to learn from, in [0, classes)
 * @param validLabels the class of each item to be judged by, in [0, classes); at least one
 */
export function majorityBaseline(
  trainLabels: ArrayLike<number>,
  validLabels: ArrayLike<number>,
  classes: number,
): MajorityBaseline {
  checkValue("majorityBaseline: classes", CLASSES, classes);
  checkIndices("majorityBaseline: trainLabels", trainLabels, classes);
  checkIndices("majorityBaseline: validLabels", validLabels, classes);
  if (validLabels.length === 0) {
    throw new InputError("majorityBaseline: validLabels must hold at least one label, got none");
  }
  const counts = new Float64Array(classes);
  for (let at = 0; at < trainLabels.length; at++) counts[trainLabels[at]]++;
  const label = counts.indexOf(counts.reduce((most, count) => Math.max(most, count), 0));
  const losses = counts.map((count) => -Math.log((count + 1) / (trainLabels.length + classes)));
  const confusion = new Float64Array(classes * classes);
  let sum = 0;
  for (let at = 0; at < validLabels.length; at++) {
    confusion[validLabels[at] * classes + label]++;
    sum += losses[validLabels[at]];
  }
  return {
    label,
    loss: sum / validLabels.length,
    confusion,
    metrics: classificationMetrics(confusion, classes),
  };
}

/**
 * Weights with which all labels that occur count alike, with a mean of 1: items / (labels that occur * items of the label),
 * as scikit-learn's `balanced`. A label that does not occur has 1.
 * @param lists of labels in [0, classes); negative ones, of steps without a label, are passed over
 */
export function balancedWeights(lists: Iterable<Int32Array>, classes: number): Float64Array {
  const counts = new Float64Array(classes);
  for (const labels of lists) for (const label of labels) if (label >= 0) counts[label]++;
  const total = counts.reduce((sum, count) => sum + count, 0);
  const present = counts.filter((count) => count > 0).length;
  return counts.map((count) => (count === 0 ? 1 : total / (present * count)));
}
