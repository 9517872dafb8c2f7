import { escapeControl, InputError } from "../core/errors.ts";
import { runJobInTurns } from "../core/job.ts";
import { BYTES, checkValue, FUNCTION, listOfAny, type Range, TEXT } from "../core/options.ts";
import { CorpusBuilder } from "./corpus-builder.ts";
import type { DataFile, DataSource } from "./data-source.ts";
import { unpackedFile } from "./unpacked-file.ts";

/** A file in memory: a text that a program has made, or bytes that it has. */
export interface MemoryFile {
  /** With its extension; folders before it are separated by /. */
  readonly name: string;
  /** UTF-8. */
  readonly content: string | Uint8Array;
}

/** A file that a person has picked or dropped in a page: a `File` of the DOM. */
export interface PickedFile {
  readonly name: string;
  readonly size?: number;
  /** Of a file in a folder that was picked: its path, from the name of that folder on. */
  readonly webkitRelativePath?: string;
  arrayBuffer(): Promise<ArrayBuffer>;
}

const FILE: Range = {
  text: "a file, { name, content } or a File",
  fits: (value) => {
    const { name, content, arrayBuffer } = Object(value) as Partial<MemoryFile & PickedFile>;
    if (!TEXT.fits(name) || name === "") return false;
    return TEXT.fits(content) || BYTES.fits(content) || (content === undefined && FUNCTION.fits(arrayBuffer));
  },
};
const FILES = listOfAny(FILE, "a list of files, each { name, content } or a File");

const isPicked = (file: MemoryFile | PickedFile): file is PickedFile =>
  (file as Partial<MemoryFile>).content === undefined;

/** A file below a folder is named from that folder on, as in Node. */
function nameOf(file: MemoryFile | PickedFile): string {
  const path = isPicked(file) ? file.webkitRelativePath : undefined;
  return path ? path.replace(/^[^/]*\//, "") : file.name;
}

async function bytesOf(file: MemoryFile | PickedFile): Promise<Uint8Array> {
  if (isPicked(file)) return new Uint8Array(await file.arrayBuffer());
  return typeof file.content === "string" ? new TextEncoder().encode(file.content) : file.content;
}

/** As a task reads it: what is packed by gzip is unpacked. */
function dataFileOf(file: MemoryFile | PickedFile): DataFile {
  return unpackedFile({ name: nameOf(file), size: sizeOf(file), read: () => bytesOf(file) });
}

function sizeOf(file: MemoryFile | PickedFile): number | null {
  if (isPicked(file)) return file.size ?? null;
  // Of a text only the bytes that it will be are a size.
  return typeof file.content === "string" ? null : file.content.byteLength;
}

/**
 * Data in memory or in files that were picked in a page, for tasks to read as they read files.
 * @param files at least one, in the order in which a text is read from them: the list of `<input type="file">`, a drop's,
 * or one that a program has made
 */
export function memorySource(files: ArrayLike<MemoryFile | PickedFile>): DataSource {
  checkValue("memorySource: files", FILES, files);
  const own = Array.from(files);
  if (own.length === 0) throw new InputError("memorySource: at least one file is needed, got none");
  const names = own.map(nameOf);
  const description = own.length === 1 ? names[0] : `${own.length} files`;
  return {
    description,
    paths: names,
    async readText({ onProgress, onNote, signal }) {
      const builder = new CorpusBuilder();
      for (const [index, file] of own.entries()) {
        onProgress(`reading ${description}`, index, own.length);
        signal?.throwIfAborted();
        builder.begin(`'${escapeControl(names[index])}'`);
        builder.push(await dataFileOf(file).read());
        builder.end();
      }
      const corpus = await runJobInTurns(builder.finishJob(), signal);
      if (builder.crlf > 0) onNote(`${builder.crlf} CRLF line end${builder.crlf === 1 ? "" : "s"} became LF`);
      return corpus;
    },
    listFiles: async () => own.map(dataFileOf),
  };
}
