/**
 * The few file operations that a run needs, as a seam: tests put a full disk or a read-only one behind it.
 * Implementations reject with Node's errors (`code`: "ENOSPC", ...); {@link tryStorage} turns them into StorageError.
 */
import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import * as fsp from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { escapeControl, InputError } from "../core/errors.ts";
import { errorCode, tryStorage } from "./storage-errors.ts";

export interface OpenFile {
  /** Writes some of `bytes`, at the end of what was written; resolves to how many. */
  write(bytes: Uint8Array): Promise<number>;
  /** Resolves when all that was written is on the disk. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

export interface FileSystem {
  /** With its parents; an existing folder is fine. */
  mkdir(folder: string): Promise<void>;
  /** "new" must not exist; "append" may. */
  open(path: string, mode: "new" | "append"): Promise<OpenFile>;
  /** Of regular files and links to them; anything else (a named pipe, a device) is refused and never waited for. */
  readFile(path: string): Promise<Uint8Array>;
  /** Whether a path itself is a symbolic link; false where there is nothing. */
  isLink(path: string): Promise<boolean>;
  /** The names in a folder. */
  readdir(folder: string): Promise<string[]>;
  /** Replaces `to` atomically. */
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  /** Removes an empty folder. */
  rmdir(folder: string): Promise<void>;
  truncate(path: string, bytes: number): Promise<void>;
  /** Resolves when the names in a folder (created, renamed, removed) are on the disk. */
  syncFolder(folder: string): Promise<void>;
}

export const nodeFileSystem: FileSystem = {
  mkdir: makeFolder,
  async open(path, mode) {
    const file = await fsp.open(path, mode === "new" ? "wx" : "a");
    return {
      write: async (bytes) => (await file.write(bytes)).bytesWritten,
      sync: () => file.sync(),
      close: () => file.close(),
    };
  },
  // Not fsp.readFile, which stops at 2 GiB.
  async readFile(path) {
    // Opening a named pipe would wait for a writer. Windows has neither.
    const file = await fsp.open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const stats = await file.stat();
      if (!stats.isFile()) throw notAFile(path, stats.isDirectory());
      const bytes = new Uint8Array(stats.size);
      let at = 0;
      while (at < bytes.byteLength) {
        const { bytesRead } = await file.read(bytes, at, Math.min(bytes.byteLength - at, 2 ** 30));
        if (bytesRead === 0) break;
        at += bytesRead;
      }
      return bytes.subarray(0, at);
    } finally {
      await file.close();
    }
  },
  async isLink(path) {
    const stats = await fsp.lstat(path).catch((error) => {
      if (errorCode(error) === "ENOENT") return undefined;
      throw error;
    });
    return stats?.isSymbolicLink() ?? false;
  },
  readdir: (folder) => fsp.readdir(folder),
  rename: (from, to) => renamePatiently(() => fsp.rename(from, to)),
  unlink: (path) => fsp.unlink(path),
  rmdir: (folder) => fsp.rmdir(folder),
  truncate: (path, bytes) => fsp.truncate(path, bytes),
  async syncFolder(folder) {
    // Windows opens no folders, and some network file systems sync none: there the rename has to be enough.
    if (process.platform === "win32") return;
    const handle = await fsp.open(folder, constants.O_RDONLY);
    try {
      await handle.sync();
    } catch (error) {
      if (!["EINVAL", "ENOTSUP", "EOPNOTSUPP"].includes(errorCode(error) ?? "")) throw error;
    } finally {
      await handle.close();
    }
  },
};

/** What Windows answers where a file is to be replaced or removed that another process has open just now. */
export function isBusy(error: unknown): boolean {
  return ["EPERM", "EACCES", "EBUSY"].includes(errorCode(error) ?? "");
}

/** Milliseconds before each further attempt: about two seconds in all, longer than anybody reads a checkpoint. */
const PAUSES = [10, 20, 50, 100, 200, 400, 600, 600];

/**
 * Windows replaces no file that is being read, by a sample or by a virus scanner: there the attempt is repeated.
 * @param rename one attempt
 * @param system of tests
 */
export async function renamePatiently(
  rename: () => Promise<void>,
  system: { platform: string; sleep(milliseconds: number): Promise<unknown> } = {
    platform: process.platform,
    sleep,
  },
): Promise<void> {
  const pauses = system.platform === "win32" ? PAUSES : [];
  for (const pause of pauses) {
    try {
      return await rename();
    } catch (error) {
      if (!isBusy(error)) throw error;
    }
    await system.sleep(pause);
  }
  return rename();
}

function notAFile(path: string, isFolder: boolean): Error {
  if (isFolder) return Object.assign(new Error(`${path} is a folder`), { code: "EISDIR" });
  return new InputError(`${escapeControl(path)} is no regular file, but a pipe or a device`, {
    hint: "a run consists of files and folders: do not trust this one",
  });
}

