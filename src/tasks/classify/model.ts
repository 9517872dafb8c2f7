/** `classify`: a label for each text or sequence of numbers, many-to-one. */
import { ids, tensor } from "../../backend/tensor.ts";
import { FormatError, formatBytes } from "../../core/errors.ts";
import { Rng } from "../../core/rng.ts";
import { balancedWeights, classificationMetrics } from "../../data/classification-metrics.ts";
import { ItemBatches } from "../../data/item-batches.ts";
import { keyOfNumbers, keyOfText } from "../../data/item-keys.ts";
import type { PaddedItems } from "../../data/padded-items.ts";
import { type PlannedBatches, ShortFirstBatches } from "../../data/short-first.ts";
import type { WordStart } from "../../data/word-start.ts";
import { isBuiltInCell } from "../../models/cells.ts";
import { SequenceClassifier } from "../../models/sequence-classifier.ts";
import {
  classifierParameterCount,
  classifierTrainingBytes,
  completeClassifierConfig,
  parseClassifierConfig,
  type SequenceClassifierConfig,
} from "../../models/sequence-classifier-config.ts";
import { count } from "../../render/numbers.ts";
import { svgConfusionMatrix } from "../../render/svg-confusion.ts";
import type { BatchPlan, FittedSetting, Task } from "../task.ts";
import { disturbIds, disturbNumbers, type TaskProbe } from "../task-probe.ts";
import { adopt } from "./adopt.ts";
import { type ClassifyData, describeFacts, inputTensor, itemsOf, loadItems, loadTestItems } from "./data.ts";
import {
  type ClassifySettings,
  checkCombinations,
  completeSettings,
  defaultsOf,
  isNamedCell,
  OPTIONS,
  parseWidths,
  WORDS,
} from "./defaults.ts";
import { type ClassifyFacts, FIRST_INPUT, parseFacts, tokensOf } from "./facts.ts";
import { confusionOf, describeClasses, measureBaselines, planEvaluation, scoreItems } from "./metrics.ts";
import { predict, predictFile, predictionPicture, readsWholeFile } from "./predict.ts";
import { HELP, VIEW } from "./view.ts";

/** Batches of so many are sorted by length together, which saves two thirds of the padding of names. */
const BUCKET_BATCHES = 16;

/** The stream of random numbers that hides words, forked from the seed by this name. */
const WORD_DROPOUT = 0x776f7264;

function planBatches({ train, facts }: ClassifyData, settings: ClassifySettings): BatchPlan<LabelledBatch> {
  const { batchSize, seed, shortFirst, labelSmoothing, wordDropout } = settings;
  const options = { batchSize, seed, bucketBatches: BUCKET_BATCHES };
  const batches: PlannedBatches =
    shortFirst > 0
      ? new ShortFirstBatches(itemsOf(train), { passes: shortFirst, ...options })
      : new ItemBatches(itemsOf(train), options);
  const classWeights =
    settings.classWeights === "balanced" ? balancedWeights([train.labels], facts.labels.length) : undefined;
  return {
    stepsPerEpoch: batches.stepsPerPass,
    rows: batchSize,
    weights(step) {
      const weights = new Float64Array(batchSize);
      const { indices } = batches.batch(step);
      for (const [row, index] of indices.entries()) weights[row] = classWeights?.[train.labels[index]] ?? 1;
      return weights;
    },
    batch(step, from, to) {
      const { indices } = batches.batch(step);
      // The last batch of a pass may have fewer rows.
      const [first, end] = [Math.min(from, indices.length), Math.min(to, indices.length)];
      const labels = indices.subarray(first, end).map((index) => train.labels[index]);
      const padded = batches.fill(step, first, end);
      if (wordDropout > 0 && padded.values instanceof Int32Array) {
        const unknown = facts.vocabulary?.length ?? 0;
        hideSymbols(padded as PaddedItems<Int32Array>, wordDropout, unknown, (row) =>
          new Rng(seed).fork(WORD_DROPOUT, step, first + row),
        );
      }
      return { ...padded, labels, classWeights, labelSmoothing };
    },
  };
}

/**
 * Replace a share of the symbols by the unknown one (word dropout: Iyyer et al. 2015). What a row loses depends on its
 * place in the batch alone, and not on the replica that has it.
 */
function hideSymbols(
  { values, lengths, rows, time }: PaddedItems<Int32Array>,
  share: number,
  unknown: number,
  rngOf: (row: number) => Rng,
): void {
  for (let row = 0; row < rows; row++) {
    const rng = rngOf(row);
    for (let at = 0; at < lengths[row]; at++) {
      if (rng.uniform() < share) values[row * time + at] = unknown;
    }
  }
}

