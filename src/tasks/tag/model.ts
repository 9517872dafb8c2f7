/** `tag`: a label for every step of a sequence, synced many-to-many. */
import { ids, tensor } from "../../backend/tensor.ts";
import { InputError } from "../../core/errors.ts";
import { balancedWeights } from "../../data/classification-metrics.ts";
import { ItemBatches } from "../../data/item-batches.ts";
import { keyOfNumbers, keyOfText } from "../../data/item-keys.ts";
import { Items } from "../../data/items.ts";
import type { PaddedItems } from "../../data/padded-items.ts";
import { cutPieces, labelsOfPieces, padLabels, weightsOf } from "../../data/step-pieces.ts";
import { isBuiltInCell } from "../../models/cells.ts";
import { SequenceTagger } from "../../models/sequence-tagger.ts";
import {
  completeTaggerConfig,
  type SequenceTaggerConfig,
  taggerParameterCount,
  taggerTrainingBytes,
} from "../../models/sequence-tagger-config.ts";
import { svgTimeline } from "../../render/svg-timeline.ts";
import type { BatchPlan, Task } from "../task.ts";
import { disturbIds, disturbNumbers, type TaskProbe } from "../task-probe.ts";
import { describeFacts, loadSequences, loadTestSequences, type TagData } from "./data.ts";
import {
  checkCombinations,
  completeSettings,
  defaultsOf,
  OPTIONS,
  type TagSettings,
  WORDS,
} from "./defaults.ts";
import { parseTagger, type TagFacts } from "./facts.ts";
import { inputOf, measureBaselines, planEvaluation, scoreSequences, timelineOf } from "./metrics.ts";
import { drawPredictions, predict, predictFile } from "./predict.ts";
import { HELP, VIEW } from "./view.ts";

/** Batches of so many are sorted by length together, which saves most of the padding. */
const BUCKET_BATCHES = 16;

function planBatches({ train, facts }: TagData, settings: TagSettings): BatchPlan<TagBatch> {
  const { batchSize, seed, seqLength, classWeights } = settings;
  const pieces = cutPieces(train, seqLength);
  if (pieces.count === 0) {
    throw new InputError("no step of the training part has a label", {
      hint: "give more labelled sequences, or a smaller --val-split",
    });
  }
  const balanced =
    classWeights === "balanced"
      ? balancedWeights(labelsOfPieces(pieces, train.labels), facts.labels.length)
      : undefined;
  const own = weightsOf(pieces, train.labels, balanced);
  const batches = new ItemBatches(pieces, { batchSize, seed, bucketBatches: BUCKET_BATCHES, weights: own });
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
      const padded = batches.fill(step, first, end);
      const labels = padLabels(pieces, train.labels, indices.subarray(first, end), padded.time);
      return { ...padded, labels, classWeights: balanced };
    },
  };
}

function configure(settings: TagSettings, { labels, input }: TagFacts): SequenceTaggerConfig {
  const { cell, hidden, layers, bidirectional, delay, embedding, filters, dropout } = settings;
  const isWords = input.kind === "words";
  return completeTaggerConfig({
    cell: isBuiltInCell(cell) ? cell : "own",
    vocabulary: isWords ? input.vocabulary.length + 1 : 0,
    features: input.kind === "frames" ? input.features.length : 0,
    image: input.kind === "images" ? input.image : null,
    filters,
    classes: labels.length,
    hidden,
    layers,
    bidirectional,
    delay,
    embedding: isWords ? embedding : 0,
    dropout,
  });
}

/** What weights of a model decide about the settings of a run that starts from them. */
function settingsOf(config: SequenceTaggerConfig): Partial<TagSettings> {
  const { cell, hidden, layers, bidirectional, delay, dropout, embedding, filters } = config;
  return { cell, hidden, layers, bidirectional, delay, dropout, embedding, filters };
}

