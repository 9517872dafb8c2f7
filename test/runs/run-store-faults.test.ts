import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { StorageError } from "../../src/core/index.ts";
import { encodeCheckpoint } from "../../src/io/index.ts";
import { RunStore } from "../../src/runs/run-store.ts";
import { makeStorageError } from "../../src/runs/storage-errors.ts";
import { FaultyFileSystem } from "../io/faulty-file-system.ts";

let root: string;
let folder: string;
let fs: FaultyFileSystem;
let store: RunStore;

const checkpoint = (step: number) =>
  encodeCheckpoint({ w: { dtype: "F32", shape: [100], data: new Float32Array(100).fill(step) } });

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "run-store-faults-"));
  folder = join(root, "run");
  fs = new FaultyFileSystem();
  store = await RunStore.create(folder, fs);
  await store.writeRunJson({ task: "text" });
  await store.saveCheckpoint(1, await checkpoint(1), { best: { loss: 1 } });
});
afterEach(async () => {
  await store.close();
  await rm(root, { recursive: true });
});

const stages: [string, () => void][] = [
  ["at open", () => fs.failAt("open", /step-/, "ENOSPC")],
  ["at the first write", () => fs.failAt("write", /step-/, "ENOSPC")],
  ["in mid write", () => fs.failAt("write", /step-/, "ENOSPC", 100)],
  ["at fsync", () => fs.failAt("sync", /step-/, "ENOSPC")],
  ["at close", () => fs.failAt("close", /step-/, "ENOSPC")],
  ["at rename", () => fs.failAt("rename", /step-/, "ENOSPC")],
];

describe("a disk that is full", () => {
  test.each(stages)(
    "%s of a checkpoint leaves the former one loadable and nothing behind",
    async (_, fail) => {
      const before = await readFile(store.checkpointPath(1));
      fail();
      const saving = store.saveCheckpoint(2, await checkpoint(2), { best: { loss: 0.5 } });
      await expect(saving).rejects.toThrow(StorageError);
      await expect(saving).rejects.toThrow(
        /^cannot write .*step-2\.safetensors: the disk is full \(ENOSPC\) — free some space/,
      );
      await expect(saving).rejects.toMatchObject({
        hint: expect.stringMatching(
          /^free some space on that disk.* saved before are intact: continue with --resume$/,
        ),
        cause: { code: "ENOSPC" },
      });
      expect((await readdir(join(folder, "checkpoints"))).sort()).toEqual([
        "best.json",
        "step-1.safetensors",
      ]);
      expect(await readFile(store.checkpointPath(1))).toEqual(before);
      expect(await store.latestCheckpoint()).toMatchObject({ step: 1, warnings: [] });
      expect(await store.bestCheckpoint()).toMatchObject({ step: 1, loss: 1 });
      fs.mend();
      await store.saveCheckpoint(2, await checkpoint(2));
      expect(await store.latestCheckpoint()).toMatchObject({ step: 2 });
    },
  );

  test.each(stages)("%s of the same step's checkpoint keeps the bytes that were there", async (_, fail) => {
    const before = await readFile(store.checkpointPath(1));
    fail();
    await expect(store.saveCheckpoint(1, await checkpoint(7))).rejects.toThrow(StorageError);
    expect(await readFile(store.checkpointPath(1))).toEqual(before);
  });

  test("when the best is marked keeps the former mark, and the new checkpoint is whole", async () => {
    fs.failAt("write", /best/, "ENOSPC", 3);
    const saving = store.saveCheckpoint(2, await checkpoint(2), { best: { loss: 0.5 } });
    await expect(saving).rejects.toThrow(/best\.json: the disk is full/);
    expect(await store.bestCheckpoint()).toMatchObject({ step: 1, loss: 1 });
    expect(await store.latestCheckpoint()).toMatchObject({ step: 2, warnings: [] });
  });

  test("in the midst of a line of metrics leaves no part of it", async () => {
    await store.appendMetrics({ event: "step", step: 1 });
    fs.failAt("write", /metrics/, "ENOSPC", 5);
    const appending = store.appendMetrics({ event: "step", step: 2 });
    await expect(appending).rejects.toThrow(
      /^cannot write .*metrics\.jsonl: the disk is full \(ENOSPC\) — free some space/,
    );
    expect(await readFile(join(folder, "metrics.jsonl"), "utf8")).toBe('{"event":"step","step":1}\n');
    fs.mend();
    await store.appendMetrics({ event: "step", step: 3 });
    expect((await store.readMetrics()).map((event) => event.step)).toEqual([1, 3]);
  });

  test("while metrics are cut keeps the whole log", async () => {
    for (const step of [1, 2]) await store.appendMetrics({ event: "step", step });
    fs.failAt("sync", /metrics/, "ENOSPC");
    await expect(store.cutMetrics(1)).rejects.toThrow(StorageError);
    expect(await store.readMetrics()).toHaveLength(2);
  });

  test("while run.json is replaced keeps the former one", async () => {
    fs.failAt("write", /run\.json/, "ENOSPC", 2);
    await expect(store.writeRunJson({ task: "other" })).rejects.toThrow(/run\.json: the disk is full/);
    expect(await store.readRunJson()).toEqual({ task: "text" });
  });
});

