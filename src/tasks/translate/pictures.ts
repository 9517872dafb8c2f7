/** What there is to look at of an evaluation: scores by length, and what some targets were written from. */
import { svgAttention } from "../../render/svg-attention.ts";
import { type SeriesPanel, svgSeries } from "../../render/svg-series.ts";
import { svgStack } from "../../render/svg-stack.ts";
import { terminalAttention } from "../../render/terminal-attention.ts";
import { terminalSeries } from "../../render/terminal-series.ts";
import type { DrawingOptions } from "../view.ts";
import type { TranslateData } from "./data.ts";
import { Layout, shownPairs } from "./layout.ts";
import { lengthsOf } from "./metrics.ts";

/** Lengths that have fewer sources say little, and are not drawn. */
const LEAST_SOURCES = 3;

/** BLEU, or the share that is right from end to end, over the symbols of the source; undefined where there are too few. */
function lengthPanel(sums: Float64Array, data: TranslateData): SeriesPanel | undefined {
  const layout = new Layout(data);
  const { facts } = data;
  const ofBleu = facts.judgedBy === "bleu";
  const scores = lengthsOf(layout.addParts(sums), layout, facts);
  const values = new Map(
    scores
      .filter(({ sources }) => sources >= LEAST_SOURCES)
      .map(({ from, metrics }) => [from, ofBleu ? metrics.bleu : 100 * metrics.exactMatch]),
  );
  if (values.size < 2) return undefined;
  const { from, step, bins } = layout;
  const starts = Array.from({ length: bins }, (_, bin) => from + bin * step);
  const name = ofBleu ? "BLEU" : "per cent exact";
  return {
    title: `${name}, by symbols of the source`,
    steps: starts.map((start) => (step === 1 ? `${start}` : `${start}–${start + step - 1}`)),
    forecast: starts.map((start) => values.get(start) ?? null),
    naive: [],
    truth: [],
    fromZero: true,
    names: { forecast: name },
  };
}

/** Pairs whose attention is known. */
function attended(sums: Float64Array, data: TranslateData) {
  return shownPairs(sums, data).flatMap(({ text, source, written, weights }) =>
    weights === undefined ? [] : [{ text, matrix: { source, target: written, weights } }],
  );
}

export function drawEvaluation(sums: Float64Array, data: TranslateData): string {
  const panel = lengthPanel(sums, data);
  const matrices = attended(sums, data).map(({ text, matrix }) => svgAttention(matrix, { subject: text }));
  const lengths = panel === undefined ? [] : [svgSeries(panel.title, [panel])];
  return svgStack([...lengths, ...matrices], "Validation");
}

/** Lines of the plot. Of values that are all alike there is nothing to see. */
const ROWS = 8;
const LEAST_RANGE = 1;

/** What the first pair was written from, and the scores by length. */
export function drawInTerminal(sums: Float64Array, data: TranslateData, options: DrawingOptions): string[] {
  const { columns, unicode } = options;
  const panel = lengthPanel(sums, data);
  const [first] = attended(sums, data);
  const matrix = first === undefined ? [] : terminalAttention(first.matrix, { columns, unicode });
  const values = panel?.forecast.filter((value) => value !== null) ?? [];
  const isFlat = Math.max(...values) - Math.min(...values) < LEAST_RANGE;
  const series = panel === undefined || isFlat ? [] : terminalSeries(panel, { columns, unicode, rows: ROWS });
  return [
    ...(matrix.length === 0 ? [] : ["attention: rows were written, columns were read", ...matrix, ""]),
    ...series,
  ];
}
