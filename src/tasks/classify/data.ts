/** The data of `classify`: lines of text, each with a label. */
import { escapeControl, InputError } from "../../core/errors.ts";
import type { LoadHooks } from "../../core/hooks.ts";
import { runJobInTurns } from "../../core/job.ts";
import type { DataSource } from "../../data/data-source.ts";
import { type ItemStore, Items } from "../../data/items.ts";
import {
  collectTextsJob,
  type LabelledLines,
  LabelledLinesBuilder,
  type LabelledText,
  labelOfFile,
} from "../../data/labelled-lines.ts";
import { findSet } from "../../data/labelled-sets.ts";
import { LineVocabulary } from "../../data/line-vocabulary.ts";
import { groupedSplit } from "../../data/splits.ts";
import type { SequenceClassifierConfig } from "../../models/sequence-classifier-config.ts";
import type { DataFacts, Loaded, LoadRequest, TestRequest } from "../task.ts";
import type { ClassifySettings } from "./defaults.ts";

/** What a model needs to be used without its data. */
export interface ClassifyFacts {
  /** The characters that are known. */
  readonly vocabulary: readonly string[];
  readonly labels: readonly string[];
}

/** Items of one part, in the symbols of the model. */
export interface LabelledPart {
  readonly items: ItemStore<Int32Array>;
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
  /** Lines in all. */
  readonly lines: number;
}

/** Lines longer than this are cut: a class is usually clear long before. */
const MAX_LENGTH = 1000;

export function vocabularyOf(facts: ClassifyFacts, where?: string): LineVocabulary {
  return LineVocabulary.fromJSON(facts.vocabulary, where);
}

/** @throws InputError for files that hold no lines, or less than two labels */
async function readLines(source: DataSource, hooks: LoadHooks): Promise<LabelledLines> {
  const builder = new LabelledLinesBuilder();
  const files = await source.listFiles(hooks);
  for (const [index, file] of files.entries()) {
    hooks.onProgress(`reading ${source.description}`, index, files.length);
    hooks.signal?.throwIfAborted();
    builder.begin(labelOfFile(file.name), `'${escapeControl(file.name)}'`);
    builder.push(await file.read());
  }
  const lines = await runJobInTurns(builder.finishJob({ maxLength: MAX_LENGTH }), hooks.signal);
  noteChanges(lines, hooks);
  return lines;
}

function noteChanges({ changes: { repeated, cut } }: LabelledLines, { onNote }: LoadHooks): void {
  if (repeated > 0) onNote(`${repeated} lines that their label has already were left out`);
  if (cut > 0) onNote(`${cut} lines were cut to ${MAX_LENGTH} characters`);
}

interface ReadLines {
  readonly lines: LabelledLines;
  /** Lines to validate on; undefined: a part of the lines. */
  readonly held: LabelledLines | undefined;
  readonly settings: ClassifySettings;
}

/** What was named, or else a generated set with the settings that it needs. */
async function readData(
  request: LoadRequest<ClassifySettings, ClassifyFacts>,
  hooks: LoadHooks,
): Promise<ReadLines> {
  const { source, validation, settings } = request;
  const named = validation && (await readLines(validation, hooks));
  if (source !== undefined) return { lines: await readLines(source, hooks), held: named, settings };
  const set = findSet(settings.set);
  const made = set.make(settings.seed);
  const collect = (texts: readonly LabelledText[]) => runJobInTurns(collectTextsJob(texts), hooks.signal);
  const lines = await collect(made.train);
  const held = named ?? (made.validation && (await collect(made.validation)));
  const own = Object.entries(set.settings ?? {}).filter(
    ([name]) => !request.isChosen(name as keyof ClassifySettings),
  );
  return { lines, held, settings: { ...settings, ...Object.fromEntries(own) } };
}

/**
 * Read the lines and divide them, equal lines on one side and every label with its share.
 * @throws InputError for data that cannot be read, has less than two labels, or is not that of the run
 */
