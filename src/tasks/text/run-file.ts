import { PRECISIONS, type Precision } from "../../backend/native/native.ts";
import { FormatError, InputError } from "../../core/errors.ts";
import { sizeOf } from "../../core/shape.ts";
// Not by way of the index: sampling would load all that training needs of it.
import type { Tokenizer } from "../../data/tokenizer.ts";
import { tokenizerFromJSON } from "../../data/tokenizer-json.ts";
import type { SafetensorsFile } from "../../io/safetensors.ts";
import {
  completeConfig,
  type LanguageModelConfig,
  parameterCount,
  trainingBytes,
} from "../../models/language-model-config.ts";
import { isParameterName, type Snapshot, type SnapshotTensor } from "../../train/snapshot.ts";
import type { CellFile } from "../cell-file.ts";
import { checkTextOptions } from "./option-checks.ts";
import {
  BUILT_IN_CELLS,
  DEFAULTS,
  isOptimizerName,
  modelOf,
  type TextSettings,
  type TextTrainOptions,
  VOCABULARY_SIZES,
} from "./options.ts";

/** `run.json` of a text run. */
export interface TextRun {
  readonly task: "text";
  readonly version: string;
  readonly created: string;
  readonly model: LanguageModelConfig;
  /** Only with a cell of the user's own. */
  readonly cellFile?: CellFile;
  readonly settings: TextSettings;
  readonly limits: { readonly steps?: number; readonly epochs?: number; readonly maxSeconds?: number };
  readonly backend: string;
  readonly instructions: string;
  readonly threads: number;
  readonly precision: Precision;
  readonly data: {
    /** As they were given; empty for the bundled corpus. */
    readonly paths: readonly string[];
    readonly characters: number;
    /** SHA-256 of the text. */
    readonly fingerprint: string;
    /** A text of its own to validate on. */
    readonly validation?: { readonly path: string; readonly fingerprint: string };
    /** Characters as a list; words and byte pairs as an object. */
    readonly vocabulary: unknown;
  };
  readonly baseline: { readonly name: string; readonly loss: number };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** @throws FormatError naming the field of a run.json that is not as this program writes it */
export function parseTextRun(value: Record<string, unknown>, where: string): TextRun {
  if (value.task !== "text") {
    throw new InputError(`${where}: is a run of the task ${quoted(value.task)}, expected "text"`);
  }
  const { data, limits, baseline } = value;
  if (!isObject(limits)) throw new FormatError(where, "limits must be an object");
  const settings = parseSettings(value.settings, limits, where);
  if (!isObject(data) || typeof data.fingerprint !== "string" || !isStrings(data.paths)) {
    throw new FormatError(where, "data must hold paths and a fingerprint");
  }
  if (typeof data.characters !== "number") throw new FormatError(where, "data.characters must be a number");
  const { validation } = data;
  const isText = isObject(validation) && [validation.path, validation.fingerprint].every(isString);
  if (validation !== undefined && !isText) {
    throw new FormatError(where, "data.validation must hold a path and a fingerprint");
  }
  if (!isObject(baseline) || typeof baseline.name !== "string" || typeof baseline.loss !== "number") {
    throw new FormatError(where, "baseline must hold a name and a loss");
  }
  const model = parseModel(value.model, where);
  const cellFile = parseCellFile(value.cellFile, model, where);
  checkVocabularySize(tokenizerFromJSON(data.vocabulary, where), model, where);
  if (!sameModel(model, completeConfig(modelOf(settings, model.vocabulary)))) {
    throw new FormatError(where, "settings describe another model than model does");
  }
  for (const name of ["backend", "instructions", "version", "created"]) {
    if (typeof value[name] !== "string") throw new FormatError(where, `${name} must be a string`);
  }
  if (!PRECISIONS.some((known) => known === value.precision)) {
    throw new FormatError(where, `precision must be ${PRECISIONS.join(" or ")}`);
  }
  if (typeof value.threads !== "number") throw new FormatError(where, "threads must be a number");
  checkOptions({ threads: value.threads }, where, "");
  return { ...(value as unknown as TextRun), settings, model, cellFile };
}

/** Every setting has the type and the range that the option has; what has another name is left out. */
function parseSettings(value: unknown, limits: Record<string, unknown>, where: string): TextSettings {
  if (!isObject(value)) throw new FormatError(where, "settings must be an object");
  const settings: Record<string, unknown> = {};
  for (const [name, standard] of Object.entries(DEFAULTS)) {
    const found = value[name];
    const fits =
      standard === null ? found === null || typeof found === "number" : typeof found === typeof standard;
    if (!fits) throw new FormatError(where, `settings.${name} is missing or of the wrong type`);
    settings[name] = found;
  }
  const { tokens, vocabSize, ...others } = settings as unknown as TextSettings;
  if (!Object.hasOwn(VOCABULARY_SIZES, tokens)) {
    throw new FormatError(where, `settings.tokens must be ${Object.keys(VOCABULARY_SIZES).join(", ")}`);
  }
  if (!isOptimizerName(others.optimizer)) throw new FormatError(where, "settings.optimizer is unknown");
  const given = Object.entries(others).map(([name, found]) => [name, found ?? undefined]);
  checkOptions(
    { ...Object.fromEntries(given), ...(tokens !== "char" && { vocabSize }) },
    where,
    "settings: ",
  );
  for (const [name, limit] of Object.entries(limits)) {
    if (typeof limit !== "number") throw new FormatError(where, `limits.${name} must be a number`);
  }
  const { steps, epochs, maxSeconds } = limits as TextRun["limits"];
  checkOptions({ steps, epochs, maxSeconds }, where, "limits: ");
  return settings as unknown as TextSettings;
}

/** @throws FormatError for what nobody could have said on the command line */
function checkOptions(options: Partial<TextTrainOptions>, where: string, part: string): void {
  try {
    checkTextOptions({ data: [], resume: true, ...options });
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new FormatError(where, `${part}${error.message}`, { cause: error });
  }
}

/** @throws FormatError unless both have as many symbols */
function checkVocabularySize({ size, kind }: Tokenizer, model: LanguageModelConfig, where: string): void {
  if (size === model.vocabulary) return;
  const unit = kind === "char" ? "characters" : "symbols";
  throw new FormatError(where, `the vocabulary has ${size} ${unit}, the model ${model.vocabulary}`);
}

/** Whether two models have the same sizes and the same function. */
export function sameModel(one: LanguageModelConfig, other: LanguageModelConfig): boolean {
  return Object.entries(one).every(([name, value]) => value === other[name as keyof LanguageModelConfig]);
}

/** A value from outside as it may stand in a message. */
const quoted = (value: unknown): string =>
  typeof value === "string" ? JSON.stringify(value.slice(0, 80)) : value === null ? "null" : typeof value;

const isString = (value: unknown): value is string => typeof value === "string";

const isStrings = (value: unknown): value is string[] => Array.isArray(value) && value.every(isString);

const CELLS: readonly string[] = [...BUILT_IN_CELLS, "own"];

function parseCellFile(value: unknown, model: LanguageModelConfig, where: string): CellFile | undefined {
  if (model.cell !== "own") return undefined;
  if (!isObject(value) || typeof value.path !== "string" || !/^[0-9a-f]{64}$/.test(`${value.sha256}`)) {
    throw new FormatError(where, "cellFile must hold the path and the SHA-256 of the cell's file");
  }
  return { path: value.path, sha256: `${value.sha256}` };
}

function parseModel(value: unknown, where: string): LanguageModelConfig {
  if (!isObject(value)) throw new FormatError(where, "model must be an object");
  const { cell, vocabulary, hidden, layers, dropout, variational, embedding, tied } = value;
  if (typeof cell !== "string" || !CELLS.includes(cell)) {
    throw new FormatError(where, `model.cell must be one of ${CELLS.join(", ")}, got ${quoted(cell)}`);
  }
  for (const [name, size] of Object.entries({ vocabulary, hidden, layers })) {
    if (!Number.isSafeInteger(size) || (size as number) < 1) {
      throw new FormatError(where, `model.${name} must be an integer of at least 1`);
    }
  }
  if (typeof dropout !== "number") throw new FormatError(where, "model.dropout must be a number");
  if (!Number.isSafeInteger(embedding) || (embedding as number) < 0) {
    throw new FormatError(where, "model.embedding must be an integer of at least 0");
  }
  for (const [name, flag] of Object.entries({ variational, tied })) {
    if (typeof flag !== "boolean") throw new FormatError(where, `model.${name} must be true or false`);
  }
  const config = {
    cell,
    vocabulary,
    hidden,
    layers,
    dropout,
    variational,
    embedding,
    tied,
  } as LanguageModelConfig;
  // Sizes come from a file: refuse what no heap can hold before anything is allocated for them.
  if (trainingBytes(config, 1, 1) > 2 ** 32) {
    throw new FormatError(where, "the model is larger than the heap of this program");
  }
  return config;
}

/** What a checkpoint carries beside its tensors, so that it can be used without its run. */
export interface CheckpointFacts {
  readonly model: LanguageModelConfig;
  readonly cellFile?: CellFile;
  readonly vocabulary: Tokenizer;
  readonly step: number;
  /** Of training, all sittings together. */
  readonly seconds: number;
}

export function describeCheckpoint(facts: CheckpointFacts): Record<string, string> {
  return {
    task: "text",
    model: JSON.stringify(facts.model),
    ...(facts.cellFile && { cellFile: JSON.stringify(facts.cellFile) }),
    vocabulary: JSON.stringify(facts.vocabulary),
    step: String(facts.step),
    seconds: String(facts.seconds),
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
  const [step, seconds] = [Number(metadata.step), Number(metadata.seconds)];
  if (!Number.isSafeInteger(step) || step < 0 || !(seconds >= 0 && Number.isFinite(seconds))) {
    throw new FormatError(where, "metadata step and seconds must be numbers");
  }
  const vocabulary = tokenizerFromJSON(json("vocabulary"), where);
  const model = parseModel(json("model"), where);
  checkVocabularySize(vocabulary, model, where);
  checkStoredSize(model, tensors, where);
  const cellFile = model.cell === "own" ? parseCellFile(json("cellFile"), model, where) : undefined;
  return { model, cellFile, vocabulary, step, seconds };
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

/**
 * The tensors of a checkpoint as a snapshot; of two thirds of them `parametersOnly` makes no copy.
 * @throws FormatError for a dtype that is not F32 or F64
 */
export function snapshotOf(
  { tensors }: SafetensorsFile,
  step: number,
  where: string,
  { parametersOnly = false } = {},
): Snapshot {
  const found = new Map<string, SnapshotTensor>();
  for (const [name, tensor] of tensors) {
    if (parametersOnly && !isParameterName(name)) continue;
    if (tensor.dtype !== "F32" && tensor.dtype !== "F64") {
      throw new FormatError(where, `tensor ${name} must be F32 or F64, got ${tensor.dtype}`);
    }
    found.set(name, { shape: tensor.shape, data: tensor.data() });
  }
  return { step, tensors: found };
}
