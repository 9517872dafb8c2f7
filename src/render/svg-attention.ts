/** What was attended to as SVG: a picture of its own, which loads nothing and follows the viewer's light or dark theme. */
import { type AttentionMatrix, type AttentionPicture, attentionPicture } from "./attention.ts";
import { percentText } from "./confusion-matrix.ts";
import { escapeHtml } from "./escape-html.ts";
import { fitTo, widthOf } from "./text-width.ts";

export interface SvgAttentionOptions {
  /** What is shown, for the title: `sentence 12`. */
  readonly subject?: string;
}

/** More pieces of a side would be less than a dot each. */
const MOST = 100;

/** Pixels of a cell, fewer where there are many. */
const CELL = { most: 30, least: 8 };
const WIDTH = 720;
/** Below this a cell has no room for its number. */
const CELL_WITH_TEXT = 26;
/** Weights that round to 0 per cent are not drawn: of a long sentence, these are nearly all. */
const LEAST_WEIGHT = 0.005;

const MARGIN = 16;
const HEADER = 46;
const FOOTER = 40;
/** Room for the legend. */
const LEAST_WIDTH = 400;
/** Of a column of text at 12 pixels. */
const LETTER = 6.9;
const LONGEST_NAME = 18;
/** Names that are nearer than this would lie on each other. */
const NAME_SPACE = 12;
const SLANTED_SPACE = 18;

const STYLE = `
.at { --page: #ffffff; --ink: #1c2430; --soft: #5b6675; --line: #d9dee5; --panel: #f4f6f9; --weight: #1d5fa8; --on: #ffffff; }
@media (prefers-color-scheme: dark) {
  .at { --page: #14181f; --ink: #e4e8ee; --soft: #9aa5b4; --line: #303845; --panel: #1c222c; --weight: #5aa0f2; --on: #0b0e13; }
}
.at .page { fill: var(--page); }
.at .panel { fill: var(--panel); }
.at text { fill: var(--soft); font: 12px system-ui, sans-serif; font-variant-numeric: tabular-nums; }
.at .name { fill: var(--ink); }
.at .heading { fill: var(--ink); font-size: 15px; font-weight: 600; }
.at .value { fill: var(--ink); font-size: 11px; text-anchor: middle; pointer-events: none; }
.at .value.on { fill: var(--on); }
.at .end { text-anchor: end; }
.at .weight { fill: var(--weight); }
.at .line { stroke: var(--line); fill: none; }
`;

interface Drawing extends AttentionPicture {
  readonly cell: number;
  /** Of the cells' upper left corner. */
  readonly left: number;
  readonly top: number;
  readonly isUpright: boolean;
}

/**
 * Rows are the pieces that were written, columns those that were read. A cell is the darker the more of its row's
 * attention it had. Of more than 100 pieces of a side the first are shown, and the picture says so.
 * @throws InputError for weights that do not fit the pieces
 */
export function svgAttention(matrix: AttentionMatrix, options: SvgAttentionOptions = {}): string {
  const { subject } = options;
  const picture = attentionPicture(matrix, MOST, MOST);
  const { source, target, cut } = picture;
  const side = Math.max(1, source.length, target.length);
  const cell = Math.max(CELL.least, Math.min(CELL.most, Math.floor(WIDTH / side)));
  const left = MARGIN + 20 + widest(target) + 10;
  // Names above narrow columns stand upright; at 45 degrees they would touch each other.
  const isUpright = cell < SLANTED_SPACE;
  const above = Math.ceil(widest(source) * (isUpright ? 1 : Math.SQRT1_2));
  const top = HEADER + 24 + Math.max(24, above) + 8;
  const drawing: Drawing = { ...picture, cell, left, top, isUpright };
  const width = Math.max(left + source.length * cell + (isUpright ? 0 : above) + MARGIN, LEAST_WIDTH);
  const height = top + target.length * cell + FOOTER + (cut === undefined ? 0 : 18) + MARGIN;
  const heading = subject === undefined ? "Attention" : `Attention: ${subject}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="at" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escapeHtml(heading)}</title>`,
    `<desc>${escapeHtml(describe(picture))}</desc>`,
    `<style>${STYLE}</style>`,
    `<rect class="page" width="${width}" height="${height}"/>`,
    `<text class="heading" x="${MARGIN}" y="${MARGIN + 14}">${escapeHtml(fitTo(heading, Math.floor((width - 2 * MARGIN) / 8.6)))}</text>`,
    ...axes(drawing),
    `<rect class="panel" x="${left}" y="${top}" width="${source.length * cell}" height="${target.length * cell}"/>`,
    ...drawing.weights.flatMap((row, at) =>
      row.flatMap((weight, place) => drawCell(weight, at, place, drawing)),
    ),
    ...legend(drawing),
    "</svg>",
  ].join("\n");
}