describe("a file system that refuses", () => {
  const reasons: [string, RegExp][] = [
    ["EROFS", /: the file system is read-only \(EROFS\) — /],
    ["EACCES", /: permission denied \(EACCES\) — /],
    ["EPERM", /: the operation is not permitted \(EPERM\) — /],
    ["EDQUOT", /: the disk quota is used up \(EDQUOT\) — /],
    ["EIO", /: the disk reports an input\/output error \(EIO\) — /],
    ["EWEIRD", /: EWEIRD: simulated( — |$)/],
  ];
  test.each(reasons)(
    "with %s gives a StorageError with the path and the reason in words",
    async (code, reason) => {
      fs.failAt("open", /step-|metrics|run\.json/, code);
      const failing = [
        async () => store.saveCheckpoint(2, await checkpoint(2)),
        () => store.appendMetrics({ event: "step", step: 1 }),
        () => store.writeRunJson({}),
      ];
      for (const [at, work] of failing.entries()) {
        await expect(work).rejects.toThrow(StorageError);
        await expect(work).rejects.toThrow(reason);
        await expect(work).rejects.toThrow(["step-2.safetensors", "metrics.jsonl", "run.json"][at]);
      }
    },
  );

  test("to make the folders gives a StorageError, and the lock is given back", async () => {
    const other = join(root, "other");
    fs.failAt("mkdir", /checkpoints/, "EROFS");
    const creating = RunStore.create(other, fs);
    await expect(creating).rejects.toThrow(/cannot create .*checkpoints: the file system is read-only/);
    expect(await readdir(other)).toEqual([]);
  });

  test("to read a checkpoint gives a StorageError, and no older checkpoint in its place", async () => {
    await store.saveCheckpoint(2, await checkpoint(2));
    fs.failAt("readFile", /step-2/, "EIO");
    await expect(store.latestCheckpoint()).rejects.toThrow(/cannot read .*step-2.*input\/output error/);
  });

  test("to remove an old checkpoint says so, and the new one is saved", async () => {
    for (const step of [2, 3, 4])
      await store.saveCheckpoint(step, await checkpoint(step), { best: { loss: 1 } });
    fs.failAt("unlink", /step-2/, "EACCES");
    const saving = store.saveCheckpoint(5, await checkpoint(5));
    await expect(saving).rejects.toThrow(/cannot remove .*step-2\.safetensors: permission denied/);
    expect(await store.latestCheckpoint()).toMatchObject({ step: 5 });
  });

  test("shows control characters of the path and the message escaped", () => {
    const error = makeStorageError("write", "a\nb", new Error("c\u001b[2J"));
    expect(error.message).toBe("cannot write a\\nb: c\\u{1b}[2J");
  });
});

describe("a checkpoint", () => {
  test("is on the disk before it has its name, its name before it is the best, and old ones go last", async () => {
    for (const step of [2, 3])
      await store.saveCheckpoint(step, await checkpoint(step), { best: { loss: 1 } });
    await store.appendMetrics({ event: "step", step: 4 });
    fs.calls.length = 0;
    await store.saveCheckpoint(4, await checkpoint(4), { best: { loss: 0.5 } });
    expect(fs.calls.filter((call) => /^(sync|rename|unlink)/.test(call))).toEqual([
      "sync metrics.jsonl",
      "sync tmp:step-4.safetensors",
      "rename step-4.safetensors",
      "syncFolder checkpoints",
      "sync tmp:best.json",
      "rename best.json",
      "syncFolder checkpoints",
      "unlink step-1.safetensors",
    ]);
  });
});
