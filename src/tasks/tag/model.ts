/** `tag`: a label for every step of a sequence, synced many-to-many. */
import { scope } from "../../backend/scope.ts";
import { ids, tensor } from "../../backend/tensor.ts";
import { FormatError, InputError } from "../../core/errors.ts";
import { listOfAny, SIZE, TEXT } from "../../core/options.ts";
import { balancedWeights } from "../../data/classification-metrics.ts";
import type { DataFile } from "../../data/data-source.ts";
import { ItemBatches } from "../../data/item-batches.ts";
import { keyOfNumbers, keyOfText } from "../../data/item-keys.ts";
import { Items, type ItemValues } from "../../data/items.ts";
import { largestOf, probabilitiesAt } from "../../data/logits.ts";
import type { PaddedItems } from "../../data/padded-items.ts";
import { readStepFile } from "../../data/read-step-sequences.ts";
import { scalingFromJSON } from "../../data/scaling.ts";
import { encodeSteps, type StepInput, wordIds } from "../../data/step-inputs.ts";
import { cutPieces, labelsOfPieces, padLabels, weightsOf } from "../../data/step-pieces.ts";
import { type FrameSteps, type StepSequences, stepWidth } from "../../data/step-sequences.ts";
import { isBuiltInCell } from "../../models/cells.ts";
import { SequenceTagger } from "../../models/sequence-tagger.ts";
import {
  completeTaggerConfig,
  parseTaggerConfig,
  type SequenceTaggerConfig,
  stepSize,
  taggerParameterCount,
  taggerTrainingBytes,
} from "../../models/sequence-tagger-config.ts";
import { svgTimeline } from "../../render/svg-timeline.ts";
import { stretchesOf, timelineOfNames } from "../../render/timeline.ts";
import type { TagPrediction } from "../predictions.ts";
import type { BatchPlan, Prediction, PredictionInput, Task, TrainedModel } from "../task.ts";
import { disturbIds, disturbNumbers, type TaskProbe } from "../task-probe.ts";
import {
  describeFacts,
  loadSequences,
  loadTestSequences,
  readOptions,
  type TagData,
  type TagFacts,
} from "./data.ts";
import {
  checkCombinations,
  completeSettings,
  defaultsOf,
  OPTIONS,
  type TagSettings,
  WORDS,
} from "./defaults.ts";
import { inputOf, measureBaselines, planEvaluation, scoreSequences, timelineOf } from "./metrics.ts";
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

const TEXTS = listOfAny(TEXT, "a list of texts");

const areNames = (value: unknown): value is string[] =>
  Array.isArray(value) && TEXTS.fits(value) && new Set(value).size === value.length;

/** @throws FormatError */
function parseInput(value: unknown, where: string): StepInput {
  const { kind, vocabulary, features, image, scaling } = (value ?? {}) as Record<string, unknown>;
  if (kind === "words" && areNames(vocabulary)) return { kind, vocabulary };
  const isImage = Array.isArray(image) && image.length === 3 && image.every(SIZE.fits);
  const isKnown = (kind === "frames" && areNames(features)) || (kind === "images" && isImage);
  if (!isKnown) {
    throw new FormatError(where, "input must be words with a vocabulary, frames with features, or images");
  }
  const parsed = parseScaling(scaling, where, kind === "frames" ? (features as string[]).length : 1);
  return kind === "frames"
    ? { kind, features: features as string[], scaling: parsed }
    : { kind: "images", image: image as [number, number, number], scaling: parsed };
}

function parseScaling(value: unknown, where: string, features: number) {
  try {
    const scaling = scalingFromJSON(value, "scaling");
    if (scaling.mean.length === features) return scaling;
  } catch (cause) {
    if (!(cause instanceof InputError)) throw cause;
    throw new FormatError(where, cause.problem, { cause });
  }
  throw new FormatError(where, `scaling must be of ${features} features`);
}

/** @throws FormatError */
function parseFacts(read: (name: string) => unknown, where: string): TagFacts {
  const labels = read("labels");
  if (!areNames(labels)) throw new FormatError(where, "labels must be a list of different texts");
  const labelColumn = read("labelColumn");
  if (labelColumn !== undefined && !TEXT.fits(labelColumn)) {
    throw new FormatError(where, "labelColumn must be a text");
  }
  return {
    labels,
    input: parseInput(read("input"), where),
    ...(labelColumn !== undefined && { labelColumn: labelColumn as string }),
  };
}

/** Whether a model of this config reads what the facts say. */
function belongTogether({ labels, input }: TagFacts, config: SequenceTaggerConfig): boolean {
  if (config.classes !== labels.length) return false;
  if (input.kind === "words") return config.vocabulary === input.vocabulary.length + 1;
  if (input.kind === "frames") return config.features === input.features.length;
  return JSON.stringify(config.image) === JSON.stringify(input.image);
}

type Trained = TrainedModel<TagSettings, SequenceTaggerConfig, TagFacts, SequenceTagger>;

interface TaggedSequence {
  readonly name: string;
  readonly words?: readonly string[];
  /** Names of the labels, empty for none. */
  readonly truth?: readonly string[];
}

