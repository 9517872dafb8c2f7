/** Pictures with captions, to look at: a sheet of an evaluation, and lines for a terminal. */
import { escapeControl } from "../../core/errors.ts";
import { type SheetItem, svgContactSheet } from "../../render/svg-contact-sheet.ts";
import { fitTo, widthOf } from "../../render/text-width.ts";
import type { DrawingOptions } from "../view.ts";
import type { CaptionData } from "./data.ts";
import { shownCaptions } from "./metrics.ts";
import { imageOf } from "./pictures.ts";

/** Pictures that are validated on, with what was written for them. */
export function drawEvaluation(sums: Float64Array, data: CaptionData): string {
  const { pictures, rows } = data.validation;
  const items = shownCaptions(sums, data).map(({ name, picture, caption, references, isRight }): SheetItem => {
    const image = imageOf(pictures, rows[picture]);
    return { name, image, caption, references, isRight };
  });
  return svgContactSheet(items);
}

/** Names of pictures take at most so many columns. */
const NAME_COLUMNS = 24;
/** Fewer columns have no room for a caption. */
const LEAST_COLUMNS = 40;
/** Pictures that a terminal shows. */
const MOST_LINES = 6;

/** Lines without a line break: a picture's name, and what was written for it. */
export function drawTable(
  sums: Float64Array,
  data: CaptionData,
  { columns, unicode }: DrawingOptions,
): string[] {
  if (columns < LEAST_COLUMNS) return [];
  const mark = unicode ? "…" : "...";
  const shown = shownCaptions(sums, data).slice(0, MOST_LINES);
  const names = shown.map(({ name }) => fitTo(escapeControl(name), NAME_COLUMNS, mark));
  const width = Math.max(0, ...names.map(widthOf)) + 2;
  return shown.map(({ caption, isRight }, at) => {
    const name = names[at] + " ".repeat(width - widthOf(names[at]));
    const verdict = isRight === false ? `  (${MISTAKE})` : "";
    const text = fitTo(escapeControl(caption), columns - width - verdict.length, mark);
    return `${name}${text}${verdict}`;
  });
}

const MISTAKE = "not true, or not complete";
