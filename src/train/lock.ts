/**
 * One process at a time writes to a run folder. `.lock` there names the owner; a dead owner's lock is taken over.
 *
 * Taking over must not race: two processes may find the same dead owner, and the slower one must not remove the
 * quicker one's lock. So every owner has a random id, and whoever wants to follow the owner X first creates
 * `.lock.after-X`, which only one can; that one is the owner from then on. It replaces `.lock` by its own and
 * then removes the successor files. A taker that looked before the replacing and created its successor file
 * after the removing finds another `.lock` than it had read, and starts again. A taker that dies in the midst
 * is a dead owner like any other, followed in the same way.
 */
import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { escapeControl, LockError } from "../core/index.ts";
import { errorCode, storageError, temporaryPath } from "./file-system.ts";

/** What a lock file holds, as JSON. */
interface Owner {
  /** 32 hexadecimal digits. */
  id: string;
  pid: number;
  host: string;
  /** When the process started, in the words of Linux's /proc; null elsewhere. Tells reused pids apart. */
  started: string | null;
  /** Id of the boot, on Linux: after a restart of the machine every pid means something else. */
  boot: string | null;
  /** For people: ISO date and time of the locking. */
  since: string;
}

/** A lock file that holds no owner: the machine lost power while it was written, or it is being written now. */
interface Unreadable {
  id: string;
  pid: null;
  ageMs: number;
}

/** The lock of a run folder, held until {@link release} or the end of the process. */
export interface RunLock {
  /** Removes the lock. Calling it again does nothing. */
  release(): void;
}

const PATIENCE_MS = 2_000;
const held = new Set<RunLock>();

/**
 * Lock a run folder, which exists.
 * @throws LockError if a live process holds it; StorageError if the lock file cannot be written
 */
export async function acquireLock(folder: string): Promise<RunLock> {
  const path = join(folder, ".lock");
  const owner = describeSelf();
  const own = temporaryPath(path);
  const deadline = Date.now() + PATIENCE_MS;
  try {
    fs.writeFileSync(own, `${JSON.stringify(owner)}\n`, { flag: "wx" });
    // Each round that does not end is one that lost a race, or one that waits for an owner to write its name.
    while (!tryToLock(folder, path, own, owner)) {
      if (Date.now() > deadline) {
        throw new LockError(`${escapeControl(folder)} is being locked by other processes`, {
          hint: `try again; if it stays so, remove ${escapeControl(path)}`,
        });
      }
      await sleep(5 + Math.random() * 20);
    }
  } catch (error) {
    throw storageError("lock", folder, error);
  } finally {
    fs.rmSync(own, { force: true });
  }
  return hold(path, owner.id);
}

/** True if the lock is ours now, false if another look is worth it. @throws LockError if it is not */
function tryToLock(folder: string, path: string, own: string, owner: Owner): boolean {
  const successorOf = (id: string) => `${path}.after-${id}`;
  const first = readOwner(path);
  if (first === undefined) return createExclusively(path, own, owner);
  const successors: string[] = [];
  let last = first;
  for (;;) {
    const successor = successorOf(last.id);
    const next = readOwner(successor);
    if (next === undefined || successors.includes(successor)) break;
    successors.push(successor);
    last = next;
  }
  if (last.pid === null) {
    // Nobody needs seconds to write one line: this one never will.
    if (last.ageMs < PATIENCE_MS / 2) return false;
  } else {
    refuseIfAlive(last, folder, path);
  }
  const claim = successorOf(last.id);
  if (!createExclusively(claim, own, owner)) return false;
  if (readOwner(path)?.id !== first.id) {
    fs.rmSync(claim, { force: true });
    return false;
  }
  // `own` and the claim may be one file under two names; the lock is a third.
  try {
    fs.renameSync(own, path);
  } catch (error) {
    fs.rmSync(claim, { force: true });
    throw error;
  }
  for (const file of [...successors, claim]) fs.rmSync(file, { force: true });
  return true;
}

