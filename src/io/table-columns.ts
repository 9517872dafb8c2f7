/** Tables of text and their columns, apart from the parser: what works on tables need not load its package. */
import { escapeControl, FormatError, InputError } from "../core/index.ts";
import { COUNT, checkValue, LIST, OBJECT, type Range, TEXT } from "../core/options.ts";
import { showValue } from "../core/show-value.ts";

/** A file of rows of cells under a header, as text. */
export interface Table {
  /** As errors show it. */
  readonly name: string;
  /** The names in the header. */
  readonly columns: readonly string[];
  /** The cells of each row, one for each column. */
  readonly rows: readonly (readonly string[])[];
  /** The line of the file at which each row begins, from 1; a row has several lines if a cell has. */
  readonly lines: Int32Array;
}

/** Only its shape: a table may have many millions of cells, and each is looked at when it is used. */
const TABLE: Range = {
  text: "a table, as parseTable makes it",
  fits: (value) => {
    if (!OBJECT.fits(value)) return false;
    const { name, columns, rows, lines } = value as Partial<Table>;
    if (!TEXT.fits(name) || !Array.isArray(columns) || !Array.isArray(rows) || !LIST.fits(lines))
      return false;
    return columns.every((column) => TEXT.fits(column)) && rows.length === lines?.length;
  },
};

/** @throws InputError for what is no table */
export function checkTable(where: string, table: Table): void {
  checkValue(where, TABLE, table);
}

/** `data.csv:12`: where a row of a table begins. */
export function placeOfRow(table: Table, row: number): string {
  return `${table.name}:${table.lines[row]}`;
}

/**
 * The position of a column.
 * @throws FormatError that lists the columns, if the table has none of that name
 */
export function requireColumn(table: Table, name: string): number {
  checkTable("requireColumn: table", table);
  checkValue("requireColumn: name", TEXT, name);
  const column = table.columns.indexOf(name);
  if (column >= 0) return column;
  throw new FormatError(
    table.name,
    `there is no column ${quote(name)}; the columns are ${listNames(table.columns)}`,
    { hint: "name a column of the file, or rename it in its first line" },
  );
}

/** Columns by name or position. @throws InputError or FormatError for one that the table does not have */
function positionOf(where: string, table: Table, column: number | string): number {
  if (typeof column === "string") return requireColumn(table, column);
  if (COUNT.fits(column) && column < table.columns.length) return column;
  throw new InputError(
    `${where} must be a name or an integer in [0, ${table.columns.length}), got ${showValue(column)}`,
  );
}

/**
 * The cells of a column, one for each row.
 * @param column its name or its position
 */
export function textColumn(table: Table, column: number | string): string[] {
  checkTable("textColumn: table", table);
  const at = positionOf("textColumn: column", table, column);
  return table.rows.map((row, index) => cellOf("textColumn", row, index, at));
}

/** A table from another program may have rows that are too short, or cells that are no text. */
function cellOf(where: string, row: readonly string[], index: number, column: number): string {
  const cell: unknown = row?.[column];
  if (typeof cell === "string") return cell;
  throw new InputError(`${where}: row ${index} of the table must have a text in each column`);
}

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/**
 * The numbers of a column, one for each row.
 * @param column its name or its position
 * @throws FormatError naming line and column of the first cell that is empty, no number, NaN or infinite
 */
export function numericColumn(table: Table, column: number | string): Float64Array {
  checkTable("numericColumn: table", table);
  const at = positionOf("numericColumn: column", table, column);
  const numbers = new Float64Array(table.rows.length);
  for (let index = 0; index < numbers.length; index++) {
    const cell = cellOf("numericColumn", table.rows[index], index, at).trim();
    const number = DECIMAL.test(cell) ? Number(cell) : Number.NaN;
    if (!Number.isFinite(number)) throw badNumber(table, index, at, cell);
    numbers[index] = number;
  }
  return numbers;
}

function badNumber(table: Table, row: number, column: number, cell: string): FormatError {
  const where = `${placeOfRow(table, row)}, column ${quote(table.columns[column])}`;
  if (cell === "") {
    return new FormatError(where, "the cell is empty", { hint: "fill in a number, or leave the row out" });
  }
  if (/^[+-]?\d+,\d+$/.test(cell)) {
    return new FormatError(where, `${quote(cell)} is no number`, {
      hint: "write decimals with a point: 1.5",
    });
  }
  return new FormatError(where, `${quote(cell)} is no finite number`, {
    hint: "every cell of this column must be a number: correct it, or remove the column",
  });
}

/** A text from a file in quotes, cut to a length that fits on a line. */
export function quote(text: string): string {
  const short = text.length > 40 ? `${text.slice(0, 40)}…` : text;
  return `'${escapeControl(short)}'`;
}

const SHOWN_NAMES = 12;

/** Names in quotes, the first twelve of many. */
export function listNames(names: readonly string[]): string {
  const shown = names.slice(0, SHOWN_NAMES).map(quote).join(", ");
  return names.length > SHOWN_NAMES ? `${shown} and ${names.length - SHOWN_NAMES} more` : shown;
}