const widest = (names: readonly string[]): number =>
  Math.ceil(LETTER * names.reduce((most, name) => Math.max(most, widthOf(shorten(name))), 0));

const shorten = (name: string): string => fitTo(name, LONGEST_NAME);

/** In words, for who does not see the picture: the piece that each piece attended to most. */
function describe({ source, target, weights, cut }: AttentionPicture): string {
  const most = 30;
  const pairs = target.slice(0, most).map((name, at) => {
    const [place, weight] = strongest(weights[at]);
    return place < 0 ? name : `${name}: ${source[place]}, ${percentText(Math.min(1, weight))} per cent`;
  });
  const rest = target.length > most ? ` and ${target.length - most} more` : "";
  const said = cut === undefined ? "" : ` ${cut}.`;
  return `For each written piece the one it attended to most. ${pairs.join("; ")}${rest}.${said}`;
}

function strongest(row: readonly number[]): readonly [place: number, weight: number] {
  let place = -1;
  for (const [at, weight] of row.entries()) if (place < 0 || weight > row[place]) place = at;
  return [place, row[place]];
}

function axes({ source, target, cell, left, top, isUpright }: Drawing): string[] {
  const middle = (at: number) => round((at + 0.5) * cell);
  const bottom = top + target.length * cell;
  const right = left + source.length * cell;
  const every = Math.max(1, Math.ceil(NAME_SPACE / cell));
  const title = (name: string) => (shorten(name) === name ? "" : `<title>${escapeHtml(name)}</title>`);
  const draw = (names: readonly string[], place: (at: number) => string) =>
    names.flatMap((name, at) =>
      at % every === 0
        ? [`<text class="name ${place(at)}>${title(name)}${escapeHtml(shorten(name))}</text>`]
        : [],
    );
  return [
    `<text x="${left}" y="${HEADER + 10}">read</text>`,
    `<text class="end" transform="translate(${MARGIN + 8} ${top}) rotate(-90)">written</text>`,
    ...draw(target, (at) => `end" x="${left - 8}" y="${top + middle(at) + 4}"`),
    ...draw(
      source,
      (at) => `" transform="translate(${left + middle(at) + 4} ${top - 8}) rotate(${isUpright ? -90 : -45})"`,
    ),
    `<path class="line" d="M${left} ${top}V${bottom}H${right}"/>`,
  ];
}

/** How strong the colour of a weight is: small ones would be lost in proportion. */
const opacityOf = (weight: number): number => round(0.06 + 0.94 * Math.min(1, weight) ** 0.8, 100);

function drawCell(weight: number, row: number, place: number, drawing: Drawing): string[] {
  if (weight < LEAST_WEIGHT) return [];
  const { cell, left, top, source, target } = drawing;
  const [x, y] = [left + place * cell, top + row * cell];
  const opacity = opacityOf(weight);
  const gap = cell > 12 ? 1 : 0;
  const text = percentText(Math.min(1, weight));
  const rect =
    `<rect class="weight" fill-opacity="${opacity}" ` +
    `x="${x + gap / 2}" y="${y + gap / 2}" width="${cell - gap}" height="${cell - gap}">` +
    `<title>${escapeHtml(`${target[row]}: ${source[place]} (${text} %)`)}</title></rect>`;
  if (cell < CELL_WITH_TEXT) return [rect];
  const on = opacity > 0.65 ? " on" : "";
  return [
    rect,
    `<text class="value${on}" x="${round(x + cell / 2)}" y="${round(y + cell / 2 + 4)}">${escapeHtml(text)}</text>`,
  ];
}

function legend({ target, top, cell, cut }: Drawing): string[] {
  const y = top + target.length * cell + 22;
  const steps = [0.05, 0.25, 0.5, 0.75, 1].map(
    (weight, at) =>
      `<rect class="weight" fill-opacity="${opacityOf(weight)}" x="${MARGIN + 12 * at}" y="${y - 9}" width="12" height="10"/>`,
  );
  const said = cell < CELL_WITH_TEXT ? "0 to 100 per cent of a row" : "per cent of a row";
  const lines = [`${steps.join("")}<text x="${MARGIN + 68}" y="${y}">${said}</text>`];
  if (cut !== undefined) lines.push(`<text x="${MARGIN}" y="${y + 18}">${escapeHtml(cut)}</text>`);
  return lines;
}

function round(value: number, digits = 10): number {
  return Math.round(digits * value) / digits;
}
