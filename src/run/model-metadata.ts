/**
 * The metadata of a checkpoint of the task `text` that describe its model besides the weights; all of it is checked.
 */
import { FormatError, UnrolledError } from "../core/errors.ts";
import { BELOW_1, COUNT, FLAG, type Range, SIZE } from "../core/options.ts";
import { showValue } from "../core/show-value.ts";
// Imported directly, because the index would load all modules for training when sampling.
import type { Tokenizer } from "../data/tokenizer.ts";
import { tokenizerFromJSON } from "../data/tokenizer-json.ts";
import type { SafetensorsFile } from "../io/safetensors.ts";
import {
  completeConfig,
  type LanguageModelConfig,
  parameterCount,
  trainingBytes,
} from "../models/language-model-config.ts";
import {
  type CheckpointPosition,
  type CodeFile,
  checkStoredSize,
  metadataReader,
  parseCodeFile,
  parsePosition,
} from "./checkpoint-metadata.ts";

/** What a checkpoint contains besides its tensors, so that it can be used without its run folder. */
export interface CheckpointFacts extends CheckpointPosition {
  readonly model: LanguageModelConfig;
  /** The file of the user's own cell with which the model was trained. */
  readonly cellFile?: CodeFile;
  readonly vocabulary: Tokenizer;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** @throws FormatError that names the missing or wrong field */
export function readCheckpointFacts(file: SafetensorsFile, where: string): CheckpointFacts {
  if (file.metadata.task !== "text") throw new FormatError(where, `is not a checkpoint of the task "text"`);
  const json = metadataReader(file, where);
  const position = parsePosition(file, where);
  const vocabulary = tokenizerFromJSON(json("vocabulary"), where);
  const model = parseModelConfig(json("model"), where);
  checkVocabularySize(vocabulary, model, where);
  checkStoredSize(leastLanguageModel(model), file.tensors, where);
  const cellFile = model.cell === "own" ? parseCodeFile(json("cellFile"), "cellFile", where) : undefined;
  return { ...position, model, cellFile, vocabulary };
}

/** For a user's own cell, only the surrounding matrices are known, and that each layer has at least one parameter. */
export function leastLanguageModel(config: LanguageModelConfig): { numbers: number; tensors: number } {
  const { vocabulary: V, hidden: H, embedding: E, tied, layers } = config;
  const around = V * E + (tied ? V : V * (H + 1));
  return { numbers: config.cell === "own" ? around : parameterCount(config), tensors: layers };
}

/** @throws FormatError if the number of symbols of the model is not that of its vocabulary */
export function checkVocabularySize(vocabulary: Tokenizer, model: LanguageModelConfig, where: string): void {
  if (vocabulary.size === model.vocabulary) return;
  const symbols = vocabulary.kind === "char" ? "characters" : "symbols";
  throw new FormatError(
    where,
    `the vocabulary has ${vocabulary.size} ${symbols}, the model ${model.vocabulary}`,
  );
}

const CELLS: readonly LanguageModelConfig["cell"][] = ["rnn", "lstm", "gru", "own"];

const FIELDS: Readonly<Record<Exclude<keyof LanguageModelConfig, "cell">, Range>> = {
  vocabulary: SIZE,
  hidden: SIZE,
  layers: SIZE,
  dropout: BELOW_1,
  variational: FLAG,
  embedding: COUNT,
  tied: FLAG,
};

/** @throws FormatError that names an invalid field, or for a model larger than any heap */
export function parseModelConfig(value: unknown, where: string): LanguageModelConfig {
  if (!isObject(value)) throw new FormatError(where, "model must be an object");
  const cell = CELLS.find((known) => known === value.cell);
  if (cell === undefined) {
    throw new FormatError(
      where,
      `model.cell must be one of ${CELLS.join(", ")}, got ${showValue(value.cell)}`,
    );
  }
  for (const [name, { text, fits }] of Object.entries(FIELDS)) {
    if (!fits(value[name])) throw new FormatError(where, `model.${name} must be ${text}`);
  }
  const { vocabulary, hidden, layers, dropout, variational, embedding, tied } =
    value as unknown as LanguageModelConfig;
  const config = inFile(where, () =>
    completeConfig({ cell, vocabulary, hidden, layers, dropout, variational, embedding, tied }),
  );
  // Sizes come from a file: refuse a model that no heap can hold before allocating anything for it.
  if (trainingBytes(config, 1, 1) > 2 ** 32) {
    throw new FormatError(where, "the model is larger than the heap of this program");
  }
  return config;
}

/** Reports an invalid option as a damaged file, because the options were read from a file. */
function inFile<Result>(where: string, work: () => Result): Result {
  try {
    return work();
  } catch (cause) {
    if (!(cause instanceof UnrolledError)) throw cause;
    throw new FormatError(where, cause.problem, { cause });
  }
}
