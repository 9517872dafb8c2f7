import { type HelloWeights, HIDDEN, LETTERS } from "../demos/hello/model.ts";
import { signed } from "./hello-trace.ts";
import { paint } from "./paint.ts";

/** Columns of the names before each matrix, of one number with the space before it, and between two matrices. */
const LABEL = 4;
const NUMBER = 6;
const GAP = 3;

interface Matrix {
  readonly name: string;
  /** Names of the rows (outputs) and of the columns (inputs). */
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  readonly values: readonly (readonly number[])[];
}

/** The three matrices of the network with row and column names, side by side if the terminal is wide enough. */
export function weightLines({ W_xh, W_hh, W_hy }: HelloWeights, columns: number): string[] {
  const units = Array.from({ length: HIDDEN }, (_, unit) => `h${unit + 1}`);
  const before = units.map((unit) => `${unit}'`);
  const matrices: Matrix[] = [
    { name: "W_xh", rows: units, columns: LETTERS, values: W_xh },
    { name: "W_hh", rows: units, columns: before, values: W_hh },
    { name: "W_hy", rows: LETTERS, columns: units, values: W_hy },
  ];
  const widths = matrices.map(({ columns: names }) => LABEL + NUMBER * names.length);
  const blocks = matrices.map(matrixLines);
  const total = widths.reduce((sum, width) => sum + width, GAP * (matrices.length - 1));
  if (total > columns) return blocks.flatMap((lines, at) => (at === 0 ? lines : ["", ...lines])).map(inBold);
  const height = Math.max(...blocks.map((lines) => lines.length));
  return Array.from({ length: height }, (_, row) =>
    blocks
      .map((lines, at) => (lines[row] ?? "").padEnd(widths[at]))
      .join(" ".repeat(GAP))
      .trimEnd(),
  ).map(inBold);
}

/** The first line names the columns. */
function matrixLines({ name, rows, columns, values }: Matrix): string[] {
  const head = columns.map((column) => column.padStart(NUMBER)).join("");
  const body = rows.map((row, at) => {
    const numbers = values[at].map((value) => signed(value).padStart(NUMBER)).join("");
    return `${row.padStart(LABEL)}${numbers}`;
  });
  return [`${name.padEnd(LABEL)}${head}`, ...body];
}

/** Lines with the names of matrices and columns stand out. */
function inBold(line: string): string {
  return line.startsWith("W_") ? paint("bold", line, process.stdout) : line;
}
