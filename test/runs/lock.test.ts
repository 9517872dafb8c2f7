import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { LockError, StorageError } from "../../src/core/index.ts";
import { acquireLock, type RunLock } from "../../src/runs/lock.ts";
import { createMachine, type Machine, processIsAlive } from "../../src/runs/machine.ts";

const module = JSON.stringify(pathToFileURL(join(import.meta.dirname, "../../src/runs/lock.ts")).href);
const onLinux = process.platform === "linux";
/** Above the largest pid of Linux. */
const NOBODY = 2 ** 22 + 1;

let folder: string;
const locks: RunLock[] = [];
const children: ChildProcess[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "lock-"));
});
afterEach(async () => {
  for (const lock of locks.splice(0)) lock.release();
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill("SIGKILL");
    await once(child, "exit");
  }
  await rm(folder, { recursive: true });
});

const path = () => join(folder, ".lock");
async function acquire(): Promise<RunLock> {
  const lock = await acquireLock(folder);
  locks.push(lock);
  return lock;
}
const owner = (fields: object = {}) =>
  JSON.stringify({
    ...{ id: "0".repeat(32), pid: NOBODY, host: hostname(), started: null, boot: null },
    ...{ since: "2026-01-01T00:00:00.000Z", ...fields },
  });

/** A Node process that runs `code`, with acquireLock and folder in scope. */
function start(code: string, stderr: "inherit" | "ignore" = "inherit"): ChildProcess {
  const program = `
    import { setTimeout as sleep } from "node:timers/promises";
    const { acquireLock } = await import(${module});
    const folder = ${JSON.stringify(folder)};
    ${code}`;
  const child = spawn(process.execPath, ["--input-type=module", "--no-warnings", "-e", program], {
    stdio: ["ignore", "pipe", stderr],
  });
  children.push(child);
  return child;
}
/** A process that holds the lock until it is killed. */
async function holder(): Promise<ChildProcess> {
  const child = start(`await acquireLock(folder); console.log("locked"); await sleep(60_000);`);
  await once(child.stdout!, "data");
  return child;
}

describe("the lock of a run folder", () => {
  test("is held by one only, and free after its release", async () => {
    const lock = await acquire();
    await expect(acquireLock(folder)).rejects.toThrow(LockError);
    await expect(acquireLock(folder)).rejects.toThrow(`process ${process.pid}`);
    expect(await readdir(folder)).toEqual([".lock"]);
    lock.release();
    expect(await readdir(folder)).toEqual([]);
    await acquire();
  });

  test("of a live process is refused with its pid, the folder and a hint", async () => {
    const child = await holder();
    const locking = acquireLock(folder);
    await expect(locking).rejects.toThrow(LockError);
    await expect(locking).rejects.toThrow(`${folder} is locked by process ${child.pid} (since `);
    await expect(locking).rejects.toMatchObject({ hint: expect.stringContaining("--out") });
    expect(await readdir(folder)).toEqual([".lock"]);
  });

  test("of a killed process is taken over", async () => {
    const child = await holder();
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(existsSync(path())).toBe(true);
    await acquire();
    expect(JSON.parse(await readFile(path(), "utf8"))).toMatchObject({ pid: process.pid, host: hostname() });
    expect(await readdir(folder)).toEqual([".lock"]);
  });

  test.each(["process.exit(3)", "throw new Error()"])(
    "is removed when its process ends by %s",
    async (end) => {
      const child = start(`await acquireLock(folder); ${end};`, "ignore");
      await once(child, "exit");
      expect(await readdir(folder)).toEqual([]);
    },
  );

  test("of another host is refused, naming the host and the file to remove", async () => {
    await writeFile(path(), owner({ host: "elsewhere\n" }));
    const locking = acquireLock(folder);
    await expect(locking).rejects.toThrow(
      /is locked by process \d+ .* on elsewhere\\n — if that process no longer runs, remove /,
    );
    await expect(locking).rejects.toMatchObject({ hint: expect.stringContaining(path()) });
  });

  test.runIf(onLinux)("of a process whose pid was given to another is taken over", async () => {
    await writeFile(path(), owner({ pid: process.pid, started: "1" }));
    await acquire();
  });

  test.runIf(onLinux)("of a process that ran before the machine was restarted is taken over", async () => {
    const { started } = await facts();
    await writeFile(path(), owner({ pid: process.pid, started, boot: "another" }));
    await acquire();
  });

  test("of a live process without a start time is refused", async () => {
    await writeFile(path(), owner({ pid: process.ppid }));
    await expect(acquireLock(folder)).rejects.toThrow(`process ${process.ppid}`);
  });

  test.each([
    ["empty", ""],
    ["no JSON", "\0\0\0"],
    ["JSON null", "null"],
    ["an id that is a path", owner({ id: "../../../../../../../etc/passwd" })],
    ["a pid that kills a group", owner({ pid: -1 })],
    ["a pid that is text", owner({ pid: "1" })],
    ["far too long", owner({ since: "x".repeat(10_000) })],
  ])("file that is %s and old is replaced", async (_, content) => {
    await writeFile(path(), content);
    await utimes(path(), 1, 1);
    await acquire();
    expect(await readdir(folder)).toEqual([".lock"]);
  });

  test("file without an owner is given a second, in case it is being written", async () => {
    await writeFile(path(), "");
    setTimeout(() => writeFile(path(), owner({ pid: process.ppid })), 100);
    await expect(acquireLock(folder)).rejects.toThrow(`process ${process.ppid}`);
  });

  test("is not removed by a holder that has lost it", async () => {
    const lock = await acquire();
    await writeFile(path(), owner({ pid: process.ppid }));
    lock.release();
    lock.release();
    expect(existsSync(path())).toBe(true);
  });

  test("in a folder that is not there is a StorageError", async () => {
    await expect(acquireLock(join(folder, "none"))).rejects.toThrow(StorageError);
    await expect(acquireLock(join(folder, "none"))).rejects.toThrow(
      /cannot lock .*none: there is no such file/,
    );
  });

  test("that is a folder is a StorageError", async () => {
    await mkdir(path());
    await expect(acquireLock(folder)).rejects.toThrow(StorageError);
    expect(await readdir(folder)).toEqual([".lock"]);
  });
});

