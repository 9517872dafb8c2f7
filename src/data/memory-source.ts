import { escapeControl, InputError } from "../core/errors.ts";
import { runJobInTurns } from "../core/job.ts";
import { BYTES, checkValue, listOfAny, type Range, TEXT } from "../core/options.ts";
import { CorpusBuilder } from "./corpus-builder.ts";
import type { DataSource } from "./data-source.ts";

/** A file in memory: one that was dropped on a page, or a text that a program has made. */
export interface MemoryFile {
  /** With its extension; folders before it are separated by /. */
  readonly name: string;
  /** UTF-8. */
  readonly content: string | Uint8Array;
}

const FILE: Range = {
  text: "a file, { name, content }",
  fits: (value) => {
    const { name, content } = Object(value) as Partial<MemoryFile>;
    return TEXT.fits(name) && name !== "" && (TEXT.fits(content) || BYTES.fits(content));
  },
};
const FILES = listOfAny(FILE, "a list of files, each { name, content }");

/**
 * Data in memory, for tasks to read as they read files.
 * @param files at least one, in the order in which a text is read from them
 */
export function memorySource(files: readonly MemoryFile[]): DataSource {
  checkValue("memorySource: files", FILES, files);
  if (files.length === 0) throw new InputError("memorySource: at least one file is needed, got none");
  const own = Array.from(files);
  const bytesOf = ({ content }: MemoryFile): Uint8Array =>
    typeof content === "string" ? new TextEncoder().encode(content) : content;
  const description = own.length === 1 ? own[0].name : `${own.length} files`;
  return {
    description,
    paths: own.map(({ name }) => name),
    async readText({ onProgress, signal }) {
      const builder = new CorpusBuilder();
      for (const [index, file] of own.entries()) {
        onProgress(`reading ${description}`, index, own.length);
        builder.begin(`'${escapeControl(file.name)}'`);
        builder.push(bytesOf(file));
        builder.end();
      }
      return runJobInTurns(builder.finishJob(), signal);
    },
    listFiles: async () =>
      own.map((file) => ({
        name: file.name,
        size: bytesOf(file).byteLength,
        read: async () => bytesOf(file),
      })),
  };
}
