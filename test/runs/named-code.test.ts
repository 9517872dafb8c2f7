import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { findNamedCode, rememberCode } from "../../src/runs/named-code.ts";
import { type Machine, stateFolder } from "../../src/runs/state-folder.ts";
import { FaultyFileSystem } from "../io/faulty-file-system.ts";

const root = mkdtempSync(join(tmpdir(), "named-cells-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let made = 0;
const fresh = () => join(root, `state-${made++}`);

const hashOf = (n: number) => n.toString(16).padStart(64, "0");
const cellAt = (path: string, n = 1) => ({ path, realPath: path, sha256: hashOf(n) });

describe("a cell that was named", () => {
  test("is found by its path and its hash together, relative to the current folder", async () => {
    const folder = fresh();
    await rememberCode(cellAt("/cells/a.mjs", 1), { folder });
    await rememberCode({ path: "b.mjs", realPath: "/elsewhere/b.mjs", sha256: hashOf(2) }, { folder });
    expect(await findNamedCode("/cells/a.mjs", hashOf(1), { folder })).toEqual(cellAt("/cells/a.mjs", 1));
    expect(await findNamedCode("/cells/x/../a.mjs", hashOf(1), { folder })).toEqual(
      cellAt("/cells/a.mjs", 1),
    );
    expect((await findNamedCode("./b.mjs", hashOf(2), { folder }))?.realPath).toBe("/elsewhere/b.mjs");
    for (const [path, n] of [
      ["/cells/a.mjs", 2],
      ["/cells/b.mjs", 1],
      ["a.mjs", 1],
    ] as const) {
      expect(await findNamedCode(path, hashOf(n), { folder })).toBeUndefined();
    }
  });

  test("is named anew where its links lead elsewhere now", async () => {
    const folder = fresh();
    await rememberCode(cellAt("/cells/a.mjs"), { folder });
    await rememberCode({ ...cellAt("/cells/a.mjs"), realPath: "/moved/a.mjs" }, { folder });
    expect((await findNamedCode("/cells/a.mjs", hashOf(1), { folder }))?.realPath).toBe("/moved/a.mjs");
  });

  test("is not lost by writers at the same time", async () => {
    const folder = fresh();
    const module = pathToFileURL(join(import.meta.dirname, "../../dist/runs/named-code.js")).href;
    const script = `const { rememberCode } = await import(${JSON.stringify(module)});
      for (let n = 0; n < 20; n++) {
        const path = "/cells/" + process.argv[1] + "/" + n;
        await rememberCode({ path, realPath: path, sha256: "${hashOf(1)}" }, { folder: process.argv[2] });
      }`;
    const writers = ["a", "b", "c"].map((name) =>
      spawn(process.execPath, ["--input-type=module", "-e", script, name, folder], { stdio: "inherit" }),
    );
    expect(await Promise.all(writers.map(async (writer) => (await once(writer, "close"))[0]))).toEqual([
      0, 0, 0,
    ]);
    for (const name of ["a", "b", "c"]) {
      for (let n = 0; n < 20; n++) {
        expect(await findNamedCode(`/cells/${name}/${n}`, hashOf(1), { folder })).toBeDefined();
      }
    }
  });

  test("is not half remembered by a disk that fails", async () => {
    for (const [operation, path] of [
      ["open", /\.tmp/],
      ["write", /\.tmp/],
      ["sync", /\.tmp/],
      ["rename", /json$/],
    ] as const) {
      const [folder, fs] = [fresh(), new FaultyFileSystem()];
      fs.failAt(operation, path, "ENOSPC");
      await expect(rememberCode(cellAt("/cells/a.mjs"), { folder, fs })).rejects.toThrow(/the disk is full/);
      expect(await findNamedCode("/cells/a.mjs", hashOf(1), { folder })).toBeUndefined();
      expect(readdirSync(join(folder, "code"))).toEqual([]);
    }
  });
});

describe("a state that is not as this program writes it", () => {
  const record = async (content: string) => {
    const folder = fresh();
    await rememberCode(cellAt("/cells/a.mjs"), { folder });
    const [name] = readdirSync(join(folder, "code"));
    writeFileSync(join(folder, "code", name), content);
    return folder;
  };

  test("names no cell, and is mended when one is named", async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.json()), async (content) => {
        const folder = await record(content);
        expect(await findNamedCode("/cells/a.mjs", hashOf(1), { folder })).toBeUndefined();
        await rememberCode(cellAt("/cells/a.mjs"), { folder });
        expect(await findNamedCode("/cells/a.mjs", hashOf(1), { folder })).toEqual(cellAt("/cells/a.mjs"));
      }),
      { numRuns: 30 },
    );
  });

  test.each([
    ["another path", { ...cellAt("/cells/evil.mjs") }],
    ["another hash", { ...cellAt("/cells/a.mjs", 2) }],
    ["a hash in __proto__", JSON.parse(`{"__proto__":${JSON.stringify(cellAt("/cells/a.mjs"))}}`) as object],
    ["a list", [cellAt("/cells/a.mjs")]],
    ["numbers", { path: 1, realPath: 2, sha256: 3 }],
  ])("names no cell with %s", async (_, content) => {
    const folder = await record(JSON.stringify(content));
    expect(await findNamedCode("/cells/a.mjs", hashOf(1), { folder })).toBeUndefined();
  });

  test("names none where a record's file is copied to another's name, or its folder is a file", async () => {
    const folder = fresh();
    await rememberCode(cellAt("/cells/a.mjs"), { folder });
    await rememberCode(cellAt("/cells/b.mjs"), { folder });
    const [first, second] = readdirSync(join(folder, "code")).map((name) => join(folder, "code", name));
    writeFileSync(first, readFileSync(second));
    const found = await Promise.all(
      ["a", "b"].map((name) => findNamedCode(`/cells/${name}.mjs`, hashOf(1), { folder })),
    );
    expect(found.filter((one) => one !== undefined)).toHaveLength(1);
    const file = fresh();
    writeFileSync(file, "");
    expect(await findNamedCode("/cells/a.mjs", hashOf(1), { folder: file })).toBeUndefined();
    await expect(rememberCode(cellAt("/cells/a.mjs"), { folder: file })).rejects.toThrow(/cannot create/);
  });
});

