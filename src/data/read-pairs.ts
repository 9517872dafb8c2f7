/** Pairs of sentences in files: two files line by line, tables, JSON lines. */
import { escapeControl, FormatError, InputError } from "../core/errors.ts";
import type { LoadHooks } from "../core/hooks.ts";
import { runJobInTurns, Turns } from "../core/job.ts";
import { checkValue, OBJECT, optional, type Range, type Ranges, settle, TEXT } from "../core/options.ts";
import { decodeLines } from "../io/decode-text.ts";
import { parseJsonLines, textField } from "../io/json-lines.ts";
import { quote, requireColumn, type Table, textColumn } from "../io/table-columns.ts";
import type { DataFile, DataSource } from "./data-source.ts";
import { type SentencePairs, sentencePairsJob } from "./pairs.ts";

export interface ReadPairsOptions {
  /** Column or field of the sources: its name, or in a table its number from 0. Default: source, else the first one. */
  readonly sourceColumn?: string;
  /** Column or field of the targets: its name, or in a table its number from 0. Default: target, else the second one. */
  readonly targetColumn?: string;
}

const SOURCE: Range = {
  text: "a source of data, as memorySource makes it",
  fits: (value) => typeof (Object(value) as Partial<DataSource>).listFiles === "function",
};

const RANGES: Ranges<ReadPairsOptions> = { sourceColumn: optional(TEXT), targetColumn: optional(TEXT) };

/** Lines that are read between two looks at the clock. */
const PAUSE = 1024;

/** Texts of both sides, one for one. */
interface Sides {
  readonly sources: string[];
  readonly targets: string[];
}

/**
 * Read pairs of sentences.
 *
 * - Two files of any other name than those below: line n of the second is the translation of line n of the first.
 * - One such file, or files named .tsv: a pair on each line, with a tab between the cells; quotes have no meaning. There
 *   is a header if columns are asked for by name, or if its cells include "source" and "target".
 * - .csv: a table with a header, as `parseTable` reads it.
 * - .jsonl, .ndjson, .json: an object on each line; fields may lie in a field "translation", as Hugging Face has them.
 *
 * Several files of pairs are joined. Text is UTF-8. Pairs with an empty side are left out, with a note.
 * @throws InputError for unequal numbers of lines, naming both, for files of several kinds, and for columns that are not
 * there; FormatError naming the file and line that cannot be read
 */
export async function readPairs(
  source: DataSource,
  options: ReadPairsOptions,
  hooks: LoadHooks,
): Promise<SentencePairs> {
  checkValue("readPairs: source", SOURCE, source);
  const columns = settle<ReadPairsOptions>("readPairs", RANGES, {}, options);
  checkValue("readPairs: hooks", OBJECT, hooks);
  const files = await source.listFiles(hooks);
  const form = formOf(files);
  const sides: Sides = { sources: [], targets: [] };
  if (form === "lines") await readTwoFiles(files, sides, columns, source, hooks);
  else {
    for (const [index, file] of files.entries()) {
      hooks.onProgress(`reading ${source.description}`, index, files.length);
      hooks.signal?.throwIfAborted();
      await READERS[form](file, sides, columns, hooks);
    }
  }
  const pairs = await runJobInTurns(sentencePairsJob(sides.sources, sides.targets), hooks.signal);
  if (pairs.empty > 0) {
    hooks.onNote(
      `${pairs.empty} ${pairs.empty === 1 ? "pair" : "pairs"} with an empty source or target left out`,
    );
  }
  return pairs;
}

type Form = "lines" | "tabs" | "table" | "json";

const READERS = { tabs: readTabs, table: readTable, json: readJson };

const FORMS: Readonly<Record<string, Form>> = {
  tsv: "tabs",
  csv: "table",
  json: "json",
  jsonl: "json",
  ndjson: "json",
};

/** @throws InputError for files of several kinds, or more than two without a kind */
function formOf(files: readonly DataFile[]): Form {
  if (files.length === 0) throw new InputError("there is no file");
  const forms = files.map(({ name }) => {
    const extension = /\.([^./\\]+)$/.exec(name)?.[1].toLowerCase() ?? "";
    return Object.hasOwn(FORMS, extension) ? FORMS[extension] : "text";
  });
  const [form] = forms;
  const other = forms.findIndex((own) => own !== form);
  if (other >= 0) {
    throw new InputError(`${quote(files[0].name)} and ${quote(files[other].name)} are of different kinds`, {
      hint: "name two text files, or files of one kind",
    });
  }
  if (form !== "text") return form;
  if (files.length > 2) {
    throw new InputError(
      `of ${files.length} text files it is not clear which are the translations of which`,
      {
        hint: "name two files, the sources first",
      },
    );
  }
  return files.length === 2 ? "lines" : "tabs";
}

async function readTwoFiles(
  files: readonly DataFile[],
  sides: Sides,
  { sourceColumn, targetColumn }: ReadPairsOptions,
  { description }: DataSource,
  hooks: LoadHooks,
): Promise<void> {
  const [first, second] = files.map(({ name }) => quote(name));
  if (sourceColumn !== undefined || targetColumn !== undefined) {
    throw new InputError(`${first} and ${second} are read line by line and have no columns`, {
      hint: "leave --source-column and --target-column out, or name one file",
    });
  }
  for (const [index, list] of [sides.sources, sides.targets].entries()) {
    hooks.onProgress(`reading ${description}`, index, 2);
    const turns = new Turns(hooks.signal);
    for (const line of decodeLines(await files[index].read(), escapeControl(files[index].name))) {
      if (list.push(line) % PAUSE === 0 && turns.isDue) await turns.take();
    }
  }
  const [lines, others] = [sides.sources.length, sides.targets.length];
  if (lines !== others) {
    throw new InputError(
      `${first} has ${lines} ${lines === 1 ? "line" : "lines"} and ${second} has ${others}`,
      {
        hint: "line n of one file must be the translation of line n of the other; where there is none, leave the line empty",
      },
    );
  }
  hooks.onNote(`the lines of ${first} are the sources, those of ${second} the targets`);
}

