import { existsSync } from "node:fs";
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FormatError, InputError, LockError, StorageError } from "../../src/core/index.ts";
import { CheckpointVersionError, encodeCheckpoint } from "../../src/io/index.ts";
import { RunStore, readCheckpointFile } from "../../src/runs/run-store.ts";
import { FaultyFileSystem } from "../io/faulty-file-system.ts";

let root: string;
let folder: string;
const open: RunStore[] = [];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "run-store-"));
  folder = join(root, "runs", "text");
});
afterEach(async () => {
  for (const store of open.splice(0)) await store.close();
  await rm(root, { recursive: true });
});

async function created(): Promise<RunStore> {
  const store = await RunStore.create(folder);
  open.push(store);
  await store.writeRunJson({ task: "text" });
  return store;
}
const checkpoint = (step: number) =>
  encodeCheckpoint({ w: { dtype: "F32", shape: [1], data: Float32Array.of(step) } }, { step: `${step}` });
const save = async (store: RunStore, step: number, best?: { loss: number }) =>
  store.saveCheckpoint(step, await checkpoint(step), { best });
const inFolder = (...names: string[]) => join(folder, ...names);
const damage = async (path: string) => {
  const bytes = await readFile(path);
  bytes[bytes.length - 1] ^= 1;
  await writeFile(path, bytes);
};

describe("a run folder", () => {
  test("is made with its parents, and holds run.json as it was written", async () => {
    const store = await created();
    await store.writeRunJson({ task: "text", parameters: 12 });
    expect(await store.readRunJson()).toEqual({ task: "text", parameters: 12 });
    expect((await readdir(folder)).sort()).toEqual([".lock", "checkpoints", "run.json"]);
    expect(await readFile(inFolder("run.json"), "utf8")).toMatch(/\n$/);
  });

  test.skipIf(!existsSync("/proc/self"))(
    "below a folder that takes no others is refused, at once",
    async () => {
      await expect(RunStore.create("/proc/unrolled/run")).rejects.toThrow(StorageError);
    },
  );

  test("below a file is refused", async () => {
    await writeFile(join(root, "file"), "");
    await expect(RunStore.create(join(root, "file", "run"))).rejects.toThrow(StorageError);
    await expect(RunStore.create(join(root, "file"))).rejects.toThrow(StorageError);
  });

  test("is not created over another run", async () => {
    await (await created()).close();
    await expect(RunStore.create(folder)).rejects.toThrow(InputError);
    await expect(RunStore.create(folder)).rejects.toThrow("already holds a run");
    expect(existsSync(inFolder(".lock"))).toBe(false);
  });

  test("is not created over checkpoints whose run.json is gone", async () => {
    const store = await created();
    await save(store, 1);
    await store.close();
    await rm(inFolder("run.json"));
    await expect(RunStore.create(folder)).rejects.toThrow("already holds a run");
  });

  test("may hold other files before", async () => {
    await mkdir(folder, { recursive: true });
    await writeFile(inFolder("notes.txt"), "mine");
    await created();
    expect(await readFile(inFolder("notes.txt"), "utf8")).toBe("mine");
  });

  test("is read while another store writes it, but not written twice", async () => {
    await created();
    const reader = await RunStore.open(folder);
    expect(await reader.readRunJson()).toEqual({ task: "text" });
    await expect(RunStore.open(folder, { mode: "write" })).rejects.toThrow(LockError);
    await expect(RunStore.create(folder)).rejects.toThrow(LockError);
  });

  test("can be written again after close, and not through the closed store", async () => {
    const store = await created();
    await store.close();
    await store.close();
    open.push(await RunStore.open(folder, { mode: "write" }));
    await expect(store.appendMetrics({ event: "step", step: 1 })).rejects.toThrow("not open for writing");
  });

  test("that was opened to read refuses every change", async () => {
    await (await created()).close();
    const reader = await RunStore.open(folder);
    const changes = [
      () => reader.writeRunJson({}),
      () => reader.appendMetrics({}),
      () => reader.cutMetrics(0),
      () => reader.rewindTo(0),
      async () => reader.saveCheckpoint(1, await checkpoint(1)),
    ];
    for (const change of changes) await expect(change).rejects.toThrow(InputError);
  });

  test("that is not there, is a file, or holds no run.json is an input error that names it", async () => {
    await expect(RunStore.open(join(root, "none"))).rejects.toThrow(/there is no run folder .*none — /);
    await writeFile(join(root, "file"), "");
    await expect(RunStore.open(join(root, "file"))).rejects.toThrow(InputError);
    await expect(RunStore.open(root)).rejects.toThrow(/is not a run folder: it holds no run\.json/);
  });

  test("below a file is a storage error that names the reason", async () => {
    await writeFile(join(root, "file"), "");
    const create = RunStore.create(join(root, "file", "run"));
    await expect(create).rejects.toThrow(StorageError);
    await expect(create).rejects.toThrow(
      /cannot create .*file\/run: a part of the path is a file, not a folder/,
    );
  });

  test.each([
    ["no JSON", "{", /run\.json: is not valid JSON: /],
    ["a list", "[]", /run\.json: must hold a JSON object/],
    ["no UTF-8", Uint8Array.of(0xff), /run\.json: is not valid JSON: /],
  ])("whose run.json is %s gives a FormatError", async (_, content, message) => {
    const store = await created();
    await writeFile(inFolder("run.json"), content);
    await expect(store.readRunJson()).rejects.toThrow(FormatError);
    await expect(store.readRunJson()).rejects.toThrow(message);
  });

  test("loses the temporary files of dead writers when opened to write, and keeps those of live ones", async () => {
    await (await created()).close();
    const names = [".tmp-4194304000-abc-run.json", `.tmp-${process.pid}-abc-x`, `.tmp-${process.ppid}-abc-x`];
    for (const name of names) await writeFile(inFolder("checkpoints", name), "");
    await writeFile(inFolder(names[0]), "");
    await RunStore.open(folder);
    expect(await readdir(inFolder("checkpoints"))).toHaveLength(3);
    open.push(await RunStore.open(folder, { mode: "write" }));
    expect(await readdir(inFolder("checkpoints"))).toEqual([names[2]]);
    expect(existsSync(inFolder(names[0]))).toBe(false);
  });
});

