/** Failed file operations in words: what could not be done, why, and what helps. */
import { escapeControl, problemOf, StorageError, UnrolledError } from "../core/errors.ts";

/** Node's name of a system error: "ENOSPC". */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** Run file operations; what fails becomes `cannot <action> <path>: <reason>`. */
export async function tryStorage<T>(action: string, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw makeStorageError(action, path, error);
  }
}

const REASONS: Readonly<Record<string, readonly [reason: string, hint: string]>> = {
  ENOSPC: ["the disk is full", "free some space on that disk, then try again"],
  EDQUOT: ["the disk quota is used up", "free some space, then try again"],
  EROFS: ["the file system is read-only", "choose a folder that can be written to"],
  EACCES: ["permission denied", "change the permissions of the folder, or choose another"],
  EPERM: ["the operation is not permitted", "change the permissions of the folder, or choose another"],
  ENOENT: ["there is no such file or folder", "check the path"],
  ENOTDIR: ["a part of the path is a file, not a folder", "check the path"],
  EISDIR: ["it is a folder, not a file", "check the path"],
  EEXIST: ["a file of that name is in the way", "move it away, or choose another folder"],
  EIO: ["the disk reports an input/output error", "check the disk"],
  EFBIG: ["the file would be larger than the file system allows", "choose a folder on another disk"],
  EMFILE: ["this process has too many files open", "raise the limit on open files (ulimit -n)"],
  ENFILE: ["the machine has too many files open", "close other programs"],
  ENAMETOOLONG: ["the path is too long", "choose a shorter path"],
  ELOOP: ["the path runs in a circle of links", "check the path"],
};

/** The StorageError of a failed file operation; errors of this package pass through unchanged. */
export function makeStorageError(action: string, path: string, cause: unknown): UnrolledError {
  if (cause instanceof UnrolledError) return cause;
  const code = errorCode(cause);
  const [words, hint] = (code === undefined ? undefined : REASONS[code]) ?? [];
  const reason = words === undefined ? escapeControl(problemOf(cause)) : `${words} (${code})`;
  return new StorageError(`cannot ${action} ${escapeControl(path)}: ${reason}`, { hint, cause });
}
