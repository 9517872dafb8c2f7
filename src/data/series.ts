/** Series of numbers from tables: one or many, with the times of their steps and what is missing in them. */
import { FormatError, InputError } from "../core/errors.ts";
import {
  listNames,
  numericColumn,
  placeOfRow,
  quote,
  requireColumn,
  type Table,
  textColumn,
} from "../io/table-columns.ts";
import {
  type Calendar,
  checkTimes,
  findCalendar,
  findTimeColumn,
  ROWS,
  refuseIrregular,
  stepOfTime,
  type TimeTexts,
} from "./calendar.ts";

/**
 * What becomes of steps and cells that are missing: a straight line between their neighbours, an error, or (`skip`) each
 * row is the step after the one above it, whatever the times say.
 */
export const GAPS = ["interpolate", "refuse", "skip"] as const;
export type Gaps = (typeof GAPS)[number];

/** The columns of a series and what they are. */
export interface SeriesColumns {
  /** What is forecast. */
  readonly targets: readonly string[];
  /** Known up to the present. */
  readonly exogenous: readonly string[];
  /** Known for the steps that are forecast too: holidays, planned prices. */
  readonly ahead: readonly string[];
  /** Undefined: none, steps are rows. */
  readonly time: string | undefined;
  /** The column that tells several series apart. */
  readonly series: string | undefined;
}

/** What a person says of the columns; the rest is found. */
export interface ColumnChoice extends Partial<SeriesColumns> {}

/** One series, its columns in the order targets, exogenous, ahead. */
export interface Series {
  readonly name: string;
  /** The step of the calendar at which it begins. */
  readonly start: number;
  /** Steps up to the last one that has all targets: what is known. */
  readonly length: number;
  /** [steps, columns], `length` of them and then those that only have columns known ahead. */
  readonly values: Float64Array;
  /** 1 where a cell was read, 0 where it was filled in; as values. */
  readonly known: Uint8Array;
}

export interface SeriesSet {
  readonly columns: SeriesColumns;
  readonly calendar: Calendar;
  readonly series: readonly Series[];
  /** Steps of the calendar without a row, and cells that were empty. */
  readonly missing: { readonly steps: number; readonly cells: number };
}

/** Larger ones have squares that no number holds. */
const LARGEST = 1e100;

/**
 * Find what the columns of tables are.
 * @throws FormatError for a column that is not there, InputError where the target is not clear
 */
export function findColumns(table: Table, choice: ColumnChoice): SeriesColumns {
  const { exogenous = [], ahead = [], series } = choice;
  for (const name of [...(choice.targets ?? []), ...exogenous, ...ahead]) requireColumn(table, name);
  if (series !== undefined) requireColumn(table, series);
  if (choice.time !== undefined) requireColumn(table, choice.time);
  const named = new Set([...(choice.targets ?? []), ...exogenous, ...ahead, series]);
  const others = table.columns.map((name) => (named.has(name) ? "" : name));
  const time = choice.time ?? table.columns[findTimeColumn(others, timesOrNothing(table, others))];
  const rest = table.columns.filter((name) => name !== time && !named.has(name));
  const targets = choice.targets ?? rest;
  if (choice.targets === undefined && rest.length !== 1) {
    const what = rest.length === 0 ? "there is no column to forecast" : "there are several columns";
    throw new InputError(`${table.name}: ${what}: ${listNames(table.columns)}`, {
      hint: "name the columns to forecast with --target, as --target sales or --target sales,stock",
    });
  }
  const all = [...targets, ...exogenous, ...ahead, ...(time ? [time] : []), ...(series ? [series] : [])];
  const twice = all.find((name, index) => all.indexOf(name) < index);
  if (twice !== undefined) {
    throw new InputError(`${table.name}: the column ${quote(twice)} is named for two things`, {
      hint: "name each column once: as a target, as --exogenous, as --known-ahead, as the time or as the series",
    });
  }
  return { targets, exogenous, ahead, time, series };
}

