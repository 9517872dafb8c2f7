/** Labelled data in any of the forms that `classify` reads: which form it is, and the items in it. */

import type { LoadHooks } from "../core/hooks.ts";
import { escapeControl, InputError } from "../core/index.ts";
import { runJobInTurns } from "../core/job.ts";
import { decodeText } from "../io/decode-text.ts";
import { parseJsonLines, textField } from "../io/json-lines.ts";
import { parseTable } from "../io/table.ts";
import { placeOfRow, requireColumn, type Table, textColumn } from "../io/table-columns.ts";
import { parseWav, type WavFile } from "../io/wav.ts";
import type { DataFile, DataSource } from "./data-source.ts";
import {
  collectTextsJob,
  type LabelledLines,
  LabelledLinesBuilder,
  type LabelledText,
  labelOfFile,
} from "./labelled-lines.ts";
import { joinSequences, type LabelledNumbers, type NumberFormat } from "./labelled-numbers.ts";
import {
  audioFormat,
  bandNames,
  type FileKind,
  framesOfRecording,
  kindOfFile,
  readSequences,
} from "./number-files.ts";
import { type LabelledSequences, sequencesFromTable } from "./sequence-table.ts";

/** Labelled texts, and whether an item is a line or a whole file. */
export interface LabelledTexts {
  readonly kind: "text";
  readonly items: "line" | "file";
  readonly lines: LabelledLines;
}

export type LabelledData = LabelledTexts | LabelledNumbers;

export interface LabelledSourceOptions {
  /** The column or field of the text. Undefined: "text", where there is one. */
  readonly textColumn: string | undefined;
  readonly labelColumn: string;
  /** Characters of a text that are kept; undefined: all. */
  readonly maxLength: number | undefined;
  /** Labels that there have to be. */
  readonly leastLabels: number;
  /** The numbers that a model reads; undefined where they are found in the data. */
  readonly format?: NumberFormat;
}

const TEXT_COLUMN = "text";

const quoted = (name: string): string => `'${escapeControl(name)}'`;

/**
 * Read labelled data: a text file for each label, a folder for each label with a file for each item (text, WAV, npy),
 * tables with a column of texts or of numbers, JSON lines, npz.
 * @throws InputError, FormatError naming the file and line of what cannot be read
 */
export async function readLabelled(
  source: DataSource,
  options: LabelledSourceOptions,
  hooks: LoadHooks,
): Promise<LabelledData> {
  const files = await source.listFiles(hooks);
  const kind = requireOneKind(files);
  const reading = (index: number) => {
    hooks.onProgress(`reading ${source.description}`, index, files.length);
    hooks.signal?.throwIfAborted();
  };
  if (kind === "table") return readTables(files, options, reading, hooks);
  if (kind === "json") return readJsonTexts(files, options, reading, hooks);
  if (kind !== "text") return readNumbers(files, options, reading, hooks);
  const isNested = files.some(({ name }) => name.includes("/"));
  return isNested ? readTextFiles(files, options, reading, hooks) : readLines(files, options, reading, hooks);
}

/** @throws InputError for files of several kinds, none of which can be said to be the data */
function requireOneKind(files: readonly DataFile[]): FileKind {
  const kind = kindOfFile(files[0].name);
  const other = files.find(({ name }) => kindOfFile(name) !== kind);
  if (other === undefined) return kind;
  throw new InputError(`${quoted(files[0].name)} and ${quoted(other.name)} are of different kinds`, {
    hint: "name files of one kind, or a folder that holds nothing else",
  });
}

/** One file for each label, with an item on each line. */
async function readLines(
  files: readonly DataFile[],
  { maxLength, leastLabels }: LabelledSourceOptions,
  reading: (index: number) => void,
  hooks: LoadHooks,
): Promise<LabelledTexts> {
  const builder = new LabelledLinesBuilder();
  for (const [index, file] of files.entries()) {
    reading(index);
    builder.begin(labelOfFile(file.name), quoted(file.name));
    builder.push(await file.read());
  }
  const lines = await runJobInTurns(builder.finishJob({ maxLength, leastLabels }), hooks.signal);
  const { repeated } = lines.changes;
  if (repeated > 0) hooks.onNote(`${repeated} lines that their label has already were left out`);
  return noteChanges({ kind: "text", items: "line", lines }, maxLength, hooks);
}

/** The label that a file has by the folder that holds it; undefined where it stands in none. */
export function labelOfFolder(name: string): string | undefined {
  const folders = name.split("/").slice(0, -1);
  return folders.at(-1)?.normalize("NFC");
}

