/** A confusion matrix in the cells of a terminal. */
import stringWidth from "string-width";
import { escapeControl } from "../core/errors.ts";
import {
  type ConfusionCell,
  type ConfusionMatrix,
  confusionRows,
  foldClasses,
  percentText,
  rowTotals,
} from "./confusion-matrix.ts";

export interface TerminalConfusionOptions {
  /** Of the terminal; a line is never longer. */
  readonly columns: number;
  /** What each cell shows: per cent of its row, or the number of items. Default `percent`. */
  readonly show?: "percent" | "counts";
  /** Whether the terminal shows characters beyond ASCII in these drawings. Labels stay as they are. */
  readonly unicode: boolean;
  /** Colours a cell, by its share for example. Default: as it is. */
  readonly paint?: (cell: ConfusionCell, text: string) => string;
}

/** Below this not even two classes have room. */
export const LEAST_CONFUSION_COLUMNS = 32;

/** A name shorter than this tells less than its abbreviation alone. */
const LEAST_NAME = 6;

interface Layout {
  readonly matrix: ConfusionMatrix;
  readonly rows: readonly (readonly ConfusionCell[])[];
  readonly texts: readonly (readonly string[])[];
  /** Columns of a cell, a space before it included. */
  readonly cell: number;
  /** Columns of the number of items at the end of a row, without the space before it. */
  readonly total: number;
  /** Columns of the name of a row; 0: there is no room for names. */
  readonly name: number;
}

/**
 * Lines without a line break: a row for each label with what was predicted for its items, and how many these are. Where
 * there are more classes than columns, the rarest are joined. None where there are too few columns.
 */
export function terminalConfusion(matrix: ConfusionMatrix, options: TerminalConfusionOptions): string[] {
  const { columns, show = "percent", unicode, paint = (_, text) => text } = options;
  if (columns < LEAST_CONFUSION_COLUMNS || matrix.labels.length < 2) return [];
  const layout = layOut(matrix, columns, show, unicode ? "·" : ".");
  const labels = layout.matrix.labels.map(escapeControl);
  const { cell, name, total, rows, texts } = layout;
  const isFolded = layout.matrix.labels.length < matrix.labels.length;
  const own = isFolded ? labels.slice(0, -1) : labels;
  const short = abbreviate([...withoutCommonStart(own), ...labels.slice(own.length)], cell - 1);
  const margin = name === 0 ? cell : name + 1 + cell;
  const totals = rowTotals(rows).map((count) => countText(count).padStart(total));
  const lines = rows.map((row, label) => {
    const head = name === 0 ? "" : `${padEnd(cutTo(labels[label], name, unicode), name)} `;
    const cells = row.map((one, at) => paint(one, texts[label][at].padStart(cell)));
    return `${head}${padEnd(short[label], cell)}${cells.join("")} ${totals[label]}`;
  });
  const heads = short.map((text) => " ".repeat(cell - stringWidth(text)) + text).join("");
  const what = show === "percent" ? "predicted, per cent of a row" : "predicted, number of items";
  return [
    `${" ".repeat(margin + 1)}${cutTo(what, Math.max(0, columns - margin - 1), unicode)}`,
    `${" ".repeat(margin)}${heads} ${"items".padStart(total)}`,
    ...lines,
    ...(name === 0 ? legend(labels, short, columns, unicode) : []),
  ];
}

/** As many classes as there are columns for, and names as wide as possible. */
function layOut(matrix: ConfusionMatrix, columns: number, show: "percent" | "counts", zero: string): Layout {
  for (let most = matrix.labels.length; ; most--) {
    const folded = foldClasses(matrix, most);
    const rows = confusionRows(folded);
    const texts = rows.map((row) =>
      row.map(({ count, share }) => {
        if (count === 0) return zero;
        return show === "percent" ? percentText(share) : countText(count);
      }),
    );
    const widest = Math.max(2, ...texts.flat().map((text) => text.length)) + 1;
    const total = Math.max(5, ...rowTotals(rows).map((count) => countText(count).length));
    const longest = Math.max(...folded.labels.map((label) => stringWidth(escapeControl(label))));
    // Abbreviation, cells and total, with a space behind each and behind a name.
    const freeWith = (cell: number) => columns - cell - most * cell - 1 - total - 1;
    // In a row with 100 per cent all others are 0, so that its three digits touch a dot at most.
    const isTight = show === "percent" && freeWith(widest) < longest;
    const cell = isTight ? 3 : widest;
    const free = freeWith(cell);
    if (free < -1 && most > 2) continue;
    const name = Math.min(longest, free);
    return {
      matrix: folded,
      rows,
      texts,
      cell,
      total,
      name: name < Math.min(LEAST_NAME, longest) ? 0 : name,
    };
  }
}

/** Weighted counts may be no whole numbers. */
function countText(count: number): string {
  const text = Number.isInteger(count) ? String(count) : count.toFixed(1);
  return text.length <= 6 ? text : count.toExponential(0).replace("+", "");
}

/**
 * Different abbreviations: the beginning of a name, or where another has that too its first letters and a later one, or
 * a number.
 * @param width columns that an abbreviation may take, at least 2
 */
export function abbreviate(labels: readonly string[], width: number): string[] {
  const taken = new Set<string>();
  return labels.map((label) => {
    const letters = Array.from(label).filter((letter) => letter !== " ");
    const start = beginning(letters, width);
    const stem = beginning(letters, width - 1);
    const later = letters.slice(Array.from(stem).length).map((letter) => stem + letter);
    const numbered = Array.from({ length: labels.length + 1 }, (_, at) => {
      const number = String(at + 2);
      return beginning(letters, width - number.length) + number;
    });
    const fits = (text: string) => text !== "" && stringWidth(text) <= width && !taken.has(text);
    const found = [start, ...later, ...numbered].find(fits) ?? start;
    taken.add(found);
    return found;
  });
}

/** `class 10` and `class 11` become `10` and `11`, if all names begin alike. */
function withoutCommonStart(labels: readonly string[]): readonly string[] {
  const [first] = labels;
  let length = 0;
  while (length < first.length && labels.every((label) => label.startsWith(first.slice(0, length + 1))))
    length++;
  // The words and numbers that differ stay whole.
  const start = first.slice(0, length).replace(/[\p{L}\p{N}]*$/u, "");
  return labels.map((label) => label.slice(start.length) || label);
}

/** As many letters as fit. */
function beginning(letters: readonly string[], width: number): string {
  let text = "";
  for (const letter of letters) {
    if (stringWidth(text + letter) > width) break;
    text += letter;
  }
  return text;
}

function cutTo(text: string, width: number, unicode: boolean): string {
  if (stringWidth(text) <= width) return text;
  return beginning(Array.from(text), Math.max(0, width - 1)) + (unicode ? "…" : "~");
}

function padEnd(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - stringWidth(text)));
}

/** What the abbreviations stand for, in as many lines as it takes. */
function legend(
  labels: readonly string[],
  short: readonly string[],
  columns: number,
  unicode: boolean,
): string[] {
  const lines: string[] = [];
  for (const [at, label] of labels.entries()) {
    const entry = cutTo(`${short[at]} ${label}`, columns, unicode);
    const line = lines.at(-1);
    if (line !== undefined && stringWidth(line) + 3 + stringWidth(entry) <= columns) {
      lines[lines.length - 1] = `${line}   ${entry}`;
    } else lines.push(entry);
  }
  return lines;
}
