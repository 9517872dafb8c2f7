/** A confusion matrix as SVG: a picture of its own, which loads nothing and follows the viewer's light or dark theme. */
import stringWidth from "string-width";
import {
  type ConfusionCell,
  type ConfusionMatrix,
  confusionRows,
  foldClasses,
  percentText,
  rowTotals,
} from "./confusion-matrix.ts";
import { escapeHtml } from "./escape-html.ts";

export interface SvgConfusionOptions {
  /** What is shown, for the title: `validation, step 1,200`. */
  readonly subject?: string;
  /** What each cell shows: per cent of its row, or the number of items. Default `percent`. */
  readonly show?: "percent" | "counts";
  /** How well each label is found, in the order of the labels: columns at the right. Left out where classes are joined. */
  readonly scores?: readonly { readonly precision: number; readonly recall: number; readonly f1: number }[];
}

/** Columns at the right of the number of items, and the room of each. */
const SCORES = ["precision", "recall", "F1"] as const;
const SCORE_WIDTH = 62;
const ITEMS_WIDTH = 54;

/** More would be less than a dot each. */
const MOST_CLASSES = 100;

/** Pixels of a cell, fewer where there are many. */
const CELL = { most: 38, least: 7 };
/** Cells of all columns together, in pixels, unless each has its least. */
const WIDTH = 720;
/** Below this a cell has no room for its number. */
const CELL_WITH_TEXT = 23;

const MARGIN = 16;
const HEADER = 46;
const FOOTER = 40;
/** Room for the legend. */
const LEAST_WIDTH = 440;
/** Of a letter of the labels. */
const LETTER = 6.9;
const LONGEST_LABEL = 18;

/** Every colour has a dark and a light form; shares become opacity, so that a cell lies between the page and its colour. */
const STYLE = `
.cm { --page: #ffffff; --ink: #1c2430; --soft: #5b6675; --line: #d9dee5; --panel: #f4f6f9; --right: #1d5fa8; --wrong: #c2410c; --on: #ffffff; }
@media (prefers-color-scheme: dark) {
  .cm { --page: #14181f; --ink: #e4e8ee; --soft: #9aa5b4; --line: #303845; --panel: #1c222c; --right: #4d94e8; --wrong: #f0742e; --on: #0b0e13; }
}
.cm .page { fill: var(--page); }
.cm .panel { fill: var(--panel); }
.cm text { fill: var(--soft); font: 12px system-ui, sans-serif; font-variant-numeric: tabular-nums; }
.cm .label { fill: var(--ink); }
.cm .heading { fill: var(--ink); font-size: 15px; font-weight: 600; }
.cm .value { fill: var(--ink); font-size: 11px; text-anchor: middle; }
.cm .value.on { fill: var(--on); }
.cm .end { text-anchor: end; }
.cm .right { fill: var(--right); }
.cm .wrong { fill: var(--wrong); }
.cm .line { stroke: var(--line); fill: none; }
`;

interface Picture {
  readonly labels: readonly string[];
  readonly rows: readonly (readonly ConfusionCell[])[];
  readonly totals: readonly number[];
  readonly cell: number;
  /** Of the cells' upper left corner. */
  readonly left: number;
  readonly top: number;
  readonly show: "percent" | "counts";
  readonly scores: SvgConfusionOptions["scores"];
}

/**
 * Rows are the right labels, columns the predictions. A cell is the darker the larger its share of the row is: blue where
 * the prediction is right, orange where it is not. More than 100 classes are joined to the 99 with most items and others.
 */
