/** The data of `classify`: texts or sequences of numbers, each with a label. */
import { ids, type Tensor, tensor } from "../../backend/tensor.ts";
import { escapeControl, InputError } from "../../core/errors.ts";
import type { LoadHooks } from "../../core/hooks.ts";
import { MAX_CLASSES } from "../../data/classification-metrics.ts";
import { type ItemStore, Items, type ItemValues } from "../../data/items.ts";
import { type LabelledData, readLabelled } from "../../data/labelled-source.ts";
import { cutItems, type LineTokens } from "../../data/line-tokens.ts";
import type { LineWords } from "../../data/line-words.ts";
import type { PaddedItems } from "../../data/padded-items.ts";
import { applyScaling, fitScaling } from "../../data/scaling.ts";
import { groupedSplit } from "../../data/splits.ts";
import { readWordVectors, startOf, type WordStart } from "../../data/word-start.ts";
import type { WordVectors } from "../../io/word-vectors.ts";
import type { SequenceClassifierConfig } from "../../models/sequence-classifier-config.ts";
import type { DataFacts, Loaded, TestRequest } from "../task.ts";
import { type ClassifySettings, DEFAULTS, settingsForData } from "./defaults.ts";
import { type ClassifyFacts, type NumberInput, type TextInput, tokensOf } from "./facts.ts";
import { type Request, readChosen, requireKind, sourceOptions } from "./read-data.ts";
import { classifierOf, tokensFor } from "./symbols.ts";

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
  /** Share of the symbols to train on that are unknown ones; 0 for numbers. */
  readonly unknownShare: number;
  /** Vectors that words of the vocabulary start from. */
  readonly vectors?: WordStart;
}

/**
 * A batch as the model reads it.
 * @param padded ids [rows, time], or numbers [rows, time, features]
 */
export function inputTensor({ values, rows, time, features }: PaddedItems): Tensor {
  return values instanceof Float32Array ? tensor(values, [rows, time, features]) : ids(values, [rows, time]);
}

export const itemsOf = ({ items }: LabelledPart): Items => new Items(items);

const itemCount = (data: LabelledData): number =>
  data.kind === "text" ? data.lines.lines.count : data.items.count;
const fingerprintOf = (data: LabelledData): string =>
  data.kind === "text" ? data.lines.fingerprint : data.fingerprint;
const labelled = (data: LabelledData) => (data.kind === "text" ? data.lines : data);

/**
 * Read the items and divide them, those of a group on one side and every label with its share.
 * @throws InputError for data that cannot be read, has less than two labels, or is not that of the run
 */
export async function loadItems(
  asked: Request,
  hooks: LoadHooks,
): Promise<Loaded<ClassifySettings, ClassifyData>> {
  const { data, held, request } = await readChosen(asked, hooks);
  const validationFingerprint = request.validation && held && fingerprintOf(held);
  const total = itemCount(data);
  const fingerprint = fingerprintOf(data);
  // Items to validate on that a set has made are told by the set's name and seed.
  const counts = countsOf(data.kind, total);
  request.verify({ fingerprint, counts, validation: validationFingerprint });
  const ofKind = settingsForData(request, data.kind);
  const labelNames = classifierOf(request)?.labels ?? labelled(data).labelNames;
  if (labelNames.length > MAX_CLASSES) {
    throw new InputError(
      `the data has ${labelNames.length} different labels, more than ${MAX_CLASSES}: labels are in the column ${escapeControl(ofKind.labelColumn)} (--label-column)`,
    );
  }
  const labels = labelsAmong(data, labelNames, "the data");
  const split = held === undefined ? splitItems(data, labels, ofKind) : undefined;
  const train = split?.train ?? everyItem(total);
  noteRareLabels(labelNames, labels, hooks);
  const input = classifierOf(request)?.input ?? inputOf(data, train, ofKind);
  const lines = data.kind === "text" ? data.lines.lines.subset(train) : undefined;
  const read = lines && (await readVectors(lines, request, ofKind, hooks));
  const tokens = lines && tokensFor(lines, input, { request, vectors: read?.vectors, hooks });
  const vectors = read && startOf(read, tokens as LineWords);
  const settings = vectors === undefined ? ofKind : { ...ofKind, embedding: vectors.width };
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
  const trained = part(data, labels, train);
  return {
    settings,
    data: {
      train: trained,
      validation:
        held === undefined
          ? part(data, labels, split!.validation)
          : part(held, labelsAmong(held, labelNames, "the data of --val"), everyItem(itemCount(held))),
      facts,
      fingerprint,
      validationFingerprint,
      lines: total,
      unknownShare: tokens === undefined ? 0 : unknownShareOf(itemsOf(trained), tokens.unknown),
      ...(vectors && { vectors }),
    },
  };
}