describe("the metrics log", () => {
  const step = (n: number) => ({ event: "step", step: n, loss: 1 / n });
  const log = () => readFile(inFolder("metrics.jsonl"), "utf8");

  test("holds the events in the order of the calls, even when they are not awaited", async () => {
    const store = await created();
    await Promise.all(Array.from({ length: 50 }, (_, n) => store.appendMetrics(step(n + 1))));
    expect(await store.readMetrics()).toEqual(Array.from({ length: 50 }, (_, n) => step(n + 1)));
  });

  test("is empty before the first event", async () => {
    const store = await created();
    expect(await store.readMetrics()).toEqual([]);
    expect(await store.cutMetrics(5)).toEqual({ kept: 0, dropped: 0, damaged: [] });
  });

  test("is cut to the step and eval events of a step, byte for byte", async () => {
    const store = await created();
    const lines = [
      '{"event":"step","step":1,  "loss":0.50}',
      '{"event":"eval","step":2,"loss":1}',
      '{"event":"step","step":3,"loss":1}',
      '{"event":"eval","step":3,"loss":1}',
      '{"event":"end","step":2}',
    ];
    await writeFile(inFolder("metrics.jsonl"), `${lines.join("\n")}\n`);
    expect(await store.cutMetrics(2)).toEqual({ kept: 2, dropped: 3, damaged: [] });
    expect(await log()).toBe(`${lines[0]}\n${lines[1]}\n`);
    await store.appendMetrics(step(3));
    expect(await store.readMetrics()).toHaveLength(3);
  });

  test("loses a torn last line and broken lines when cut, and tells their numbers", async () => {
    const store = await created();
    await store.appendMetrics(step(1));
    await appendFile(inFolder("metrics.jsonl"), `\0\0\n[1]\n${JSON.stringify(step(2))}\n{"event":"step","st`);
    expect(await store.cutMetrics(9)).toEqual({ kept: 2, dropped: 0, damaged: [2, 3, 5] });
    expect(await store.readMetrics()).toEqual([step(1), step(2)]);
  });

  test("is not rewritten by a cut that removes nothing", async () => {
    const store = await created();
    await store.appendMetrics(step(1));
    const before = (await stat(inFolder("metrics.jsonl"))).ino;
    expect(await store.cutMetrics(1)).toEqual({ kept: 1, dropped: 0, damaged: [] });
    expect((await stat(inFolder("metrics.jsonl"))).ino).toBe(before);
  });

  test("never joins a new line to a torn one", async () => {
    const store = await created();
    await store.appendMetrics(step(1));
    await store.close();
    await appendFile(inFolder("metrics.jsonl"), '{"event":"st');
    const again = await RunStore.open(folder, { mode: "write" });
    open.push(again);
    expect(await again.readMetrics()).toEqual([step(1)]);
    await again.appendMetrics(step(2));
    expect(await again.readMetrics()).toEqual([step(1), step(2)]);
  });

  test("with a broken line in its midst names the line when read", async () => {
    const store = await created();
    await writeFile(inFolder("metrics.jsonl"), `${JSON.stringify(step(1))}\nnonsense\n`);
    await expect(store.readMetrics()).rejects.toThrow(/metrics\.jsonl, line 2: is not a JSON object/);
  });
});