export function svgConfusionMatrix(matrix: ConfusionMatrix, options: SvgConfusionOptions = {}): string {
  const { subject, show = "percent" } = options;
  const { labels, counts } = foldClasses(matrix, MOST_CLASSES);
  const rows = confusionRows({ labels, counts });
  const size = labels.length;
  const cell = Math.max(CELL.least, Math.min(CELL.most, Math.floor(WIDTH / Math.max(1, size))));
  const longest = Math.max(0, ...labels.map((label) => stringWidth(shorten(label))));
  const left = MARGIN + 20 + Math.ceil(longest * LETTER) + 10;
  // Names above the columns stand at 45 degrees.
  const top = HEADER + 24 + Math.ceil(Math.max(24, longest * LETTER * Math.SQRT1_2)) + 8;
  const scores = options.scores?.length === size ? options.scores : undefined;
  const picture: Picture = { labels, rows, totals: rowTotals(rows), cell, left, top, show, scores };
  const slant = Math.ceil(longest * LETTER * Math.SQRT1_2);
  const beside = scores === undefined ? 64 : ITEMS_WIDTH + SCORES.length * SCORE_WIDTH + MARGIN;
  const width = Math.max(left + size * cell + Math.max(beside, slant), LEAST_WIDTH);
  const height = top + size * cell + FOOTER + MARGIN;
  const heading = subject === undefined ? "Confusion matrix" : `Confusion matrix: ${subject}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="cm" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escapeHtml(heading)}</title>`,
    `<desc>${escapeHtml(describe(picture))}</desc>`,
    `<style>${STYLE}</style>`,
    `<rect class="page" width="${width}" height="${height}"/>`,
    `<text class="heading" x="${MARGIN}" y="${MARGIN + 14}">${escapeHtml(heading)}</text>`,
    ...axes(picture),
    `<rect class="panel" x="${left}" y="${top}" width="${size * cell}" height="${size * cell}"/>`,
    ...rows.flat().flatMap((one) => drawCell(one, picture)),
    ...drawScores(picture),
    legend(picture),
    "</svg>",
  ].join("\n");
}

/** In words, for who does not see the picture: how much is right, and the largest mistakes. */
function describe({ rows, labels, totals }: Picture): string {
  const items = totals.reduce((sum, count) => sum + count, 0);
  const right = rows.reduce((sum, row, label) => sum + row[label].count, 0);
  const wrong = rows
    .flat()
    .filter(({ isRight, count }) => !isRight && count > 0)
    .sort((a, b) => b.count - a.count)
    .slice(0, 3)
    .map(({ label, prediction, count }) => `${labels[label]} as ${labels[prediction]}, ${timesText(count)}`);
  const share = items === 0 ? "none" : `${percentText(right / items)} per cent`;
  const mistakes = wrong.length === 0 ? "" : ` Most frequent mistakes: ${wrong.join("; ")}.`;
  return `Rows are the labels of ${items} items, columns what was predicted; ${share} of the items are right.${mistakes}`;
}

function axes({ labels, totals, cell, left, top }: Picture): string[] {
  const middle = (at: number) => round((at + 0.5) * cell);
  const bottom = top + labels.length * cell;
  const right = left + labels.length * cell;
  // Names of rows that are lower than a letter would lie on each other: as many are written as there is room for.
  const every = Math.max(1, Math.ceil(13 / cell));
  const named = labels.map((label, at) => ({ label, at })).filter(({ at }) => at % every === 0);
  const title = (label: string) => (shorten(label) === label ? "" : `<title>${escapeHtml(label)}</title>`);
  return [
    `<text x="${left}" y="${HEADER + 10}">predicted</text>`,
    `<text class="end" transform="translate(${MARGIN + 8} ${top}) rotate(-90)">label</text>`,
    `<text x="${right + 10}" y="${top - 8}">items</text>`,
    ...named.map(
      ({ label, at }) =>
        `<text class="label end" x="${left - 8}" y="${top + middle(at) + 4}">${title(label)}${escapeHtml(shorten(label))}</text>` +
        `<text x="${right + 10}" y="${top + middle(at) + 4}">${countText(totals[at])}</text>`,
    ),
    ...named.map(
      ({ label, at }) =>
        `<text class="label" transform="translate(${left + middle(at) + 4} ${top - 8}) rotate(-45)">${title(label)}${escapeHtml(shorten(label))}</text>`,
    ),
    `<path class="line" d="M${left} ${top}V${bottom}H${right}"/>`,
  ];
}

