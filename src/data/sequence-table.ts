import { FormatError } from "../core/index.ts";
import {
  checkValue,
  listOfAny,
  oneOf,
  optional,
  type Range,
  type Ranges,
  settle,
  TEXT,
} from "../core/options.ts";
import {
  checkTable,
  listNames,
  numericColumn,
  placeOfRow,
  quote,
  type Table,
  textColumn,
} from "../io/table-columns.ts";
import { frameItems, type Items } from "./items.ts";

/** What has the labels: whole sequences, or each step. */
export type LabelsOf = "sequence" | "step";

export interface SequenceTableOptions {
  /** Whether the column of labels has one label per sequence, or one per step, where an empty cell is no label. */
  labels: LabelsOf;
  /** The column that says which rows belong together; default "sequence". A table may be without it. */
  sequenceColumn?: string;
  /** The column of the labels; default "label". A table to predict from may be without it. */
  labelColumn?: string;
  /** The column of the groups, such as persons; default "group". A table may be without it. */
  groupColumn?: string;
  /** The features that a model knows, in its order. Default: every other column of the table. */
  features?: readonly string[];
}

/** Sequences of numbers with labels, from a table or from arrays. */
export interface LabelledSequences {
  /** The names of the numbers of a step. */
  readonly features: readonly string[];
  /** The numbers of each sequence, `[length, features]`. */
  readonly items: Items<Float32Array>;
  /** The name of each sequence. */
  readonly names: readonly string[];
  /**
   * One label per sequence, or one per step of all sequences in turn, as `labels` says; an empty one is a step without
   * a label. Undefined if there are none.
   */
  readonly labels: readonly string[] | undefined;
  /** The group of each sequence. Undefined if there are none. */
  readonly groups: readonly string[] | undefined;
  /** Where sequence `index` is in its file, for errors, such as `data.csv:12`. */
  placeOf(index: number): string;
}

const NAMES: Range = listOfAny(TEXT, "a list of names of columns");

const RANGES: Ranges<SequenceTableOptions> = {
  labels: oneOf("sequence", "step"),
  sequenceColumn: TEXT,
  labelColumn: TEXT,
  groupColumn: TEXT,
  features: optional(NAMES),
};

type Settings = Required<Omit<SequenceTableOptions, "features">> & Pick<SequenceTableOptions, "features">;

const DEFAULTS = { sequenceColumn: "sequence", labelColumn: "label", groupColumn: "group" };

/**
 * Read sequences from a table in long form, one row per step: a column says which sequence the row belongs to, and the
 * rows of a sequence stand together in order of time. Without that column each row is a sequence of one step. A column
 * of labels and one of groups are read if they are there; every other column is a feature.
 * @throws FormatError naming line and column, for a cell that is no finite number, a sequence whose rows stand apart or
 * differ in label or group, a label that is missing, and columns that are not those of the model
 */
export function sequencesFromTable(table: Table, options: SequenceTableOptions): LabelledSequences {
  checkTable("sequencesFromTable: table", table);
  checkValue("sequencesFromTable: table", HAS_ROWS, table);
  const settings = settle<Settings>("sequencesFromTable", RANGES, DEFAULTS, options);
  const features = featureColumns(table, settings);
  const { names, starts } = findSequences(table, settings.sequenceColumn);
  const items = frameItems(framesOf(table, features, starts), features.length);
  const column = (name: string) => (table.columns.includes(name) ? textColumn(table, name) : undefined);
  const labels = column(settings.labelColumn);
  const groups = column(settings.groupColumn);
  return {
    features,
    items,
    names,
    labels:
      settings.labels === "step"
        ? labels
        : labels && onePerSequence(table, starts, labels, settings.labelColumn),
    groups: groups && onePerSequence(table, starts, groups, settings.groupColumn),
    placeOf: (index) => placeOfRow(table, starts[index]),
  };
}

const HAS_ROWS: Range = { text: "a table with rows", fits: (value) => (value as Table).rows.length > 0 };