describe("checkpoints", () => {
  test("come back as they were saved, under their step's name", async () => {
    const store = await created();
    const path = await save(store, 12);
    expect(path).toBe(inFolder("checkpoints", "step-12.safetensors"));
    expect(path).toBe(store.checkpointPath(12));
    const latest = (await store.latestCheckpoint())!;
    expect(latest).toMatchObject({ step: 12, path, warnings: [] });
    expect(latest.tensors.get("w")!.data()).toEqual(Float32Array.of(12));
    expect({ ...(await readCheckpointFile(path)).metadata }).toEqual({ step: "12" });
  });

  test("are kept as the newest three and the best, by number and not by name", async () => {
    const store = await created();
    await save(store, 2, { loss: 2 });
    await save(store, 5, { loss: 1 });
    for (const step of [8, 9, 10, 100]) await save(store, step);
    expect(await store.checkpointSteps()).toEqual([100, 10, 9, 5]);
    expect((await readdir(inFolder("checkpoints"))).sort()).toEqual([
      ...["best.json", "step-10.safetensors", "step-100.safetensors"],
      ...["step-5.safetensors", "step-9.safetensors"],
    ]);
    expect(await store.bestCheckpoint()).toMatchObject({ step: 5, loss: 1 });
    expect(JSON.parse(await readFile(inFolder("checkpoints", "best.json"), "utf8"))).toEqual({
      step: 5,
      loss: 1,
    });
  });

  test("are none before the first save", async () => {
    const store = await created();
    expect(await store.latestCheckpoint()).toBeUndefined();
    expect(await store.bestCheckpoint()).toBeUndefined();
  });

  test("of other names are not taken for checkpoints", async () => {
    const store = await created();
    for (const name of ["step-07.safetensors", "step-9.safetensors.bak", "step--1.safetensors", "x"]) {
      await writeFile(inFolder("checkpoints", name), "");
    }
    expect(await store.checkpointSteps()).toEqual([]);
    expect(await store.latestCheckpoint()).toBeUndefined();
  });

  test("that are damaged are passed over for the next older one, with a warning that names them", async () => {
    const store = await created();
    for (const step of [1, 2, 3]) await save(store, step);
    await damage(store.checkpointPath(3));
    await writeFile(store.checkpointPath(2), "");
    const latest = (await store.latestCheckpoint())!;
    expect(latest.step).toBe(1);
    expect(latest.warnings).toHaveLength(2);
    expect(latest.warnings[0]).toMatch(/step-3\.safetensors: the file is damaged/);
    expect(latest.warnings[1]).toMatch(/step-2\.safetensors: 0 bytes are too few/);
  });

  test("that are all damaged are an error that names each", async () => {
    const store = await created();
    for (const step of [1, 2]) await damage(await save(store, step));
    await expect(store.latestCheckpoint()).rejects.toThrow(FormatError);
    await expect(store.latestCheckpoint()).rejects.toThrow(/no checkpoint is whole; .*step-2.*; .*step-1/);
  });

  test("that are damaged are refused when named, and when marked as the best", async () => {
    const store = await created();
    await save(store, 1);
    const path = await save(store, 2, { loss: 1 });
    await damage(path);
    await expect(readCheckpointFile(path)).rejects.toThrow(FormatError);
    await expect(store.bestCheckpoint()).rejects.toThrow(/step-2\.safetensors: the file is damaged/);
  });

  test("of a newer format version are never passed over", async () => {
    const store = await created();
    await save(store, 1);
    const { createHash } = await import("node:crypto");
    const bytes = Buffer.from(await checkpoint(2));
    bytes.write('"formatVersion":"2"', bytes.indexOf('"formatVersion":"1"'));
    const dataBegin = 8 + Number(bytes.readBigUInt64LE(0));
    const at = bytes.indexOf('"sha256":"') + 10;
    bytes.fill("0", at, at + 64);
    const data = createHash("sha256").update(bytes.subarray(dataBegin)).digest();
    bytes.write(createHash("sha256").update(bytes.subarray(0, dataBegin)).update(data).digest("hex"), at);
    await store.saveCheckpoint(2, bytes);
    await expect(store.latestCheckpoint()).rejects.toThrow(CheckpointVersionError);
  });

  test("that are not there are an input error when named", async () => {
    await expect(readCheckpointFile(join(root, "none.safetensors"))).rejects.toThrow(InputError);
  });

  test("after the step that is gone back to are removed with their events", async () => {
    const store = await created();
    for (const step of [1, 2, 3]) {
      await store.appendMetrics({ event: "step", step });
      await save(store, step, { loss: 4 - step });
    }
    expect(await store.rewindTo(2)).toEqual({ kept: 2, dropped: 1, damaged: [] });
    expect(await store.checkpointSteps()).toEqual([2, 1]);
    expect(await store.bestCheckpoint()).toBeUndefined();
    await save(store, 3, { loss: 1 });
    await store.rewindTo(3);
    expect(await store.bestCheckpoint()).toMatchObject({ step: 3 });
  });

  test.each([-1, 1.5, Number.NaN, 2 ** 53])("are not saved under step %s", async (step) => {
    const store = await created();
    await expect(store.saveCheckpoint(step, await checkpoint(1))).rejects.toThrow(InputError);
    await expect(store.saveCheckpoint(1, await checkpoint(1), { best: { loss: NaN } })).rejects.toThrow(
      InputError,
    );
    expect(await store.checkpointSteps()).toEqual([]);
  });

  test.each([
    "",
    "{}",
    "null",
    '{"step":"../x","loss":1}',
    '{"step":-1,"loss":1}',
    '{"step":1,"loss":1e999}',
  ])("with %j in best.json have no best, and none is removed until the next best", async (content) => {
    const store = await created();
    for (const step of [1, 2, 3]) await save(store, step);
    await writeFile(inFolder("checkpoints", "best.json"), content);
    await expect(store.bestCheckpoint()).rejects.toThrow(/best\.json: must be \{"step": N, "loss": X\}/);
    await save(store, 4);
    expect(await store.checkpointSteps()).toEqual([4, 3, 2, 1]);
    await save(store, 5, { loss: 1 });
    expect(await store.checkpointSteps()).toEqual([5, 4, 3]);
  });

  test("whose best was removed by hand say so", async () => {
    const store = await created();
    await rm(await save(store, 1, { loss: 1 }));
    await expect(store.bestCheckpoint()).rejects.toThrow(/best\.json: names step 1, which has no checkpoint/);
  });
});

