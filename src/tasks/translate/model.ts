/** `translate`: a sequence from a sequence, as many-to-many with a different length. */
import { ids } from "../../backend/tensor.ts";
import { keyOfText } from "../../data/item-keys.ts";
import { Items } from "../../data/items.ts";
import { type PaddedPairs, PairBatches } from "../../data/pair-batches.ts";
import { Seq2Seq } from "../../models/seq2seq.ts";
import {
  completeSeq2SeqConfig,
  type Seq2SeqConfig,
  seq2seqParameterCount,
  seq2seqTrainingBytes,
} from "../../models/seq2seq-config.ts";
import type { BatchPlan, Task } from "../task.ts";
import { disturbIds, type TaskProbe } from "../task-probe.ts";
import { measureBaselines } from "./baselines.ts";
import { describeFacts, loadPairs, loadTestPairs, type TranslateData } from "./data.ts";
import {
  checkCombinations,
  completeSettings,
  defaultsOf,
  OPTIONS,
  type TranslateSettings,
  WORDS,
} from "./defaults.ts";
import { parseTranslator, type TranslateFacts, tokensOf } from "./facts.ts";
import { describeScores, planEvaluation, scorePairs } from "./metrics.ts";
import { drawEvaluation } from "./pictures.ts";
import { drawPredictions, predict, predictFile } from "./predict.ts";
import { fitSettings } from "./sizes.ts";
import { HELP, VIEW } from "./view.ts";

export interface TranslateBatch extends PaddedPairs {
  /** Share of the steps that read the true symbol. */
  readonly teacherForcing: number;
  readonly labelSmoothing: number;
}

/** Passes within which the share of true symbols falls to the one that is asked for. */
const SCHEDULE_PASSES = 10;

function planBatches({ train }: TranslateData, settings: TranslateSettings): BatchPlan<TranslateBatch> {
  const { batchSize, seed, teacherForcing: last, labelSmoothing } = settings;
  const batches = new PairBatches(train, { batchSize, seed });
  const steps = SCHEDULE_PASSES * batches.stepsPerPass;
  return {
    stepsPerEpoch: batches.stepsPerPass,
    rows: batchSize,
    weights(step) {
      const weights = new Float64Array(batchSize);
      weights.set(batches.batch(step).weights);
      return weights;
    },
    batch(step, from, to) {
      // The last batch of a pass may have fewer rows.
      const { length } = batches.batch(step).indices;
      const pairs = batches.fill(step, Math.min(from, length), Math.min(to, length));
      return { ...pairs, teacherForcing: 1 - (1 - last) * Math.min(1, step / steps), labelSmoothing };
    },
  };
}

function configure(settings: TranslateSettings, facts: TranslateFacts): Seq2SeqConfig {
  const { cell, hidden, layers, bidirectional, attention, contextToOutput, embedding } = settings;
  const { tieWeights, dropout } = settings;
  const { source, target } = tokensOf(facts);
  return completeSeq2SeqConfig({
    sourceVocabulary: source.size,
    targetVocabulary: target.size,
    tieEmbeddings: source === target,
    ...{ cell, hidden, layers, bidirectional, attention, contextToOutput, embedding },
    readout: settings.readout ? embedding : 0,
    ...{ tieWeights, dropout },
  });
}

/** What weights of a model decide about the settings of a run that starts from them. */
function settingsOf(config: Seq2SeqConfig, facts: TranslateFacts): Partial<TranslateSettings> {
  const { cell, hidden, layers, bidirectional, attention, contextToOutput, embedding, readout } = config;
  const { tieWeights, dropout, tieEmbeddings: sharedVocabulary } = config;
  const { source } = tokensOf(facts);
  return {
    ...{ cell, hidden, layers, bidirectional, attention, contextToOutput, embedding },
    readout: readout > 0,
    ...{ tieWeights, dropout, sharedVocabulary },
    tokens: source.kind,
    lowercase: source.lowercase,
    reverseSource: facts.reverseSource,
  };
}

/** What a model of the smallest vocabularies has. */
const SMALLEST: TranslateFacts = {
  sourceTokens: { kind: "char", lowercase: false, symbols: ["a"] },
  targetTokens: { kind: "char", lowercase: false, symbols: ["a"] },
  reverseSource: false,
  maxLength: 1,
  judgedBy: "exactMatch",
};

