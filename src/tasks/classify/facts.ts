/** What a classifier has to know of its data to be used without it. */
import { FormatError, InputError } from "../../core/errors.ts";
import { FLAG, listOfAny, OBJECT, oneOf, type Range, SIZE, TEXT } from "../../core/options.ts";
import type { AudioFormat, NumberFormat } from "../../data/labelled-numbers.ts";
import {
  LINE_TOKEN_KIND,
  type LineTokenKind,
  type LineTokens,
  lineTokensFromJSON,
} from "../../data/line-tokens.ts";
import { logMelFrames } from "../../data/log-mel.ts";
import { audioFormat } from "../../data/number-files.ts";
import { parseScaling, type Scaling } from "../../data/scaling.ts";

/** How texts become symbols. */
export interface TextInput {
  readonly kind: "text";
  readonly tokens: LineTokenKind;
  /** What an item is in the files of the data: a prediction reads a file as they were read. */
  readonly items: "line" | "file";
  /** Symbols that are kept of an item. */
  readonly maxLength: number;
  /** The column or field of the texts in tables and JSON lines; null: "text". */
  readonly textColumn: string | null;
  /** The column or field of the labels. */
  readonly labelColumn: string;
}

/** How numbers become those of the model. */
export interface NumberInput {
  readonly kind: "numbers";
  readonly format: NumberFormat;
  /** Of the training part. */
  readonly scaling: Scaling;
  /** Steps that are kept of an item. */
  readonly maxLength: number;
  /** Whether items have one step each: rows of a table, and no sequences. */
  readonly isOneStep: boolean;
  /** The column of the labels, which is no feature. */
  readonly labelColumn: string;
}

/** What a model needs to be used without its data. */
export interface ClassifyFacts {
  readonly labels: readonly string[];
  /** The characters or words that are known; none of a model that reads numbers. */
  readonly vocabulary?: readonly string[];
  readonly input: TextInput | NumberInput;
}

/** Of checkpoints of version 0.1.0, which had no other. */
export const FIRST_INPUT: TextInput = {
  kind: "text",
  tokens: "char",
  items: "line",
  maxLength: 1000,
  textColumn: null,
  labelColumn: "label",
};

/** Characters and one for all others; or words. */
export function tokensOf(facts: ClassifyFacts, where = "vocabulary"): LineTokens {
  const { kind } = facts.input;
  if (kind !== "text") throw new InputError(`the model reads numbers, and no text`);
  return lineTokensFromJSON(facts.input.tokens, facts.vocabulary, where);
}

const COLUMN: Range = { text: "a text or null", fits: (value) => value === null || TEXT.fits(value) };
const TEXTS = listOfAny(TEXT, "a list of texts");

/** How a model of a file reads its inputs. @throws FormatError for what this program did not write */
export function parseInput(value: unknown, where: string): TextInput | NumberInput {
  if (value === undefined) return FIRST_INPUT;
  const input = (OBJECT.fits(value) ? value : {}) as Readonly<Record<string, unknown>>;
  const check = (name: string, range: Range, field: unknown = input[name]) => {
    if (!range.fits(field)) throw new FormatError(where, `input.${name} must be ${range.text}`);
  };
  check("kind", oneOf("text", "numbers"));
  check("maxLength", SIZE);
  const maxLength = input.maxLength as number;
  const { labelColumn = FIRST_INPUT.labelColumn } = input as Partial<TextInput>;
  check("labelColumn", TEXT, labelColumn);
  if (input.kind === "text") {
    check("tokens", LINE_TOKEN_KIND);
    check("items", oneOf("line", "file"));
    check("textColumn", COLUMN);
    const { tokens, items, textColumn } = input as unknown as TextInput;
    return { kind: "text", tokens, items, maxLength, textColumn, labelColumn };
  }
  check("isOneStep", FLAG);
  check("format", OBJECT);
  const { format, isOneStep } = input as unknown as NumberInput;
  check("format.features", TEXTS, format.features);
  const scaling = parseScaling(input.scaling, format.features.length, where);
  const audio = parseAudio(format.audio, format.features.length, where);
  const { features } = format;
  return {
    kind: "numbers",
    format: { features, ...(audio && { audio }) },
    scaling,
    maxLength,
    isOneStep,
    labelColumn,
  };
}

const AUDIO_NAMES = Object.keys(audioFormat(8000)) as (keyof AudioFormat)[];

/** @throws FormatError for what makes no frames of the model's features */
function parseAudio(value: unknown, features: number, where: string): AudioFormat | undefined {
  if (value === undefined) return undefined;
  const problem = "input.format.audio must be how recordings become frames";
  if (!OBJECT.fits(value)) throw new FormatError(where, problem);
  const audio = value as AudioFormat;
  let frames: Float32Array;
  try {
    if (AUDIO_NAMES.some((name) => audio[name] === undefined)) throw new InputError("an option is missing");
    frames = logMelFrames([0], audio.rate, audio);
  } catch (cause) {
    throw new FormatError(where, problem, { cause });
  }
  if (frames.length !== features) throw new FormatError(where, problem);
  return audio;
}

/** @throws FormatError */
export function parseFacts(read: (name: string) => unknown, where: string): ClassifyFacts {
  const labels = read("labels");
  if (!Array.isArray(labels) || !TEXTS.fits(labels) || new Set(labels).size !== labels.length) {
    throw new FormatError(where, "labels must be a list of different texts");
  }
  const input = parseInput(read("input"), where);
  if (input.kind === "numbers") return { labels, input };
  const vocabulary = read("vocabulary");
  const facts = { labels, vocabulary: vocabulary as string[], input };
  tokensOf(facts, where);
  return facts;
}
