/** Data in files, folders and on standard input. */
import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { escapeControl, InputError, UnrolledError } from "../core/errors.ts";
import type { LoadHooks } from "../core/hooks.ts";
import type { DataFile, DataSource } from "../data/data-source.ts";
import { unpackedFile } from "../data/unpacked-file.ts";
import { listPaths, readText, readWhole, STDIN } from "./text-files.ts";

const PACKAGE = new URL("../../", import.meta.url);

export function describePaths(paths: readonly string[]): string {
  return paths.length === 1 ? paths[0] : `${paths.length} files`;
}

/** Data that a person named: paths of files and folders, or `-` for standard input. */
export function sourceOf(paths: readonly string[]): DataSource {
  const description = describePaths(paths);
  // It can be read once, and a task may look at its data before it decides how to read it.
  let piped: Promise<Uint8Array> | undefined;
  const readPiped = () => (piped ??= readStdin());
  return {
    description,
    paths,
    readText: (hooks) =>
      readText(paths, {
        onProgress: (done, total) => hooks.onProgress(`reading ${description}`, done, total),
        onWarning: (message) => hooks.onNote(message),
        signal: hooks.signal,
      }),
    listFiles: (hooks) => listFiles(paths, readPiped, hooks),
  };
}

async function listFiles(
  paths: readonly string[],
  readPiped: () => Promise<Uint8Array>,
  { onNote }: LoadHooks,
): Promise<DataFile[]> {
  const files: DataFile[] = [];
  for (const { path, folder, bytes, skipped } of await listPaths(paths)) {
    if (skipped !== undefined) onNote(skipped);
    if (path === null) {
      files.push({ name: "standard input", size: null, read: readPiped });
      continue;
    }
    const shown = path.toString();
    const name = folder === null ? basename(shown) : shown.slice(folder.length).replace(/^[\\/]+/, "");
    const file = { name: name.replaceAll("\\", "/"), size: bytes, read: () => readWhole(path) };
    files.push(unpackedFile(file));
  }
  return files;
}

async function readStdin(): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of process.stdin) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** A file of this package, as "corpus/unrolled.txt". */
export function assetOf(path: string): DataSource {
  const url = new URL(path, PACKAGE);
  const description = "the bundled corpus (this project's own source)";
  if (!existsSync(url)) {
    throw new UnrolledError("CORPUS", "failure", "the bundled corpus is missing", {
      hint: "install the package again, or name a text of your own",
    });
  }
  const source = sourceOf([fileURLToPath(url)]);
  return {
    ...source,
    description,
    paths: [],
    readText: (hooks) =>
      source.readText({
        ...hooks,
        onProgress: (_, done, total) => hooks.onProgress(`reading ${description}`, done, total),
      }),
  };
}

/** The bundled corpus: a snapshot of this project's own source text, ours to give away. */
export const BUNDLED = "corpus/unrolled.txt";

/** What a person named, or the bundled corpus. */
export function textSourceOf(path: string | undefined): DataSource {
  return path === undefined ? assetOf(BUNDLED) : sourceOf([path]);
}

/** Starts of network shares and devices on Windows: reading one tells another machine who asks. */
const NETWORK_OR_DEVICE = /^[\\/]{2}/;

/**
 * The data of a run from where its run.json says that it is. Such a file may come from somebody else: it names ordinary
 * files and folders, and nothing that waits, never ends or is on another machine.
 * @param where the run
 * @param what the data is called, as "text"
 * @throws InputError naming the path that is none of them
 */
export async function openRecordedSource(
  paths: readonly string[],
  where: string,
  what: string,
): Promise<DataSource> {
  for (const path of paths) {
    if (path === STDIN) continue;
    const isOrdinary = NETWORK_OR_DEVICE.test(path) ? false : await isFileOrFolder(path);
    if (isOrdinary) continue;
    throw new InputError(
      `${escapeControl(where)} names ${escapeControl(path)} as its ${what}, which is no ordinary file or folder here`,
      { hint: `name the ${what} yourself` },
    );
  }
  return sourceOf(paths);
}

/** Also where there is nothing, which reading says better. */
function isFileOrFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile() || found.isDirectory(),
    () => true,
  );
}