const timesOrNothing = (table: Table, names: readonly string[]): string[] =>
  table.rows[0].map((cell, column) => (names[column] === "" ? "" : cell));

/** Rows of one series. */
interface Rows extends TimeTexts {
  readonly name: string;
  readonly table: Table;
  readonly rows: readonly number[];
}

/**
 * Read series from tables: each table is one, or several that a column tells apart.
 * @param calendar of a model, whose steps the times have to be; undefined: that of the times
 * @throws FormatError, InputError naming file and line of what is wrong
 */
export function readSeries(
  tables: readonly Table[],
  columns: SeriesColumns,
  gaps: Gaps,
  calendar?: Calendar,
): SeriesSet {
  const all = tables.flatMap((table) => rowsOf(table, columns));
  const seen = new Set<string>();
  const repeated = all.find(({ name }) => seen.size === seen.add(name).size);
  if (repeated !== undefined) {
    throw new InputError(`two files have the series ${quote(repeated.name)}`, {
      hint: "give each series one file or one name",
    });
  }
  const areRows = columns.time === undefined || gaps === "skip";
  const own = areRows ? ROWS : (calendar ?? findCalendar(all));
  // Also where rows are taken as they come, times that go back are refused.
  if (columns.time !== undefined) checkTimes(all);
  const missing = { steps: 0, cells: 0 };
  const series = all.map((rows) => {
    const positions = areRows ? undefined : stepsOf(rows, own);
    return fillSeries(rows, columns, positions, gaps, missing);
  });
  return { columns, calendar: own, series, missing };
}

function rowsOf(table: Table, { time, series }: SeriesColumns): Rows[] {
  const times = time === undefined ? undefined : textColumn(table, time);
  const groups = new Map<string, number[]>();
  const names = series === undefined ? undefined : textColumn(table, series);
  for (let row = 0; row < table.rows.length; row++) {
    const name = names === undefined ? nameOfFile(table.name) : names[row].trim();
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [row]);
    else group.push(row);
  }
  return [...groups].map(([name, rows]) => ({
    name,
    table,
    rows,
    texts: rows.map((row) => times?.[row] ?? ""),
    place: (index) => placeOfRow(table, rows[index]),
  }));
}

