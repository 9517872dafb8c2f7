import { createHash } from "node:crypto";
import type { Dirent, Stats } from "node:fs";
import { open, readFile as readBytes, readdir, stat } from "node:fs/promises";
import { escapeControl, InputError, runJobInTurns, UnrolledError } from "../core/index.ts";
import type { StopSignal } from "../core/job.ts";
import { BinaryContentError, CorpusBuilder, type TextCorpus } from "../data/index.ts";
import { isPacked, unpackedFile } from "../data/unpacked-file.ts";

/** What a person typed for standard input. */
export const STDIN = "-";

/** Bytes of a file that is read as a whole: what one array holds, with room for what is made of it. */
const LARGEST_FILE = 2 ** 31;

const READ_BYTES = 1 << 20;
const SHOWN_NAMES = 10;

export interface ReadTextOptions {
  /** Called before the first byte and after each piece; the total is null where it is unknown. */
  onProgress?: (bytesRead: number, bytesTotal: number | null) => void;
  /** One line for people, without control characters. */
  onWarning?: (message: string) => void;
  /** Instead of the process's standard input. */
  stdin?: AsyncIterable<Uint8Array>;
  /** Bytes of a file that are read at once; default 1 MiB. The text does not depend on it. */
  readBytes?: number;
  /** Stops the reading when it is aborted: the promise is rejected with the signal's reason. */
  signal?: StopSignal;
}

/** A file to read, or standard input; `folder` is where it was found, if it was not named itself. */
interface Source {
  /** Bytes, since a file name need not be UTF-8; null for standard input. */
  path: Buffer | null;
  bytes: number | null;
  folder: Folder | null;
}

interface Folder {
  name: string;
  characters: number;
  links: number;
  modules: number;
  binary: string[];
}

/**
 * Read UTF-8 text from files, folders and standard input (`"-"`) into one corpus, in the order given, with
 * nothing in between.
 *
 * A folder gives its regular files at any depth, sorted by path in byte order. Names that begin with a dot,
 * `node_modules`, symbolic links and binary files in it are left out, the last three with a warning. Byte order
 * marks go, CRLF becomes LF with a warning, a lone CR stays; characters are code points and are not normalised. A file
 * named NAME.gz is unpacked.
 *
 * Throws an {@link InputError} that names the file (and where possible byte and line) for one that is missing,
 * unreadable, binary or not UTF-8, for a folder without text, and if there is no text at all.
 */
export async function readText(paths: readonly string[], options: ReadTextOptions = {}): Promise<TextCorpus> {
  const { onProgress, onWarning, readBytes = READ_BYTES, signal } = options;
  if (paths.length === 0)
    throw new InputError("no text was given", { hint: "name a file, a folder, or - for stdin" });
  if (paths.filter((path) => path === STDIN).length > 1) {
    throw new InputError("standard input (-) was named twice; it can be read once");
  }
  const sources: Source[] = [];
  const folders: Folder[] = [];
  for (const path of paths) await find(path, sources, folders);

  const total = sources.reduce<number | null>(
    (sum, { bytes }) => (sum === null || bytes === null ? null : sum + bytes),
    0,
  );
  const builder = new CorpusBuilder();
  const buffer = Buffer.allocUnsafeSlow(readBytes);
  let bytesRead = 0;
  const report = (bytes: number): void => {
    signal?.throwIfAborted();
    bytesRead += bytes;
    // A file can grow while it is read.
    onProgress?.(bytesRead, total === null ? null : Math.max(total, bytesRead));
  };
  report(0);
  for (const source of sources) {
    const before = builder.characters;
    const pieces =
      source.path === null ? (options.stdin ?? process.stdin) : piecesOf(source.path, source.folder, buffer);
    await readSource(builder, source, pieces, report);
    if (source.folder !== null) source.folder.characters += builder.characters - before;
  }
  for (const folder of folders) checkFolder(folder, onWarning);
  if (builder.characters === 0 && sources.length > 1) {
    throw new InputError(`all ${sources.length} files are empty`, { hint: "name files that hold text" });
  }
  const corpus = await runJobInTurns(builder.finishJob(createHash("sha256")), signal);
  if (builder.crlf > 0) onWarning?.(`${count(builder.crlf, "CRLF line end")} became LF`);
  return corpus;
}

/** A file that paths stand for, or standard input, whose path is null. */
export interface ListedPath {
  readonly path: Buffer | null;
  /** Size in bytes, where it is known. */
  readonly bytes: number | null;
  /** The folder that was named and holds it; null for a file that was named itself. */
  readonly folder: string | null;
  /** What was left out of the folder, told with its first file. */
  readonly skipped?: string;
}

/**
 * The files that paths stand for, those of a folder sorted by path in byte order, without names that begin with a dot,
 * `node_modules` and symbolic links.
 * @throws InputError for what is missing or unreadable, and for a folder without files
 */
export async function listPaths(paths: readonly string[]): Promise<ListedPath[]> {
  const listed: ListedPath[] = [];
  for (const path of paths) {
    const sources: Source[] = [];
    const folders: Folder[] = [];
    await find(path, sources, folders);
    const [folder] = folders;
    if (folder !== undefined && sources.length === 0) {
      throw new InputError(`the folder ${folder.name} holds no files`, { hint: "name a folder with data" });
    }
    const left = folder === undefined ? [] : skippedIn(folder);
    for (const [index, source] of sources.entries()) {
      const isFirst = index === 0 && left.length > 0;
      listed.push({
        path: source.path,
        bytes: source.bytes,
        folder: folder === undefined ? null : path,
        ...(isFirst && { skipped: `in ${folder?.name}: skipped ${left.join(", ")}` }),
      });
    }
  }
  return listed;
}