describe("the state folder", () => {
  const machine = (platform: NodeJS.Platform, env: Machine["env"], home = "/home/me"): Machine => ({
    ...{ platform, env },
    home: () => home,
  });

  test.each<[string, Machine, string]>([
    ["Linux", machine("linux", {}), "/home/me/.local/state/unrolled"],
    ["Linux with XDG_STATE_HOME", machine("linux", { XDG_STATE_HOME: "/state" }), "/state/unrolled"],
    [
      "a relative XDG_STATE_HOME, which does not count",
      machine("linux", { XDG_STATE_HOME: "s" }),
      "/home/me/.local/state/unrolled",
    ],
    [
      "macOS",
      machine("darwin", { XDG_STATE_HOME: "/state" }),
      "/home/me/Library/Application Support/unrolled",
    ],
    [
      "Windows",
      machine("win32", { LOCALAPPDATA: "C:\\Users\\me\\AppData\\Local" }),
      "C:\\Users\\me\\AppData\\Local\\unrolled",
    ],
    [
      "Windows without LOCALAPPDATA",
      machine("win32", {}, "C:\\Users\\me"),
      "C:\\Users\\me\\AppData\\Local\\unrolled",
    ],
    ["UNROLLED_STATE", machine("linux", { UNROLLED_STATE: "/mine", XDG_STATE_HOME: "/state" }), "/mine"],
    ["an empty UNROLLED_STATE", machine("linux", { UNROLLED_STATE: "" }), "/home/me/.local/state/unrolled"],
  ])("of %s", (_, of, expected) => expect(stateFolder(of)).toBe(expected));

  test("is never below the current folder, which may have come out of an archive", () => {
    expect(() => stateFolder(machine("linux", { UNROLLED_STATE: "state" }))).toThrow(
      "UNROLLED_STATE must be an absolute path, got 'state'",
    );
    for (const home of ["", "home"]) {
      expect(() => stateFolder(machine("linux", {}, home))).toThrow("there is no home folder");
    }
  });
});
