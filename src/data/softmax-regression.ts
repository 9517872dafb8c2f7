import { InputError, type Job, Rng } from "../core/index.ts";
import { checkValue, LIST, type Ranges, SIZE, settle } from "../core/options.ts";
import { CLASSES } from "./classification-metrics.ts";
import { checkIndices } from "./items.ts";
import { FLOATS } from "./ranges.ts";

export interface SoftmaxRegressionOptions {
  /** Passes over the examples at most. Default 20; fewer where there are very many examples. */
  readonly passes?: number;
  /** Chooses the order, an integer. Default 0. */
  readonly seed?: number;
}

const RANGES: Ranges<SoftmaxRegressionOptions> = {
  passes: SIZE,
  seed: { text: "an integer", fits: Number.isSafeInteger },
};

/** Examples to learn from. */
export interface LabelledVectors {
  /** The numbers of all examples, `[count, features]`, each feature on a scale of about 1. */
  readonly values: Float32Array;
  readonly features: number;
  /** The class of each example, `[count]`, in [0, classes). */
  readonly labels: ArrayLike<number>;
}

const BATCH = 64;
const LEARNING_RATE = 0.01;
/** Multiplications of a training: about two seconds. */
const MOST_WORK = 1e9;

/** p(class) = softmax(W x + b). */
export class SoftmaxRegression {
  readonly classes: number;
  readonly features: number;
  /** `[classes, features + 1]`: the weights of each class, then its bias. */
  readonly weights: Float64Array;

  constructor(classes: number, features: number, weights: Float64Array) {
    this.classes = classes;
    this.features = features;
    this.weights = weights;
  }

  /**
   * The logits of an example, written to `into`, `[classes]`.
   * @param values of which the example begins at number `at`
   */
  logits(values: Float32Array, at: number, into: Float64Array): void {
    const { classes, features, weights } = this;
    for (let k = 0; k < classes; k++) {
      const row = k * (features + 1);
      let sum = weights[row + features];
      for (let i = 0; i < features; i++) sum += weights[row + i] * values[at + i];
      into[k] = sum;
    }
  }
}

/**
 * Multinomial logistic regression, trained with Adam (Kingma and Ba 2015) on batches of 64: the least that a model of
 * frames has to beat. It is a job: see `runJobInTurns`.
 * @throws InputError for arrays that do not belong together
 */
export function* softmaxRegressionJob(
  { values, features, labels }: LabelledVectors,
  classes: number,
  options: SoftmaxRegressionOptions = {},
): Job<SoftmaxRegression> {
  const where = "softmaxRegressionJob";
  const { passes, seed } = settle<Required<SoftmaxRegressionOptions>>(
    where,
    RANGES,
    { passes: 20, seed: 0 },
    options,
  );
  checkValue(`${where}: values`, FLOATS, values);
  checkValue(`${where}: features`, SIZE, features);
  checkValue(`${where}: classes`, CLASSES, classes);
  checkValue(`${where}: labels`, LIST, labels);
  checkIndices(`${where}: labels`, labels, classes);
  if (values.length !== labels.length * features || labels.length === 0) {
    throw new InputError(
      `${where}: values must be ${features} for each of at least one label, got ${values.length} for ${labels.length}`,
    );
  }
  const model = new SoftmaxRegression(classes, features, new Float64Array(classes * (features + 1)));
  const training = new Training(model);
  const rng = new Rng(seed);
  const steps = Math.ceil(labels.length / BATCH) * passes;
  const affordable = Math.max(1, Math.floor(MOST_WORK / (2 * BATCH * classes * features)));
  for (let step = 0; step < Math.min(steps, affordable); step++) {
    // With replacement: no order of all examples has to be kept.
    for (let row = 0; row < BATCH; row++) {
      const example = rng.integer(labels.length);
      training.add(values, example * features, labels[example]);
    }
    training.update(BATCH, LEARNING_RATE);
    yield;
  }
  return model;
}

class Training {
  private readonly model: SoftmaxRegression;
  private readonly gradient: Float64Array;
  private readonly first: Float64Array;
  private readonly second: Float64Array;
  private readonly scores: Float64Array;
  private updates = 0;

  constructor(model: SoftmaxRegression) {
    const size = model.classes * (model.features + 1);
    this.model = model;
    this.gradient = new Float64Array(size);
    this.first = new Float64Array(size);
    this.second = new Float64Array(size);
    this.scores = new Float64Array(model.classes);
  }

  /** Adds the gradient of one example. */
  add(values: Float32Array, at: number, label: number): void {
    const { model, scores, gradient } = this;
    const { classes, features } = model;
    model.logits(values, at, scores);
    const most = scores.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    let total = 0;
    for (let k = 0; k < classes; k++) {
      scores[k] = Math.exp(scores[k] - most);
      total += scores[k];
    }
    for (let k = 0; k < classes; k++) {
      const error = scores[k] / total - (k === label ? 1 : 0);
      const row = k * (features + 1);
      for (let i = 0; i < features; i++) gradient[row + i] += error * values[at + i];
      gradient[row + features] += error;
    }
  }

  update(count: number, learningRate: number): void {
    const { gradient, first, second } = this;
    const { weights } = this.model;
    this.updates++;
    const [correct1, correct2] = [1 - 0.9 ** this.updates, 1 - 0.999 ** this.updates];
    for (let i = 0; i < gradient.length; i++) {
      const g = gradient[i] / count;
      first[i] = 0.9 * first[i] + 0.1 * g;
      second[i] = 0.999 * second[i] + 0.001 * g * g;
      weights[i] -= (learningRate * (first[i] / correct1)) / (Math.sqrt(second[i] / correct2) + 1e-8);
    }
    gradient.fill(0);
  }
}