function configure(settings: ClassifySettings, facts: ClassifyFacts): SequenceClassifierConfig {
  const { cell, hidden, layers, bidirectional, dropout, embedding, pooling, frozenEmbedding } = settings;
  const { input, vocabulary = [], labels } = facts;
  return completeClassifierConfig({
    cell: isNamedCell(cell) ? cell : "own",
    ...(input.kind === "text"
      ? { vocabulary: vocabulary.length + 1 }
      : { features: input.format.features.length }),
    classes: labels.length,
    hidden,
    layers,
    bidirectional,
    dropout,
    embedding,
    frozenEmbedding,
    ...(cell === "conv" && { widths: parseWidths(settings.widths) }),
    pooling,
  });
}

/** What weights of a model decide about the settings of a run that starts from them. */
function settingsOf(config: SequenceClassifierConfig, { input }: ClassifyFacts): Partial<ClassifySettings> {
  const { cell, hidden, layers, bidirectional, dropout, embedding, pooling, widths } = config;
  return {
    cell,
    hidden,
    layers,
    bidirectional,
    dropout,
    embedding,
    pooling,
    maxLength: input.maxLength,
    ...(widths.length > 0 && { widths: widths.join(",") }),
    ...(input.kind === "text" && { tokens: input.tokens }),
  };
}

/** What a step may take of the memory, a quarter of what 32-bit addresses reach. */
const STEP_BYTES = 2 ** 30;

/** Of fewer items 20 passes make few updates. */
const FEW_ITEMS = 2000;
const FEW_ROWS = 16;

/**
 * @param threads replicas that need a row each
 * @param configure the model of some settings
 */
export function fitSettings(
  data: ClassifyData,
  settings: ClassifySettings,
  threads: number,
  configure: (settings: ClassifySettings) => SequenceClassifierConfig,
): FittedSetting<ClassifySettings>[] {
  const fitted = fitNumbers(data, settings);
  const own = Object.fromEntries(fitted.map(({ name, value }) => [name, value]));
  return [...fitted, ...fitBatchSize(data, configure({ ...settings, ...own }), settings, threads)];
}

/**
 * What tells sequences of numbers apart is seldom at their end. Chosen on parts of the training data of spoken digits: 96 to
 * 98 % of the recordings that were held out were right with the largest values of both directions, 92 % with the last step of
 * one. `bench/reproduce/digits.ts` and `vowels.ts` measure the result on the test data.
 */
function fitNumbers({ facts }: ClassifyData, { cell }: ClassifySettings): FittedSetting<ClassifySettings>[] {
  const { input } = facts;
  if (input.kind === "text" || input.isOneStep || !isBuiltInCell(cell)) return [];
  return [
    {
      name: "bidirectional",
      value: true,
      reason: "a sequence of numbers is there as a whole (--no-bidirectional reads it in its order alone)",
    },
    { name: "pooling", value: "max", reason: "what tells it apart may stand anywhere in it" },
  ];
}

function fitBatchSize(
  { train, facts }: ClassifyData,
  config: SequenceClassifierConfig,
  settings: ClassifySettings,
  threads: number,
): FittedSetting<ClassifySettings>[] {
  const { longest, count: items } = itemsOf(train);
  let { batchSize } = settings;
  if (facts.input.kind === "numbers" && items < FEW_ITEMS && threads <= FEW_ROWS && batchSize > FEW_ROWS) {
    batchSize = FEW_ROWS;
  }
  const isFew = batchSize < settings.batchSize;
  const bytesOf = (rows: number) => classifierTrainingBytes(config, rows, longest);
  const whole = batchSize;
  while (batchSize > threads && bytesOf(batchSize) > STEP_BYTES) {
    batchSize = Math.max(threads, Math.floor(batchSize / 2));
  }
  const reason =
    isFew && batchSize === whole
      ? `${count(items)} items are few, and smaller batches make more updates of them`
      : `with items of up to ${count(longest)} steps ${settings.batchSize} rows take ${formatBytes(bytesOf(settings.batchSize))}`;
  return batchSize === settings.batchSize ? [] : [{ name: "batchSize", value: batchSize, reason }];
}

/** What lies behind a row's length in `values` is padding. */
export interface LabelledBatch extends PaddedItems {
  /** [rows] */
  readonly labels: Int32Array;
  /** [labels]; undefined: 1 each */
  readonly classWeights: Float64Array | undefined;
  readonly labelSmoothing: number;
}

