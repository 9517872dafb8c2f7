/** `classify`: a label for each line of text, many-to-one. */
import { scope } from "../../backend/scope.ts";
import { ids } from "../../backend/tensor.ts";
import { FormatError } from "../../core/errors.ts";
import { listOfAny, TEXT } from "../../core/options.ts";
import { ItemBatches } from "../../data/item-batches.ts";
import { isBuiltInCell } from "../../models/cells.ts";
import { SequenceClassifier } from "../../models/sequence-classifier.ts";
import {
  classifierParameterCount,
  classifierTrainingBytes,
  completeClassifierConfig,
  parseClassifierConfig,
  type SequenceClassifierConfig,
} from "../../models/sequence-classifier-config.ts";
import { svgConfusionMatrix } from "../../render/svg-confusion.ts";
import { type JudgedInput, svgProbabilities } from "../../render/svg-probabilities.ts";
import type { BatchPlan, Prediction, PredictionInput, Task, TrainedModel } from "../task.ts";
import {
  type ClassifyData,
  type ClassifyFacts,
  describeFacts,
  itemsOf,
  loadLines,
  loadTestLines,
  vocabularyOf,
} from "./data.ts";
import {
  type ClassifySettings,
  checkCombinations,
  completeSettings,
  defaultsOf,
  OPTIONS,
  WORDS,
} from "./defaults.ts";
import { fitSettings } from "./fitted.ts";
import { confusionOf, measureBaselines, planEvaluation, scoreLines } from "./metrics.ts";
import { type LineBatch, PROBE } from "./probe.ts";
import { HELP, VIEW } from "./view.ts";

/** Batches of so many are sorted by length together, which saves two thirds of the padding of names. */
const BUCKET_BATCHES = 16;

function planBatches({ train }: ClassifyData, settings: ClassifySettings): BatchPlan<LineBatch> {
  const { batchSize, seed } = settings;
  const batches = new ItemBatches(itemsOf(train), { batchSize, seed, bucketBatches: BUCKET_BATCHES });
  return {
    stepsPerEpoch: batches.stepsPerPass,
    rows: batchSize,
    weights(step) {
      const weights = new Float64Array(batchSize);
      weights.set(batches.batch(step).weights);
      return weights;
    },
    batch(step, from, to) {
      const { indices } = batches.batch(step);
      // The last batch of a pass may have fewer rows.
      const [first, end] = [Math.min(from, indices.length), Math.min(to, indices.length)];
      const labels = indices.subarray(first, end).map((index) => train.labels[index]);
      return { ...batches.fill(step, first, end), labels };
    },
  };
}

function configure(settings: ClassifySettings, facts: ClassifyFacts): SequenceClassifierConfig {
  const { cell, hidden, layers, bidirectional, dropout, embedding, pooling } = settings;
  return completeClassifierConfig({
    cell: isBuiltInCell(cell) ? cell : "own",
    vocabulary: facts.vocabulary.length + 1,
    classes: facts.labels.length,
    hidden,
    layers,
    bidirectional,
    dropout,
    embedding,
    pooling,
  });
}

/** What weights of a model decide about the settings of a run that starts from them. */
function settingsOf(config: SequenceClassifierConfig): Partial<ClassifySettings> {
  const { cell, hidden, layers, bidirectional, dropout, embedding, pooling } = config;
  return { cell, hidden, layers, bidirectional, dropout, embedding, pooling };
}

const TEXTS = listOfAny(TEXT, "a list of texts");

/** @throws FormatError */
function parseFacts(read: (name: string) => unknown, where: string): ClassifyFacts {
  const labels = read("labels");
  if (!Array.isArray(labels) || !TEXTS.fits(labels) || new Set(labels).size !== labels.length) {
    throw new FormatError(where, "labels must be a list of different texts");
  }
  const vocabulary = read("vocabulary");
  vocabularyOf({ vocabulary: vocabulary as string[], labels }, where);
  return { vocabulary: vocabulary as string[], labels };
}

/** A training step's memory depends on the longest item; lines of this length are long. */
const TYPICAL_LENGTH = 64;

/** Labels that a prediction shows. */
const SHOWN = 3;

