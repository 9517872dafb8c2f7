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
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { escapeControl, LockError } from "../core/index.ts";
import { isBusy, temporaryPath } from "./file-system.ts";
import { type Machine, processIsAlive, thisMachine } from "./machine.ts";
import { errorCode, makeStorageError } from "./storage-errors.ts";

/** What a lock file holds, as JSON. */
interface Owner {
  /** 32 hexadecimal digits. */
  id: string;
  pid: number;
  host: string;
  /** When the process started, in the system's words; null where it does not say. Tells reused pids apart. */
  started: string | null;
  /** Id of the boot, on Linux: after a restart of the machine every pid means something else. */
  boot: string | null;
  /** On Linux: where the pid has its meaning. Null elsewhere, and in locks of version 0.1.0. */
  pidNamespace: string | null;
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
export async function acquireLock(folder: string, machine: Machine = thisMachine()): Promise<RunLock> {
  const path = join(folder, ".lock");
  const owner = describeSelf(machine);
  const own = temporaryPath(path);
  const deadline = Date.now() + PATIENCE_MS;
  try {
    fs.writeFileSync(own, `${JSON.stringify(owner)}\n`, { flag: "wx" });
    // Each round that does not end is one that lost a race, or one that waits for an owner to write its name.
    while (!tryToLock({ folder, path, own, owner, machine })) {
      if (Date.now() > deadline) {
        throw new LockError(`${escapeControl(folder)} is being locked by other processes`, {
          hint: `try again; if it stays so, remove ${escapeControl(path)}`,
        });
      }
      await sleep(5 + Math.random() * 20);
    }
  } catch (error) {
    throw makeStorageError("lock", folder, error);
  } finally {
    fs.rmSync(own, { force: true });
  }
  return hold(path, owner.id);
}

interface Attempt {
  readonly folder: string;
  /** The lock. */
  readonly path: string;
  /** A file of ours that says what the lock is to say. */
  readonly own: string;
  readonly owner: Owner;
  readonly machine: Machine;
}

/** True if the lock is ours now, false if another look is worth it. @throws LockError if it is not */
function tryToLock({ folder, path, own, owner, machine }: Attempt): boolean {
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
    refuseIfAlive(last, folder, path, machine);
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
    // Another process is reading the lock.
    if (machine.isWindows && isBusy(error)) return false;
    throw error;
  }
  for (const file of [...successors, claim]) fs.rmSync(file, { force: true });
  return true;
}

function refuseIfAlive(owner: Owner, folder: string, path: string, machine: Machine): void {
  const who = `process ${owner.pid} (since ${escapeControl(owner.since)})`;
  const refuse = (where: string) => {
    throw new LockError(`${escapeControl(folder)} is locked by ${who} ${where}`, {
      hint: `if that process no longer runs, remove ${escapeControl(path)}`,
    });
  };
  if (owner.host !== machine.host) refuse(`on ${escapeControl(owner.host)}`);
  if (isOfEarlierBoot(owner, machine)) return;
  const { pidNamespace } = machine;
  const isElsewhere =
    owner.pidNamespace !== null && pidNamespace !== null && owner.pidNamespace !== pidNamespace;
  // Its pid is another process here, or none: whether it runs cannot be seen.
  if (isElsewhere) refuse("in another container, or outside of this one");
  if (!isAlive(owner, machine)) return;
  const self = owner.pid === machine.pid ? ", which is this process" : "";
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
  const { id, pid, host, since, ...others } = value as Partial<Record<keyof Owner, unknown>>;
  // The id becomes part of a file name.
  if (typeof id !== "string" || !/^[0-9a-f]{32}$/.test(id)) return undefined;
  if (typeof pid !== "number" || !Number.isInteger(pid) || pid < 1 || pid > 2 ** 31) return undefined;
  if (typeof host !== "string" || typeof since !== "string") return undefined;
  const [started, boot, pidNamespace] = [others.started, others.boot, others.pidNamespace].map(stringOrNull);
  return { id, pid, host, since, started, boot, pidNamespace };
}

function stringOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function describeSelf({ pid, host, boot, pidNamespace, factsOf }: Machine): Owner {
  const id = randomBytes(16).toString("hex");
  const started = factsOf(pid)?.started ?? null;
  return { id, pid, host, started, boot, pidNamespace, since: new Date().toISOString() };
}

function isOfEarlierBoot(owner: Owner, { boot }: Machine): boolean {
  return owner.boot !== null && boot !== null && owner.boot !== boot;
}

/** Whether the owner, a process that this one can see if it runs, does. In doubt it does. */
function isAlive(owner: Owner, machine: Machine): boolean {
  if (!processIsAlive(owner.pid, machine)) return false;
  const started = machine.factsOf(owner.pid)?.started;
  return owner.started === null || started === undefined || owner.started === started;
}
