import { parse } from "csv-parse/browser/esm/sync";
import { escapeControl, FormatError } from "../core/index.ts";
import { BYTES, checkValue, oneOf, optional, type Ranges, settle, TEXT } from "../core/options.ts";
import { decodeText } from "./decode-text.ts";
import { listNames, quote, type Table } from "./table-columns.ts";

export * from "./table-columns.ts";

export interface TableOptions {
  /** The file's name, for errors and for {@link Table.name}. */
  name: string;
  /** What stands between two cells: `,`, `;` or a tab. Default: what is most frequent in the first line. */
  delimiter?: string;
}

const RANGES: Ranges<TableOptions> = { name: TEXT, delimiter: optional(oneOf(",", ";", "\t")) };

interface Row {
  readonly cells: string[];
  /** The line at which it begins, from 1. */
  readonly line: number;
}

/**
 * Parse a table: CSV as in RFC 4180, with `,`, `;` or tabs. The first line names the columns; each row after it has one
 * cell for each of them. A cell in quotes may contain delimiters and line ends, and a quote as two. Lines end with LF,
 * CRLF or CR; empty lines are skipped. In a table with tabs a quote inside a cell that is not in quotes is an ordinary
 * character. Cells are text and are not trimmed; names of columns are.
 * @param bytes UTF-8, with or without a byte order mark
 * @throws FormatError naming file and line, for what is no UTF-8, a file without rows, a column that has no name or
 * the name of another, a row with too few or too many cells, and a quote that is not closed
 */
export function parseTable(bytes: Uint8Array, options: TableOptions): Table {
  checkValue("parseTable: bytes", BYTES, bytes);
  const settings = settle<TableOptions>("parseTable", RANGES, {}, options);
  const name = escapeControl(settings.name);
  const text = decodeText(bytes, name);
  const delimiter = settings.delimiter ?? guessDelimiter(text);
  const [header, ...records] = parseRecords(withoutMark(bytes), name, delimiter);
  if (header === undefined) throw new FormatError(name, "the file is empty");
  const columns = header.cells.map((cell) => cell.trim());
  checkHeader(columns, `${name}:${header.line}`);
  if (records.length === 0) throw new FormatError(name, "there is a header, but no row after it");
  for (const { cells, line } of records) checkWidth(cells, columns, `${name}:${line}`);
  return {
    name,
    columns,
    rows: records.map(({ cells }) => cells),
    lines: Int32Array.from(records, ({ line }) => line),
  };
}

/** The delimiter that is most frequent in the first line outside quotes; a comma if there is none. */
function guessDelimiter(text: string): string {
  const counts = new Map([
    ["\t", 0],
    [",", 0],
    [";", 0],
  ]);
  let isQuoted = false;
  for (const character of text) {
    if (character === '"') isQuoted = !isQuoted;
    else if (isQuoted) continue;
    else if (character === "\n" || character === "\r") break;
    else if (counts.has(character)) counts.set(character, counts.get(character)! + 1);
  }
  const [[best, count]] = [...counts].sort(([, a], [, b]) => b - a);
  return count === 0 ? "," : best;
}

function withoutMark(bytes: Uint8Array): Uint8Array {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
}

function parseRecords(bytes: Uint8Array, name: string, delimiter: string): Row[] {
  const lines = new LineCounter(bytes);
  const records: Row[] = [];
  try {
    parse(bytes, {
      delimiter,
      record_delimiter: ["\r\n", "\n", "\r"],
      skip_empty_lines: true,
      relax_column_count: true,
      relax_quotes: delimiter === "\t",
      on_record: (cells: string[], { bytes: end }) => {
        records.push({ cells, line: lines.begin() });
        lines.end(end);
        // Nothing is kept by the parser.
        return null;
      },
    });
  } catch (error) {
    throw new FormatError(`${name}:${lines.begin()}`, problemOfQuotes(error), {
      hint: 'write a quote inside a cell as two, and the cell in quotes: "say ""yes"""',
      cause: error,
    });
  }
  return records;
}

function problemOfQuotes(error: unknown): string {
  const { code } = error as { code?: string };
  if (code === "CSV_QUOTE_NOT_CLOSED") return "a quote that opens a cell is not closed";
  if (code === "INVALID_OPENING_QUOTE") return "a quote stands inside a cell that is not in quotes";
  if (code === "CSV_INVALID_CLOSING_QUOTE") return "a closing quote is followed by more than a delimiter";
  return "the row cannot be read";
}

/** Where records begin and end. */
class LineCounter {
  private readonly bytes: Uint8Array;
  private at = 0;
  private line = 1;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** The line of the next record, after empty lines. */
  begin(): number {
    while (this.at < this.bytes.length && this.isLineEnd(this.at)) this.step();
    return this.line;
  }

  /** The record ends before this byte. */
  end(at: number): void {
    while (this.at < at) this.step();
  }

  private isLineEnd(at: number): boolean {
    return this.bytes[at] === 0x0a || this.bytes[at] === 0x0d;
  }

  private step(): void {
    const byte = this.bytes[this.at++];
    // A CR before an LF is counted with it.
    if (byte === 0x0a || (byte === 0x0d && this.bytes[this.at] !== 0x0a)) this.line++;
  }
}

function checkHeader(columns: readonly string[], where: string): void {
  const unnamed = columns.indexOf("");
  if (unnamed >= 0) {
    throw new FormatError(where, `column ${unnamed + 1} has no name`, {
      hint: "name every column in the first line; with pandas: to_csv(path, index=False)",
    });
  }
  const seen = new Set<string>();
  for (const column of columns) {
    if (seen.has(column)) {
      throw new FormatError(where, `two columns have the name ${quote(column)}`, {
        hint: "give each column a name of its own",
      });
    }
    seen.add(column);
  }
}

function checkWidth(cells: readonly string[], columns: readonly string[], where: string): void {
  if (cells.length === columns.length) return;
  const what = cells.length < columns.length ? "too few" : "too many";
  throw new FormatError(
    where,
    `${what} cells: ${cells.length}, but the header has ${columns.length} columns (${listNames(columns)})`,
    { hint: "give each row one cell per column; a cell that contains the delimiter must be in quotes" },
  );
}
