/** The numbers of the network of `demo hello` as lines. */
import { type HelloWeights, HIDDEN, LETTERS, type TraceStep } from "../demos/hello/model.ts";
import { paint } from "./terminal.ts";

/** Widths in columns: of one step, of the labels before the first step or before a matrix, and of the gap between two steps. */
const STEP = 17;
const LABEL = 4;
const GAP = 2;

/** Number of columns that represent a probability of 1. */
const BAR = 5;

/** One row of a block: its label and what stands in it for a step, `paint`ed after it has its width. */
interface Row {
  readonly label: string;
  cell(step: TraceStep, index: number): string;
  look?(text: string, step: TraceStep): string;
}

/** The numbers of a network at each step, side by side as far as the columns reach: x, h, y and softmax(y). */
export function formatTrace(steps: readonly TraceStep[], columns: number): string[] {
  const fit = Math.floor((columns - LABEL + GAP) / (STEP + GAP));
  // Two rows of two steps are easier to compare than a row of three and a row of one.
  const together = [4, 2].find((count) => count <= fit) ?? 1;
  const lines: string[] = [];
  for (let from = 0; from < steps.length; from += together) {
    if (from > 0) lines.push("");
    const block = steps.slice(from, from + together);
    for (const { label, cell, look } of ROWS) {
      const cells = block.map((step, index) => {
        const text = cell(step, from + index).padEnd(STEP);
        return look === undefined ? text : look(text, step);
      });
      lines.push(`${label.padEnd(LABEL)}${cells.join(" ".repeat(GAP))}`.trimEnd());
    }
  }
  return lines;
}

const ROWS: readonly Row[] = [
  { label: "", cell: ({ reads }, index) => `step ${index + 1} reads ${reads}`, look: inBold },
  { label: "x", cell: ({ x }) => x.join(" ") },
  { label: "h", cell: ({ h }) => h.map((value) => signed(value)).join(" ") },
  { label: "", cell: () => "    y softmax" },
  ...LETTERS.map((letter, id) => ({
    label: `  ${letter}`,
    cell: ({ y, p, target }: TraceStep) =>
      `${signed(y[id])} ${percent(p[id])} ${bar(p[id])}${letter === target ? "<" : ""}`,
    look: (text: string, { target, says }: TraceStep) =>
      letter === target ? judged(text, says === target) : text,
  })),
  {
    label: "",
    cell: ({ says, target }) => (says === target ? `says ${says}` : `says ${says}, not ${target}`),
    look: (text, { says, target }) => judged(text, says === target),
  },
];

function inBold(text: string): string {
  return paint("bold", text, process.stdout);
}

function judged(text: string, isRight: boolean): string {
  return paint(isRight ? "green" : "red", text, process.stdout);
}

/** Five columns: `+0.42`, `-12.3`. */
export function signed(value: number): string {
  const text = value.toFixed(Math.abs(value) < 9.995 ? 2 : 1);
  return (value < 0 ? text : `+${text}`).padStart(5);
}

function percent(p: number): string {
  return `${Math.round(100 * p)}%`.padStart(4);
}

function bar(p: number): string {
  return "#".repeat(Math.round(BAR * p)).padEnd(BAR);
}

/** Columns of one number of a matrix with the space before it, and between two matrices. */
const NUMBER = 6;
const MATRIX_GAP = 3;

interface Matrix {
  readonly name: string;
  /** Names of the rows (outputs) and of the columns (inputs). */
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  readonly values: readonly (readonly number[])[];
}

/** The three matrices of the network with row and column names, side by side if the terminal is wide enough. */
export function formatWeights({ W_xh, W_hh, W_hy }: HelloWeights, columns: number): string[] {
  const units = Array.from({ length: HIDDEN }, (_, unit) => `h${unit + 1}`);
  const before = units.map((unit) => `${unit}'`);
  const matrices: Matrix[] = [
    { name: "W_xh", rows: units, columns: LETTERS, values: W_xh },
    { name: "W_hh", rows: units, columns: before, values: W_hh },
    { name: "W_hy", rows: LETTERS, columns: units, values: W_hy },
  ];
  const widths = matrices.map(({ columns: names }) => LABEL + NUMBER * names.length);
  const blocks = matrices.map(formatMatrix);
  const total = widths.reduce((sum, width) => sum + width, MATRIX_GAP * (matrices.length - 1));
  if (total > columns)
    return blocks.flatMap((lines, at) => (at === 0 ? lines : ["", ...lines])).map(highlightNames);
  const height = Math.max(...blocks.map((lines) => lines.length));
  return Array.from({ length: height }, (_, row) =>
    blocks
      .map((lines, at) => (lines[row] ?? "").padEnd(widths[at]))
      .join(" ".repeat(MATRIX_GAP))
      .trimEnd(),
  ).map(highlightNames);
}

/** The first line names the columns. */
function formatMatrix({ name, rows, columns, values }: Matrix): string[] {
  const head = columns.map((column) => column.padStart(NUMBER)).join("");
  const body = rows.map((row, at) => {
    const numbers = values[at].map((value) => signed(value).padStart(NUMBER)).join("");
    return `${row.padStart(LABEL)}${numbers}`;
  });
  return [`${name.padEnd(LABEL)}${head}`, ...body];
}

/** Lines with the names of matrices and columns stand out. */
function highlightNames(line: string): string {
  return line.startsWith("W_") ? inBold(line) : line;
}