/** This machine, but for what a test says. */
const machineWith = (more: Partial<Machine>): Machine => ({ ...createMachine(), ...more });

describe("between containers with one host name and other process ids, the lock", () => {
  const INSIDE = machineWith({ boot: "b", pidNamespace: "pid:[1]" });
  const OUTSIDE = machineWith({ boot: "b", pidNamespace: "pid:[2]" });

  test.each([
    ["means nobody here", NOBODY],
    ["means another process here", process.ppid],
  ])("of the other is refused, though its pid %s", async (_, pid) => {
    await writeFile(path(), owner({ pid, boot: "b", pidNamespace: "pid:[1]", started: "1" }));
    const locking = acquireLock(folder, OUTSIDE);
    await expect(locking).rejects.toThrow(LockError);
    await expect(locking).rejects.toMatchObject({
      problem: expect.stringMatching(/ in another container, or outside of this one$/),
      hint: `if that process no longer runs, remove ${path()}`,
    });
    // As the hint says.
    await rm(path());
    locks.push(await acquireLock(folder, OUTSIDE));
  });

  test("of a dead process of its own is taken over, and that of an earlier boot by both", async () => {
    await writeFile(path(), owner({ boot: "b", pidNamespace: "pid:[1]" }));
    (await acquireLock(folder, INSIDE)).release();
    await writeFile(path(), owner({ pid: process.ppid, boot: "a", pidNamespace: "pid:[1]" }));
    (await acquireLock(folder, OUTSIDE)).release();
  });

  test("of version 0.1.0, which did not say where its pid counts, is judged by the pid as before", async () => {
    await writeFile(path(), owner({ boot: "b" }));
    (await acquireLock(folder, OUTSIDE)).release();
    await writeFile(path(), owner({ pid: process.ppid, boot: "b" }));
    await expect(acquireLock(folder, OUTSIDE)).rejects.toThrow(`process ${process.ppid}`);
  });

  test.runIf(onLinux)("says where its pid counts", async () => {
    await acquire();
    expect(JSON.parse(await readFile(path(), "utf8"))).toMatchObject({
      pidNamespace: expect.stringMatching(/^pid:\[\d+\]$/),
    });
  });
});

