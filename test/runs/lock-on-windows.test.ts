/** Windows replaces no file that another process is reading: taking a lock over then takes a few attempts. */
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { StorageError } from "../../src/core/index.ts";
import { acquireLock } from "../../src/runs/lock.ts";
import { createMachine } from "../../src/runs/machine.ts";

const reader = vi.hoisted(() => ({ attempts: 0 }));
vi.mock("node:fs", async (original) => {
  const fs = await original<typeof import("node:fs")>();
  return {
    ...fs,
    renameSync: (from: string, to: string) => {
      if (reader.attempts-- > 0) throw Object.assign(new Error("EPERM: it is open"), { code: "EPERM" });
      fs.renameSync(from, to);
    },
  };
});

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "lock-on-windows-"));
  const dead = { id: "0".repeat(32), pid: 2 ** 22 + 1, host: hostname(), since: "2026-01-01T00:00:00.000Z" };
  await writeFile(join(folder, ".lock"), JSON.stringify(dead));
});
afterEach(() => rm(folder, { recursive: true }));

test("a dead owner's lock that somebody is reading is taken over a little later", async () => {
  reader.attempts = 3;
  const lock = await acquireLock(folder, createMachine("win32"));
  expect(JSON.parse(await readFile(join(folder, ".lock"), "utf8"))).toMatchObject({ pid: process.pid });
  expect(await readdir(folder)).toEqual([".lock"]);
  lock.release();
});

test("elsewhere such an error has another reason, and is told", async () => {
  reader.attempts = 1;
  await expect(acquireLock(folder, createMachine("linux"))).rejects.toThrow(StorageError);
  expect(await readdir(folder)).toEqual([".lock"]);
});
