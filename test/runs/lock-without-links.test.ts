import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { LockError } from "../../src/core/index.ts";
import { acquireLock } from "../../src/runs/lock.ts";

vi.mock("node:fs", async (original) => ({
  ...(await original<typeof import("node:fs")>()),
  linkSync: () => {
    throw Object.assign(new Error("EPERM: no links on this file system"), { code: "EPERM" });
  },
}));

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "lock-without-links-"));
});
afterEach(() => rm(folder, { recursive: true }));

describe("on a file system without hard links the lock", () => {
  test("is held by one only, and free after its release", async () => {
    const lock = await acquireLock(folder);
    expect(JSON.parse(await readFile(join(folder, ".lock"), "utf8"))).toMatchObject({ pid: process.pid });
    await expect(acquireLock(folder)).rejects.toThrow(LockError);
    lock.release();
    expect(await readdir(folder)).toEqual([]);
  });

  test("of a dead process is taken over, and nothing else is left", async () => {
    const dead = {
      id: "0".repeat(32),
      pid: 2 ** 22 + 1,
      host: hostname(),
      started: null,
      boot: null,
      since: "",
    };
    await writeFile(join(folder, ".lock"), JSON.stringify(dead));
    const lock = await acquireLock(folder);
    await expect(acquireLock(folder)).rejects.toThrow(LockError);
    expect(await readdir(folder)).toEqual([".lock"]);
    lock.release();
    expect(existsSync(join(folder, ".lock"))).toBe(false);
  });
});
