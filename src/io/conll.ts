import { escapeControl, FormatError } from "../core/index.ts";
import { BYTES, COUNT, checkValue, type Range, type Ranges, settle, TEXT } from "../core/options.ts";
import { decodeText } from "./decode-text.ts";

export interface ConllOptions {
  /** The file's name, for errors. */
  name: string;
  /** The column of the words, from 0; default 0. It is 1 in CoNLL-U. */
  wordColumn?: number;
  /**
   * The column of the tags, from 0, or from the end if negative; default -1, the last. It is 3 for the parts of speech
   * of CoNLL-U. Null for no tags, such as in a text to predict from.
   */
  tagColumn?: number | null;
}

/** Sentences of words with tags. */
export interface ConllFile {
  readonly sentences: readonly ConllSentence[];
}

export interface ConllSentence {
  readonly words: readonly string[];
  /** The tag of each word; empty if the file has none. */
  readonly tags: readonly string[];
  /** The line of the file at which the sentence begins, from 1. */
  readonly line: number;
}

type Settings = Required<ConllOptions>;

const TAG_COLUMN: Range = {
  text: "an integer from -100 to 100, or null for none",
  fits: (value) => value === null || (Number.isInteger(value) && Math.abs(value as number) <= 100),
};

const RANGES: Ranges<ConllOptions> = { name: TEXT, wordColumn: COUNT, tagColumn: TAG_COLUMN };

/**
 * Parse a file in one of the CoNLL formats: one word per line with its columns, separated by tabs, or by any white space
 * if the first of these lines has no tab; an empty line ends a sentence. Left out are lines that begin with `-DOCSTART-`,
 * comments, which begin with `#` and do not have the columns of a word, and in CoNLL-U (with a `wordColumn` above 0) the
 * lines of several words (`3-4`) and of words that the sentence leaves out (`8.1`).
 * @param bytes UTF-8, with or without a byte order mark
 * @throws FormatError naming file and line, for what is no UTF-8, a line with other columns than the first, a column
 * that the file does not have, an empty word or tag, and a file without words
 */
export function parseConll(bytes: Uint8Array, options: ConllOptions): ConllFile {
  checkValue("parseConll: bytes", BYTES, bytes);
  const settings = settle<Settings>("parseConll", RANGES, { wordColumn: 0, tagColumn: -1 }, options);
  const name = escapeControl(settings.name);
  const sentences: { words: string[]; tags: string[]; line: number }[] = [];
  const lines = decodeText(bytes, name).split(/\r\n|\n/);
  const layout = layoutOf(lines, name, settings);
  let isOpen = false;
  for (const [at, line] of lines.entries()) {
    if (isBetweenSentences(line)) {
      isOpen = false;
      continue;
    }
    const columns = layout.split(line);
    if (line.startsWith("#") && columns.length !== layout.width) continue;
    checkColumns(columns, layout.width, `${name}:${at + 1}`);
    if (settings.wordColumn > 0 && /^\d+[-.]\d+$/.test(columns[0])) continue;
    if (!isOpen) sentences.push({ words: [], tags: [], line: at + 1 });
    isOpen = true;
    const { words, tags } = sentences.at(-1)!;
    words.push(cellOf(columns, settings.wordColumn, `${name}:${at + 1}`, "word"));
    if (settings.tagColumn !== null)
      tags.push(cellOf(columns, settings.tagColumn, `${name}:${at + 1}`, "tag"));
  }
  if (sentences.length === 0) throw new FormatError(name, "the file has no words");
  return { sentences };
}

const isBetweenSentences = (line: string) => line.trim() === "" || line.startsWith("-DOCSTART-");

interface Layout {
  readonly width: number;
  split(line: string): string[];
}

/** As the first line of a word has it. */
function layoutOf(lines: readonly string[], name: string, { wordColumn, tagColumn }: Settings): Layout {
  const isWord = (line: string) => !isBetweenSentences(line) && !line.startsWith("#");
  // A file of which every line begins with # has words that do, such as of short messages.
  const first = Math.max(
    0,
    lines.findIndex(isWord) >= 0
      ? lines.findIndex(isWord)
      : lines.findIndex((line) => !isBetweenSentences(line)),
  );
  const split = lines[first].includes("\t")
    ? (line: string) => line.split("\t")
    : (line: string) => line.trim().split(/\s+/);
  const width = split(lines[first]).length;
  for (const column of [wordColumn, tagColumn ?? 0]) {
    if (column < width && column >= -width) continue;
    throw new FormatError(`${name}:${first + 1}`, `there is no column ${column}; the line has ${width}`, {
      hint: "count the columns from 0, or from the end with -1",
    });
  }
  return { width, split };
}

function checkColumns(columns: readonly string[], width: number, where: string): void {
  if (columns.length === width) return;
  throw new FormatError(where, `expected ${width} columns as in the lines before, got ${columns.length}`, {
    hint: "give each word the same columns, and put an empty line between sentences",
  });
}

function cellOf(columns: readonly string[], column: number, where: string, what: string): string {
  const cell = columns.at(column)!.trim();
  if (cell !== "") return cell;
  throw new FormatError(where, `the ${what} is empty`);
}
