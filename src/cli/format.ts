/** Formats texts and tables for the terminal. */

import type { ProfileReport } from "../autograd/profile.ts";
import { escapeControl } from "../core/errors.ts";
import { count } from "../render/numbers.ts";
import { breakAnywhere, fitTo, widthOf, wrapWords } from "../render/text-width.ts";

export { shellWord } from "../core/shell-word.ts";
export { clock, comparison, count, nats, percent, speed } from "../render/numbers.ts";
export { fitTo, widthOf, wrapWords } from "../render/text-width.ts";

/** Wrap a text to a number of columns. Tabs become two spaces; other control characters are escaped. */
export function wrapText(text: string, columns: number): string[] {
  return showControl(text)
    .split("\n")
    .flatMap((line) => breakAnywhere(line, columns));
}

/** Fewest columns that a text is broken to, in a terminal that is narrower still. */
const LEAST = 24;

/** A text behind a head, in lines of so many columns where its words allow it, with its further lines below its first. */
export function hang(head: string, text: string, columns: number): string[] {
  const indent = widthOf(head);
  if (indent + widthOf(text) <= columns) return [`${head}${text}`];
  const [first = "", ...others] = wrapWords(text, Math.max(LEAST, columns - indent));
  return [`${head}${first}`, ...others.map((line) => `${" ".repeat(indent)}${line}`)];
}

/** Replace tabs by two spaces and escape all other control characters except line ends. */
export function showControl(text: string): string {
  const lines = text.replaceAll("\t", "  ").split("\n");
  return lines.map(escapeControl).join("\n");
}

export interface Column {
  readonly head: string;
  readonly cells: readonly string[];
  /** Alignment of the column; numbers are aligned right. Default: left. */
  readonly align?: "left" | "right";
  /** Columns with the lowest number are left out first where a table is too wide; those without a number stay. */
  readonly dropAt?: number;
}

const GAP = "  ";

/** Lines of a table without borders, none longer than `columns`; names in the first column are cut last. */
export function formatTable(all: readonly Column[], columns = Number.POSITIVE_INFINITY): string[] {
  let kept = all;
  while (totalWidth(kept) > columns) {
    const [next] = kept
      .filter(({ dropAt }) => dropAt !== undefined)
      .toSorted((a, b) => a.dropAt! - b.dropAt!);
    if (next === undefined) break;
    kept = kept.filter((column) => column !== next);
  }
  const spare = Math.max(0, totalWidth(kept) - columns);
  const widths = kept.map((column, index) => {
    const width = widthOfColumn(column);
    return index === 0 && column.align !== "right" ? Math.max(3, width - spare) : width;
  });
  const rows = [
    kept.map(({ head }) => head),
    ...all[0].cells.map((_, row) => kept.map(({ cells }) => cells[row])),
  ];
  return rows.map((row) => {
    const cells = row.map((cell, index) => pad(fitTo(cell, widths[index]), widths[index], kept[index].align));
    return fitTo(cells.join(GAP).trimEnd(), columns);
  });
}

function totalWidth(columns: readonly Column[]): number {
  return columns.reduce((total, column) => total + widthOfColumn(column), GAP.length * (columns.length - 1));
}

function widthOfColumn({ head, cells }: Column): number {
  return Math.max(widthOf(head), ...cells.map(widthOf));
}

function pad(text: string, width: number, align: Column["align"]): string {
  const spaces = " ".repeat(Math.max(0, width - widthOf(text)));
  return align === "right" ? `${spaces}${text}` : `${text}${spaces}`;
}

/** Operations that take less than this share of a step are combined in one line. */
const SMALL = 0.005;

/** Where the time of a training step went, for people: lines, those of the table no longer than `columns`. */
export function formatProfile({ steps, ms, rows }: ProfileReport, columns: number): string[] {
  const shown = rows.filter(({ share }) => share >= SMALL);
  const small = rows.filter(({ share }) => share < SMALL);
  const sum = (of: (row: (typeof rows)[number]) => number) =>
    small.reduce((total, row) => total + of(row), 0);
  if (small.length > 0) {
    const others = { phase: `${small.length} smaller`, op: "", kernel: "" };
    shown.push({
      ...others,
      calls: sum((row) => row.calls),
      ms: sum((row) => row.ms),
      share: sum((row) => row.share),
    });
  }
  const head = `a step takes ${ms.toFixed(2)} ms (mean of ${count(steps)} on the first replica)`;
  const right = { align: "right" } as const;
  return [
    head,
    ...formatTable(
      [
        { head: "share", cells: shown.map(({ share }) => `${(100 * share).toFixed(1)}%`), ...right },
        { head: "ms", cells: shown.map((row) => row.ms.toFixed(3)), ...right, dropAt: 2 },
        {
          head: "calls",
          cells: shown.map(({ calls }) => (calls === 0 ? "" : calls.toFixed(1).replace(/\.0$/, ""))),
          ...right,
          dropAt: 0,
        },
        { head: "phase", cells: shown.map(({ phase }) => phase) },
        { head: "op", cells: shown.map(({ op }) => op), dropAt: 1 },
        { head: "kernel", cells: shown.map(({ kernel }) => kernel) },
      ],
      columns,
    ),
  ];
}
