/** A series and its forecast for terminals. */
import { axis, positionOn } from "./chart.ts";
import { inReach, type SeriesPanel, type SeriesValues } from "./svg-series.ts";
import {
  ASCII,
  type Canvas,
  curveMarks,
  LEAST_COLUMNS,
  rowLabels,
  rowOf,
  UNICODE,
} from "./terminal-chart.ts";
import { fitTo } from "./text-width.ts";

export interface TerminalSeriesOptions {
  /** The columns of the terminal. No line is wider. */
  readonly columns: number;
  /** The number of lines of the plot. Default 12. */
  readonly rows?: number;
  /** Whether the terminal shows Unicode's braille patterns and box drawing; otherwise the chart is in ASCII. */
  readonly unicode: boolean;
}

const MARKS = {
  unicode: { forecast: "●", naive: "·", truth: "⠒⠒" },
  ascii: { forecast: "o", naive: "'", truth: ".." },
};

/** Draws a panel. Returns its lines; none if there are too few columns or no numbers. */
export function terminalSeries(panel: SeriesPanel, options: TerminalSeriesOptions): string[] {
  const { columns, rows = 12, unicode } = options;
  const { title, steps } = panel;
  const [truth, forecast, naive] = [panel.truth, panel.forecast, panel.naive].map((values) =>
    values.map((value) => (value === null || !Number.isFinite(value) ? null : inReach(value))),
  );
  const values = [...truth, ...forecast, ...naive].filter((value) => value !== null);
  if (columns < LEAST_COLUMNS || values.length === 0) return [];
  const [least, most] = [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
  const room = 0.04 * (most - least || Math.abs(most) || 1);
  const y = axis(least - room, most + room, Math.max(2, Math.floor(rows / 3)));
  const labels = rowLabels(y, rows);
  const margin = Math.max(...labels.map((label) => label.length));
  const width = columns - margin - 2;
  const x = axis(0, Math.max(1, steps.length - 1), 2);
  const glyphs = unicode ? UNICODE : ASCII;
  const marks = unicode ? MARKS.unicode : MARKS.ascii;
  const canvas: Canvas = { x, y, width, rows, unicode, glyphs };
  const cells = Array.from({ length: rows }, () => new Array<string>(width).fill(" "));
  place(cells, naive, marks.naive, canvas);
  const points = truth.flatMap((value, step) => (value === null ? [] : [{ step, value }]));
  for (const { row, column, mark } of curveMarks(points, canvas)) cells[row][column] = mark;
  place(cells, forecast, marks.forecast, canvas);
  const first = fitTo(steps[0] ?? "", Math.floor(width / 2) - 1, "");
  const last = fitTo(steps.at(-1) ?? "", Math.floor(width / 2) - 1, "");
  return [
    fitTo(title, columns, ""),
    ...cells.map((row, at) => `${labels[at].padStart(margin)} ${glyphs.vertical}${row.join("")}`.trimEnd()),
    `${" ".repeat(margin)} ${glyphs.corner}${glyphs.horizontal.repeat(width)}`,
    `${" ".repeat(margin)}  ${first.padEnd(width - last.length)}${last}`,
    fitTo(legend(panel, marks), columns, ""),
  ];
}

/** The curves that there are, by their names. */
function legend(panel: SeriesPanel, marks: (typeof MARKS)["ascii"]): string {
  return (["truth", "forecast", "naive"] as const)
    .filter((name) => name === "forecast" || panel[name].length > 0)
    .map((name) => `${marks[name]} ${panel.names?.[name] ?? name}`)
    .join("   ");
}

function place(cells: string[][], values: SeriesValues, mark: string, canvas: Canvas): void {
  const { x, y, width, rows } = canvas;
  for (const [step, value] of values.entries()) {
    if (value === null) continue;
    cells[rowOf(y, value, rows)][Math.min(width - 1, Math.floor(positionOn(x, step) * width))] = mark;
  }
}
