import { PRECISIONS, type Precision } from "../../backend/native/native.ts";
import { FormatError, InputError } from "../../core/errors.ts";
// Not by way of the index: sampling would load all that training needs of it.
import type { Tokenizer } from "../../data/tokenizer.ts";
import { tokenizerFromJSON } from "../../data/tokenizer-json.ts";
import type { SafetensorsFile } from "../../io/safetensors.ts";
import { type LanguageModelConfig, trainingBytes } from "../../models/language-model-config.ts";
import { isParameterName, type Snapshot, type SnapshotTensor } from "../../train/snapshot.ts";
import type { CellFile } from "../cell-file.ts";
import { OPTIMIZERS } from "../optimizers.ts";
import { BUILT_IN_CELLS, DEFAULTS, defaultsOf, type TextSettings } from "./options.ts";

/** `run.json` of a text run. */
export interface TextRun {
  readonly task: "text";
  readonly version: string;
  readonly created: string;
  readonly model: LanguageModelConfig;
  /** Only with a cell of the user's own. */
  readonly cellFile?: CellFile;
  readonly settings: TextSettings;
  readonly limits: {
    readonly steps?: number;
    readonly epochs?: number;
    readonly maxSeconds?: number;
    readonly patience?: number;
  };
  /** As `--eval-every`: with `limits.patience` the end depends on it. */
  readonly evalEvery?: number;
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
    throw new InputError(`${where}: is a run of the task ${JSON.stringify(value.task)}, expected "text"`);
  }
  const { data, limits, baseline } = value;
  if (!isObject(value.settings)) throw new FormatError(where, "settings must be an object");
  const settings = completeSettings(value.settings);
  for (const [name, standard] of Object.entries(DEFAULTS)) {
    const found = settings[name];
    const fits =
      standard === null ? found === null || typeof found === "number" : typeof found === typeof standard;
    if (!fits) throw new FormatError(where, `settings.${name} is missing or of the wrong type`);
  }
  if (!isObject(data) || typeof data.fingerprint !== "string" || !isStrings(data.paths)) {
    throw new FormatError(where, "data must hold paths and a fingerprint");
  }
  const { validation } = data;
  const isText = isObject(validation) && [validation.path, validation.fingerprint].every(isString);
  if (validation !== undefined && !isText) {
    throw new FormatError(where, "data.validation must hold a path and a fingerprint");
  }
  const vocabulary = tokenizerFromJSON(data.vocabulary, where);
  if (!isObject(limits)) throw new FormatError(where, "limits must be an object");
  for (const [name, count] of Object.entries({
    "limits.patience": limits.patience,
    evalEvery: value.evalEvery,
  })) {
    if (count !== undefined && !(Number.isSafeInteger(count) && (count as number) >= 1)) {
      throw new FormatError(where, `${name} must be an integer of at least 1`);
    }
  }
  if (!isObject(baseline) || typeof baseline.name !== "string" || typeof baseline.loss !== "number") {
    throw new FormatError(where, "baseline must hold a name and a loss");
  }
  const model = parseModel(value.model, where);
  parseCellFile(value.cellFile, model, where);
  if (vocabulary.size !== model.vocabulary) {
    throw new FormatError(
      where,
      `the vocabulary has ${vocabulary.size} ${vocabulary.kind === "char" ? "characters" : "symbols"}, the model ${model.vocabulary}`,
    );
  }
  for (const name of ["backend", "instructions", "version", "created"]) {
    if (typeof value[name] !== "string") throw new FormatError(where, `${name} must be a string`);
  }
  if (!PRECISIONS.some((known) => known === value.precision)) {
    throw new FormatError(where, `precision must be ${PRECISIONS.join(" or ")}`);
  }
  if (typeof value.threads !== "number") throw new FormatError(where, "threads must be a number");
  return { ...value, settings } as unknown as TextRun;
}

/** Version 0.1.0 knew no weight decay: its runs have what the optimizer had by itself. */
function completeSettings(settings: Record<string, unknown>): Record<string, unknown> {
  const optimizer = OPTIMIZERS.find((name) => name === settings.optimizer);
  return optimizer === undefined ? settings : { weightDecay: defaultsOf(optimizer).weightDecay, ...settings };
}

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
    throw new FormatError(
      where,
      `model.cell must be one of ${CELLS.join(", ")}, got ${JSON.stringify(cell)}`,
    );
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
export function readCheckpointFacts({ metadata }: SafetensorsFile, where: string): CheckpointFacts {
  const json = (name: string): unknown => {
    try {
      return JSON.parse(metadata[name] ?? "");
    } catch (cause) {
      throw new FormatError(where, `metadata ${name} must be JSON`, { cause });
    }
  };
  if (metadata.task !== "text") throw new FormatError(where, `is not a checkpoint of the task "text"`);
  const [step, seconds] = [Number(metadata.step), Number(metadata.seconds)];
  if (!Number.isSafeInteger(step) || step < 0 || !(seconds >= 0)) {
    throw new FormatError(where, "metadata step and seconds must be numbers");
  }
  const vocabulary = tokenizerFromJSON(json("vocabulary"), where);
  const model = parseModel(json("model"), where);
  if (vocabulary.size !== model.vocabulary) {
    throw new FormatError(
      where,
      `the vocabulary has ${vocabulary.size} ${vocabulary.kind === "char" ? "characters" : "symbols"}, the model ${model.vocabulary}`,
    );
  }
  const cellFile = model.cell === "own" ? parseCellFile(json("cellFile"), model, where) : undefined;
  return { model, cellFile, vocabulary, step, seconds };
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
