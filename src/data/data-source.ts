import type { LoadHooks } from "../core/hooks.ts";
import type { TextCorpus } from "./text-corpus.ts";

/** A file by its name, wherever it comes from. */
export interface DataFile {
  /** Path below the folder or the list that it comes from, with / between folders. A packed file is named without .gz. */
  readonly name: string;
  /** Size in bytes; null where it is not known before reading. */
  readonly size: number | null;
  /** All bytes. @throws InputError for a file that cannot be read */
  read(): Promise<Uint8Array>;
}

/** Data that a person named: paths in Node, dropped files or a text in a page. */
export interface DataSource {
  /** What it is called in messages: "mybook.txt", "3 files". */
  readonly description: string;
  /** The names as they were given, kept in run.json. */
  readonly paths: readonly string[];
  /**
   * All of it as one UTF-8 text.
   * @throws InputError for what is missing, unreadable, binary or not UTF-8
   */
  readText(hooks: LoadHooks): Promise<TextCorpus>;
  /** The files in it, those of folders sorted by name. @throws InputError for what is missing or unreadable */
  listFiles(hooks: LoadHooks): Promise<readonly DataFile[]>;
}