async function* predict(trained: Trained, inputs: AsyncIterable<PredictionInput>): AsyncIterable<Prediction> {
  const { input } = trained.facts;
  for await (const { name, text, frames } of inputs) {
    if (frames !== undefined) {
      yield await label(trained, valuesOfFrames(frames, input, name), { name });
      continue;
    }
    if (input.kind !== "words") {
      throw new InputError("this model reads sequences of numbers, and no text", {
        hint: "name a table (.csv, .tsv) or a file of arrays (.npz)",
      });
    }
    const words = text
      .normalize("NFC")
      .split(/\s+/u)
      .filter((word) => word !== "");
    if (words.length === 0) {
      yield {
        text: `${name}: no word to label`,
        json: { input: text, words: [], labels: [] } satisfies TagPrediction,
      };
      continue;
    }
    yield await label(trained, wordIds(words, input.vocabulary), { name: text.trim(), words });
  }
}

/** Steps that code gives. @throws InputError for what is no sequence of the model's numbers */
function valuesOfFrames(frames: PredictionInput["frames"] & {}, input: StepInput, name: string): ItemValues {
  if (input.kind === "words") throw new InputError(`${name}: the model reads words, and no numbers`);
  const [image, features] = input.kind === "images" ? [input.image, []] : [null, input.features];
  const steps: FrameSteps = { kind: "frames", values: new Float32Array(), features, image };
  const width = stepWidth(steps);
  const values = Float32Array.from(frames.flatMap((step) => Array.from(step)));
  const wrong = frames.findIndex(
    (step, at) =>
      step.length !== width || !values.subarray(at * width, (at + 1) * width).every(Number.isFinite),
  );
  if (frames.length === 0 || wrong >= 0) {
    const got = frames.length === 0 ? "no step" : `step ${wrong} of ${frames[wrong].length}`;
    throw new InputError(`${name} must be steps of ${width} numbers that are finite in 32 bits, got ${got}`);
  }
  const all: StepSequences = {
    steps: { ...steps, values },
    lengths: Int32Array.of(frames.length),
    names: [name],
    labels: undefined,
    groups: undefined,
  };
  return new Items(encodeSteps(all, input, name)).item(0);
}

async function* predictFile(trained: Trained, file: DataFile): AsyncIterable<Prediction> {
  const { facts } = trained;
  // Of words the column may be missing where there is no label.
  const labelColumn = facts.input.kind === "words" ? undefined : facts.labelColumn;
  const all: StepSequences = await readStepFile(file, readOptions(labelColumn, facts.input));
  const items = new Items(encodeSteps(all, facts.input, file.name));
  let at = 0;
  for (const [index, length] of all.lengths.entries()) {
    const of = (list: readonly string[] | undefined) => list?.slice(at, at + length);
    const words = all.steps.kind === "words" ? of(all.steps.words) : undefined;
    yield await label(trained, items.item(index), { name: all.names[index], words, truth: of(all.labels) });
    at += length;
  }
}

/** @param values ids of one sequence, or its frames */
async function label(
  { model, facts, backend, config }: Trained,
  values: ItemValues,
  { name, words, truth }: TaggedSequence,
): Promise<Prediction> {
  const { labels } = facts;
  const logits = await scope(() => {
    const size = stepSize(config);
    const steps = values.length / size;
    const input = values instanceof Int32Array ? ids(values, [1, steps]) : tensor(values, [1, steps, size]);
    return model.forward(input).read();
  }, backend);
  const places = Array.from({ length: logits.length / labels.length }, (_, t) =>
    largestOf(logits, t * labels.length, labels.length),
  );
  const probabilities = places.map(
    (place, t) => probabilitiesAt(logits, t * labels.length, labels.length)[place],
  );
  const predicted = places.map((place) => labels[place]);
  const shown =
    words === undefined
      ? `${name}\t${stretchesOf(places)
          .map(({ label, from, to }) => `${labels[label]} ${from === to - 1 ? from : `${from}-${to - 1}`}`)
          .join(", ")}`
      : words.map((word, t) => `${word}/${predicted[t]}`).join(" ");
  return {
    text: shown,
    json: {
      input: name,
      ...(words !== undefined && { words }),
      labels: predicted,
      probabilities,
      ...(truth !== undefined && { truth }),
    } satisfies TagPrediction,
  };
}

/** Some predictions as a picture shows them. */
function drawPredictions(predictions: readonly Prediction[]): string {
  const sequences = predictions.map(({ json }) => {
    const { input, labels, truth, words } = json as {
      input: string;
      labels: string[];
      truth?: string[];
      words?: string[];
    };
    return { name: input, predicted: labels, truth, words };
  });
  return svgTimeline(timelineOfNames(sequences));
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
  parse(read, where) {
    const facts = parseFacts(read, where);
    const config = parseTaggerConfig(read("model"), where);
    if (!belongTogether(facts, config)) {
      throw new FormatError(where, "the model has other labels or another input than the lists say");
    }
    return { config, facts };
  },
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