/** `sales/shop-1.csv` is `shop-1`. */
const nameOfFile = (path: string): string => path.replace(/^.*\//, "").replace(/\.[a-z]{1,4}$/i, "");

function stepsOf({ texts, place }: Rows, calendar: Calendar): number[] {
  const steps = texts.map((text, index) => {
    const step = stepOfTime(calendar, text);
    if (step !== undefined) return step;
    throw new InputError(`${place(index)}: ${quote(text)} is not a step of the calendar of the model`, {
      hint: "give times as those that the model was trained on, at the same intervals",
    });
  });
  refuseIrregular(steps[steps.length - 1] - steps[0], steps.length);
  return steps;
}

/**
 * @param positions of each row in the calendar; undefined: one after the other
 * @param missing is added to
 */
function fillSeries(
  rows: Rows,
  columns: SeriesColumns,
  positions: readonly number[] | undefined,
  gaps: Gaps,
  missing: { steps: number; cells: number },
): Series {
  const names = [...columns.targets, ...columns.exogenous, ...columns.ahead];
  const needed = columns.targets.length + columns.exogenous.length;
  const read = names.map((name) => readCells(rows, name));
  const isWhole = (row: number) => read.slice(0, needed).every((cells) => !Number.isNaN(cells[row]));
  const first = rows.rows.findIndex((_, row) => isWhole(row));
  const last = rows.rows.findLastIndex((_, row) => isWhole(row));
  if (first < 0) {
    throw new InputError(
      `${rows.table.name}: the series ${quote(rows.name)} has no row with all its numbers`,
      {
        hint: "fill in the numbers of its columns, or leave the series out",
      },
    );
  }
  const at = (row: number) => (positions === undefined ? row : positions[row]) - startOf(positions, first);
  const end = rows.rows.length - 1;
  const steps = at(end) + 1;
  const values = new Float64Array(steps * names.length).fill(Number.NaN);
  const known = new Uint8Array(values.length);
  for (let row = first; row <= end; row++) {
    for (const [column, cells] of read.entries()) {
      if (Number.isNaN(cells[row])) continue;
      values[at(row) * names.length + column] = cells[row];
      known[at(row) * names.length + column] = 1;
    }
  }
  const length = at(last) + 1;
  const absent = length - (last - first + 1);
  let empty = 0;
  for (let row = first; row <= last; row++) for (const cells of read) if (Number.isNaN(cells[row])) empty++;
  if (gaps === "refuse" && absent + empty > 0) throw refuseGaps(rows, read, positions, { first, last });
  missing.steps += absent;
  missing.cells += empty;
  for (let column = 0; column < names.length; column++) {
    interpolate(values, names.length, column, column < needed ? length : steps);
  }
  return { name: rows.name, start: startOf(positions, first), length, values, known };
}

const startOf = (positions: readonly number[] | undefined, first: number): number =>
  positions === undefined ? first : positions[first];

/** NaN for empty cells. @throws FormatError naming the line of what is no number, or too large */
function readCells({ table, rows }: Rows, name: string): Float64Array {
  const column = requireColumn(table, name);
  const filled = rows.filter((row) => table.rows[row][column].trim() !== "");
  const own = {
    ...table,
    rows: filled.map((row) => table.rows[row]),
    lines: Int32Array.from(filled, (row) => table.lines[row]),
  };
  const numbers = numericColumn(own, column);
  const cells = new Float64Array(rows.length).fill(Number.NaN);
  const placeOf = new Map(filled.map((row, index) => [row, index]));
  for (const [index, row] of rows.entries()) {
    const place = placeOf.get(row);
    if (place === undefined) continue;
    if (Math.abs(numbers[place]) > LARGEST) {
      throw new FormatError(`${placeOfRow(table, row)}, column ${quote(name)}`, "the number is too large", {
        hint: "give numbers between -1e100 and 1e100, in a larger unit",
      });
    }
    cells[index] = numbers[place];
  }
  return cells;
}

function refuseGaps(
  { rows, place, table, texts }: Rows,
  read: readonly Float64Array[],
  positions: readonly number[] | undefined,
  { first, last }: { readonly first: number; readonly last: number },
): InputError {
  const hint = "fill it in, or choose --gaps interpolate or --gaps skip";
  for (let row = first; row <= last; row++) {
    if (read.some((cells) => Number.isNaN(cells[row]))) {
      return new InputError(`${place(row)}: a cell is empty`, { hint });
    }
    if (positions !== undefined && row > first && positions[row] > positions[row - 1] + 1) {
      const count = positions[row] - positions[row - 1] - 1;
      return new InputError(`${place(row)}: ${count} steps before ${quote(texts[row])} are missing`, {
        hint,
      });
    }
  }
  return new InputError(`${table.name}: some of ${rows.length} rows are missing`, { hint });
}

/** Fill a column in with straight lines between what is there, and with the nearest value at the ends. */
function interpolate(values: Float64Array, width: number, column: number, length: number): void {
  let before = -1;
  for (let step = 0; step <= length; step++) {
    const value = step < length ? values[step * width + column] : Number.NaN;
    if (step < length && Number.isNaN(value)) continue;
    const left = before < 0 ? value : values[before * width + column];
    const right = step === length ? left : value;
    for (let gap = before + 1; gap < step; gap++) {
      const share = before < 0 || step === length ? 0 : (gap - before) / (step - before);
      values[gap * width + column] = left + share * (right - left);
    }
    before = step;
  }
}
