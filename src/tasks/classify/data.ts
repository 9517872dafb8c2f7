/** The data of `classify`: texts or sequences of numbers, each with a label. */
import { ids, type Tensor, tensor } from "../../backend/tensor.ts";
import { escapeControl, FormatError, InputError } from "../../core/errors.ts";
import type { LoadHooks } from "../../core/hooks.ts";
import { runJobInTurns } from "../../core/job.ts";
import { FLAG, listOfAny, OBJECT, oneOf, type Range, SIZE, TEXT } from "../../core/options.ts";
import type { DataSource } from "../../data/data-source.ts";
import { type ItemStore, Items, type ItemValues } from "../../data/items.ts";
import { collectTextsJob, type LabelledText } from "../../data/labelled-lines.ts";
import type { AudioFormat, NumberFormat } from "../../data/labelled-numbers.ts";
import { findSet } from "../../data/labelled-sets.ts";
import { type LabelledData, type LabelledTexts, readLabelled } from "../../data/labelled-source.ts";
import {
  cutItems,
  LINE_TOKEN_KIND,
  type LineTokenKind,
  type LineTokens,
  lineTokensFromJSON,
  lineTokensOf,
} from "../../data/line-tokens.ts";
import { logMelFrames } from "../../data/log-mel.ts";
import type { PaddedItems } from "../../data/padded-items.ts";
import { applyScaling, fitScaling, type Scaling, scalingFromJSON } from "../../data/scaling.ts";
import { groupedSplit } from "../../data/splits.ts";
import type { SequenceClassifierConfig } from "../../models/sequence-classifier-config.ts";
import type { DataFacts, Loaded, LoadRequest, TestRequest } from "../task.ts";
import { type ClassifySettings, DEFAULTS, settingsForData } from "./defaults.ts";

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
}

/** What a model needs to be used without its data. */
export interface ClassifyFacts {
  readonly labels: readonly string[];
  /** The characters or words that are known; none of a model that reads numbers. */
  readonly vocabulary?: readonly string[];
  readonly input: TextInput | NumberInput;
}

/** Items of one part, in the symbols or numbers of the model. */
export interface LabelledPart {
  readonly items: ItemStore;
  /** A place in the labels for each item. */
  readonly labels: Int32Array;
}

export interface ClassifyData {
  readonly train: LabelledPart;
  readonly validation: LabelledPart;
  readonly facts: ClassifyFacts;
  readonly fingerprint: string;
  /** SHA-256 of data of its own to validate on. */
  readonly validationFingerprint: string | undefined;
  /** Items in all. */
  readonly lines: number;
}

type Request = LoadRequest<ClassifySettings, ClassifyFacts>;

/** Of checkpoints of version 0.1.0, which had no other. */
export const FIRST_INPUT: TextInput = {
  kind: "text",
  tokens: "char",
  items: "line",
  maxLength: 1000,
  textColumn: null,
};

/** Characters and one for all others; or words. */
export function tokensOf(facts: ClassifyFacts, where = "vocabulary"): LineTokens {
  const { kind } = facts.input;
  if (kind !== "text") throw new InputError(`the model reads numbers, and no text`);
  return lineTokensFromJSON(facts.input.tokens, facts.vocabulary, where);
}

const COLUMN: Range = { text: "a text or null", fits: (value) => value === null || TEXT.fits(value) };
const NAMES = listOfAny(TEXT, "a list of texts");

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
  if (input.kind === "text") {
    check("tokens", LINE_TOKEN_KIND);
    check("items", oneOf("line", "file"));
    check("textColumn", COLUMN);
    const { tokens, items, textColumn } = input as unknown as TextInput;
    return { kind: "text", tokens, items, maxLength, textColumn };
  }
  check("isOneStep", FLAG);
  check("format", OBJECT);
  const { format, isOneStep } = input as unknown as NumberInput;
  check("format.features", NAMES, format.features);
  let scaling: Scaling;
  try {
    scaling = scalingFromJSON(input.scaling, "input.scaling");
  } catch (cause) {
    throw new FormatError(where, cause instanceof InputError ? cause.problem : "input.scaling is none", {
      cause,
    });
  }
  if (scaling.mean.length !== format.features.length) {
    throw new FormatError(where, "input.scaling must have a mean for each feature");
  }
  const audio = parseAudio(format.audio, format.features.length, where);
  const { features } = format;
  return { kind: "numbers", format: { features, ...(audio && { audio }) }, scaling, maxLength, isOneStep };
}