describe("a run that is removed", () => {
  test("is gone with its folder, and so are its lock and its leftovers", async () => {
    const store = await created();
    await store.appendMetrics({ event: "step", step: 1 });
    await store.appendSample({ event: "sample", step: 1, text: "a" });
    await save(store, 1, { loss: 2 });
    await save(store, 2);
    await store.writeReport("<html></html>");
    expect(await store.remove()).toEqual([]);
    expect(existsSync(folder)).toBe(false);
    expect(existsSync(join(root, "runs"))).toBe(true);
  });

  test("leaves everything that is no part of a run, and names it", async () => {
    const store = await created();
    await save(store, 1);
    await writeFile(inFolder("notes.txt"), "mine");
    await writeFile(inFolder("checkpoints", "step-1.safetensors.bak"), "mine");
    expect((await store.remove()).sort()).toEqual([
      join("checkpoints", "step-1.safetensors.bak"),
      "notes.txt",
    ]);
    expect((await readdir(folder)).sort()).toEqual(["checkpoints", "notes.txt"]);
    expect(await readdir(inFolder("checkpoints"))).toEqual(["step-1.safetensors.bak"]);
  });

  test("stays a run that can be removed again when a file cannot be removed", async () => {
    const disk = new FaultyFileSystem();
    const store = await RunStore.create(folder, disk);
    open.push(store);
    await store.writeRunJson({ task: "text" });
    await save(store, 1);
    disk.failAt("unlink", /metrics/, "EACCES");
    await expect(store.remove()).rejects.toThrow(/cannot remove .*metrics\.jsonl: permission denied/);
    disk.mend();
    await store.close();
    expect(await (await RunStore.open(folder, { mode: "write" })).remove()).toEqual([]);
    expect(existsSync(folder)).toBe(false);
  });

  test("must be open for writing", async () => {
    await (await created()).close();
    await expect((await RunStore.open(folder)).remove()).rejects.toThrow(/is not open for writing/);
    expect(existsSync(inFolder("run.json"))).toBe(true);
  });
});
