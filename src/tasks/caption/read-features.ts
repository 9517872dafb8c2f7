/** Arrays of pictures or features that captions are written for. */
import type { DataFile } from "../../data/data-source.ts";
import { parsePictureArrays } from "../../data/picture-arrays.ts";
import type { PictureStore } from "./pictures.ts";

/** @throws FormatError as `parsePictureArrays` does */
export async function readFeatures(
  file: DataFile,
): Promise<{ readonly names: readonly string[] | undefined; readonly store: PictureStore }> {
  const { names, pictures } = await parsePictureArrays(await file.read(), file.name);
  return { names, store: pictures };
}