/** @throws FormatError for what makes no frames of the model's features */
function parseAudio(value: unknown, features: number, where: string): AudioFormat | undefined {
  if (value === undefined) return undefined;
  const problem = "input.format.audio must be how recordings become frames";
  if (!OBJECT.fits(value)) throw new FormatError(where, problem);
  const audio = value as AudioFormat;
  let frames: Float32Array;
  try {
    frames = logMelFrames([0], audio.rate, audio);
  } catch (cause) {
    throw new FormatError(where, problem, { cause });
  }
  if (frames.length !== features) throw new FormatError(where, problem);
  return audio;
}

/**
 * A batch as the model reads it.
 * @param padded ids [rows, time], or numbers [rows, time, features]
 */
export function inputTensor({ values, rows, time, features }: PaddedItems): Tensor {
  return values instanceof Float32Array ? tensor(values, [rows, time, features]) : ids(values, [rows, time]);
}

export const itemsOf = ({ items }: LabelledPart): Items => new Items(items);

const codePointsOf = (data: LabelledData) => (data.kind === "text" ? data.lines.lines : undefined);
const itemCount = (data: LabelledData): number =>
  data.kind === "text" ? data.lines.lines.count : data.items.count;
const fingerprintOf = (data: LabelledData): string =>
  data.kind === "text" ? data.lines.fingerprint : data.fingerprint;
const labelled = (data: LabelledData) => (data.kind === "text" ? data.lines : data);

interface ReadData {
  readonly data: LabelledData;
  /** Items to validate on; undefined: a part of the data. */
  readonly held: LabelledData | undefined;
}

/** What was named, or else a generated set. */
async function readData(request: Request, hooks: LoadHooks): Promise<ReadData> {
  const { source, validation, settings, known } = request;
  if (source !== undefined && known?.of !== "run" && request.isChosen("set")) {
    throw new InputError(`DATA and --set ${settings.set} exclude each other`, {
      hint: "--set makes data where none is named",
    });
  }
  const read = async (from: DataSource) => {
    const data = await readLabelled(from, sourceOptions(settings, known?.facts, 1), hooks);
    requireKind(data, known?.facts, from.description);
    return data;
  };
  const named = validation && (await read(validation));
  if (source !== undefined) {
    const options = sourceOptions(settings, known?.facts, 2);
    const data = await readLabelled(source, options, hooks);
    requireKind(data, known?.facts, source.description);
    if (named !== undefined) requireSameKind(data, named);
    return { data, held: named };
  }
  const set = findSet(settings.set);
  const made = set.make(settings.seed);
  const collect = async (texts: readonly LabelledText[]): Promise<LabelledTexts> => {
    const lines = await runJobInTurns(collectTextsJob(texts), hooks.signal);
    return { kind: "text", items: "line", lines };
  };
  const data = await collect(made.train);
  requireKind(data, known?.facts, `the set ${set.name}`);
  return { data, held: named ?? (made.validation && (await collect(made.validation))) };
}

/** @param facts of a model that the data is read for */
function sourceOptions(
  { textColumn, labelColumn, tokens, maxLength }: ClassifySettings,
  facts: ClassifyFacts | undefined,
  leastLabels: number,
) {
  const input = facts?.input;
  const kind = input?.kind === "text" ? input.tokens : tokens;
  return {
    textColumn: textColumn ?? (input?.kind === "text" ? input.textColumn : null) ?? undefined,
    labelColumn,
    // Words are counted when there are any.
    maxLength: kind === "char" ? (input?.maxLength ?? maxLength) : undefined,
    leastLabels,
    format: input?.kind === "numbers" ? input.format : undefined,
  };
}

