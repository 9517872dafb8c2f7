/** `caption`: words for a picture, one-to-many. */
import { ids, tensor } from "../../backend/tensor.ts";
import { ItemBatches } from "../../data/item-batches.ts";
import { keyOfNumbers } from "../../data/item-keys.ts";
import { Items } from "../../data/items.ts";
import type { PaddedItems } from "../../data/padded-items.ts";
import { Captioner } from "../../models/captioner.ts";
import {
  type CaptionerConfig,
  captionerParameterCount,
  captionerTrainingBytes,
  completeCaptionerConfig,
} from "../../models/captioner-config.ts";
import type { BatchPlan, FittedSetting, Task } from "../task.ts";
import { disturbIds, type TaskProbe } from "../task-probe.ts";
import { measureBaselines } from "./baselines.ts";
import { type CaptionData, describeFacts, loadCaptions, loadTestCaptions } from "./data.ts";
import {
  type CaptionSettings,
  checkCombinations,
  completeSettings,
  defaultsOf,
  OPTIONS,
  USUAL_SIDE,
  WORDS,
} from "./defaults.ts";
import { type CaptionFacts, CHANNELS, parseCaptioner, tokensOf } from "./facts.ts";
import { describeScores, picturesOf, planEvaluation, scoreCaptions } from "./metrics.ts";
import { drawEvaluation } from "./picture.ts";
import { takePictures } from "./pictures.ts";
import { drawPredictions, predictFile } from "./predict.ts";
import { HELP, VIEW } from "./view.ts";

/** Some captions with their pictures. */
export interface CaptionBatch extends PaddedItems<Int32Array> {
  /** [rows, numbers of a picture] */
  readonly pictures: Float32Array;
  readonly labelSmoothing: number;
}

/** Batches of so many are sorted by length together, which saves most of the padding. */
const BUCKET_BATCHES = 16;

/** A caption with its END. */
const symbolsOf = (length: number): number => length + 1;

function planBatches({ train }: CaptionData, settings: CaptionSettings): BatchPlan<CaptionBatch> {
  const { batchSize, seed, labelSmoothing } = settings;
  const captions = new Items(train.captions);
  const weights = Float64Array.from(train.captions.lengths, symbolsOf);
  const batches = new ItemBatches(captions, { batchSize, seed, bucketBatches: BUCKET_BATCHES, weights });
  return {
    stepsPerEpoch: batches.stepsPerPass,
    rows: batchSize,
    weights(step) {
      const all = new Float64Array(batchSize);
      all.set(batches.batch(step).weights);
      return all;
    },
    batch(step, from, to) {
      const { indices } = batches.batch(step);
      // The last batch of a pass may have fewer rows.
      const [first, end] = [Math.min(from, indices.length), Math.min(to, indices.length)];
      const padded = batches.fill(step, first, end);
      return { ...padded, pictures: picturesOf(train, indices.subarray(first, end)), labelSmoothing };
    },
  };
}

function configure(settings: CaptionSettings, facts: CaptionFacts): CaptionerConfig {
  const { attention, cell, hidden, layers, embedding, filters, tieWeights, dropout } = settings;
  const { input } = facts;
  const sizes = { hidden, layers, embedding, filters, dropout, tieWeights };
  return completeCaptionerConfig({
    ...(input.kind === "pixels"
      ? { image: [CHANNELS, input.side, input.side] as const }
      : { places: input.places, features: input.features }),
    // A vector of the whole picture has no places to choose from.
    attention: input.kind === "features" && input.places === 1 ? "none" : attention,
    cell,
    vocabulary: tokensOf(facts).size,
    ...sizes,
  });
}

/** What weights of a model decide about the settings of a run that starts from them. */
function settingsOf(config: CaptionerConfig, facts: CaptionFacts): Partial<CaptionSettings> {
  const { attention, cell, hidden, layers, embedding, filters, tieWeights, dropout } = config;
  return {
    ...{ attention, cell, hidden, layers, embedding, filters, tieWeights, dropout },
    size: facts.input.kind === "pixels" ? facts.input.side : null,
    lowercase: tokensOf(facts).lowercase,
  };
}

