/** What there is to beat by a model of sequences: guesses of the label of each step from the step alone. */
import type { Job } from "../core/job.ts";
import type { ItemStore } from "./items.ts";
import { largestOf } from "./logits.ts";
import { softmaxRegressionJob } from "./softmax-regression.ts";

/** Sequences with a label for each step. */
export interface LabelledSteps {
  /** Ids or frames. */
  readonly items: ItemStore<Int32Array | Float32Array>;
  /** A label for each element of the items, -1 for a step without one. */
  readonly labels: Int32Array;
}

/** The labels of a sequence, a view. */
export function labelsOf({ items, labels }: LabelledSteps, index: number): Int32Array {
  return labels.subarray(items.starts[index], items.starts[index] + items.lengths[index]);
}

export function labelledSteps(part: LabelledSteps): number {
  let count = 0;
  for (const index of part.items.lengths.keys()) {
    for (const label of labelsOf(part, index)) if (label >= 0) count++;
  }
  return count;
}

/** What guesses each step by itself. */
export interface StepGuess {
  readonly name: string;
  /** The labels of a sequence, and the losses of its labelled steps where there are any. */
  guess(index: number): { readonly predicted: Int32Array; readonly logits?: Float64Array };
}

/** The label that is most frequent in the training part, everywhere. */
export function majorityGuess(train: LabelledSteps, validation: LabelledSteps, classes: number): StepGuess {
  const counts = new Float64Array(classes).fill(1);
  for (const index of train.items.lengths.keys()) {
    for (const label of labelsOf(train, index)) if (label >= 0) counts[label]++;
  }
  const best = largestOf(counts, 0, classes);
  const own = counts.map(Math.log);
  return {
    name: "the commonest label",
    guess(index) {
      const steps = validation.items.lengths[index];
      const logits = new Float64Array(steps * classes);
      for (let t = 0; t < steps; t++) logits.set(own, t * classes);
      return { predicted: new Int32Array(steps).fill(best), logits };
    },
  };
}

/** The commonest label of each word in the training part; of unknown words that of words that are rare there. */
export function wordGuess(
  train: LabelledSteps,
  validation: LabelledSteps,
  { classes, words }: { readonly classes: number; readonly words: number },
): StepGuess {
  const counts = new Float64Array(words * classes);
  const all = new Float64Array(classes);
  for (const index of train.items.lengths.keys()) {
    const [start, labels] = [train.items.starts[index], labelsOf(train, index)];
    for (const [t, label] of labels.entries()) {
      if (label < 0) continue;
      counts[train.items.values[start + t] * classes + label]++;
      all[label]++;
    }
  }
  const commonest = largestOf(all, 0, classes);
  return {
    name: "the commonest label of each word",
    guess(index) {
      const start = validation.items.starts[index];
      const predicted = Int32Array.from({ length: validation.items.lengths[index] }, (_, t) => {
        const row = validation.items.values[start + t] * classes;
        const best = largestOf(counts, row, classes);
        return counts[row + best] === 0 ? commonest : best;
      });
      return { predicted };
    },
  };
}

/** A linear layer and a softmax on the numbers of one step. */
export function* linearGuessJob(
  train: LabelledSteps,
  validation: LabelledSteps,
  classes: number,
): Job<StepGuess> {
  const { features } = train.items;
  const count = labelledSteps(train);
  const [values, labels] = [new Float32Array(count * features), new Int32Array(count)];
  let at = 0;
  for (const index of train.items.lengths.keys()) {
    const start = train.items.starts[index];
    for (const [t, label] of labelsOf(train, index).entries()) {
      if (label < 0) continue;
      const from = (start + t) * features;
      values.set(train.items.values.subarray(from, from + features), at * features);
      labels[at++] = label;
    }
  }
  const model = yield* softmaxRegressionJob({ values, features, labels }, classes);
  return {
    name: "linear softmax of the step alone",
    guess(index) {
      const { items } = validation;
      const steps = items.lengths[index];
      const logits = new Float64Array(steps * classes);
      for (let t = 0; t < steps; t++) {
        const from = (items.starts[index] + t) * features;
        model.logits(items.values as Float32Array, from, logits.subarray(t * classes, (t + 1) * classes));
      }
      const predicted = Int32Array.from({ length: steps }, (_, t) => largestOf(logits, t * classes, classes));
      return { predicted, logits };
    },
  };
}