function refuseIfAlive(owner: Owner, folder: string, path: string): void {
  const who = `process ${owner.pid} (since ${escapeControl(owner.since)})`;
  if (owner.host !== hostname()) {
    throw new LockError(`${escapeControl(folder)} is locked by ${who} on ${escapeControl(owner.host)}`, {
      hint: `if that process no longer runs, remove ${escapeControl(path)}`,
    });
  }
  if (!isAlive(owner)) return;
  const self = owner.pid === process.pid ? ", which is this process" : "";
  throw new LockError(`${escapeControl(folder)} is locked by ${who}${self}`, {
    hint: "wait for it to end or stop it, or choose another folder with --out",
  });
}

function hold(path: string, id: string): RunLock {
  const lock: RunLock = {
    release() {
      if (!held.delete(lock)) return;
      try {
        // Somebody may have removed it by hand, and another process may have locked since.
        if (readOwner(path)?.id === id) fs.rmSync(path, { force: true });
      } catch {
        // A lock that cannot be removed now is a dead owner's as soon as this process ends.
      }
      if (held.size === 0) process.off("exit", releaseAll);
    },
  };
  if (held.size === 0) process.on("exit", releaseAll);
  held.add(lock);
  return lock;
}

function releaseAll(): void {
  for (const lock of held) lock.release();
}

/** False if `path` exists. The file appears with its content, except where links are unknown. */
function createExclusively(path: string, own: string, owner: Owner): boolean {
  try {
    fs.linkSync(own, path);
    return true;
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    if (!["EPERM", "ENOSYS", "ENOTSUP", "EOPNOTSUPP", "EMLINK"].includes(errorCode(error) ?? "")) throw error;
  }
  try {
    fs.writeFileSync(path, `${JSON.stringify(owner)}\n`, { flag: "wx" });
    return true;
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    throw error;
  }
}

/** The owner in a lock file, or undefined if there is no such file. */
function readOwner(path: string): Owner | Unreadable | undefined {
  try {
    const stat = fs.statSync(path);
    const { ino, mtimeMs, size } = stat;
    if (!stat.isFile()) throw Object.assign(new Error(`${path} is no file`), { code: "EISDIR" });
    // Owners are short; whatever else lies there is not worth reading.
    const owner = size < 4096 ? parseOwner(fs.readFileSync(path, "utf8")) : undefined;
    return owner ?? { id: `${ino}-${Math.floor(mtimeMs)}`, pid: null, ageMs: Math.abs(Date.now() - mtimeMs) };
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

function parseOwner(text: string): Owner | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { id, pid, host, started, boot, since } = value as Partial<Record<keyof Owner, unknown>>;
  // The id becomes part of a file name.
  if (typeof id !== "string" || !/^[0-9a-f]{32}$/.test(id)) return undefined;
  if (typeof pid !== "number" || !Number.isInteger(pid) || pid < 1 || pid > 2 ** 31) return undefined;
  if (typeof host !== "string" || typeof since !== "string") return undefined;
  return { id, pid, host, since, started: stringOrNull(started), boot: stringOrNull(boot) };
}

function stringOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function describeSelf(): Owner {
  return {
    id: randomBytes(16).toString("hex"),
    pid: process.pid,
    host: hostname(),
    started: processFacts(process.pid)?.started ?? null,
    boot: bootId(),
    since: new Date().toISOString(),
  };
}

/** Whether the owner, a process of this host, still runs. In doubt it does. */
function isAlive(owner: Owner): boolean {
  const boot = bootId();
  if (owner.boot !== null && boot !== null && owner.boot !== boot) return false;
  if (!processIsAlive(owner.pid)) return false;
  const started = processFacts(owner.pid)?.started;
  return owner.started === null || started === undefined || owner.started === started;
}

/** Whether a process of this machine runs. */
export function processIsAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it runs, and belongs to somebody else.
    if (errorCode(error) !== "EPERM") return false;
  }
  const state = processFacts(pid)?.state;
  return state !== "Z" && state !== "X";
}

/** From /proc/<pid>/stat (man 5 proc): the state letter and the start time in ticks since the boot. */
function processFacts(pid: number): { state: string; started: string } | undefined {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is the name in parentheses, which may itself hold spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { state: fields[0], started: fields[19] };
  } catch {
    return undefined;
  }
}

function bootId(): string | null {
  try {
    return fs.readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return null;
  }
}