async function readTabs(
  file: DataFile,
  { sources, targets }: Sides,
  options: ReadPairsOptions,
  hooks: LoadHooks,
): Promise<void> {
  const turns = new Turns(hooks.signal);
  const [name, shown] = [quote(file.name), escapeControl(file.name)];
  let columns: TabColumns | undefined;
  let number = 0;
  for (const line of decodeLines(await file.read(), shown)) {
    if (++number % PAUSE === 0 && turns.isDue) await turns.take();
    if (line.trim() === "") continue;
    const cells = line.split("\t");
    if (columns === undefined) {
      columns = tabColumns(cells, options, name, hooks);
      if (columns.isHeader) continue;
    }
    const { source, target } = columns;
    const needed = Math.max(source, target) + 1;
    if (cells.length < needed) {
      throw new FormatError(
        `${shown}:${number}`,
        `the line has ${cells.length} of at least ${needed} columns`,
        { hint: "separate the source and the target of each line by a tab" },
      );
    }
    sources.push(cells[source]);
    targets.push(cells[target]);
  }
}

interface TabColumns {
  readonly source: number;
  readonly target: number;
  readonly isHeader: boolean;
}

/** Which columns are read, as the first line of a file without quotes says it. */
function tabColumns(
  cells: readonly string[],
  options: ReadPairsOptions,
  name: string,
  { onNote }: LoadHooks,
): TabColumns {
  if (cells.length < 2) {
    throw new InputError(`${name} has no tab in its first line, so there are no pairs in it`, {
      hint: "name two files, the sources first, or separate the source and the target of each line by a tab",
    });
  }
  const names = cells.map((cell) => cell.trim());
  const asked = [options.sourceColumn, options.targetColumn];
  const isNamed = asked.some((column) => column !== undefined && !NUMBER.test(column));
  const isHeader = isNamed || (asked.every((column) => column === undefined) && hasUsualNames(names));
  // Without a header columns have numbers alone.
  const columns = isHeader ? names : names.map(() => "");
  const [source, target] = columnsOf({ name, columns, rows: [], lines: new Int32Array(0) }, options);
  if (!isHeader)
    onNote(`of each line of ${name} column ${source} is the source, column ${target} the target`);
  return { source, target, isHeader };
}

/** A column by its number, from 0. */
const NUMBER = /^\d{1,4}$/;
const USUAL = ["source", "target"] as const;

const hasUsualNames = (names: readonly string[]): boolean =>
  USUAL.every((usual) => names.some((name) => name.toLowerCase() === usual));

/** The positions of source and target. @throws InputError, FormatError for columns that are not there, or the same */
function columnsOf(table: Table, { sourceColumn, targetColumn }: ReadPairsOptions): [number, number] {
  const usual = hasUsualNames(table.columns);
  const [source, target] = [sourceColumn, targetColumn].map((column, side) => {
    if (column !== undefined && table.columns.includes(column)) return table.columns.indexOf(column);
    if (column !== undefined && !NUMBER.test(column)) return requireColumn(table, column);
    if (column === undefined && usual) {
      return table.columns.findIndex((name) => name.toLowerCase() === USUAL[side]);
    }
    return Number(column ?? side);
  });
  const last = table.columns.length - 1;
  if (Math.max(source, target) > last) {
    throw new InputError(
      `${table.name} has no column ${Math.max(source, target)}; its columns are 0 to ${last}`,
      { hint: "count the columns from 0" },
    );
  }
  if (source === target) {
    throw new InputError(`column ${source} of ${table.name} is both the source and the target`, {
      hint: "name two columns with --source-column and --target-column",
    });
  }
  return [source, target];
}

async function readTable(
  file: DataFile,
  { sources, targets }: Sides,
  options: ReadPairsOptions,
  { onNote }: LoadHooks,
): Promise<void> {
  // Loaded with its package only where there is a table.
  const { parseTable } = await import("../io/table.ts");
  const table = parseTable(await file.read(), { name: file.name });
  const [source, target] = columnsOf(table, options);
  const isNamed = options.sourceColumn !== undefined || options.targetColumn !== undefined;
  if (!isNamed && !hasUsualNames(table.columns)) {
    const [from, to] = [table.columns[source], table.columns[target]];
    onNote(`in ${quote(file.name)} column ${quote(from)} is the source, column ${quote(to)} the target`);
  }
  for (const text of textColumn(table, source)) sources.push(text);
  for (const text of textColumn(table, target)) targets.push(text);
}

async function readJson(
  file: DataFile,
  { sources, targets }: Sides,
  { sourceColumn = "source", targetColumn = "target" }: ReadPairsOptions,
): Promise<void> {
  const lines = parseJsonLines(await file.read(), { name: file.name });
  // {"translation": {"de": "...", "en": "..."}}, as data sets for translation are at Hugging Face.
  const records = lines.records.map((record) => {
    const { translation } = record;
    const isNested = typeof translation === "object" && translation !== null && !Array.isArray(translation);
    return isNested ? (translation as Readonly<Record<string, unknown>>) : record;
  });
  const nested = { ...lines, records };
  for (let index = 0; index < records.length; index++) {
    sources.push(textField(nested, index, sourceColumn));
    targets.push(textField(nested, index, targetColumn));
  }
}
