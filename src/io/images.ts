/** Files of pictures: which kind a file is shows in its first bytes, whatever its name ends in. */
import { escapeControl, FormatError } from "../core/index.ts";
import { BYTES, checkValue, type Ranges, SIZE, settle, TEXT } from "../core/options.ts";
import { MAX_PIXELS, type RgbImage } from "./image.ts";
import { decodeJpeg } from "./jpeg.ts";
import { decodePng, PNG_SIGNATURE } from "./png.ts";

export interface ImageLimits {
  /** Pixels that a picture may have at most, by the size that its file claims; default 2^24, which is 4096 x 4096. */
  maxPixels?: number;
}

const RANGES: Ranges<ImageLimits> = { maxPixels: SIZE };

/** Files that people have instead: what stands at which byte. */
const OTHERS: readonly (readonly [at: number, texts: readonly string[], kind: string])[] = [
  [0, ["GIF8"], "a GIF file"],
  [8, ["WEBP"], "a WebP file"],
  [0, ["BM"], "a BMP file"],
  [0, ["II*\0", "MM\0*"], "a TIFF file"],
  [4, ["ftypheic", "ftypheix", "ftypmif1", "ftypmsf1", "ftypavif", "ftypavis"], "a HEIF or AVIF file"],
  [4, ["jP  "], "a JPEG 2000 file"],
  [4, ["JXL "], "a JPEG XL file"],
  [0, ["%PDF"], "a PDF file"],
  [0, ["<svg", "<?xml", "<html", "<!DO"], "an SVG or HTML file"],
];

/**
 * Read a picture from a PNG or JPEG file, as a browser would show it, over white.
 *
 * - PNG: grey, colour and palette, of 1 to 16 bits, interlaced or not. 16 bits are rounded to 8.
 * - JPEG: baseline and progressive, grey, YCbCr, RGB, CMYK and YCCK.
 * - Transparency is laid over white, and a picture is turned as its Exif says. Of an animation, the first picture is read.
 *   Colour profiles and gamma are passed over.
 * @param bytes the whole file
 * @param name of the file, for errors
 * @returns a promise, since the decoder of JPEG is loaded with the first file that needs it
 * @throws FormatError for other kinds of files, what is cut off or damaged, and pictures of no pixels or too many
 */
export async function decodeImage(
  bytes: Uint8Array,
  name: string,
  limits: ImageLimits = {},
): Promise<RgbImage> {
  checkValue("decodeImage: bytes", BYTES, bytes);
  checkValue("decodeImage: name", TEXT, name);
  const { maxPixels } = settle<Required<ImageLimits>>(
    "decodeImage",
    RANGES,
    { maxPixels: MAX_PIXELS },
    limits,
  );
  const where = escapeControl(name);
  if (PNG_SIGNATURE.every((byte, at) => byte === bytes[at])) return decodePng(bytes, where, maxPixels);
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return decodeJpeg(bytes, where, maxPixels);
  if (bytes.length === 0)
    throw new FormatError(where, "the file is empty", { hint: "get it again, or leave it out" });
  const start = String.fromCharCode(...bytes.subarray(0, 16));
  const kind = OTHERS.find(([at, texts]) => texts.some((text) => start.startsWith(text, at)))?.[2];
  throw new FormatError(where, `this is ${kind ?? "neither a PNG nor a JPEG file"}`, {
    hint: "convert it to PNG or JPEG, such as with: magick FILE out.png",
  });
}