/** @throws InputError for texts where the model reads numbers, and the other way round */
function requireKind({ kind }: LabelledData, facts: ClassifyFacts | undefined, where: string): void {
  if (facts === undefined || facts.input.kind === kind) return;
  const word = (of: string) => (of === "text" ? "texts" : "numbers");
  throw new InputError(
    `the model reads ${word(facts.input.kind)}, but ${escapeControl(where)} holds ${word(kind)}`,
    {
      hint: "name data as the model was trained on",
    },
  );
}

function requireSameKind(data: LabelledData, held: LabelledData): void {
  if (data.kind === held.kind) return;
  throw new InputError("the data and the data of --val are of different kinds: texts and numbers", {
    hint: "give --val data as it is trained on",
  });
}

/**
 * Read the items and divide them, those of a group on one side and every label with its share.
 * @throws InputError for data that cannot be read, has less than two labels, or is not that of the run
 */
export async function loadItems(
  request: Request,
  hooks: LoadHooks,
): Promise<Loaded<ClassifySettings, ClassifyData>> {
  const { known } = request;
  const { data, held } = await readData(request, hooks);
  const validationFingerprint = request.validation && held && fingerprintOf(held);
  const count = itemCount(data);
  const fingerprint = fingerprintOf(data);
  // Items to validate on that a set has made are told by the set's name and seed.
  const counts = countsOf(data.kind, count);
  request.verify({ fingerprint, counts, validation: validationFingerprint });
  const settings = settingsForData(request, data.kind);
  const labelNames = known?.facts.labels ?? labelled(data).labelNames;
  const labels = labelsAmong(data, labelNames, "the data");
  const split = held === undefined ? splitItems(data, labels, settings) : undefined;
  const train = split?.train ?? everyItem(count);
  noteRareLabels(labelNames, labels, hooks);
  const input = known?.facts.input ?? inputOf(data, train, settings);
  const tokens = await tokensFor(data, train, input, request, settings);
  const encode = encoderOf(input, tokens, hooks);
  const part = (of: LabelledData, own: Int32Array, indices: Int32Array): LabelledPart => ({
    items: encode(of, indices),
    labels: Int32Array.from(indices, (index) => own[index]),
  });
  const facts: ClassifyFacts = {
    labels: labelNames,
    ...(tokens !== undefined && { vocabulary: tokens.toJSON() }),
    input,
  };
  return {
    settings,
    data: {
      train: part(data, labels, train),
      validation:
        held === undefined
          ? part(data, labels, split!.validation)
          : part(held, labelsAmong(held, labelNames, "the data of --val"), everyItem(itemCount(held))),
      facts,
      fingerprint,
      validationFingerprint,
      lines: count,
    },
  };
}

/** Runs of version 0.1.0 count lines. */
function countsOf(kind: "text" | "numbers", count: number): Record<string, number> {
  return kind === "text" ? { lines: count } : { items: count };
}

function splitItems(data: LabelledData, labels: Int32Array, { valSplit, seed }: ClassifySettings) {
  const { groups } = labelled(data);
  const split = groupedSplit(groups, valSplit, { labels, seed });
  if (split.validation.length > 0) return split;
  const what = data.kind === "text" ? "lines" : "items";
  throw new InputError(`--val-split ${valSplit} of ${labels.length} ${what} leaves none to validate on`, {
    hint: "give more lines, a larger --val-split, or data to validate on with --val",
  });
}

const everyItem = (count: number): Int32Array => Int32Array.from({ length: count }, (_, index) => index);

function noteRareLabels(names: readonly string[], labels: Int32Array, { onNote }: LoadHooks): void {
  const counts = new Int32Array(names.length);
  for (const label of labels) counts[label]++;
  const single = names.filter((_, label) => counts[label] === 1);
  if (single.length === 0) return;
  const shown = single.slice(0, 5).map(escapeControl).join(", ");
  const more = single.length > 5 ? ` and ${single.length - 5} more` : "";
  onNote(`only one item has the label ${shown}${more}: it is trained on and never validated`);
}

