/** Pictures with their captions as SVG, and where a model looked: pictures of their own, which load nothing. */
import { InputError } from "../core/errors.ts";
import { escapeHtml } from "./escape-html.ts";
import { fitTo, wrapWords } from "./text-width.ts";

/** A picture with a caption. */
export interface SheetPicture {
  readonly name: string;
  /** `data:image/png;base64,...`; undefined for what cannot be seen, such as features. */
  readonly image: string | undefined;
  readonly caption: string;
  /** A caption of a person, to compare. */
  readonly reference?: string;
  /** Whether the caption is right; undefined where nobody can say. */
  readonly isRight?: boolean;
}

/** Pixels of a picture on the sheet, and of what is around it. */
const SIDE = 168;
const GAP = 20;
const MARGIN = 20;
const HEADER = 44;
const COLUMNS = 4;
/** Columns of a line below a picture, and lines of a caption and of a reference. */
const LETTERS = 24;
const LINES = 4;
const LINE = 15;
/** Pixels of a column of the heading. */
const HEADING_LETTER = 8.6;
/** Pictures that are said in words. */
const DESCRIBED = 20;

const STYLE = `
.sheet { --page: #ffffff; --ink: #1c2430; --soft: #5b6675; --panel: #eef1f5; --right: #1a7f45; --wrong: #b3372f; }
@media (prefers-color-scheme: dark) {
  .sheet { --page: #14181f; --ink: #e4e8ee; --soft: #9aa5b4; --panel: #232a35; --right: #53c283; --wrong: #ef7c70; }
}
.sheet .page { fill: var(--page); }
.sheet .panel { fill: var(--panel); }
.sheet text { fill: var(--ink); font: 12px system-ui, sans-serif; }
.sheet .heading { font-size: 15px; font-weight: 600; }
.sheet .soft { fill: var(--soft); font-size: 11px; }
.sheet .right { fill: var(--right); }
.sheet .wrong { fill: var(--wrong); }
.sheet image { image-rendering: pixelated; }
`;

/** An address that holds its picture: nothing is loaded. */
const DATA_URI = /^data:image\/(?:png|jpeg);base64,[A-Za-z0-9+/=]*$/;

function drawImage(image: string | undefined, x: number, y: number, side: number): string {
  if (image === undefined) return `<rect class="panel" x="${x}" y="${y}" width="${side}" height="${side}"/>`;
  if (!DATA_URI.test(image)) {
    throw new InputError("a picture on a sheet must be a data URI of a PNG or JPEG file in base64");
  }
  return `<image x="${x}" y="${y}" width="${side}" height="${side}" preserveAspectRatio="none" href="${image}"/>`;
}

/** At most so many lines; the last one ends in a mark where there is more. */
function cut(text: string): string[] {
  const lines = wrapWords(text, LETTERS).map((line) => fitTo(line, LETTERS));
  if (lines.length <= LINES) return lines;
  return [...lines.slice(0, LINES - 1), fitTo(lines.slice(LINES - 1).join(" "), LETTERS).replace(/…+$/, "…")];
}

function drawText(lines: readonly string[], x: number, y: number, kind: string): string[] {
  return lines.map(
    (line, at) => `<text class="${kind}" x="${x}" y="${y + at * LINE}">${escapeHtml(line)}</text>`,
  );
}

interface Frame {
  readonly heading: string;
  /** In words, for who does not see the picture. */
  readonly description: string;
  readonly width: number;
  readonly height: number;
}

