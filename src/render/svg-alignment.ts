/** An attention matrix as a drawing for SVG. */
import { type Alignment, rowsOf, strongestOf, visible } from "./alignment.ts";
import { escapeHtml } from "./escape-html.ts";
import { pixels, type SvgPart } from "./svg-page.ts";
import { fitTo, widthOf } from "./text-width.ts";

export interface SvgAlignmentOptions {
  /** Above the matrix. */
  readonly heading?: string;
}

/** Longer texts are cut: more would be less than a dot each. */
const MOST_SYMBOLS = 100;
const CELL = { most: 24, least: 8 };
const WIDTH = 640;
const LETTER = 6.9;
const LONGEST = 16;
const LONGEST_HEADING = 90;

/**
 * Rows are the symbols that were written, columns those that were read: the darker a cell, the more was attended to.
 * Columns that are short stand upright, others are slanted.
 */
export function alignmentPart(alignment: Alignment, options: SvgAlignmentOptions = {}): SvgPart {
  const source = alignment.source.slice(0, MOST_SYMBOLS).map(visible);
  const rows = rowsOf(alignment).slice(0, MOST_SYMBOLS).map(visible);
  const cell = Math.max(CELL.least, Math.min(CELL.most, Math.floor(WIDTH / Math.max(1, source.length))));
  const lengthOf = (names: readonly string[]) =>
    LETTER * Math.max(0, ...names.map((name) => Math.min(LONGEST, widthOf(name))));
  const left = Math.ceil(lengthOf(rows)) + 10;
  const isUpright = source.every((name) => widthOf(name) * LETTER <= cell + 2);
  const slanted = Math.ceil(lengthOf(source) * Math.SQRT1_2);
  const head = options.heading === undefined ? 0 : 26;
  const top = head + (isUpright ? 18 : slanted + 12);
  const strongest = strongestOf(alignment);
  const heading =
    options.heading === undefined
      ? []
      : [`<text class="heading" x="0" y="14">${escapeHtml(fitTo(options.heading, LONGEST_HEADING))}</text>`];
  return {
    width: left + source.length * cell + (isUpright ? 0 : slanted),
    height: top + rows.length * cell,
    elements: [
      ...heading,
      `<rect class="panel" x="${left}" y="${top}" width="${source.length * cell}" height="${rows.length * cell}"/>`,
      ...source.map((name, at) => columnName(name, left + (at + 0.5) * cell, top, isUpright)),
      ...rows.map((name, at) => {
        const y = pixels(top + (at + 0.5) * cell + 4);
        return `<text class="label end" x="${left - 6}" y="${y}">${escapeHtml(fitTo(name, LONGEST))}</text>`;
      }),
      ...rows.flatMap((name, row) =>
        source.flatMap((from, column) => {
          const weight = alignment.weights[row][column];
          if (!(weight >= 0.005)) return [];
          const what = `${name} <- ${from}: ${(100 * weight).toFixed(0)} %`;
          const opacity = (0.06 + 0.94 * weight).toFixed(2);
          const kind = column === strongest[row] ? ' stroke="var(--main)"' : "";
          return [
            `<rect class="main" fill-opacity="${opacity}"${kind} x="${left + column * cell + 1}" y="${top + row * cell + 1}" width="${cell - 2}" height="${cell - 2}"><title>${escapeHtml(what)}</title></rect>`,
          ];
        }),
      ),
    ],
  };
}

function columnName(name: string, x: number, top: number, isUpright: boolean): string {
  const text = escapeHtml(fitTo(name, LONGEST));
  return isUpright
    ? `<text class="label middle" x="${pixels(x)}" y="${top - 6}">${text}</text>`
    : `<text class="label" transform="translate(${pixels(x + 3)} ${top - 6}) rotate(-45)">${text}</text>`;
}

/** In words, for who does not see the picture: where each symbol was attended to most. */
export function describeAlignment(alignment: Alignment): string {
  const rows = rowsOf(alignment);
  const parts = strongestOf(alignment).map(
    (at, row) => `${rows[row]} from ${alignment.source[at] ?? "nothing"}`,
  );
  return `${parts.slice(0, MOST_SYMBOLS).join(", ")}.`;
}
