/** `text`: a model of characters, words or byte pairs that learns to write like a text. */
import { swapAxes } from "../../autograd/ops/time.ts";
import { ids } from "../../backend/tensor.ts";
import { keyOfText } from "../../data/item-keys.ts";
import { UNITS } from "../../data/symbol-text.ts";
import { TextStreams } from "../../data/text-streams.ts";
import { generate } from "../../decode/generate.ts";
import { isBuiltInCell } from "../../models/cells.ts";
import { LanguageModel, type LanguageModelState } from "../../models/language-model.ts";
import {
  completeConfig,
  type LanguageModelConfig,
  trainingBytes,
} from "../../models/language-model-config.ts";
import { checkVocabularySize, leastLanguageModel, parseModelConfig } from "../../run/model-metadata.ts";
import type { Artifact, BatchPlan, SampleContext, Task, TrainedModel } from "../task.ts";
import { disturbIds, type TaskProbe } from "../task-probe.ts";
import {
  describeDifferences,
  describeFacts,
  loadTestText,
  loadText,
  type TextData,
  type TextFacts,
  tokenizerOf,
} from "./data.ts";
import {
  checkCombinations,
  completeSettings,
  defaultsOf,
  OPTIONS,
  type TextSettings,
  WORDS,
} from "./defaults.ts";
import { countTrigrams, planEvaluation, scoreText } from "./metrics.ts";
import { HELP, VIEW } from "./view.ts";

function planBatches({ train }: TextData, settings: TextSettings): BatchPlan<TextBatch> {
  const { batchSize, seqLength: T, seed } = settings;
  const streams = new TextStreams(train, { batchSize, sequenceLength: T, seed });
  const weights = new Float64Array(batchSize).fill(T);
  const buffers = new Map<number, Omit<TextBatch, "shape">>();
  return {
    stepsPerEpoch: streams.chunksPerEpoch,
    rows: batchSize,
    weights: () => weights,
    startsAnew: (step) => streams.startsPass(step),
    batch(step, from, to) {
      const rows = to - from;
      const found = buffers.get(rows);
      const buffer = found ?? { inputs: new Int32Array(rows * T), targets: new Int32Array(rows * T) };
      if (found === undefined) buffers.set(rows, buffer);
      streams.fill(step, from, to, buffer.inputs, buffer.targets);
      return { ...buffer, shape: [rows, T] };
    },
  };
}

/** The model that settings describe. */
function configure(settings: TextSettings, facts: TextFacts): LanguageModelConfig {
  const { cell, hidden, layers, dropout, variational, embedding, tieWeights: tied } = settings;
  const kind = isBuiltInCell(cell) ? cell : "own";
  const vocabulary = tokenizerOf(facts).size;
  return completeConfig({ cell: kind, vocabulary, hidden, layers, dropout, variational, embedding, tied });
}

/** What weights of a model decide about the settings of a run that starts from them. */
function settingsOf(config: LanguageModelConfig, facts: TextFacts): Partial<TextSettings> {
  const { cell, hidden, layers, dropout, variational, embedding, tied: tieWeights } = config;
  const { kind, size } = tokenizerOf(facts);
  const vocabSize = kind === "char" ? 0 : size;
  return { cell, hidden, layers, dropout, variational, embedding, tieWeights, tokens: kind, vocabSize };
}

/** Characters of a sample while training, and how bold they are: below 1 a young model is easier to read. */
const SAMPLE_LENGTH = 200;
const SAMPLE_TEMPERATURE = 0.8;

async function sample(
  {
    model,
    facts,
  }: Pick<TrainedModel<TextSettings, LanguageModelConfig, TextFacts, LanguageModel>, "model" | "facts">,
  { rng }: SampleContext,
): Promise<Artifact> {
  const tokenizer = tokenizerOf(facts);
  const prime = tokenizer.encode("\n", { skipUnknown: true });
  const decoder = tokenizer.decoder();
  let text = "";
  for await (const id of generate(model, {
    prime: prime.length > 0 ? prime : [0],
    length: SAMPLE_LENGTH,
    temperature: SAMPLE_TEMPERATURE,
    rng,
  })) {
    text += decoder.push(id);
  }
  return { kind: "text", text: text + decoder.end() };
}