describe("on macOS", () => {
  const line = "Ss   Mon Nov 23 09:45:00 2026    \n";
  const mac = (answer: () => string) => createMachine("darwin", answer);

  test("a process is known by its start, as ps says it", () => {
    const asked: unknown[] = [];
    const machine = createMachine("darwin", (command, args) => {
      asked.push([command, ...args]);
      return line;
    });
    expect(machine.factsOf(5)).toEqual({ ended: false, started: "Mon Nov 23 09:45:00 2026" });
    expect(asked).toEqual([["ps", "-o", "stat=", "-o", "lstart=", "-p", "5"]]);
    expect(mac(() => "Z+   Mon Nov 23 09:45:00 2026\n").factsOf(5)?.ended).toBe(true);
    expect(mac(() => "\n").factsOf(5)).toBeUndefined();
    expect(
      mac(() => {
        throw new Error("there is no ps");
      }).factsOf(5),
    ).toBeUndefined();
    expect([machine.boot, machine.pidNamespace]).toEqual([null, null]);
  });

  test("the lock of a process whose pid was given to another is taken over", async () => {
    const started = "Sun Nov 22 09:45:00 2026";
    await writeFile(path(), owner({ pid: process.ppid, started }));
    const lock = await acquireLock(
      folder,
      mac(() => line),
    );
    expect(JSON.parse(await readFile(path(), "utf8")).started).toBe("Mon Nov 23 09:45:00 2026");
    lock.release();
    await writeFile(path(), owner({ pid: process.ppid, started: "Mon Nov 23 09:45:00 2026" }));
    await expect(
      acquireLock(
        folder,
        mac(() => line),
      ),
    ).rejects.toThrow(`process ${process.ppid}`);
  });

  // The real one of another system has the same options and words.
  test.skipIf(process.platform === "win32" || !existsSync("/bin/ps"))(
    "ps is asked as it understands it",
    () => {
      const { factsOf } = createMachine("darwin");
      expect(factsOf(process.pid)).toEqual({
        ended: false,
        started: expect.stringMatching(/^\w{3} \w{3} +\d+ \d\d:\d\d:\d\d \d{4}$/),
      });
      expect(factsOf(NOBODY)).toBeUndefined();
    },
  );
});

describe("taking over", () => {
  const id = (digit: string) => digit.repeat(32);
  const successor = (digit: string) => `${path()}.after-${id(digit)}`;

  test("follows takers that died in the midst of it, and clears up after them", async () => {
    await writeFile(path(), owner({ id: id("a") }));
    await writeFile(successor("a"), owner({ id: id("b") }));
    await writeFile(successor("b"), owner({ id: id("c") }));
    await acquire();
    expect(await readdir(folder)).toEqual([".lock"]);
  });

  test("is refused while a live process is in the midst of it", async () => {
    await writeFile(path(), owner({ id: id("a") }));
    await writeFile(successor("a"), owner({ id: id("b"), pid: process.ppid }));
    await expect(acquireLock(folder)).rejects.toThrow(`process ${process.ppid}`);
    expect(JSON.parse(await readFile(path(), "utf8")).id).toBe(id("a"));
  });

  test("ends with an error when successor files run in a circle", async () => {
    await writeFile(path(), owner({ id: id("a") }));
    await writeFile(successor("a"), owner({ id: id("b") }));
    await writeFile(successor("b"), owner({ id: id("a") }));
    await expect(acquireLock(folder)).rejects.toThrow(/is being locked by other processes/);
  });

  test("is done by one of many processes that try at once, again and again", async () => {
    const rounds = 25;
    // In each round all wait for the signal and then take a dead owner's lock over together. Nobody lets go of
    // a lock before all have finished, so that a slow process cannot win a round a second time.
    const code = `
      import { existsSync } from "node:fs";
      const won = [];
      console.log("ready");
      for (let round = 0; round < ${rounds}; round++) {
        while (!existsSync(folder + "/go-" + round)) {}
        try { await acquireLock(folder + "/round-" + round); won.push(round); }
        catch (error) { if (error.code !== "LOCK") throw error; }
      }
      console.log(JSON.stringify(won));
      await sleep(60_000);`;
    for (let round = 0; round < rounds; round++) {
      await mkdir(join(folder, `round-${round}`));
      await writeFile(join(folder, `round-${round}`, ".lock"), owner());
    }
    const takers = Array.from({ length: 4 }, () =>
      createInterface(start(code).stdout!)[Symbol.asyncIterator](),
    );
    for (const taker of takers) expect((await taker.next()).value).toBe("ready");
    for (let round = 0; round < rounds; round++) {
      await writeFile(join(folder, `go-${round}`), "");
      await new Promise((done) => setTimeout(done, 15));
    }
    const wins: number[] = [];
    for (const taker of takers) wins.push(...(JSON.parse(`${(await taker.next()).value}`) as number[]));
    expect(wins.sort((a, b) => a - b)).toEqual(Array.from({ length: rounds }, (_, round) => round));
  });
});

describe("processIsAlive", () => {
  test("knows this process, and nobody behind an unused pid", () => {
    expect(processIsAlive(process.pid)).toBe(true);
    expect(processIsAlive(NOBODY)).toBe(false);
  });
});

async function facts(): Promise<{ started: string }> {
  const stat = readFileSync("/proc/self/stat", "utf8");
  return { started: stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] };
}
