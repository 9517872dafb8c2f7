/** An attention matrix in the cells of a terminal. */
import { escapeControl } from "../core/errors.ts";
import { type Alignment, rowsOf, strongestOf, visible } from "./alignment.ts";
import { abbreviate } from "./terminal-confusion.ts";
import { fitTo, widthOf } from "./text-width.ts";

export interface TerminalAlignmentOptions {
  /** Of the terminal; a line is never longer. */
  readonly columns: number;
  /** Whether the terminal shows characters beyond ASCII in drawings. Symbols stay as they are. */
  readonly unicode: boolean;
}

/** From no weight to all. */
const SHADES = { unicode: ["·", "░", "▒", "▓", "█"], ascii: [".", ":", "+", "*", "#"] } as const;

const MOST_ROWS = 60;
const LONGEST = 14;
/** Columns of a cell, a space before it included. */
const CELL = { most: 6, least: 2 };

/**
 * Lines without a line break: a row for each symbol that was written, with the weight of each that was read and, at its
 * end, the one with the largest. What has no room is left out, and the last line says so. None where there are too few
 * columns.
 */
export function terminalAlignment(
  alignment: Alignment,
  { columns, unicode }: TerminalAlignmentOptions,
): string[] {
  const shownNames = (names: readonly string[]) =>
    names.map((name) => escapeControl(unicode ? visible(name) : name));
  const [source, rows] = [shownNames(alignment.source), shownNames(rowsOf(alignment))];
  const name = Math.min(LONGEST, Math.max(1, ...rows.map(widthOf)));
  const last = Math.min(LONGEST, Math.max(1, ...source.map(widthOf)));
  const free = columns - name - last - 3;
  if (free < CELL.least || source.length === 0) return [];
  const longest = Math.max(...source.map(widthOf));
  const cell = Math.max(
    CELL.least,
    Math.min(CELL.most, longest + 1, Math.floor(free / Math.min(source.length, free))),
  );
  const count = Math.min(source.length, Math.floor(free / cell));
  const heads = cell === CELL.least ? source.map((text) => firstOf(text)) : abbreviate(source, cell - 1);
  const shades = unicode ? SHADES.unicode : SHADES.ascii;
  const strongest = strongestOf(alignment);
  const mark = unicode ? "…" : "~";
  const lines = rows.slice(0, MOST_ROWS).map((text, row) => {
    const cells = Array.from({ length: count }, (_, at) => {
      const weight = alignment.weights[row][at];
      const shade = shades[Math.min(shades.length - 1, Math.floor(weight * shades.length))];
      return ` ${shade.repeat(cell - 1)}`;
    });
    return `${padEnd(fitTo(text, name, mark), name)}${cells.join("")}  ${fitTo(source[strongest[row]], last, mark)}`;
  });
  const head = `${" ".repeat(name)}${heads
    .slice(0, count)
    .map((text) => ` ${padEnd(text, cell - 1)}`)
    .join("")}`;
  const left = [
    ...(source.length > count ? [`${source.length - count} more were read`] : []),
    ...(rows.length > MOST_ROWS ? [`${rows.length - MOST_ROWS} more were written`] : []),
  ];
  return [head.trimEnd(), ...lines, ...(left.length > 0 ? [fitTo(left.join(", "), columns, mark)] : [])];
}

/** A character of one column. */
function firstOf(text: string): string {
  const [first = " "] = Array.from(text);
  return widthOf(first) === 1 ? first : "?";
}

const padEnd = (text: string, width: number): string => text + " ".repeat(Math.max(0, width - widthOf(text)));