async function* predict(
  {
    model,
    facts,
    backend,
  }: TrainedModel<ClassifySettings, SequenceClassifierConfig, ClassifyFacts, SequenceClassifier>,
  inputs: AsyncIterable<PredictionInput>,
): AsyncIterable<Prediction> {
  const vocabulary = vocabularyOf(facts);
  for await (const { name, text } of inputs) {
    const symbols = vocabulary.encode(text);
    if (symbols.length === 0) {
      yield { text: `${name}: nothing to classify`, json: { input: text, label: null, probabilities: {} } };
      continue;
    }
    const shape = [1, symbols.length];
    const logits = await scope(() => model.forward(ids(symbols, shape)).read(), backend);
    const most = Math.max(...logits);
    const powers = Array.from(logits, (logit) => Math.exp(logit - most));
    const total = powers.reduce((sum, power) => sum + power, 0);
    const ranked = powers
      .map((power, label) => ({ label: facts.labels[label], probability: power / total }))
      .toSorted((a, b) => b.probability - a.probability);
    const shown = ranked
      .slice(0, SHOWN)
      .map(({ label, probability }) => `${label} ${probability.toFixed(2)}`);
    const probabilities = Object.fromEntries(ranked.map(({ label, probability }) => [label, probability]));
    yield {
      text: `${text.trim()}\t${shown.join("\t")}`,
      json: { input: text, label: ranked[0].label, probabilities },
    };
  }
}

/** A prediction as its picture shows it. */
function judgedOf({ json }: Prediction): JudgedInput {
  const { input, probabilities } = json as { input: string; probabilities: Readonly<Record<string, number>> };
  const labels = Object.entries(probabilities).map(([label, probability]) => ({ label, probability }));
  return { text: input, labels: labels.toSorted((a, b) => b.probability - a.probability) };
}

export const classify: Task<
  ClassifySettings,
  ClassifyData,
  SequenceClassifierConfig,
  ClassifyFacts,
  SequenceClassifier,
  LineBatch
> = {
  name: "classify",
  summary: "a label for each line of text",
  words: WORDS,
  help: HELP,
  options: OPTIONS,
  complete: completeSettings,
  check: checkCombinations,
  standardOf: ({ optimizer }) => defaultsOf(optimizer),
  unit: () => "item",

  load: loadLines,
  loadTest: loadTestLines,
  facts: describeFacts,
  fit: (data, settings, threads) => fitSettings(data, configure(settings, data.facts), settings, threads),

  configure,
  settingsOf,
  leastConfig: (settings) => configure(settings, { vocabulary: ["a"], labels: ["a", "b"] }),
  parse(read, where) {
    const facts = parseFacts(read, where);
    const config = parseClassifierConfig(read("model"), where);
    if (config.classes !== facts.labels.length || config.vocabulary !== facts.vocabulary.length + 1) {
      throw new FormatError(where, "the model has another number of labels or characters than the lists");
    }
    return { config, facts };
  },
  build: (config, { rng, backend, createCell, cellName }) =>
    new SequenceClassifier(config, { rng, backend, createCell, cellName }),
  trainingBytes: (config, { batchSize }) => classifierTrainingBytes(config, batchSize, TYPICAL_LENGTH),
  leastParameters: (config) => ({
    numbers: classifierParameterCount(config),
    tensors: config.layers,
  }),

  plan: planBatches,
  loss(model, { values, lengths, labels, rows, time }, { rng }) {
    const { loss } = model.loss(ids(values, [rows, time]), ids(labels, [rows]), { lengths, rng });
    return { loss };
  },
  isRandom: ({ dropout }) => dropout > 0,

  evaluation: planEvaluation,
  score: (sums, data, plan) => scoreLines(sums, data, plan.items),
  baselines: measureBaselines,
  guess: ({ facts }) => ({
    loss: Math.log(facts.labels.length),
    among: `${facts.labels.length} equally likely labels`,
  }),

  predict,
  predictionPicture: (predictions) => ({ kind: "picture", svg: svgProbabilities(predictions.map(judgedOf)) }),
  picture: (sums, { facts }) => ({
    kind: "picture",
    svg: svgConfusionMatrix({ labels: facts.labels, counts: confusionOf(sums, facts.labels.length) }),
  }),
  probe: PROBE,
  view: VIEW,
};