async function readSource(
  builder: CorpusBuilder,
  source: Source,
  pieces: AsyncIterable<Uint8Array>,
  report: (bytes: number) => void,
): Promise<void> {
  const name = source.path === null ? "standard input" : show(source.path);
  let left = source.bytes ?? 0;
  builder.begin(name);
  try {
    for await (const piece of pieces) {
      builder.push(piece);
      report(piece.length);
      left -= piece.length;
    }
    builder.end();
  } catch (error) {
    if (!(error instanceof BinaryContentError) || source.folder === null) throw systemError(error, name);
    builder.discard();
    source.folder.binary.push(name);
    report(Math.max(0, left));
  }
}

/** Of a file that was named itself and is packed by gzip, its content. Packed files in folders are binary files. */
function piecesOf(path: Buffer, folder: Folder | null, buffer: Buffer): AsyncIterable<Uint8Array> {
  return folder === null && isPacked(path.toString()) ? unpack(path) : readFile(path, buffer);
}

async function* unpack(path: Buffer): AsyncGenerator<Uint8Array> {
  yield await unpackedFile({ name: path.toString(), size: null, read: () => readWhole(path) }).read();
}

/** The file in pieces of one buffer, each valid until the next is asked for. */
async function* readFile(path: Buffer, buffer: Buffer): AsyncGenerator<Uint8Array> {
  const file = await open(path, "r");
  try {
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

/** Append what a path given by the user stands for. */
async function find(path: string, sources: Source[], folders: Folder[]): Promise<void> {
  if (path === STDIN) {
    sources.push({ path: null, bytes: null, folder: null });
    return;
  }
  const bytes = Buffer.from(path);
  const stats = await statOf(bytes);
  if (!stats.isDirectory()) {
    // A named pipe or a process substitution has no size that could be known.
    sources.push({ path: bytes, bytes: stats.isFile() ? stats.size : null, folder: null });
    return;
  }
  const folder: Folder = { name: show(bytes), characters: 0, links: 0, modules: 0, binary: [] };
  folders.push(folder);
  const files = await walk(bytes, folder);
  for (const file of files.sort(Buffer.compare)) {
    sources.push({ path: file, bytes: (await statOf(file)).size, folder });
  }
}

/** Regular files below a folder. Links are not followed, so that a loop cannot keep it busy. */
async function walk(root: Buffer, folder: Folder): Promise<Buffer[]> {
  const files: Buffer[] = [];
  const open = [root];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    for (const entry of await entriesOf(at)) {
      const name = entry.name.toString("latin1");
      if (name.startsWith(".")) continue;
      const slash = at.at(-1) === 0x2f ? "" : "/";
      const path = Buffer.concat([at, Buffer.from(slash), entry.name]);
      if (entry.isSymbolicLink()) folder.links++;
      else if (entry.isFile()) files.push(path);
      else if (entry.isDirectory() && name === "node_modules") folder.modules++;
      else if (entry.isDirectory()) open.push(path);
    }
  }
  return files;
}

/** What was left out of a folder, in words. */
function skippedIn({ binary, links, modules }: Folder): string[] {
  const skipped: string[] = [];
  if (binary.length > 0) {
    const more = binary.length > SHOWN_NAMES ? ` and ${binary.length - SHOWN_NAMES} more` : "";
    const names = `${binary.slice(0, SHOWN_NAMES).join(", ")}${more}`;
    skipped.push(`${count(binary.length, "binary file")} (${names})`);
  }
  if (links > 0) skipped.push(count(links, "symbolic link"));
  if (modules > 0) skipped.push(count(modules, "node_modules folder"));
  return skipped;
}

function checkFolder(folder: Folder, onWarning: ReadTextOptions["onWarning"]): void {
  const { name, characters } = folder;
  const list = skippedIn(folder).join(", ");
  if (characters === 0) {
    const but = list === "" ? "" : `, only ${list}`;
    throw new InputError(`the folder ${name} holds no text${but}`, {
      hint: "name a folder with UTF-8 text files",
    });
  }
  if (list !== "") onWarning?.(`in ${name}: skipped ${list}`);
}

/** All bytes of a file. @throws InputError for one that is missing, unreadable or very large */
export async function readWhole(path: Buffer): Promise<Uint8Array> {
  const name = show(path);
  try {
    const { size } = await stat(path);
    if (size > LARGEST_FILE) {
      throw new InputError(`${name} has ${size} bytes, more than the ${LARGEST_FILE} that are read at once`, {
        hint: "cut it into several files",
      });
    }
    return await readBytes(path);
  } catch (error) {
    throw systemError(error, name);
  }
}

async function statOf(path: Buffer): Promise<Stats> {
  try {
    return await stat(path);
  } catch (error) {
    throw systemError(error, show(path));
  }
}

async function entriesOf(path: Buffer): Promise<Dirent<Buffer>[]> {
  try {
    return await readdir(path, { withFileTypes: true, encoding: "buffer" });
  } catch (error) {
    throw systemError(error, show(path));
  }
}

/** A system error as an input error that names the file; every other error as it is. */
export function systemError(error: unknown, name: string): unknown {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (error instanceof UnrolledError || typeof code !== "string") return error;
  if (code === "ENOENT" || code === "ENOTDIR") {
    return new InputError(`${name} does not exist`, { hint: "check the path", cause: error });
  }
  if (code === "EACCES" || code === "EPERM") {
    return new InputError(`${name} cannot be read: permission denied`, {
      hint: "allow reading it (chmod u+r), or leave it out",
      cause: error,
    });
  }
  return new InputError(`${name} cannot be read: ${code}`, { cause: error });
}

function show(path: Buffer): string {
  return `'${escapeControl(path.toString())}'`;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}
