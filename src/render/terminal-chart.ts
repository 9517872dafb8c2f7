/** A chart of losses for terminals. */
import {
  type Axis,
  type ChartPoint,
  type LossChart,
  lossAxis,
  positionOn,
  stepAxis,
  tickText,
  visibleBaselines,
} from "./chart.ts";
import { fitTo, widthOf } from "./text-width.ts";

export type SeriesName = "training" | "validation" | "baseline";

export interface TerminalChartOptions {
  /** The columns of the terminal. No line is wider. */
  readonly columns: number;
  /** The number of lines of the plot, without its axis and its legend. Default 10. */
  readonly rows?: number;
  /** Whether the terminal shows Unicode's braille patterns and box drawing; otherwise the chart is in ASCII. */
  readonly unicode: boolean;
  /** Colours neighbouring marks of one series. Default: no colours. */
  readonly paint?: (series: SeriesName, marks: string) => string;
}

/** Narrower charts would show nothing. */
export const LEAST_COLUMNS = 32;

export interface Glyphs {
  readonly validation: string;
  readonly baseline: string;
  /** The training curve in the legend. */
  readonly training: string;
  readonly vertical: string;
  readonly corner: string;
  readonly horizontal: string;
}

export const UNICODE: Glyphs = {
  validation: "●",
  baseline: "┄",
  training: "⠒⠒",
  vertical: "│",
  corner: "└",
  horizontal: "─",
};
export const ASCII: Glyphs = {
  validation: "o",
  baseline: "-",
  training: "..",
  vertical: "|",
  corner: "+",
  horizontal: "-",
};

interface Cell {
  readonly mark: string;
  readonly series: SeriesName | undefined;
}

const EMPTY: Cell = { mark: " ", series: undefined };

/** Draws a chart. Returns its lines; none if there are too few columns. */
export function terminalChart(chart: LossChart, options: TerminalChartOptions): string[] {
  const { columns, rows = 10, unicode, paint = (_, marks) => marks } = options;
  if (columns < LEAST_COLUMNS) return [];
  const glyphs = unicode ? UNICODE : ASCII;
  const y = lossAxis(chart, Math.max(2, Math.floor(rows / 2)));
  const labels = rowLabels(y, rows);
  const margin = Math.max(...labels.map((label) => label.length));
  const width = columns - margin - 2;
  const x = stepAxis(chart, 2);
  const cells = drawCells(chart, { x, y, width, rows, unicode, glyphs });
  const edge = " ".repeat(margin);
  const plot = cells.map(
    (row, at) => `${labels[at].padStart(margin)} ${glyphs.vertical}${joinMarks(row, paint)}`,
  );
  const last = tickText(x.high);
  const caption = `0${"step".padStart(Math.floor(width / 2) + 1)}`;
  return [
    fitTo(`loss in ${chart.unit}`, columns, ""),
    ...plot,
    `${edge} ${glyphs.corner}${glyphs.horizontal.repeat(width)}`,
    `${edge}  ${caption.padEnd(width - last.length)}${last}`,
    ...legend({ ...chart, baselines: visibleBaselines(chart, y) }, glyphs, columns, paint),
  ];
}

/** The label of each row: the number of the tick in it, or nothing. */
export function rowLabels(y: Axis, rows: number): string[] {
  const labels = new Array<string>(rows).fill("");
  for (const tick of y.ticks) labels[rowOf(y, tick, rows)] = tickText(tick);
  return labels;
}

export function rowOf(y: Axis, value: number, rows: number): number {
  return Math.min(rows - 1, Math.max(0, Math.floor((1 - positionOn(y, value)) * rows)));
}

export interface Canvas {
  readonly x: Axis;
  readonly y: Axis;
  readonly width: number;
  readonly rows: number;
  readonly unicode: boolean;
  readonly glyphs: Glyphs;
}

/** Draws baselines first, then the training curve, then evaluations, which cover what is below them. */
function drawCells(chart: LossChart, canvas: Canvas): Cell[][] {
  const { x, y, width, rows, glyphs } = canvas;
  const cells = Array.from({ length: rows }, () => new Array<Cell>(width).fill(EMPTY));
  for (const { loss } of visibleBaselines(chart, y)) {
    cells[rowOf(y, loss, rows)].fill({ mark: glyphs.baseline, series: "baseline" });
  }
  for (const { row, column, mark } of curveMarks(chart.training, canvas))
    cells[row][column] = { mark, series: "training" };
  for (const { step, value } of chart.validation) {
    const column = Math.min(width - 1, Math.floor(positionOn(x, step) * width));
    cells[rowOf(y, value, rows)][column] = { mark: glyphs.validation, series: "validation" };
  }
  return cells;
}

export interface Mark {
  readonly row: number;
  readonly column: number;
  readonly mark: string;
}