/** Every parameter of the loss is as in PyTorch's word language model; see docs/training.md. */
export interface TextBatch {
  /** Both [rows, T]. */
  readonly inputs: Int32Array;
  readonly targets: Int32Array;
  readonly shape: readonly [number, number];
}

/** Characters of a piece at least: shorter ones, as names of speakers, are repeated in any text. */
const LEAST_CHARACTERS = 100;

/**
 * Pieces of whole lines, one beginning at each line, of at least 100 characters. Where a page or a paragraph stands in both
 * parts, whatever stands around it, its pieces are the same.
 */
function* keysOf(data: TextData, part: "train" | "validation"): Iterable<string> {
  const lines: string[] = [];
  let characters = 0;
  for (const line of linesOf(data, part)) {
    if (line === "") continue;
    lines.push(line);
    characters += line.length;
    while (characters - lines[0].length >= LEAST_CHARACTERS) characters -= lines.shift()!.length;
    if (characters >= LEAST_CHARACTERS) yield lines.join(" ");
  }
}

/** Lines of a part, as texts are compared. */
function* linesOf(data: TextData, part: "train" | "validation"): Iterable<string> {
  const decoder = tokenizerOf(data.facts).decoder();
  let line = "";
  for (const id of data[part]) {
    line += decoder.push(id);
    if (!line.endsWith("\n")) continue;
    yield keyOfText(line);
    line = "";
  }
  yield keyOfText(line + decoder.end());
}

export const PROBE: TaskProbe<TextData, LanguageModelConfig, LanguageModel, TextBatch> = {
  zeroInputs: (batch) => ({ ...batch, inputs: new Int32Array(batch.inputs.length) }),
  disturbInputs: (batch, row, step) => ({
    ...batch,
    inputs: disturbIds(batch.inputs, batch.shape[1], row, step),
  }),
  outputs: (model, { inputs, shape }) => swapAxes(model.forward(ids(inputs, shape)).logits),
  lookAhead: () => 0,
  keys: keysOf,
};

export const text: Task<
  TextSettings,
  TextData,
  LanguageModelConfig,
  TextFacts,
  LanguageModel,
  TextBatch,
  LanguageModelState
> = {
  name: "text",
  summary: "a character model that learns to write like a text",
  words: WORDS,
  help: HELP,
  options: OPTIONS,
  complete: completeSettings,
  check: checkCombinations,
  standardOf: ({ optimizer }) => defaultsOf(optimizer),
  unit: (_, facts) => UNITS[tokenizerOf(facts).kind],

  load: loadText,
  loadTest: loadTestText,
  facts: describeFacts,
  differences: describeDifferences,

  configure,
  settingsOf,
  parse(read, where) {
    const facts: TextFacts = { vocabulary: read("vocabulary") };
    const tokenizer = tokenizerOf(facts, where);
    const config = parseModelConfig(read("model"), where);
    checkVocabularySize(tokenizer, config, where);
    return { config, facts };
  },
  build: (config, { rng, backend, createCell, cellName }) =>
    new LanguageModel(config, { rng, backend, createCell, cellName }),
  leastConfig: (settings) => configure(settings, SMALLEST),
  trainingBytes: (config, { batchSize, seqLength }) => trainingBytes(config, batchSize, seqLength),
  leastParameters: leastLanguageModel,

  plan: planBatches,
  loss(model, { inputs, targets, shape }, { state, rng }) {
    return model.loss(ids(inputs, shape), ids(targets, shape), { state, rng });
  },
  carried: (model, rows) => model.forward(ids(new Int32Array(rows), [rows, 1])).state,
  isRandom: ({ dropout }) => dropout > 0,

  evaluation: planEvaluation,
  score: (sums, data, plan, baselines) => scoreText(sums, data, plan.items, baselines),
  baselines: countTrigrams,
  guess: (data) => ({
    loss: Math.log(data.vocabularySize),
    among: `${data.vocabularySize} equally likely symbols`,
  }),

  language: { tokenizer: tokenizerOf, validation: ({ validation }) => validation },
  sample,
  probe: PROBE,
  view: VIEW,
};

/** Any text has at least two characters. */
const SMALLEST: TextFacts = { vocabulary: ["a", "b"] };
