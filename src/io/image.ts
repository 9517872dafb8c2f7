/** Pictures as pixels: what is read from a file or drawn, brought to the size and form that a model takes. */
import { FormatError, InputError, ShapeError } from "../core/index.ts";
import { BYTES, checkValue, FLAG, OBJECT, type Range, type Ranges, SIZE, settle } from "../core/options.ts";

/** A picture in sRGB. */
export interface RgbImage {
  readonly width: number;
  readonly height: number;
  readonly channels: 3;
  /** `[height, width, 3]`: red, green and blue from 0 to 255, row by row from the top left. */
  readonly data: Uint8Array;
}

/** Pixels of a picture, unless a limit says otherwise. */
export const MAX_PIXELS = 2 ** 24;

const THREE: Range = { text: "3", fits: (value) => value === 3 };

/** Refuses what is no {@link RgbImage}. */
export function checkImage(where: string, image: RgbImage): void {
  checkValue(where, OBJECT, image);
  const { width, height, channels, data } = image;
  checkValue(`${where}.width`, SIZE, width);
  checkValue(`${where}.height`, SIZE, height);
  checkValue(`${where}.channels`, THREE, channels);
  checkValue(`${where}.data`, BYTES, data);
  if (data.length !== height * width * 3) {
    throw new ShapeError(`${where}.data`, `${height} x ${width} x 3 bytes`, `${data.length}`);
  }
}

/**
 * Refuses a picture by the size that its file claims: no pixels, or more than are read.
 * @param where the name of the file, for errors
 */
export function checkSize(where: string, width: number, height: number, maxPixels: number): void {
  if (width === 0 || height === 0) {
    throw new FormatError(where, `the picture has no pixels: ${width} x ${height}`, { hint: "leave it out" });
  }
  if (width * height > maxPixels) {
    throw new FormatError(
      where,
      `the picture claims ${width} x ${height} pixels; at most ${maxPixels} are read`,
      { hint: "make it smaller, or allow more by maxPixels" },
    );
  }
}

export interface ResizeOptions {
  /** Keep the proportions and cut off what is too much at both sides, or above and below. Default false: all is kept. */
  crop?: boolean;
}

const LENGTH: Range = {
  text: `an integer from 1 to ${MAX_PIXELS}`,
  fits: (value) => SIZE.fits(value) && (value as number) <= MAX_PIXELS,
};
const RANGES: Ranges<ResizeOptions> = { crop: FLAG };

/** Where the pixels of one axis of the result come from: pixel k is the mean of the source from start[k] to start[k + 1]. */
interface Axis {
  readonly source: number;
  readonly start: number;
  /** Pixels of the source in one of the result. */
  readonly step: number;
}

/**
 * Bring a picture to a size: each pixel is the mean of the area of the source that it covers, parts of pixels by their
 * share. Where it is made larger, most pixels lie within one pixel of the source, and so have its colour.
 * @param height of the result; with `width` at most 2^24 pixels
 */
export function resizeImage(
  image: RgbImage,
  height: number,
  width: number,
  options: ResizeOptions = {},
): RgbImage {
  checkImage("resizeImage: image", image);
  checkValue("resizeImage: height", LENGTH, height);
  checkValue("resizeImage: width", LENGTH, width);
  if (height * width > MAX_PIXELS) {
    throw new InputError(`resizeImage: height * width must be at most ${MAX_PIXELS}, got ${height * width}`);
  }
  const { crop } = settle<Required<ResizeOptions>>("resizeImage", RANGES, { crop: false }, options);
  let [stepX, stepY] = [image.width / width, image.height / height];
  if (crop) stepX = stepY = Math.min(stepX, stepY);
  const x: Axis = { source: image.width, start: (image.width - stepX * width) / 2, step: stepX };
  const y: Axis = { source: image.height, start: (image.height - stepY * height) / 2, step: stepY };
  const data = new Uint8Array(height * width * 3);
  // Neighbours share a row of the source where it lies across their border.
  const shrunk = { row: -1, line: new Float64Array(width * 3) };
  const sums = new Float64Array(width * 3);
  for (let row = 0; row < height; row++) {
    sums.fill(0);
    overlaps(y, row, (source, share) => {
      if (shrunk.row !== source) {
        shrinkRow(image, source, x, shrunk.line);
        shrunk.row = source;
      }
      for (let at = 0; at < sums.length; at++) sums[at] += share * shrunk.line[at];
    });
    for (let at = 0; at < sums.length; at++) data[row * width * 3 + at] = Math.round(sums[at]);
  }
  return { width, height, channels: 3, data };
}

/** Calls with each pixel of the source that pixel `index` of the result covers, and its share. The shares add up to 1. */
function overlaps(
  { source, start, step }: Axis,
  index: number,
  use: (at: number, share: number) => void,
): void {
  // Rounding may lead beyond the edges by a bit.
  const from = Math.max(0, start + index * step);
  const to = Math.min(source, start + (index + 1) * step);
  const last = Math.min(source - 1, Math.max(Math.ceil(to) - 1, Math.floor(from)));
  for (let at = Math.min(source - 1, Math.floor(from)); at <= last; at++) {
    const length = Math.min(to, at + 1) - Math.max(from, at);
    use(at, Math.min(1, Math.max(0, length / (to - from))));
  }
}

/** One row of the source as wide as the result. */
function shrinkRow({ width, data }: RgbImage, row: number, x: Axis, line: Float64Array): void {
  line.fill(0);
  for (let column = 0; column * 3 < line.length; column++) {
    overlaps(x, column, (at, share) => {
      for (let channel = 0; channel < 3; channel++) {
        line[column * 3 + channel] += share * data[(row * width + at) * 3 + channel];
      }
    });
  }
}

/**
 * A picture as models of frames take it: `[3 * height * width]`, channel first, from 0 to 1.
 * @returns element `(channel * height + row) * width + column`
 */
export function toModelPixels(image: RgbImage): Float32Array {
  checkImage("toModelPixels: image", image);
  const { width, height, data } = image;
  const pixels = new Float32Array(data.length);
  for (let channel = 0; channel < 3; channel++) {
    for (let at = 0; at < height * width; at++)
      pixels[channel * height * width + at] = data[at * 3 + channel] / 255;
  }
  return pixels;
}
