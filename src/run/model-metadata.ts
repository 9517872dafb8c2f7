/** What a checkpoint says of its model beside the weights. It may come from anywhere, so all of it is checked. */
import { FormatError, UnrolledError } from "../core/errors.ts";
import { AT_LEAST_0, BELOW_1, COUNT, FLAG, type Range, SIZE } from "../core/options.ts";
import { sizeOf } from "../core/shape.ts";
import { showValue } from "../core/show-value.ts";
// Not by way of the index: sampling would load all that training needs of it.
import type { Tokenizer } from "../data/tokenizer.ts";
import { tokenizerFromJSON } from "../data/tokenizer-json.ts";
import { isParameterName } from "../io/checkpoint-names.ts";
import type { SafetensorsFile } from "../io/safetensors.ts";
import {
  completeConfig,
  type LanguageModelConfig,
  parameterCount,
  trainingBytes,
} from "../models/language-model-config.ts";

/** Which file held the cell of the user's own that a model was trained with. Nothing is loaded by it here. */
export interface CellFile {
  /** As it was given, from the folder in which the program ran. */
  readonly path: string;
  /** Of the file's bytes; what it imports is not in it. */
  readonly sha256: string;
}

/** What a checkpoint carries beside its tensors, so that it can be used without its run. */
export interface CheckpointFacts {
  readonly model: LanguageModelConfig;
  readonly cellFile?: CellFile;
  readonly vocabulary: Tokenizer;
  readonly step: number;
  /** Of training, all sittings together. */
  readonly seconds: number;
  /** Parts of a batch that were computed by themselves; older checkpoints do not say it. */
  readonly shards?: number;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The metadata that {@link readCheckpointFacts} reads. */
export function describeCheckpoint(facts: CheckpointFacts): Record<string, string> {
  return {
    task: "text",
    model: JSON.stringify(facts.model),
    ...(facts.cellFile && { cellFile: JSON.stringify(facts.cellFile) }),
    vocabulary: JSON.stringify(facts.vocabulary),
    step: String(facts.step),
    seconds: String(facts.seconds),
    ...(facts.shards !== undefined && { shards: String(facts.shards) }),
  };
}

/** @throws FormatError naming what is missing or wrong */
export function readCheckpointFacts({ metadata, tensors }: SafetensorsFile, where: string): CheckpointFacts {
  const json = (name: string): unknown => {
    try {
      return JSON.parse(metadata[name] ?? "");
    } catch (cause) {
      throw new FormatError(where, `metadata ${name} must be JSON`, { cause });
    }
  };
  if (metadata.task !== "text") throw new FormatError(where, `is not a checkpoint of the task "text"`);
  const [step, seconds] = [metadata.step, metadata.seconds].map((text) => (text ? Number(text) : Number.NaN));
  if (!COUNT.fits(step) || !AT_LEAST_0.fits(seconds)) {
    throw new FormatError(where, "metadata step and seconds must be numbers");
  }
  const shards = metadata.shards === undefined ? undefined : Number(metadata.shards);
  if (shards !== undefined && !SIZE.fits(shards)) {
    throw new FormatError(where, "metadata shards must be an integer of at least 1");
  }
  const vocabulary = tokenizerFromJSON(json("vocabulary"), where);
  const model = parseModelConfig(json("model"), where);
  checkVocabularySize(vocabulary, model, where);
  checkStoredSize(model, tensors, where);
  const cellFile = model.cell === "own" ? parseCellFile(json("cellFile"), where) : undefined;
  return { model, cellFile, vocabulary, step, seconds, shards };
}

/** @throws FormatError when a model reads another number of symbols than its vocabulary has */
export function checkVocabularySize(vocabulary: Tokenizer, model: LanguageModelConfig, where: string): void {
  if (vocabulary.size === model.vocabulary) return;
  const symbols = vocabulary.kind === "char" ? "characters" : "symbols";
  throw new FormatError(
    where,
    `the vocabulary has ${vocabulary.size} ${symbols}, the model ${model.vocabulary}`,
  );
}

/** A small file cannot have a large model made: whatever is allocated for a model must be there. */
function checkStoredSize(
  model: LanguageModelConfig,
  tensors: SafetensorsFile["tensors"],
  where: string,
): void {
  const stored = [...tensors].filter(([name]) => isParameterName(name));
  const numbers = stored.reduce((sum, [, { shape }]) => sum + sizeOf(shape), 0);
  // Of an own cell only the matrices around it are known, and that each of its layers has a parameter.
  const { vocabulary: V, hidden: H, embedding: E, tied } = model;
  const least = model.cell === "own" ? V * E + (tied ? V : V * (H + 1)) : parameterCount(model);
  if (least <= numbers && model.layers <= stored.length) return;
  throw new FormatError(where, `holds ${numbers} numbers, which is less than its model has`);
}

/** @throws FormatError */
export function parseCellFile(value: unknown, where: string): CellFile {
  if (!isObject(value) || typeof value.path !== "string" || !/^[0-9a-f]{64}$/.test(`${value.sha256}`)) {
    throw new FormatError(where, "cellFile must hold the path and the SHA-256 of the cell's file");
  }
  return { path: value.path, sha256: `${value.sha256}` };
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

/** @throws FormatError naming the field that makes no model, or a model larger than any heap */
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
  // Sizes come from a file: refuse what no heap can hold before anything is allocated for them.
  if (trainingBytes(config, 1, 1) > 2 ** 32) {
    throw new FormatError(where, "the model is larger than the heap of this program");
  }
  return config;
}

/** What is a wrong option in a program is a broken file here. */
function inFile<Result>(where: string, work: () => Result): Result {
  try {
    return work();
  } catch (cause) {
    if (!(cause instanceof UnrolledError)) throw cause;
    throw new FormatError(where, cause.problem, { cause });
  }
}