/** Node's `recursive` loops for ever below /proc, where mkdir answers ENOENT although the parent exists. */
async function makeFolder(folder: string): Promise<void> {
  try {
    await fsp.mkdir(folder);
  } catch (error) {
    if (await isFolder(folder)) return;
    if (errorCode(error) !== "ENOENT") throw error;
    const parent = dirname(folder);
    // Where the parent is there now, another process has made it since.
    if (!(await isFolder(parent))) await makeFolder(parent);
    await fsp.mkdir(folder).catch(async (again) => {
      if (!(await isFolder(folder))) throw again;
    });
  }
}

async function isFolder(path: string): Promise<boolean> {
  const stats = await fsp.stat(path).catch(() => undefined);
  return stats?.isDirectory() ?? false;
}

/** Temporary files that this process is writing now. */
const writing = new Set<string>();

/** `.tmp-<pid>-<random>-<name>` beside `path`: out of sight, and its owner is known. */
export function temporaryPath(path: string): string {
  return join(dirname(path), `.tmp-${process.pid}-${randomBytes(6).toString("hex")}-${basename(path)}`);
}

/**
 * Write a file that appears whole or not at all, and stays after a power cut: everything goes to a temporary file
 * that is synced and then renamed to `path`. On failure the former file at `path` is as it was.
 * @throws StorageError
 */
export async function writeFileDurable(
  fs: FileSystem,
  path: string,
  bytes: Uint8Array | string,
): Promise<void> {
  const temporary = temporaryPath(path);
  writing.add(temporary);
  try {
    await tryStorage("write", path, async () => {
      try {
        await writeNewFile(
          fs,
          temporary,
          typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes,
        );
        await fs.rename(temporary, path);
      } catch (error) {
        // The first error is the one to tell; a file that stays behind is swept up later.
        await fs.unlink(temporary).catch(() => {});
        throw error;
      }
      await fs.syncFolder(dirname(path));
    });
  } finally {
    writing.delete(temporary);
  }
}

async function writeNewFile(fs: FileSystem, path: string, bytes: Uint8Array): Promise<void> {
  const file = await fs.open(path, "new");
  try {
    await writeAll(file, bytes);
    await file.sync();
  } catch (error) {
    await file.close().catch(() => {});
    throw error;
  }
  await file.close();
}

/** A write may take fewer bytes than it is given, when the disk fills up or above 2 GiB. */
export async function writeAll(file: OpenFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.byteLength; ) {
    const written = await file.write(bytes.subarray(at, at + 2 ** 30));
    if (written === 0) throw Object.assign(new Error("no bytes were written"), { code: "EIO" });
    at += written;
  }
}

/**
 * Remove the temporary files in `folder` that processes left behind when they died.
 * @param isAlive whether a process of this machine runs
 */
export async function sweepTemporaryFiles(
  fs: FileSystem,
  folder: string,
  isAlive: (pid: number) => boolean,
): Promise<void> {
  await tryStorage("clean up", folder, async () => {
    for (const name of await fs.readdir(folder)) {
      const match = /^\.tmp-([1-9][0-9]{0,9})-/.exec(name);
      if (match === null) continue;
      const path = join(folder, name);
      const pid = Number(match[1]);
      const inUse = pid === process.pid ? writing.has(path) : isAlive(pid);
      if (!inUse) await removeFile(fs, path);
    }
  });
}

/** Unlink; a file that is already gone is fine. */
export async function removeFile(fs: FileSystem, path: string): Promise<void> {
  await tryStorage("remove", path, async () => {
    await fs.unlink(path).catch((error) => {
      if (errorCode(error) !== "ENOENT") throw error;
    });
  });
}

/**
 * Remove a folder if it is empty; one that is already gone is fine.
 * @returns the names of what is in it and keeps it
 */
export async function removeEmptyFolder(fs: FileSystem, folder: string): Promise<string[]> {
  return tryStorage("remove", folder, async () => {
    try {
      await fs.rmdir(folder);
    } catch (error) {
      const code = errorCode(error);
      if (code === "ENOENT") return [];
      if (code === "ENOTEMPTY" || code === "EEXIST") return fs.readdir(folder);
      throw error;
    }
    return [];
  });
}

/** The bytes of a file, or undefined if there is none. @throws StorageError */
export async function readIfThere(fs: FileSystem, path: string): Promise<Uint8Array | undefined> {
  return tryStorage("read", path, async () => {
    try {
      return await fs.readFile(path);
    } catch (error) {
      if (errorCode(error) === "ENOENT") return undefined;
      throw error;
    }
  });
}
