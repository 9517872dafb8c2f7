/** The files of a folder, for tasks whose data is not one text. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { sourceOf } from "../../src/sources/paths.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "unrolled-files-"));
  for (const path of ["train/1", "train/0", "train/node_modules", ".git"])
    mkdirSync(join(folder, path), { recursive: true });
  // Bytes that no text has.
  for (const path of [
    "train/1/a.wav",
    "train/0/b.wav",
    "x.npz",
    "y.npy",
    "t.txt",
    ".git/c.wav",
    "train/node_modules/d.wav",
  ]) {
    writeFileSync(join(folder, path), Uint8Array.of(0, 255, 0, path.length));
  }
  symlinkSync(join(folder, "x.npz"), join(folder, "z.npz"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function list(path: string) {
  const notes: string[] = [];
  const hooks = {
    signal: new AbortController().signal,
    onProgress() {},
    onNote: (note: string) => notes.push(note),
  };
  return { files: await sourceOf([path]).listFiles(hooks), notes };
}

test("binary files at any depth are listed, with the folders that they are in", async () => {
  const { files, notes } = await list(folder);
  expect(files.map(({ name }) => name)).toEqual([
    "t.txt",
    "train/0/b.wav",
    "train/1/a.wav",
    "x.npz",
    "y.npy",
  ]);
  expect(files.map(({ size }) => size)).toEqual([4, 4, 4, 4, 4]);
  expect([...(await files[1].read())]).toEqual([0, 255, 0, 13]);
  expect(notes).toEqual([expect.stringMatching(/skipped 1 symbolic link, 1 node_modules folder$/)]);
});

test("a folder that is named with a slash, and a file, have the same names", async () => {
  expect((await list(`${folder}/train/`)).files.map(({ name }) => name)).toEqual(["0/b.wav", "1/a.wav"]);
  expect((await list(join(folder, "train/0/b.wav"))).files.map(({ name }) => name)).toEqual(["b.wav"]);
});

test("files packed by gzip are named and read as what is in them, and in a folder they are no text", async () => {
  const packed = join(folder, "packed");
  mkdirSync(packed);
  writeFileSync(join(packed, "a.csv.gz"), gzipSync("a,b\n1,2\n"));
  writeFileSync(join(packed, "b.txt"), "text");
  const { files } = await list(packed);
  expect(files.map(({ name }) => name)).toEqual(["a.csv", "b.txt"]);
  expect(new TextDecoder().decode(await files[0].read())).toBe("a,b\n1,2\n");
  const hooks = { onProgress() {}, onNote() {} };
  expect((await sourceOf([join(packed, "a.csv.gz")]).readText(hooks)).characters).toBe(8);
  expect((await sourceOf([packed]).readText(hooks)).characters).toBe(4);
  writeFileSync(join(packed, "cut.gz"), gzipSync("text").subarray(0, 12));
  await expect(sourceOf([join(packed, "cut.gz")]).readText(hooks)).rejects.toThrow("is not one gzip file");
});