function frame({ heading, description, width, height }: Frame, content: readonly string[]): string {
  const shown = fitTo(heading, Math.floor((width - 2 * MARGIN) / HEADING_LETTER));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="sheet" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escapeHtml(heading)}</title>`,
    `<desc>${escapeHtml(description)}</desc>`,
    `<style>${STYLE}</style>`,
    `<rect class="page" width="${width}" height="${height}"/>`,
    `<text class="heading" x="${MARGIN}" y="28">${escapeHtml(shown)}</text>`,
    ...content,
    "</svg>",
  ].join("\n");
}

const MARKS = { right: "✓ ", wrong: "✗ " } as const;

/**
 * Pictures beside each other, with what was written for each below it, and a caption of a person below that. A caption that
 * is known to be right or wrong has a mark.
 * @param heading of the sheet
 * @throws InputError for an image that is no data URI
 */
export function svgContactSheet(pictures: readonly SheetPicture[], heading: string): string {
  const columns = Math.max(1, Math.min(COLUMNS, pictures.length));
  const texts = pictures.map(({ caption, reference, isRight }) => {
    const kind = isRight === undefined ? undefined : isRight ? "right" : "wrong";
    const mark = kind === undefined ? "" : MARKS[kind];
    const lines = cut(caption === "" ? `${mark}(no word)` : `${mark}${caption}`);
    return { kind: kind ?? "caption", lines, below: reference === undefined ? [] : cut(reference) };
  });
  const rows = Array.from({ length: Math.ceil(pictures.length / columns) }, (_, row) =>
    Array.from(pictures.keys()).slice(row * columns, (row + 1) * columns),
  );
  const content: string[] = [];
  let top = HEADER;
  for (const row of rows) {
    for (const [column, index] of row.entries()) {
      const x = MARGIN + column * (SIDE + GAP);
      const { name, image } = pictures[index];
      const { kind, lines, below } = texts[index];
      const title = `<title>${escapeHtml(name)}</title>`;
      content.push(
        `<g>${title}`,
        drawImage(image, x, top, SIDE),
        ...drawText(lines, x, top + SIDE + 18, kind),
      );
      content.push(...drawText(below, x, top + SIDE + 20 + lines.length * LINE, "soft"), "</g>");
    }
    const most = Math.max(...row.map((index) => texts[index].lines.length + texts[index].below.length));
    top += SIDE + 24 + most * LINE + GAP;
  }
  const width = Math.max(360, 2 * MARGIN + columns * (SIDE + GAP) - GAP);
  const height = top + MARGIN - GAP;
  return frame({ heading, description: describe(pictures), width, height }, content);
}

function describe(pictures: readonly SheetPicture[]): string {
  const said = pictures.slice(0, DESCRIBED).map(({ name, caption, isRight }) => {
    const verdict = isRight === undefined ? "" : isRight ? " (right)" : " (wrong)";
    return `${name}: ${caption === "" ? "no word" : caption}${verdict}`;
  });
  const rest = pictures.length > DESCRIBED ? `; and ${pictures.length - DESCRIBED} more` : "";
  return `${said.join("; ")}${rest}.`;
}

/** Where a model looked as it wrote the words of a caption. */
export interface AttendedPicture {
  readonly name: string;
  readonly image: string | undefined;
  readonly caption: string;
  readonly words: readonly string[];
  readonly rows: number;
  readonly columns: number;
  /** [words][rows * columns]: shares, row by row. */
  readonly weights: readonly ArrayLike<number>[];
}

const MAP_SIDE = 112;
const MAP_GAP = 12;
const MAPS = 6;
/** More words have no room. */
const MOST_WORDS = 60;
/** Places that are looked at less are covered, by so much at most. */
const SHADE = 0.75;
/** A place that is looked at is lit up, by so much at most: on a dark picture, shades alone are not seen. */
const LIGHT = 0.35;
const LEAST_OPACITY = 0.02;

/**
 * A picture as it is, then once for each word of its caption: the less the model looked at a place, the darker it is, and the more, the lighter. The
 * brightest place of a map is the one that it looked at most; below each word stands that place's share.
 * @throws InputError for weights that do not fit the words and places, and for an image that is no data URI
 */
export function svgAttentionMaps(picture: AttendedPicture): string {
  const { name, image, caption, rows, columns, weights, words } = picture;
  const places = rows * columns;
  if (weights.length !== words.length || weights.some((row) => row.length !== places)) {
    throw new InputError(
      `attention over ${rows} x ${columns} places must have a share of each of them for each of the ${words.length} words`,
    );
  }
  if (weights.some((row) => !Array.from(row).every((share) => share >= 0 && share <= 1.001))) {
    throw new InputError("shares of attention must be from 0 to 1");
  }
  const shown = words.slice(0, MOST_WORDS);
  const cells = [
    { label: name, map: "" },
    ...shown.map((word, at) => {
      const own = Array.from(weights[at]);
      const most = Math.max(...own);
      return { label: `${word} ${Math.round(100 * most)}%`, map: drawShades(own, most, rows, columns) };
    }),
  ];
  const id = idOf(image ?? "");
  const shared = drawImage(image, 0, 0, MAP_SIDE).replace(/^<(\w+)/, `<$1 id="${id}"`);
  const maps = cells.map(({ label, map }, at) => {
    const x = MARGIN + (at % MAPS) * (MAP_SIDE + MAP_GAP);
    const y = HEADER + Math.floor(at / MAPS) * (MAP_SIDE + 34);
    const text = `<text x="${x}" y="${y + MAP_SIDE + 16}">${escapeHtml(fitTo(label, 17))}</text>`;
    const picture = `<use href="#${id}" x="${x}" y="${y}"/>`;
    return map === "" ? picture + text : `${picture}<g transform="translate(${x} ${y})">${map}</g>${text}`;
  });
  const height = HEADER + Math.ceil(cells.length / MAPS) * (MAP_SIDE + 34) + MARGIN;
  const width = 2 * MARGIN + Math.min(cells.length, MAPS) * (MAP_SIDE + MAP_GAP) - MAP_GAP;
  const most = weights.slice(0, MOST_WORDS).map((row, at) => `${words[at]}: ${placeOf(row, columns)}`);
  const description = `Where the model looked most: ${most.join("; ")}.`;
  const content = [`<defs>${shared}</defs>`, ...maps];
  return frame({ heading: caption, description, width: Math.max(width, 480), height }, content);
}

function placeOf(weights: ArrayLike<number>, columns: number): string {
  const all = Array.from(weights);
  const place = all.indexOf(Math.max(...all));
  const [row, column] = [Math.floor(place / columns) + 1, (place % columns) + 1];
  return `row ${row}, column ${column}, ${Math.round(100 * all[place])} per cent`;
}

const round = (value: number): number => Number(value.toFixed(2));

/** A name of an image among others on a page: equal images share one. */
function idOf(image: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < image.length; at++) hash = Math.imul(hash ^ image.charCodeAt(at), 0x01000193);
  return `seen-${(hash >>> 0).toString(16)}`;
}

function drawShades(weights: readonly number[], most: number, rows: number, columns: number): string {
  const [width, height] = [MAP_SIDE / columns, MAP_SIDE / rows];
  return weights
    .flatMap((weight, place) => {
      const [x, y] = [(place % columns) * width, Math.floor(place / columns) * height];
      const share = weight / Math.max(most, Number.MIN_VALUE);
      const layers: [string, number][] = [
        ["#000", SHADE * (1 - share)],
        ["#fff", LIGHT * share],
      ];
      const at = `x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}"`;
      return layers
        .filter(([, opacity]) => opacity >= LEAST_OPACITY)
        .map(([fill, opacity]) => `<rect ${at} fill="${fill}" fill-opacity="${round(opacity)}"/>`);
    })
    .join("");
}
