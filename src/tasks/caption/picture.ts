/** Pictures with captions, to look at: a sheet of an evaluation, and lines for a terminal. */
import { escapeControl } from "../../core/errors.ts";
import type { RgbImage } from "../../io/image.ts";
import { pngDataUri } from "../../io/png.ts";
import { type SheetPicture, svgAttentionMaps, svgContactSheet } from "../../render/svg-contact-sheet.ts";
import { svgStack } from "../../render/svg-stack.ts";
import { fitTo, widthOf } from "../../render/text-width.ts";
import type { CaptionPrediction } from "../predictions.ts";
import type { DrawingOptions } from "../view.ts";
import type { CaptionData } from "./data.ts";
import { shownCaptions } from "./metrics.ts";
import { imageOf } from "./pictures.ts";

/** Pictures that are validated on, with what was written for them. */
export function drawEvaluation(sums: Float64Array, data: CaptionData): string {
  const { pictures, rows } = data.validation;
  const sheet = shownCaptions(sums, data).map(
    ({ name, picture, caption, references, isRight }): SheetPicture => {
      const image = imageOf(pictures, rows[picture]);
      return { name, image: image && pngDataUri(image), caption, reference: references[0], isRight };
    },
  );
  return svgContactSheet(sheet, "Captions that the model wrote, and one of the data below each");
}

/** A prediction with its picture. */
export interface DrawnPrediction extends CaptionPrediction {
  readonly image: RgbImage | undefined;
}

/** More would make a picture that nobody looks through. */
const MOST_MAPS = 12;

/** Where a model with attention looked as it wrote each word; of other models the pictures with their captions. */
export function drawPredicted(predictions: readonly DrawnPrediction[]): string {
  const all = predictions.map(({ image, ...one }) => ({ ...one, image: image && pngDataUri(image) }));
  const maps = all
    .slice(0, MOST_MAPS)
    .flatMap(({ input, image, caption, attention }) =>
      attention === undefined ? [] : [svgAttentionMaps({ name: input, image, caption, ...attention })],
    );
  if (maps.length > 0) return svgStack(maps, "Where the model looked");
  const sheet = all.map(({ input, image, caption }): SheetPicture => ({ name: input, image, caption }));
  return svgContactSheet(sheet, "Captions that the model wrote");
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
