import { writeFile } from "node:fs/promises";
import { InputError } from "../core/errors.ts";
import { note } from "./note.ts";

/**
 * Write a picture to a file.
 * @param svg text of the picture; undefined if there is none
 * @param what name of the thing that has no picture, for the error
 * @throws InputError for a file that cannot be written
 */
export async function writePicture(path: string, svg: string | undefined, what: string): Promise<void> {
  if (svg === undefined) throw new InputError(`--picture: there is no picture of ${what}`);
  if (!path.toLowerCase().endsWith(".svg")) {
    throw new InputError(`--picture ${path}: pictures are SVG`, { hint: "name a file that ends in .svg" });
  }
  try {
    await writeFile(path, svg);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new InputError(`--picture ${path} cannot be written: ${code}`, { cause });
  }
  note(`picture written to ${path}`);
}
