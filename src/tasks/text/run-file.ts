import { PRECISIONS, type Precision } from "../../backend/native/native.ts";
import { FormatError, InputError } from "../../core/errors.ts";
// Not by way of the index: sampling would load all that training needs of it.
import { tokenizerFromJSON } from "../../data/tokenizer-json.ts";
import { isParameterName } from "../../io/checkpoint-names.ts";
import type { SafetensorsFile } from "../../io/safetensors.ts";
import { completeConfig, type LanguageModelConfig } from "../../models/language-model-config.ts";
import {
  type CellFile,
  checkVocabularySize,
  parseCellFile,
  parseModelConfig,
} from "../../run/model-metadata.ts";
import type { Snapshot, SnapshotTensor } from "../../train/snapshot.ts";
import { checkTextOptions } from "./option-checks.ts";
import {
  DEFAULTS,
  defaultsOf,
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
  /** Parts of a batch that are computed by themselves: the bits depend on their number. Absent: one for each thread. */
  readonly shards?: number;
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

/** Older runs do not say it: they had one for each thread. */
export const shardsOfRun = ({ shards, threads }: TextRun): number => shards ?? threads;

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
  const model = parseModelConfig(value.model, where);
  const cellFile = model.cell === "own" ? parseCellFile(value.cellFile, where) : undefined;
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
  const { threads, shards, evalEvery } = value;
  for (const [name, found] of Object.entries({ shards, evalEvery })) {
    if (found !== undefined && typeof found !== "number") {
      throw new FormatError(where, `${name} must be a number`);
    }
  }
  checkOptions({ threads, shards, evalEvery } as Partial<TextTrainOptions>, where, "");
  return { ...(value as unknown as TextRun), settings, model, cellFile };
}

/** Every setting has the type and the range that the option has; what has another name is left out. */
function parseSettings(value: unknown, limits: Record<string, unknown>, where: string): TextSettings {
  if (!isObject(value)) throw new FormatError(where, "settings must be an object");
  const complete = completeSettings(value);
  const settings: Record<string, unknown> = {};
  for (const [name, standard] of Object.entries(DEFAULTS)) {
    const found = complete[name];
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
  const { steps, epochs, maxSeconds, patience } = limits as TextRun["limits"];
  checkOptions({ steps, epochs, maxSeconds, patience }, where, "limits: ");
  return settings as unknown as TextSettings;
}

/** Version 0.1.0 knew no weight decay: its runs have what the optimizer had by itself. */
function completeSettings(settings: Record<string, unknown>): Record<string, unknown> {
  const { optimizer } = settings;
  if (typeof optimizer !== "string" || !isOptimizerName(optimizer)) return settings;
  return { weightDecay: defaultsOf(optimizer).weightDecay, ...settings };
}

/** @throws FormatError for what nobody could have said on the command line */
function checkOptions(options: Partial<TextTrainOptions>, where: string, part: string): void {
  try {
    checkTextOptions({ data: [], resume: true, ...options });
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new FormatError(where, `${part}${error.problem}`, { cause: error });
  }
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