export interface TagBatch extends PaddedItems {
  /** A label for each step, [rows, time]; -1 where there is none. */
  readonly labels: Int32Array;
  /** How much each label counts; undefined: all alike. */
  readonly classWeights: Float64Array | undefined;
}

/** Words that the model does not know are all the same to it, and so in a key. */
function* keysOf({ facts: { input }, ...parts }: TagData, part: "train" | "validation"): Iterable<string> {
  const items = new Items(parts[part].items);
  for (let index = 0; index < items.count; index++) {
    const item = items.item(index);
    if (input.kind === "words")
      yield keyOfText(Array.from(item, (id) => input.vocabulary[id] ?? "?").join(" "));
    else yield keyOfNumbers(item);
  }
}

function disturbInputs(batch: TagBatch, row: number, step: number): TagBatch {
  const { values, time } = batch;
  const changed =
    values instanceof Int32Array
      ? disturbIds(values, time, row, step)
      : disturbNumbers(values, batch, row, step);
  return { ...batch, values: changed };
}

export const PROBE: TaskProbe<TagData, SequenceTaggerConfig, SequenceTagger, TagBatch> = {
  zeroInputs: (batch) => ({ ...batch, values: batch.values.map(() => 0) }),
  disturbInputs,
  lengths: ({ lengths }) => lengths,
  outputs: (model, batch) => model.forward(inputOf(batch), { lengths: batch.lengths }),
  lookAhead: ({ bidirectional, delay }) => (bidirectional ? Number.POSITIVE_INFINITY : delay),
  keys: keysOf,
};

export const tag: Task<TagSettings, TagData, SequenceTaggerConfig, TagFacts, SequenceTagger, TagBatch> = {
  name: "tag",
  summary: "a label for every step of a sequence",
  words: WORDS,
  help: HELP,
  options: OPTIONS,
  complete: completeSettings,
  check: checkCombinations,
  standardOf: ({ optimizer }) => defaultsOf(optimizer),
  unit: (_, { input }) => (input.kind === "words" ? "word" : "frame"),

  load: loadSequences,
  loadTest: loadTestSequences,
  facts: describeFacts,

  configure,
  settingsOf,
  leastConfig: (settings) =>
    configure(
      { ...settings, embedding: isBuiltInCell(settings.cell) ? settings.embedding : settings.embedding || 1 },
      { labels: ["a", "b"], input: { kind: "words", vocabulary: [] } },
    ),
  parse: parseTagger,
  build: (config, { rng, backend, createCell, cellName }) =>
    new SequenceTagger(config, { rng, backend, createCell, cellName }),
  trainingBytes: (config, { batchSize, seqLength }) => taggerTrainingBytes(config, batchSize, seqLength),
  leastParameters: (config) => ({ numbers: taggerParameterCount(config), tensors: config.layers }),

  plan: planBatches,
  loss(model, batch, { rng }) {
    const { labels, lengths, classWeights, rows, time } = batch;
    const { loss } = model.loss(inputOf(batch), ids(labels, [rows, time]), {
      lengths,
      rng,
      classWeights: classWeights && tensor(classWeights, [classWeights.length]),
    });
    return { loss };
  },
  isRandom: ({ dropout }) => dropout > 0,

  evaluation: planEvaluation,
  score: scoreSequences,
  baselines: measureBaselines,
  guess: ({ facts }) => ({
    loss: Math.log(facts.labels.length),
    among: `${facts.labels.length} equally likely labels`,
  }),

  predict,
  predictFile,
  readsWholeFile: ({ input }, name) =>
    input.kind !== "words" || /\.(conll\w*|iob\d?|bio|csv|tsv|npz)$/i.test(name),
  predictionPicture: (predictions) => ({ kind: "picture", svg: drawPredictions(predictions) }),
  picture: (sums, data) => ({
    kind: "picture",
    svg: svgTimeline(timelineOf(sums, data), { subject: "validation" }),
  }),
  probe: PROBE,
  view: VIEW,
};