/** What a model of the smallest vocabulary has. */
const smallest = (side: number): CaptionFacts => ({
  tokens: { kind: "word", lowercase: true, symbols: ["a"], spacing: [] },
  input: { kind: "pixels", side },
  longest: 1,
  judgedBy: "bleu",
});

/** Symbols of a caption, for the memory that a training is expected to take: most have fewer. */
const USUAL_LENGTH = 24;

/** Captions are learned by heart without it, above all where there are few pictures. */
const DROPOUT = 0.4;

function fitSettings({ facts }: CaptionData, settings: CaptionSettings): FittedSetting<CaptionSettings>[] {
  if (facts.judgedBy === "right") return [];
  const isAdam = ["adam", "adamw"].includes(settings.optimizer);
  return [
    { name: "dropout", value: DROPOUT, reason: "captions of photographs are easily learned by heart" },
    ...(isAdam ? [{ name: "lr", value: 1e-3, reason: "captions of photographs" } as const] : []),
  ];
}

function* keysOf(data: CaptionData, part: "train" | "validation"): Iterable<string> {
  const { pictures, rows } = data[part];
  for (const row of rows) yield keyOfNumbers(takePictures(pictures, [row]));
}

/** Another picture in one row. */
function disturbPicture({ pictures, rows }: CaptionBatch, row: number): Float32Array {
  const size = pictures.length / rows;
  return pictures.map((x, at) => (Math.floor(at / size) === row ? -x : x));
}

export const PROBE: TaskProbe<CaptionData, CaptionerConfig, Captioner, CaptionBatch> = {
  zeroInputs: (batch) => ({ ...batch, pictures: batch.pictures.map(() => 0) }),
  disturbInputs: (batch, row, step) => ({
    ...batch,
    values: disturbIds(batch.values, batch.time, row, step),
    pictures: step > 0 ? batch.pictures : disturbPicture(batch, row),
  }),
  lengths: ({ lengths }) => lengths,
  outputs: (model, { values, lengths, rows, time, pictures }) =>
    model.loss(tensor(pictures, [rows, pictures.length / rows]), ids(values, [rows, time]), {
      lengths,
      reduction: "none",
    }).loss,
  keys: keysOf,
};

export const caption: Task<
  CaptionSettings,
  CaptionData,
  CaptionerConfig,
  CaptionFacts,
  Captioner,
  CaptionBatch
> = {
  name: "caption",
  summary: "a sentence for a picture",
  words: WORDS,
  help: HELP,
  options: OPTIONS,
  complete: completeSettings,
  check: checkCombinations,
  standardOf: ({ optimizer }) => defaultsOf(optimizer),
  unit: () => "word",

  load: loadCaptions,
  loadTest: loadTestCaptions,
  facts: describeFacts,

  fit: fitSettings,
  configure,
  settingsOf,
  leastConfig: (settings) => configure(settings, smallest(settings.size ?? USUAL_SIDE / 2)),
  parse: parseCaptioner,
  build: (config, { rng, backend }) => new Captioner(config, { rng, backend }),
  trainingBytes: (config, { batchSize }) => captionerTrainingBytes(config, batchSize, USUAL_LENGTH),
  leastParameters: (config) => ({ numbers: captionerParameterCount(config), tensors: 4 * config.layers }),

  plan: planBatches,
  loss(model, { pictures, values, lengths, rows, time, labelSmoothing }, { rng }) {
    const { loss } = model.loss(tensor(pictures, [rows, pictures.length / rows]), ids(values, [rows, time]), {
      lengths,
      rng,
      labelSmoothing,
    });
    return { loss };
  },
  isRandom: ({ dropout }) => dropout > 0,

  evaluation: planEvaluation,
  score: scoreCaptions,
  details: describeScores,
  baselines: measureBaselines,
  guess: (_, { vocabulary }) => ({
    loss: Math.log(vocabulary),
    among: `${vocabulary} equally likely words`,
  }),
  searches: true,

  predictFile,
  readsWholeFile: () => true,
  predictionPicture: (predictions) => ({ kind: "picture", svg: drawPredictions(predictions) }),
  picture: (sums, data) => ({ kind: "picture", svg: drawEvaluation(sums, data) }),
  probe: PROBE,
  view: VIEW,
};
