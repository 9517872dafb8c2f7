/**
 * JPEG files (ITU-T T.81). jpeg-js decodes them, after all segments were checked here: it gets a file of only the segments
 * that pixels need, so that it sees no other size and no more scans than were looked at.
 */
import { FormatError, InputError } from "../core/index.ts";
import { DAMAGED } from "./damaged.ts";
import { applyOrientation } from "./exif.ts";
import type { RgbImage } from "./image.ts";
import { readSegments } from "./jpeg-segments.ts";

/** Bytes that jpeg-js takes for each pixel of a picture of four colours without subsampling, and for tables and borders. */
const BYTES_PER_PIXEL = 32;
const BYTES_BESIDES = 2 ** 26;

/**
 * Read a JPEG file: baseline, extended or progressive, of 8 bits, grey, YCbCr, RGB, CMYK or YCCK. Its orientation (Exif)
 * is applied. Colour profiles are passed over: CMYK becomes RGB by (255 - C)(255 - K) / 255.
 * @param where the name of the file, for errors
 * @param maxPixels a larger picture is refused by the size that it claims, before anything is decoded
 */
export async function decodeJpeg(bytes: Uint8Array, where: string, maxPixels: number): Promise<RgbImage> {
  const { file, isRgb, orientation } = readSegments(bytes, where, maxPixels);
  const { decode } = await loadDecoder();
  let decoded: { width: number; height: number; data: Uint8Array };
  try {
    decoded = decode(file, {
      useTArray: true,
      formatAsRGBA: false,
      // Blocks that restart intervals claim beyond the last row are passed over: such files are valid.
      tolerantDecoding: true,
      ...(isRgb && { colorTransform: false }),
      maxResolutionInMP: maxPixels / 1e6,
      maxMemoryUsageInMB: (maxPixels * BYTES_PER_PIXEL + BYTES_BESIDES) / 2 ** 20,
    });
  } catch (error) {
    throw new FormatError(where, "the pixels cannot be decoded", { ...DAMAGED, cause: error });
  }
  const { width, height, data } = decoded;
  return applyOrientation({ width, height, channels: 3, data }, orientation);
}

/** Loaded with the first JPEG file: pages that show none need no import map for it. */
async function loadDecoder(): Promise<typeof import("jpeg-js")> {
  return import("jpeg-js").catch((cause) => {
    throw new InputError("decodeImage: the package jpeg-js, which reads JPEG files, cannot be loaded", {
      hint: "use dist/page/unrolled.js or a bundler, since jpeg-js is no module of ECMAScript",
      cause,
    });
  });
}