/** Symbols that the model does not know are all the same to it, and so in a key. */
function* keysOf(data: ClassifyData, part: "train" | "validation"): Iterable<string> {
  const items = itemsOf(data[part]);
  const tokens = data.facts.input.kind === "text" ? tokensOf(data.facts) : undefined;
  for (let index = 0; index < items.count; index++) {
    const item = items.item(index);
    yield tokens === undefined ? keyOfNumbers(item) : keyOfText(tokens.decode(item as Int32Array));
  }
}

function disturbInputs(batch: LabelledBatch, row: number, step: number): LabelledBatch {
  const { values, time } = batch;
  const changed =
    values instanceof Int32Array
      ? disturbIds(values, time, row, step)
      : disturbNumbers(values, batch, row, step);
  return { ...batch, values: changed };
}

export const PROBE: TaskProbe<ClassifyData, SequenceClassifierConfig, SequenceClassifier, LabelledBatch> = {
  zeroInputs: (batch) => ({
    ...batch,
    values: new (batch.values.constructor as new (length: number) => typeof batch.values)(
      batch.values.length,
    ),
  }),
  disturbInputs,
  lengths: ({ lengths }) => lengths,
  outputs: (model, batch) => model.forward(inputTensor(batch), { lengths: batch.lengths }),
  keys: keysOf,
};

/** Words that have a vector in a file start from it. */
export function startWords({ embedding }: SequenceClassifier, vectors: WordStart | undefined): void {
  if (embedding === undefined || vectors === undefined) return;
  const { ids: words, values, width } = vectors;
  for (const [row, id] of words.entries()) {
    embedding.weight.view([width], id * width).write(values.subarray(row * width, (row + 1) * width));
  }
}

/** A training step's memory depends on the longest item; lines of this length are long. */
const TYPICAL_LENGTH = 64;

export const classify: Task<
  ClassifySettings,
  ClassifyData,
  SequenceClassifierConfig,
  ClassifyFacts,
  SequenceClassifier,
  LabelledBatch
> = {
  name: "classify",
  summary: "a label for each text or sequence of numbers",
  words: WORDS,
  help: HELP,
  options: OPTIONS,
  complete: completeSettings,
  check: checkCombinations,
  standardOf: ({ optimizer }) => defaultsOf(optimizer),
  unit: () => "item",

  load: loadItems,
  loadTest: loadTestItems,
  facts: describeFacts,
  fit: (data, settings, threads) => fitSettings(data, settings, threads, (own) => configure(own, data.facts)),

  configure,
  settingsOf,
  leastConfig: (settings) =>
    configure(settings, { vocabulary: ["a"], labels: ["a", "b"], input: FIRST_INPUT }),
  parse(read, where) {
    const facts = parseFacts(read, where);
    const config = parseClassifierConfig(read("model"), where);
    const { input, vocabulary = [] } = facts;
    const [symbols, features] =
      input.kind === "text" ? [vocabulary.length + 1, 0] : [0, input.format.features.length];
    const fits = config.vocabulary === symbols && config.features === features;
    if (config.classes !== facts.labels.length || !fits) {
      throw new FormatError(where, "the model has another number of labels or symbols than the lists");
    }
    return { config, facts };
  },
  build: (config, { rng, backend, createCell, cellName }) =>
    new SequenceClassifier(config, { rng, backend, createCell, cellName }),
  start: (model, { vectors }) => startWords(model, vectors),
  adopt,
  trainingBytes: (config, { batchSize }) => classifierTrainingBytes(config, batchSize, TYPICAL_LENGTH),
  leastParameters: (config) => ({
    numbers: classifierParameterCount(config),
    tensors: config.layers,
  }),

  plan: planBatches,
  loss(model, batch, { rng }) {
    const { lengths, labels, rows, classWeights: weights, labelSmoothing } = batch;
    const classWeights = weights && tensor(weights, [weights.length]);
    const options = { lengths, rng, labelSmoothing, classWeights };
    return { loss: model.loss(inputTensor(batch), ids(labels, [rows]), options).loss };
  },
  isRandom: ({ dropout }) => dropout > 0,

  evaluation: planEvaluation,
  score: (sums, data, plan) => scoreItems(sums, data, plan.items),
  details: describeClasses,
  baselines: measureBaselines,
  guess: ({ facts }) => ({
    loss: Math.log(facts.labels.length),
    among: `${facts.labels.length} equally likely labels`,
  }),

  predict,
  predictFile,
  readsWholeFile,
  predictionPicture,
  picture: (sums, { facts: { labels } }) => {
    const counts = confusionOf(sums, labels.length);
    const { classes: scores } = classificationMetrics(counts, labels.length);
    return { kind: "picture", svg: svgConfusionMatrix({ labels, counts }, { scores }) };
  },
  probe: PROBE,
  view: VIEW,
};
