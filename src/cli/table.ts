/** Formats tables, no wider than the terminal. */
import { fitTo, widthOf } from "./format.ts";

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
export function table(all: readonly Column[], columns = Number.POSITIVE_INFINITY): string[] {
  let shown = all;
  while (totalWidth(shown) > columns) {
    const [next] = shown
      .filter(({ dropAt }) => dropAt !== undefined)
      .toSorted((a, b) => a.dropAt! - b.dropAt!);
    if (next === undefined) break;
    shown = shown.filter((column) => column !== next);
  }
  const spare = Math.max(0, totalWidth(shown) - columns);
  const widths = shown.map((column, index) => {
    const width = widthOfColumn(column);
    return index === 0 && column.align !== "right" ? Math.max(3, width - spare) : width;
  });
  const rows = [
    shown.map(({ head }) => head),
    ...all[0].cells.map((_, row) => shown.map(({ cells }) => cells[row])),
  ];
  return rows.map((row) => {
    const cells = row.map((cell, index) =>
      pad(fitTo(cell, widths[index]), widths[index], shown[index].align),
    );
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
