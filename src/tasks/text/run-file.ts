import { PRECISIONS, type Precision } from "../../backend/native/native.ts";
import { FormatError, InputError } from "../../core/errors.ts";
// Not by way of the index: sampling would load all that training needs of it.
import { tokenizerFromJSON } from "../../data/tokenizer-json.ts";
import { isParameterName } from "../../io/checkpoint-names.ts";
import type { SafetensorsFile } from "../../io/safetensors.ts";
import type { LanguageModelConfig } from "../../models/language-model-config.ts";
import {
  type CellFile,
  checkVocabularySize,
  parseCellFile,
  parseModelConfig,
} from "../../run/model-metadata.ts";
import type { Snapshot, SnapshotTensor } from "../../train/snapshot.ts";
import { DEFAULTS, type TextSettings } from "./options.ts";

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
    throw new InputError(`${where}: is a run of the task ${JSON.stringify(value.task)}, expected "text"`);
  }
  const { settings, data, limits, baseline } = value;
  if (!isObject(settings)) throw new FormatError(where, "settings must be an object");
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
  if (!isObject(baseline) || typeof baseline.name !== "string" || typeof baseline.loss !== "number") {
    throw new FormatError(where, "baseline must hold a name and a loss");
  }
  const model = parseModelConfig(value.model, where);
  if (model.cell === "own") parseCellFile(value.cellFile, where);
  checkVocabularySize(vocabulary, model, where);
  for (const name of ["backend", "instructions", "version", "created"]) {
    if (typeof value[name] !== "string") throw new FormatError(where, `${name} must be a string`);
  }
  if (!PRECISIONS.some((known) => known === value.precision)) {
    throw new FormatError(where, `precision must be ${PRECISIONS.join(" or ")}`);
  }
  if (typeof value.threads !== "number") throw new FormatError(where, "threads must be a number");
  return value as unknown as TextRun;
}

const isString = (value: unknown): value is string => typeof value === "string";

const isStrings = (value: unknown): value is string[] => Array.isArray(value) && value.every(isString);

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