/** How strong the colour of a share is: small ones would be lost in proportion. */
function opacityOf(share: number): number {
  return round(0.1 + 0.9 * share ** 0.7, 100);
}

function drawCell(one: ConfusionCell, { cell, left, top, labels, totals, show }: Picture): string[] {
  const { label, prediction, count, share, isRight } = one;
  if (count === 0) return [];
  const [x, y] = [left + prediction * cell, top + label * cell];
  const opacity = opacityOf(share);
  const what = isRight ? `${labels[label]} found` : `${labels[label]} taken for ${labels[prediction]}`;
  const gap = cell > 12 ? 1 : 0;
  const rect =
    `<rect class="${isRight ? "right" : "wrong"}" fill-opacity="${opacity}" ` +
    `x="${x + gap / 2}" y="${y + gap / 2}" width="${cell - gap}" height="${cell - gap}">` +
    `<title>${escapeHtml(`${what}: ${countText(count)} of ${countText(totals[label])} (${percentText(share)} %)`)}</title></rect>`;
  if (cell < CELL_WITH_TEXT) return [rect];
  const text = show === "percent" ? percentText(share) : countText(count);
  // Four digits and more have no room in a cell.
  if (text.length > Math.floor(cell / 7)) return [rect];
  const on = opacity > 0.55 ? " on" : "";
  const at = `x="${round(x + cell / 2)}" y="${round(y + cell / 2 + 4)}"`;
  return [rect, `<text class="value${on}" ${at} pointer-events="none">${escapeHtml(text)}</text>`];
}

/** Precision, recall and F1 of each row, as numbers. */
function drawScores({ labels, scores, cell, left, top }: Picture): string[] {
  if (scores === undefined) return [];
  const right = left + labels.length * cell + 10 + ITEMS_WIDTH;
  const every = Math.max(1, Math.ceil(13 / cell));
  const column = (at: number) => right + (at + 1) * SCORE_WIDTH - 12;
  const heads = SCORES.map((name, at) => `<text class="end" x="${column(at)}" y="${top - 8}">${name}</text>`);
  const lines = scores.flatMap(({ precision, recall, f1 }, row) => {
    if (row % every !== 0) return [];
    const y = round(top + (row + 0.5) * cell + 4);
    return [precision, recall, f1].map(
      (value, at) => `<text class="end" x="${column(at)}" y="${y}">${value.toFixed(3)}</text>`,
    );
  });
  return [...heads, ...lines];
}

function legend({ labels, top, cell, show }: Picture): string {
  const y = top + labels.length * cell + 18;
  const swatch = (kind: string, from: number, name: string) => {
    const steps = [0.05, 0.25, 0.5, 0.75, 1].map(
      (share, at) =>
        `<rect class="${kind}" fill-opacity="${opacityOf(share)}" x="${from + 12 * at}" y="${y - 9}" width="12" height="10"/>`,
    );
    return `${steps.join("")}<text x="${from + 68}" y="${y}">${name}</text>`;
  };
  const shown = show === "percent" ? "numbers: per cent of the row" : "numbers: items";
  const numbers = cell < CELL_WITH_TEXT ? "" : `<text x="${MARGIN + 244}" y="${y}">${shown}</text>`;
  return `<g>${swatch("right", MARGIN, "right")}${swatch("wrong", MARGIN + 116, "wrong")}${numbers}</g>`;
}

function countText(count: number): string {
  return Number.isInteger(count) ? String(count) : count.toFixed(1);
}

function timesText(count: number): string {
  return count === 1 ? "once" : `${countText(count)} times`;
}

function shorten(label: string): string {
  const letters = Array.from(label);
  return letters.length <= LONGEST_LABEL ? label : `${letters.slice(0, LONGEST_LABEL - 1).join("")}…`;
}

function round(value: number, digits = 10): number {
  return Math.round(digits * value) / digits;
}