/** Of files in folders those that have a label, with a note on the others. */
export function filesWithLabels(
  files: readonly DataFile[],
  { onNote }: LoadHooks,
): { readonly file: DataFile; readonly label: string }[] {
  const labelled = files.flatMap((file) => {
    const label = labelOfFolder(file.name);
    return label === undefined ? [] : [{ file, label }];
  });
  const [first] = files.filter(({ name }) => labelOfFolder(name) === undefined);
  if (first !== undefined && labelled.length > 0) {
    onNote(`${quoted(first.name)} stands in no label's folder: files like it were left out`);
  }
  return labelled;
}

/** A folder for each label, with a file for each item. */
async function readTextFiles(
  files: readonly DataFile[],
  options: LabelledSourceOptions,
  reading: (index: number) => void,
  hooks: LoadHooks,
): Promise<LabelledTexts> {
  const texts: LabelledText[] = [];
  for (const [index, { file, label }] of filesWithLabels(files, hooks).entries()) {
    reading(index);
    const bytes = await file.read();
    // An empty file is an item without text, which is left out as an empty line is.
    texts.push({ label, text: bytes.length === 0 ? "" : decodeText(bytes, escapeControl(file.name)) });
  }
  return collect(texts, "file", options, hooks);
}

async function readTables(
  files: readonly DataFile[],
  options: LabelledSourceOptions,
  reading: (index: number) => void,
  hooks: LoadHooks,
): Promise<LabelledData> {
  const tables: Table[] = [];
  for (const [index, file] of files.entries()) {
    reading(index);
    tables.push(parseTable(await file.read(), { name: file.name }));
  }
  const column = textColumnOf(tables[0], options);
  if (column !== undefined) {
    const texts = tables.flatMap((table) => textsOf(table, column, options.labelColumn));
    return collect(texts, "line", options, hooks);
  }
  const { labelColumn, leastLabels, format } = options;
  const sequences = tables.map((table) => {
    requireLabelColumn(table, labelColumn);
    return sequencesFromTable(table, { labels: "sequence", labelColumn, features: format?.features });
  });
  return joinSequences(sequences, { leastLabels });
}

/** Recordings in a folder for each label, all brought to the lowest rate that one of them has. */
async function readRecordings(
  own: readonly { readonly file: DataFile; readonly label: string }[],
  { leastLabels, format }: LabelledSourceOptions,
  reading: (index: number) => void,
  { onNote }: LoadHooks,
): Promise<LabelledNumbers> {
  const recordings: WavFile[] = [];
  for (const [index, { file }] of own.entries()) {
    reading(index);
    recordings.push(parseWav(await file.read(), file.name));
  }
  const rates = recordings.map(({ sampleRate }) => sampleRate);
  const audio = format?.audio ?? audioFormat(rates.reduce((least, rate) => Math.min(least, rate)));
  const others = rates.filter((rate) => rate !== audio.rate).length;
  if (others > 0)
    onNote(`${others} recordings of other rates were brought to ${audio.rate} samples per second`);
  const parts = own.map(({ file, label }, index) => ({
    ...framesOfRecording(file.name, recordings[index], audio),
    labels: [label],
  }));
  return joinSequences(parts, { leastLabels, format: { features: bandNames(audio), audio } });
}

/** npz files with labels in them; or npy files and recordings in a folder for each label. */
async function readNumbers(
  files: readonly DataFile[],
  options: LabelledSourceOptions,
  reading: (index: number) => void,
  hooks: LoadHooks,
): Promise<LabelledNumbers> {
  const { labelColumn, leastLabels, format } = options;
  const isNpz = kindOfFile(files[0].name) === "npz";
  const own = isNpz ? files.map((file) => ({ file, label: "" })) : filesWithLabels(files, hooks);
  if (own.length === 0) {
    throw new InputError(`${quoted(files[0].name)} stands in no folder that would give its label`, {
      hint: "make a folder for each label, put its files there, and name the folder that holds them",
    });
  }
  if (kindOfFile(files[0].name) === "wav") return readRecordings(own, options, reading, hooks);
  const parts: LabelledSequences[] = [];
  for (const [index, { file, label }] of own.entries()) {
    reading(index);
    const sequences = await readSequences(file, { labelColumn, format });
    if (isNpz && sequences.labels === undefined) {
      throw new InputError(`${quoted(file.name)} has no labels`, {
        hint: "add an array y with one label per sequence",
      });
    }
    parts.push(isNpz ? sequences : { ...sequences, labels: [label] });
  }
  return joinSequences(parts, { leastLabels, format });
}

