import { gunzip } from "../io/gunzip.ts";
import type { DataFile } from "./data-source.ts";

/** A file whose name ends in .gz as the file that is packed in it; any other one as it is. */
export function unpackedFile(file: DataFile): DataFile {
  if (!isPacked(file.name)) return file;
  return {
    name: file.name.replace(PACKED, ""),
    size: null,
    read: async () => gunzip(await file.read(), file.name),
  };
}

const PACKED = /\.gz$/i;

/** Whether a name says that a file is packed by gzip. */
export const isPacked = (name: string): boolean => PACKED.test(name) && !/(?:^|\/)\.gz$/i.test(name);
