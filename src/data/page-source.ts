/** Data that is in memory already, or comes from files that a person has picked or dropped in a page. */
import { escapeControl, InputError } from "../core/errors.ts";
import type { LoadHooks } from "../core/hooks.ts";
import { runJobInTurns } from "../core/job.ts";
import { checkValue, FUNCTION, LIST, OBJECT, type Range, TEXT } from "../core/options.ts";
import { CorpusBuilder } from "./corpus-builder.ts";
import type { DataFile, DataSource } from "./data-source.ts";
import type { TextCorpus } from "./text-corpus.ts";

/** A file by its name: a `File` of a page fits, and so does a `Blob` with a name. */
export interface PickedFile {
  readonly name: string;
  /** Of a file in a folder that was picked or dropped: its path below that folder's parent. */
  readonly webkitRelativePath?: string;
  readonly size?: number;
  arrayBuffer(): Promise<ArrayBuffer>;
}

const FILE: Range = {
  text: "a file: an object with a name and arrayBuffer(), as File and Blob have",
  fits: (value) => {
    if (!OBJECT.fits(value)) return false;
    const { name, arrayBuffer } = value as Partial<PickedFile>;
    return TEXT.fits(name) && FUNCTION.fits(arrayBuffer);
  },
};

/**
 * A text as the data of a task.
 * @param text as it is; line ends and a byte order mark are read as in a file
 * @param name what messages call it; default "the text"
 */
export function sourceFromText(text: string, name = "the text"): DataSource {
  checkValue("sourceFromText: text", TEXT, text);
  checkValue("sourceFromText: name", TEXT, name);
  const bytes = new TextEncoder().encode(text);
  return sourceFromFiles([{ name, size: bytes.length, arrayBuffer: async () => bytes.buffer }]);
}

/**
 * Files as the data of a task: those of `<input type="file">`, of a drop, or made in a program.
 * @param files in the order in which their texts are joined; files of a folder are sorted by their paths first
 */
export function sourceFromFiles(files: ArrayLike<PickedFile>): DataSource {
  checkValue("sourceFromFiles: files", LIST, files);
  const list = Array.from(files);
  for (const [at, file] of list.entries()) checkValue(`sourceFromFiles: files[${at}]`, FILE, file);
  if (list.length === 0) {
    throw new InputError("sourceFromFiles: files must hold at least one file, got none");
  }
  const named = list.map((file) => ({ file, name: pathOf(file) }));
  if (list.some(({ webkitRelativePath }) => webkitRelativePath)) {
    named.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  }
  const description = named.length === 1 ? named[0].name : `${named.length} files`;
  const read: DataFile[] = named.map(({ file, name }) => ({
    name,
    size: file.size ?? null,
    read: async () => new Uint8Array(await file.arrayBuffer()),
  }));
  return {
    description,
    paths: named.map(({ name }) => name),
    readText: (hooks) => readText(read, description, hooks),
    listFiles: async () => read,
  };
}

/** Without the folder that was picked itself, as the name of a file below a folder is in Node. */
function pathOf({ name, webkitRelativePath }: PickedFile): string {
  return webkitRelativePath ? webkitRelativePath.replace(/^[^/]*\//, "") : name;
}

async function readText(
  files: readonly DataFile[],
  description: string,
  { onProgress, onNote, signal }: LoadHooks,
): Promise<TextCorpus> {
  const builder = new CorpusBuilder();
  for (const [done, file] of files.entries()) {
    onProgress(`reading ${description}`, done, files.length);
    signal?.throwIfAborted();
    builder.begin(`'${escapeControl(file.name)}'`);
    builder.push(await file.read());
  }
  const corpus = await runJobInTurns(builder.finishJob(), signal);
  if (builder.crlf > 0) {
    onNote(`${builder.crlf} CRLF line end${builder.crlf === 1 ? "" : "s"} became LF`);
  }
  return corpus;
}