/** The column of texts; undefined for a table of numbers. @throws FormatError for a column that is named and not there */
function textColumnOf(
  table: Table,
  { textColumn: named, labelColumn }: LabelledSourceOptions,
): string | undefined {
  if (named !== undefined) {
    requireColumn(table, named);
    return named;
  }
  if (table.columns.includes(TEXT_COLUMN)) return TEXT_COLUMN;
  const [row] = table.rows;
  const features = table.columns.flatMap((column, at) =>
    [labelColumn, "sequence", "group"].includes(column) ? [] : [{ column, cell: row[at] }],
  );
  const words = features
    .filter(({ cell }) => !isNumber(cell))
    .sort((a, b) => b.cell.length - a.cell.length)
    .map(({ column }) => escapeControl(column));
  if (words.length === 0) return undefined;
  const [text, label] = words;
  if (table.columns.includes(labelColumn) || features.length === 1) {
    throw new InputError(`${table.name} has no column 'text', and '${text}' holds no numbers`, {
      hint: `name the column of the texts: --text-column ${text}`,
    });
  }
  const problem = `${table.name} has neither a column 'text' nor a column '${escapeControl(labelColumn)}'`;
  if (label === undefined) {
    throw new InputError(`${problem}, and '${text}' holds no numbers`, {
      hint: `name the column of the labels, --label-column ${text}, or that of the texts with --text-column`,
    });
  }
  throw new InputError(problem, {
    hint: `name the columns of the texts and of their labels: --text-column ${text} --label-column ${label}`,
  });
}

/** As far as the first row tells; an empty cell is a number that is missing, which is said with its line. */
const isNumber = (cell: string): boolean =>
  cell.trim() === "" || !Number.isNaN(Number(cell.replace(",", ".")));

function requireLabelColumn(table: Table, name: string): void {
  if (table.columns.includes(name)) return;
  throw new InputError(
    `${table.name} has no column '${escapeControl(name)}'; the columns are ${table.columns.map(escapeControl).join(", ")}`,
    { hint: "name the column of the labels: --label-column NAME" },
  );
}

function textsOf(table: Table, column: string, labelColumn: string): LabelledText[] {
  requireLabelColumn(table, labelColumn);
  const [texts, labels] = [textColumn(table, column), textColumn(table, labelColumn)];
  const groups = table.columns.includes("group") ? textColumn(table, "group") : undefined;
  return texts.map((text, row) => {
    const label = labels[row].trim();
    if (label === "") throw withoutLabel(placeOfRow(table, row));
    // An item without a group is in one with those that are equal to it.
    return { text, label, group: groups?.[row] || undefined };
  });
}

const withoutLabel = (where: string): InputError =>
  new InputError(`${where}: the label is empty`, { hint: "give each text a label, or leave it out" });

async function readJsonTexts(
  files: readonly DataFile[],
  options: LabelledSourceOptions,
  reading: (index: number) => void,
  hooks: LoadHooks,
): Promise<LabelledTexts> {
  const { textColumn: field = TEXT_COLUMN, labelColumn } = options;
  const texts: LabelledText[] = [];
  for (const [index, file] of files.entries()) {
    reading(index);
    const lines = parseJsonLines(await file.read(), { name: file.name });
    for (const [at, record] of lines.records.entries()) {
      const label = textField(lines, at, labelColumn).trim();
      if (label === "") throw withoutLabel(`${lines.name}:${lines.lines[at]}`);
      const group = Object.hasOwn(record, "group") ? textField(lines, at, "group") : "";
      texts.push({ text: textField(lines, at, field), label, group: group || undefined });
    }
  }
  return collect(texts, "line", options, hooks);
}

async function collect(
  texts: readonly LabelledText[],
  items: "line" | "file",
  { maxLength, leastLabels }: LabelledSourceOptions,
  hooks: LoadHooks,
): Promise<LabelledTexts> {
  const lines = await runJobInTurns(collectTextsJob(texts, { maxLength, leastLabels }), hooks.signal);
  const { empty } = lines.changes;
  if (empty > 0) hooks.onNote(`${empty} empty texts were left out`);
  return noteChanges({ kind: "text", items, lines }, maxLength, hooks);
}

function noteChanges(
  texts: LabelledTexts,
  maxLength: number | undefined,
  { onNote }: LoadHooks,
): LabelledTexts {
  const { cut } = texts.lines.changes;
  if (cut > 0) onNote(`${cut} texts were cut to ${maxLength} characters (--max-length)`);
  return texts;
}