function featureColumns(table: Table, settings: Settings): readonly string[] {
  const { sequenceColumn, labelColumn, groupColumn, features } = settings;
  const own = table.columns.filter((name) => ![sequenceColumn, labelColumn, groupColumn].includes(name));
  if (features === undefined) {
    if (own.length > 0) return own;
    throw new FormatError(table.name, `no column of numbers beside ${listNames(table.columns)}`, {
      hint: "give at least one column of numbers",
    });
  }
  const missing = features.filter((name) => !own.includes(name));
  const extra = own.filter((name) => !features.includes(name));
  if (missing.length === 0 && extra.length === 0) return features;
  const parts = [
    ...(missing.length > 0 ? [`${listNames(missing)} missing`] : []),
    ...(extra.length > 0 ? [`${listNames(extra)} unknown`] : []),
  ];
  throw new FormatError(table.name, `the columns are not those of the model: ${parts.join(", ")}`, {
    hint: `give the columns ${listNames(features)}`,
  });
}

/** The name and the first row of each sequence. */
function findSequences(table: Table, column: string): { names: string[]; starts: Int32Array } {
  const rows = table.rows.length;
  if (!table.columns.includes(column)) {
    return {
      names: Array.from({ length: rows }, (_, row) => `${table.lines[row]}`),
      starts: Int32Array.from({ length: rows }, (_, row) => row),
    };
  }
  const ids = textColumn(table, column);
  const starts: number[] = [];
  const startOf = new Map<string, number>();
  for (const [row, id] of ids.entries()) {
    if (row > 0 && id === ids[row - 1]) continue;
    if (id === "") {
      throw new FormatError(`${placeOfRow(table, row)}, column ${quote(column)}`, "the cell is empty", {
        hint: "name the sequence of each row",
      });
    }
    const before = startOf.get(id);
    if (before !== undefined) {
      const first = table.lines[before];
      throw new FormatError(
        placeOfRow(table, row),
        `the rows of sequence ${quote(id)} do not stand together: it began at line ${first}`,
        { hint: "sort the rows by sequence and time, or give each sequence a name of its own" },
      );
    }
    startOf.set(id, row);
    starts.push(row);
  }
  return { names: starts.map((row) => ids[row]), starts: Int32Array.from(starts) };
}

/** The numbers of one sequence after the other. */
function* framesOf(table: Table, features: readonly string[], starts: Int32Array): Generator<Float32Array> {
  const columns = features.map((name) => checkedColumn(table, name));
  const width = features.length;
  for (let index = 0; index < starts.length; index++) {
    const from = starts[index];
    const to = index + 1 < starts.length ? starts[index + 1] : table.rows.length;
    const frames = new Float32Array((to - from) * width);
    for (let row = from; row < to; row++) {
      for (let k = 0; k < width; k++) frames[(row - from) * width + k] = columns[k][row];
    }
    yield frames;
  }
}

/** Numbers that are finite in 32 bits too. */
function checkedColumn(table: Table, name: string): Float64Array {
  const numbers = numericColumn(table, name);
  const row = numbers.findIndex((number) => !Number.isFinite(Math.fround(number)));
  if (row < 0) return numbers;
  throw new FormatError(
    `${placeOfRow(table, row)}, column ${quote(name)}`,
    `${numbers[row]} is too large for 32 bits`,
    { hint: "scale the column, or give its logarithm" },
  );
}

/** The value of each sequence in a column in which all its rows must have the same. */
function onePerSequence(
  table: Table,
  starts: Int32Array,
  cells: readonly string[],
  column: string,
): string[] {
  const values: string[] = [];
  for (let index = 0; index < starts.length; index++) {
    const from = starts[index];
    const to = index + 1 < starts.length ? starts[index + 1] : cells.length;
    const value = cells[from];
    if (value === "") {
      throw new FormatError(`${placeOfRow(table, from)}, column ${quote(column)}`, "the cell is empty", {
        hint: "fill it in for each sequence, or leave the whole column out",
      });
    }
    for (let row = from + 1; row < to; row++) {
      if (cells[row] === value) continue;
      throw new FormatError(
        `${placeOfRow(table, row)}, column ${quote(column)}`,
        `${quote(cells[row])}, but the sequence began with ${quote(value)}`,
        { hint: "give all rows of a sequence the same; a label for each step is for the task tag" },
      );
    }
    values.push(value);
  }
  return values;
}
