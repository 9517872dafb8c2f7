/** Probabilities of labels as bars: a picture of its own, which follows the viewer's light or dark theme. */
import { escapeHtml } from "./escape-html.ts";
import { fitTo, widthOf } from "./text-width.ts";

/** One input with what a model says of it. */
export interface JudgedInput {
  readonly text: string;
  /** The likeliest first. */
  readonly labels: readonly { readonly label: string; readonly probability: number }[];
  /**
   * The input in pieces, each with the probability, after it, of the likeliest label: how the opinion forms. They are drawn
   * below the input.
   */
  readonly pieces?: readonly { readonly text: string; readonly value: number }[];
}

/** More inputs and labels than these are too many to look at. */
const MOST_INPUTS = 50;
const MOST_LABELS = 5;

const WIDTH = 480;
const MARGIN = 16;
const ROW = 22;
/** Room for the names of labels, at the left of the bars, and for the numbers at their right. */
const NAMES = 150;
const NUMBERS = 56;
const LONGEST_LABEL = 20;
const LONGEST_TEXT = 54;
/** Pieces of one input that are drawn; a letter of them in pixels, and the height of a line. */
const MOST_PIECES = 400;
const LETTER = 7.3;
const LINE = 22;

const STYLE = `
.pr { --page: #ffffff; --ink: #1c2430; --soft: #5b6675; --panel: #f4f6f9; --bar: #1d5fa8; --against: #c2410c; }
@media (prefers-color-scheme: dark) {
  .pr { --page: #14181f; --ink: #e4e8ee; --soft: #9aa5b4; --panel: #1c222c; --bar: #4d94e8; --against: #f0742e; }
}
.pr .page { fill: var(--page); }
.pr .panel { fill: var(--panel); }
.pr .bar { fill: var(--bar); }
.pr text { fill: var(--soft); font: 12px system-ui, sans-serif; font-variant-numeric: tabular-nums; }
.pr .heading { fill: var(--ink); font-size: 14px; font-weight: 600; }
.pr .end { text-anchor: end; }
.pr .piece { fill: var(--ink); font-family: ui-monospace, monospace; white-space: pre; }
.pr .for { fill: var(--bar); }
.pr .against { fill: var(--against); }
`;

/**
 * For each input its likeliest labels, at most five, as bars from 0 to 1. Of more than 50 inputs the first are shown, and
 * the picture says how many there are.
 */
export function svgProbabilities(inputs: readonly JudgedInput[]): string {
  const shown = inputs.slice(0, MOST_INPUTS);
  const rows: string[] = [];
  let y = MARGIN;
  for (const { text, labels, pieces = [] } of shown) {
    rows.push(
      `<text class="heading" x="${MARGIN}" y="${y + 16}">${escapeHtml(fitTo(text, LONGEST_TEXT))}</text>`,
    );
    y += 28;
    if (pieces.length > 1) y = drawPieces(pieces, labels[0]?.label ?? "", y, rows);
    for (const { label, probability } of labels.slice(0, MOST_LABELS)) {
      const room = WIDTH - 2 * MARGIN - NAMES - NUMBERS;
      const length = Math.max(1, Math.round(room * probability));
      const left = MARGIN + NAMES;
      rows.push(
        `<text class="end" x="${left - 8}" y="${y + 12}">${escapeHtml(fitTo(label, LONGEST_LABEL))}</text>`,
        `<rect class="panel" x="${left}" y="${y}" width="${room}" height="16"/>`,
        `<rect class="bar" x="${left}" y="${y}" width="${length}" height="16"/>`,
        `<text x="${left + room + 8}" y="${y + 12}">${(100 * probability).toFixed(1)} %</text>`,
      );
      y += ROW;
    }
    y += 12;
  }
  if (inputs.length > shown.length) {
    rows.push(`<text x="${MARGIN}" y="${y + 12}">and ${inputs.length - shown.length} more inputs</text>`);
    y += ROW;
  }
  const height = y + MARGIN;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="pr" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">`,
    `<title>Predictions for ${inputs.length} input${inputs.length === 1 ? "" : "s"}</title>`,
    `<desc>${escapeHtml(shown.map(describe).join(" "))}</desc>`,
    `<style>${STYLE}</style>`,
    `<rect class="page" width="${WIDTH}" height="${height}"/>`,
    ...rows,
    "</svg>",
  ].join("\n");
}

/**
 * Pieces side by side in lines, each on a ground that says how likely the label is after it: the stronger blue above one
 * half, the stronger orange below. Returns where the next thing is drawn.
 */
function drawPieces(
  pieces: NonNullable<JudgedInput["pieces"]>,
  label: string,
  from: number,
  rows: string[],
): number {
  let [x, y] = [MARGIN, from];
  const right = WIDTH - MARGIN;
  for (const { text, value } of pieces.slice(0, MOST_PIECES)) {
    const shown = fitTo(text, LONGEST_TEXT);
    const width = Math.max(LETTER, widthOf(shown) * LETTER);
    if (x + width > right && x > MARGIN) {
      x = MARGIN;
      y += LINE;
    }
    const opacity = (0.75 * Math.abs(2 * value - 1)).toFixed(2);
    const percent = (100 * value).toFixed(0);
    rows.push(
      `<rect class="${value >= 0.5 ? "for" : "against"}" fill-opacity="${opacity}" x="${x.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="${LINE - 3}">` +
        `<title>${escapeHtml(`${label} ${percent} % after "${shown.trim()}"`)}</title></rect>`,
      `<text class="piece" x="${x.toFixed(1)}" y="${y + 14}" pointer-events="none">${escapeHtml(shown)}</text>`,
    );
    x += width;
  }
  rows.push(
    `<text x="${MARGIN}" y="${y + LINE + 12}">how likely ${escapeHtml(fitTo(label, LONGEST_LABEL))} is after each piece: blue above one half, orange below</text>`,
  );
  return y + LINE + 24;
}

/** In words, for who does not see the picture. */
function describe({ text, labels: [first] }: JudgedInput): string {
  const label =
    first === undefined ? "nothing" : `${first.label}, ${(100 * first.probability).toFixed(0)} per cent`;
  return `${fitTo(text, LONGEST_TEXT)}: ${label}.`;
}