/** A curve in the characters that the canvas may have. */
export function curveMarks(points: readonly ChartPoint[], canvas: Canvas): Mark[] {
  return canvas.unicode ? brailleCurve(points, canvas) : dotCurve(points, canvas);
}

/** The bits of the dots in a braille pattern, by row and column. */
const BRAILLE = 0x2800;
const DOTS = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
];

/** Draws a curve with two by four dots in a cell. */
function brailleCurve(points: readonly ChartPoint[], canvas: Canvas): Mark[] {
  const { width, rows } = canvas;
  const patterns = new Map<number, number>();
  for (const { column, from, to } of strokes(points, canvas, 2 * width, 4 * rows)) {
    for (let line = from; line <= to; line++) {
      const cell = (line >> 2) * width + (column >> 1);
      patterns.set(cell, (patterns.get(cell) ?? BRAILLE) | DOTS[line & 3][column & 1]);
    }
  }
  return [...patterns].map(([cell, code]) => ({
    row: Math.floor(cell / width),
    column: cell % width,
    mark: String.fromCodePoint(code),
  }));
}

function dotCurve(points: readonly ChartPoint[], canvas: Canvas): Mark[] {
  return strokes(points, canvas, canvas.width, canvas.rows).flatMap(({ column, from, to }) =>
    Array.from({ length: to - from + 1 }, (_, at) => ({ row: from + at, column, mark: "." })),
  );
}

interface Stroke {
  readonly column: number;
  /** The first and the last line, counted from the top. */
  readonly from: number;
  readonly to: number;
}

/** A curve through the means of the points in each column, as vertical strokes that are connected at their ends. */
function strokes(points: readonly ChartPoint[], { x, y }: Canvas, width: number, height: number): Stroke[] {
  const all: Stroke[] = [];
  const inside = (line: number) => Math.min(height - 1, Math.max(0, line));
  let before: number | undefined;
  for (const { column, value } of columnMeans(points, x, width)) {
    const line = Math.floor((1 - positionOn(y, value)) * height);
    const from = Math.min(line, before === undefined || before < line ? (before ?? line - 1) + 1 : line);
    const to = Math.max(line, before === undefined || before > line ? (before ?? line + 1) - 1 : line);
    before = line;
    if (to >= 0 && from < height) all.push({ column, from: inside(from), to: inside(to) });
  }
  return all;
}

/** The mean of the points in each column. Columns without points are interpolated. */
function columnMeans(
  points: readonly ChartPoint[],
  x: Axis,
  width: number,
): { readonly column: number; readonly value: number }[] {
  const sums = new Map<number, { sum: number; count: number }>();
  for (const { step, value } of points) {
    const column = Math.min(width - 1, Math.floor(positionOn(x, step) * width));
    const { sum, count } = sums.get(column) ?? { sum: 0, count: 0 };
    sums.set(column, { sum: sum + value, count: count + 1 });
  }
  const means = [...sums].map(([column, { sum, count }]) => ({ column, value: sum / count }));
  return means.flatMap((mean, at) => {
    const { column, value } = means[at - 1] ?? { ...mean, column: mean.column - 1 };
    const gap = mean.column - column;
    return Array.from({ length: gap }, (_, next) => ({
      column: column + next + 1,
      value: value + ((mean.value - value) * (next + 1)) / gap,
    }));
  });
}

function joinMarks(row: readonly Cell[], paint: NonNullable<TerminalChartOptions["paint"]>): string {
  let text = "";
  for (let at = 0; at < row.length; ) {
    const { series } = row[at];
    let end = at;
    while (end < row.length && row[end].series === series) end++;
    const marks = row
      .slice(at, end)
      .map(({ mark }) => mark)
      .join("");
    text += series === undefined ? marks : paint(series, marks);
    at = end;
  }
  return text.trimEnd();
}

/** The legend, in lines of at most so many columns. */
function legend(
  chart: LossChart,
  glyphs: Glyphs,
  columns: number,
  paint: NonNullable<TerminalChartOptions["paint"]>,
): string[] {
  const entries: { readonly series: SeriesName; readonly marks: string; readonly name: string }[] = [
    { series: "training", marks: glyphs.training, name: "training" },
  ];
  if (chart.validation.length > 0) {
    entries.push({ series: "validation", marks: glyphs.validation, name: "validation" });
  }
  for (const { name } of chart.baselines) {
    entries.push({ series: "baseline", marks: glyphs.baseline.repeat(2), name });
  }
  const lines: string[] = [];
  let [line, used] = ["", 0];
  for (const { series, marks, name } of entries) {
    const shown = fitTo(name, columns - marks.length - 1, "");
    const size = marks.length + 1 + widthOf(shown);
    if (used > 0 && used + 3 + size > columns) {
      lines.push(line);
      [line, used] = ["", 0];
    }
    const gap = used === 0 ? "" : "   ";
    line += `${gap}${paint(series, marks)} ${shown}`;
    used += gap.length + size;
  }
  return [...lines, line];
}