/** The vectors of a file for the words of the training part, where a new run is to start from some. */
async function readVectors(
  lines: Items<Int32Array>,
  request: Request,
  { embeddings, embedding }: ClassifySettings,
  hooks: LoadHooks,
): Promise<WordVectors | undefined> {
  if (embeddings === null || request.known !== undefined) return undefined;
  hooks.onProgress(`reading ${embeddings}`, 0, null);
  if (request.file === undefined) {
    throw new InputError(`the file ${escapeControl(embeddings)} cannot be read here`, {
      hint: "leave embeddings out",
    });
  }
  const [file] = await request.file(embeddings).listFiles(hooks);
  const read = await readWordVectors(lines, file);
  if (request.isChosen("embedding") && embedding !== read.width) {
    throw new InputError(
      `--embedding ${embedding} is not the ${read.width} numbers of the vectors in ${escapeControl(embeddings)}`,
      { hint: "leave --embedding out" },
    );
  }
  return read;
}

function unknownShareOf(items: Items, unknown: number): number {
  let [symbols, found] = [0, 0];
  for (let index = 0; index < items.count; index++) {
    for (const id of items.item(index)) if (id === unknown) found++;
    symbols += items.length(index);
  }
  return found / symbols;
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
  { tokens, maxLength, textColumn, labelColumn }: ClassifySettings,
): TextInput | NumberInput {
  if (data.kind === "text") {
    return { kind: "text", tokens, items: data.items, maxLength, textColumn, labelColumn };
  }
  const isOneStep = data.items.longest === 1;
  const scaling = fitScaling(data.items.subset(train));
  return { kind: "numbers", format: data.format, scaling, maxLength, isOneStep, labelColumn };
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
    if (cut > 0)
      hooks.onNote(
        `${cut} ${cut === 1 ? "item was" : "items were"} cut to ${input.maxLength} ${what} (--max-length)`,
      );
    return items.store;
  };
}

/**
 * The places of the items' labels among those of a model.
 * @param skipUnknown whether a label that is none of them is -1
 * @throws InputError for a label that is none of them, unless it is to be skipped
 */
function labelsAmong(
  data: LabelledData,
  names: readonly string[],
  what: string,
  skipUnknown = false,
): Int32Array {
  const { labelNames, labels } = labelled(data);
  const placeOf = new Map(names.map((name, place) => [name, place]));
  const places = labelNames.map((name) => placeOf.get(name) ?? -1);
  const unknown = labelNames.find((_, index) => places[index] < 0);
  if (unknown !== undefined && !skipUnknown) {
    throw new InputError(`${what} has the label ${escapeControl(unknown)}, which the model does not know`, {
      hint: `its labels are ${names.slice(0, 20).map(escapeControl).join(", ")}`,
    });
  }
  return labels.map((label) => places[label]);
}

/** Items to measure a model on. @throws InputError for a label that the model does not know, and for no item */
export async function loadTestItems(
  {
    source,
    facts,
    settings = DEFAULTS,
    skipUnknown,
  }: TestRequest<ClassifySettings, SequenceClassifierConfig, ClassifyFacts>,
  hooks: LoadHooks,
): Promise<ClassifyData> {
  const data = await readLabelled(
    source,
    sourceOptions({ ...settings, labelColumn: facts.input.labelColumn }, facts, 1),
    hooks,
  );
  requireKind(data, facts, source.description);
  const all = labelsAmong(data, facts.labels, source.description, skipUnknown);
  const indices = everyItem(all.length).filter((index) => all[index] >= 0);
  if (indices.length === 0)
    throw new InputError(`no item of ${source.description} has a label that the model knows`);
  const labels = Int32Array.from(indices, (index) => all[index]);
  const tokens = facts.input.kind === "text" ? tokensOf(facts) : undefined;
  const items = encoderOf(facts.input, tokens, hooks)(data, indices);
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
    unknownShare: 0,
  };
}

export function describeFacts(data: ClassifyData): DataFacts<ClassifyFacts> {
  const { fingerprint, lines: count, validationFingerprint: validation, facts } = data;
  return { fingerprint, counts: countsOf(facts.input.kind, count), validation, facts };
}