/** Symbols of a pair, for the memory that a training is expected to take: most sentences have fewer. */
const USUAL_LENGTH = 32;

/** Of a pair both sides; words that the model does not know are all the same to it, and so in a key. */
function* keysOf({ facts, ...parts }: TranslateData, part: "train" | "validation"): Iterable<string> {
  const { sources } = part === "train" ? parts.train : parts.validation.store;
  const items = new Items(sources);
  const { source } = tokensOf(facts);
  for (let index = 0; index < items.count; index++) yield keyOfText(source.decode(items.item(index)));
}

export const PROBE: TaskProbe<TranslateData, Seq2SeqConfig, Seq2Seq, TranslateBatch> = {
  zeroInputs: (batch) => ({ ...batch, source: batch.source.map(() => 0) }),
  disturbInputs: (batch, row, step) => ({
    ...batch,
    source: disturbIds(batch.source, batch.sourceTime, row, step),
  }),
  lengths: ({ sourceLengths }) => sourceLengths,
  outputs(model, { source, sourceLengths, target, targetLengths, rows, sourceTime, targetTime }) {
    const { loss } = model.loss(ids(source, [rows, sourceTime]), ids(target, [rows, targetTime]), {
      sourceLengths,
      targetLengths,
      reduction: "none",
    });
    return loss;
  },
  keys: keysOf,
};

export const translate: Task<
  TranslateSettings,
  TranslateData,
  Seq2SeqConfig,
  TranslateFacts,
  Seq2Seq,
  TranslateBatch
> = {
  name: "translate",
  summary: "a sequence from a sequence, such as a sentence from its translation",
  words: WORDS,
  help: HELP,
  options: OPTIONS,
  complete: completeSettings,
  check: checkCombinations,
  standardOf: ({ optimizer }) => defaultsOf(optimizer),
  unit: (_, facts) => (tokensOf(facts).target.kind === "word" ? "word" : "symbol"),

  load: loadPairs,
  loadTest: loadTestPairs,
  facts: describeFacts,

  fit: (data, settings) => fitSettings(settings, describeSizes(data)),
  configure,
  settingsOf,
  leastConfig: (settings) => configure(settings, SMALLEST),
  parse: parseTranslator,
  build: (config, { rng, backend }) => new Seq2Seq(config, { rng, backend }),
  trainingBytes: (config, { batchSize }) =>
    seq2seqTrainingBytes(config, batchSize, USUAL_LENGTH, USUAL_LENGTH),
  leastParameters: (config) => ({ numbers: seq2seqParameterCount(config), tensors: 4 * config.layers }),

  plan: planBatches,
  loss(model, batch, { rng }) {
    const { source, target, rows, sourceTime, targetTime, sourceLengths, targetLengths } = batch;
    const { loss } = model.loss(ids(source, [rows, sourceTime]), ids(target, [rows, targetTime]), {
      sourceLengths,
      targetLengths,
      rng,
      teacherForcing: rng === undefined ? 1 : batch.teacherForcing,
      labelSmoothing: batch.labelSmoothing,
    });
    return { loss };
  },
  isRandom: ({ dropout, teacherForcing }) => dropout > 0 || teacherForcing < 1,

  evaluation: planEvaluation,
  score: scorePairs,
  details: describeScores,
  baselines: measureBaselines,
  guess: (_, { targetVocabulary }) => ({
    loss: Math.log(targetVocabulary),
    among: `${targetVocabulary} equally likely symbols`,
  }),
  searches: true,

  predict,
  predictFile,
  // Empty lines have a translation, too: line n of the output is that of line n.
  readsWholeFile: () => true,
  predictionPicture: (predictions) => ({ kind: "picture", svg: drawPredictions(predictions) }),
  picture: (sums, data) => ({ kind: "picture", svg: drawEvaluation(sums, data) }),

  probe: PROBE,
  view: VIEW,
};

function describeSizes({ train, facts }: TranslateData) {
  const { source, target } = tokensOf(facts);
  return {
    pairs: train.sources.lengths.length,
    symbols: Math.max(source.size, target.size),
    judgedBy: facts.judgedBy,
  };
}
