/**
 * The files of code that a person has named, cells and tasks: only these are loaded when a run or a checkpoint asks for
 * code.
 *
 * Each is a file of its own in the state folder, called by the SHA-256 of what it says. So writers that run at the same
 * time lose nothing of each other, nothing is searched, and whatever else lies there is never looked at. What such a
 * file says is only ever compared with what is asked.
 */
import { createHash } from "node:crypto";
import { join, resolve } from "node:path";
import { type FileSystem, nodeFileSystem, readIfThere, writeFileDurable } from "./file-system.ts";
import { stateFolder } from "./state-folder.ts";
import { errorCode, tryStorage } from "./storage-errors.ts";

/** A file of code as a person has named it. */
export interface NamedCode {
  /** Absolute, links and all. */
  readonly path: string;
  /** Where the file itself lies: what it imports is found from there. */
  readonly realPath: string;
  /** Of its bytes, in hexadecimal digits. */
  readonly sha256: string;
}

export interface NamedCodeOptions {
  readonly fs?: FileSystem;
  /** Default: {@link stateFolder}. */
  readonly folder?: string;
}

const recordPath = (folder: string, path: string, sha256: string): string => {
  const name = createHash("sha256")
    .update(`${resolve(path)}\0${sha256}`)
    .digest("hex");
  return join(folder, "code", `${name}.json`);
};

/**
 * What was remembered of a path and a hash; undefined for a pair that nobody has named. Nothing at `path` is touched.
 * @param path from the current folder
 * @throws StorageError, InputError where the state folder cannot be read
 */
export async function findNamedCode(
  path: string,
  sha256: string,
  { fs = nodeFileSystem, folder = stateFolder() }: NamedCodeOptions = {},
): Promise<NamedCode | undefined> {
  let bytes: Uint8Array | undefined;
  try {
    bytes = await readIfThere(fs, recordPath(folder, path, sha256));
  } catch (error) {
    // A file where a folder would be: nothing has been remembered there.
    if (error instanceof Error && errorCode(error.cause) === "ENOTDIR") return undefined;
    throw error;
  }
  if (bytes === undefined) return undefined;
  const record = parseRecord(bytes);
  const isAsked = record?.path === resolve(path) && record.sha256 === sha256;
  return isAsked ? record : undefined;
}

/**
 * Remember code that a person has named, on the disk when the call resolves.
 * @throws StorageError, InputError where it cannot be remembered
 */
export async function rememberCode(
  code: NamedCode,
  { fs = nodeFileSystem, folder = stateFolder() }: NamedCodeOptions = {},
): Promise<void> {
  const record = await findNamedCode(code.path, code.sha256, { fs, folder });
  if (record?.realPath === code.realPath) return;
  const { path, realPath, sha256 } = code;
  const records = join(folder, "code");
  await tryStorage("create", records, () => fs.mkdir(records));
  const line = `${JSON.stringify({ path: resolve(path), realPath, sha256 })}\n`;
  await writeFileDurable(fs, recordPath(folder, path, sha256), line);
}

function parseRecord(bytes: Uint8Array): NamedCode | undefined {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { path, realPath, sha256 } = value as Partial<Record<keyof NamedCode, unknown>>;
  const areTexts = typeof path === "string" && typeof realPath === "string" && typeof sha256 === "string";
  return areTexts ? { path, realPath, sha256 } : undefined;
}