/** How the items of a new model are read. */
function inputOf(
  data: LabelledData,
  train: Int32Array,
  { tokens, maxLength, textColumn }: ClassifySettings,
): TextInput | NumberInput {
  if (data.kind === "text") return { kind: "text", tokens, items: data.items, maxLength, textColumn };
  const isOneStep = data.items.longest === 1;
  const scaling = fitScaling(data.items.subset(train));
  return { kind: "numbers", format: data.format, scaling, maxLength, isOneStep };
}

/** The symbols of a model of texts. */
async function tokensFor(
  data: LabelledData,
  train: Int32Array,
  input: TextInput | NumberInput,
  { known }: Request,
  settings: ClassifySettings,
): Promise<LineTokens | undefined> {
  const lines = codePointsOf(data);
  if (lines === undefined || input.kind !== "text") return undefined;
  if (known !== undefined) return tokensOf(known.facts);
  return lineTokensOf(input.tokens, lines.subset(train), { most: settings.vocabSize });
}

/** Some items as the model reads them: in its symbols, or scaled; cut to its longest. */
function encoderOf(input: TextInput | NumberInput, tokens: LineTokens | undefined, hooks: LoadHooks) {
  return (data: LabelledData, indices: Int32Array): ItemStore => {
    const chosen: Items<ItemValues> =
      data.kind === "text"
        ? tokens!.encodeLines(data.lines.lines.subset(indices))
        : applyScaling(data.items.subset(indices), (input as NumberInput).scaling);
    const { items, cut } = cutItems(chosen, input.maxLength);
    const what = input.kind === "text" ? `${input.tokens === "word" ? "words" : "characters"}` : "steps";
    if (cut > 0) hooks.onNote(`${cut} items were cut to ${input.maxLength} ${what} (--max-length)`);
    return items.store;
  };
}

/**
 * The places of the items' labels among those of a model.
 * @throws InputError for a label that is none of them
 */
function labelsAmong(data: LabelledData, names: readonly string[], what: string): Int32Array {
  const { labelNames, labels } = labelled(data);
  const places = labelNames.map((name) => names.indexOf(name));
  const unknown = labelNames.filter((_, index) => places[index] < 0);
  if (unknown.length > 0) {
    throw new InputError(
      `${what} has the label ${escapeControl(unknown[0])}, which the model does not know`,
      { hint: `its labels are ${names.slice(0, 20).map(escapeControl).join(", ")}` },
    );
  }
  return labels.map((label) => places[label]);
}

/** Items to measure a model on. @throws InputError for a label that the model does not know */
export async function loadTestItems(
  {
    source,
    facts,
    settings = DEFAULTS,
  }: TestRequest<ClassifySettings, SequenceClassifierConfig, ClassifyFacts>,
  hooks: LoadHooks,
): Promise<ClassifyData> {
  const data = await readLabelled(source, sourceOptions(settings, facts, 1), hooks);
  requireKind(data, facts, source.description);
  const labels = labelsAmong(data, facts.labels, source.description);
  const tokens = facts.input.kind === "text" ? tokensOf(facts) : undefined;
  const items = encoderOf(facts.input, tokens, hooks)(data, everyItem(itemCount(data)));
  return {
    train: {
      items: { ...items, starts: new Int32Array(0), lengths: new Int32Array(0) },
      labels: new Int32Array(0),
    },
    validation: { items, labels },
    facts,
    fingerprint: fingerprintOf(data),
    validationFingerprint: undefined,
    lines: itemCount(data),
  };
}

export function describeFacts(data: ClassifyData): DataFacts<ClassifyFacts> {
  const { fingerprint, lines: count, validationFingerprint: validation, facts } = data;
  return { fingerprint, counts: countsOf(facts.input.kind, count), validation, facts };
}
