import { LETTERS, type TraceStep } from "../demos/hello/model.ts";
import { paint } from "./paint.ts";

/** Widths in columns: of one step, of the labels before the first step, and of the gap between two steps. */
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
export function traceLines(steps: readonly TraceStep[], columns: number): string[] {
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