export async function loadLines(
  request: LoadRequest<ClassifySettings, ClassifyFacts>,
  hooks: LoadHooks,
): Promise<Loaded<ClassifySettings, ClassifyData>> {
  const { known } = request;
  const { lines, held, settings } = await readData(request, hooks);
  // Lines to validate on that a set has made are told by the set's name and seed.
  const validation = request.validation && held?.fingerprint;
  request.verify({ fingerprint: lines.fingerprint, counts: { lines: lines.lines.count }, validation });
  const labelNames = known?.facts.labels ?? lines.labelNames;
  const labels = labelsAmong(lines, labelNames, "the data");
  const { train, validation: kept } =
    held === undefined
      ? groupedSplit(lines.groups, settings.valSplit, { labels, seed: settings.seed })
      : { train: everyItem(lines), validation: undefined };
  if (kept !== undefined && kept.length === 0) {
    throw new InputError(
      `--val-split ${settings.valSplit} of ${lines.lines.count} lines leaves none to validate on`,
      {
        hint: "give more lines, a larger --val-split, or data to validate on with --val",
      },
    );
  }
  const trainLines = lines.lines.subset(train);
  const vocabulary = known === undefined ? LineVocabulary.fromLines(trainLines) : vocabularyOf(known.facts);
  const part = (all: LabelledLines, own: Int32Array, indices: Int32Array): LabelledPart => ({
    items: vocabulary.encodeLines(all.lines.subset(indices)).store,
    labels: Int32Array.from(indices, (index) => own[index]),
  });
  return {
    settings,
    data: {
      train: part(lines, labels, train),
      validation:
        held === undefined
          ? part(lines, labels, kept!)
          : part(held, labelsAmong(held, labelNames, "the data of --val"), everyItem(held)),
      facts: { vocabulary: vocabulary.toJSON(), labels: labelNames },
      fingerprint: lines.fingerprint,
      validationFingerprint: validation,
      lines: lines.lines.count,
    },
  };
}

const everyItem = ({ lines }: LabelledLines): Int32Array =>
  Int32Array.from({ length: lines.count }, (_, index) => index);

/**
 * The places of the lines' labels among those of a model.
 * @throws InputError for a label that is none of them
 */
function labelsAmong(lines: LabelledLines, names: readonly string[], what: string): Int32Array {
  const places = lines.labelNames.map((name) => names.indexOf(name));
  const unknown = lines.labelNames.filter((_, index) => places[index] < 0);
  if (unknown.length > 0) {
    throw new InputError(
      `${what} has the label ${escapeControl(unknown[0])}, which the model does not know`,
      { hint: `its labels are ${names.slice(0, 20).map(escapeControl).join(", ")}` },
    );
  }
  return lines.labels.map((label) => places[label]);
}

/** Lines to measure a model on. @throws InputError for a label that the model does not know */
export async function loadTestLines(
  { source, facts }: TestRequest<ClassifySettings, SequenceClassifierConfig, ClassifyFacts>,
  hooks: LoadHooks,
): Promise<ClassifyData> {
  const lines = await readLines(source, hooks);
  const labels = labelsAmong(lines, facts.labels, source.description);
  const items = vocabularyOf(facts).encodeLines(lines.lines).store;
  return {
    train: {
      items: { ...items, starts: new Int32Array(0), lengths: new Int32Array(0) },
      labels: new Int32Array(0),
    },
    validation: { items, labels },
    facts,
    fingerprint: lines.fingerprint,
    validationFingerprint: undefined,
    lines: lines.lines.count,
  };
}

export function describeFacts(data: ClassifyData): DataFacts<ClassifyFacts> {
  const { fingerprint, lines, validationFingerprint: validation, facts } = data;
  return { fingerprint, counts: { lines }, validation, facts };
}

export const itemsOf = ({ items }: LabelledPart): Items<Int32Array> => new Items(items);
