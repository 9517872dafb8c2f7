/** `classify`: a label for each text or sequence of numbers, many-to-one. */
import { ids, tensor } from "../../backend/tensor.ts";
import { FormatError } from "../../core/errors.ts";
import { Rng } from "../../core/rng.ts";
import { balancedWeights, classificationMetrics } from "../../data/classification-metrics.ts";
import { ItemBatches } from "../../data/item-batches.ts";
import type { PaddedItems } from "../../data/padded-items.ts";
import { type PlannedBatches, ShortFirstBatches } from "../../data/short-first.ts";
import { SequenceClassifier } from "../../models/sequence-classifier.ts";
import {
  classifierParameterCount,
  classifierTrainingBytes,
  completeClassifierConfig,
  parseClassifierConfig,
  type SequenceClassifierConfig,
} from "../../models/sequence-classifier-config.ts";
import { svgConfusionMatrix } from "../../render/svg-confusion.ts";
import type { BatchPlan, Task } from "../task.ts";
import { type ClassifyData, describeFacts, inputTensor, itemsOf, loadItems, loadTestItems } from "./data.ts";
import {
  type ClassifySettings,
  checkCombinations,
  completeSettings,
  defaultsOf,
  isNamedCell,
} from "./defaults.ts";
import { type ClassifyFacts, FIRST_INPUT, parseFacts } from "./facts.ts";
import { fitSettings } from "./fitted.ts";
import { confusionOf, describeClasses, measureBaselines, planEvaluation, scoreItems } from "./metrics.ts";
import { OPTIONS, parseWidths, WORDS } from "./options.ts";
import { predict, predictFile, predictionPicture, readsWholeFile } from "./predict.ts";
import { type LabelledBatch, PROBE } from "./probe.ts";
import { adopt, startWords } from "./start.ts";
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
