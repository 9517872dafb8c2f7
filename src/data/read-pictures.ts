import { InputError } from "../core/errors.ts";
import type { LoadHooks } from "../core/hooks.ts";
import { checkValue, listOfAny, OBJECT, type Range, SIZE } from "../core/options.ts";
import type { DataFile } from "./data-source.ts";
import { sharedBytes } from "./shared-arrays.ts";

const SIDE: Range = {
  text: "an integer from 1 to 1024",
  fits: (value) => SIZE.fits(value) && (value as number) <= 1024,
};

const FILES = listOfAny(
  {
    text: "a file",
    fits: (value) => {
      const { name, read } = Object(value) as Partial<DataFile>;
      return typeof name === "string" && typeof read === "function";
    },
  },
  "a list of files, as a source of data lists them",
);

/** Bytes of all pictures together. */
const MOST_BYTES = 2 ** 31;

/**
 * Decode files of pictures, each cut to its middle square and brought to one size.
 * @param side height and width in pixels, 1 to 1024
 * @returns [files, 3, side, side], red, green and blue from 0 to 255, in shared memory where there is any
 * @throws InputError for more than 2 GiB of pixels; FormatError as `decodeImage` does
 */
export async function readPictures(
  files: readonly DataFile[],
  side: number,
  hooks: LoadHooks,
): Promise<Uint8Array> {
  checkValue("readPictures: files", FILES, files);
  checkValue("readPictures: side", SIDE, side);
  checkValue("readPictures: hooks", OBJECT, hooks);
  const plane = side * side;
  if (files.length * 3 * plane > MOST_BYTES) {
    throw new InputError(`${files.length} pictures of ${side} x ${side} pixels need more than 2 GiB`, {
      hint: "make the pictures smaller, or give fewer",
    });
  }
  // Loaded with its packages only where there are pictures.
  const [{ decodeImage }, { resizeImage }] = await Promise.all([
    import("../io/images.ts"),
    import("../io/image.ts"),
  ]);
  const pixels = sharedBytes(files.length * 3 * plane);
  for (const [index, file] of files.entries()) {
    hooks.onProgress("decoding pictures", index, files.length);
    hooks.signal?.throwIfAborted();
    const image = await decodeImage(await file.read(), file.name);
    const { data } = resizeImage(image, side, side, { crop: true });
    const own = pixels.subarray(index * 3 * plane, (index + 1) * 3 * plane);
    for (let at = 0; at < data.length; at++) own[(at % 3) * plane + Math.floor(at / 3)] = data[at];
  }
  return pixels;
}
