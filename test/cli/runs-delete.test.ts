/** `unrolled runs --delete`: without a terminal, so that nobody is asked. */
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import {
  book,
  emptyFolder,
  eventOf,
  eventsOf,
  expectRefusal,
  start,
  TINY,
  trained,
  unrolled,
} from "./unrolled.ts";

const cwd = emptyFolder();
const remove = (...args: string[]) => unrolled(["runs", "--delete", ...args], { cwd });
const inside = (...names: string[]) => join(cwd, ...names);

beforeAll(async () => {
  await trained([book, ...TINY, "--steps", "2", "--out", "original"], { cwd });
});

/** A run to be deleted, in runs/. */
function copy(name: string): string {
  const path = inside("runs", name);
  cpSync(inside("original"), path, { recursive: true });
  return path;
}

describe("unrolled runs --delete", () => {
  test("deletes what is named, by its folder or its name in runs/, and nothing else", async () => {
    for (const name of ["one", "two", "three"]) copy(name);
    const { status, stdout, stderr } = await remove("one", "runs/two", "one", "--yes");
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^deleted runs\/one \([\d.]+ KiB\)\ndeleted runs\/two \([\d.]+ KiB\)\n$/);
    expect(readdirSync(inside("runs"))).toEqual(["three"]);
    rmSync(inside("runs"), { recursive: true });
  });

  test("asks first, so without a terminal it needs --yes", async () => {
    const path = copy("asked");
    const outcome = await remove("asked");
    expectRefusal(outcome, 2, /there is no terminal to ask on — --yes deletes without asking/);
    expect(existsSync(join(path, "run.json"))).toBe(true);
  });

  test("keeps files that are no part of a run, and names them", async () => {
    const path = copy("foreign");
    writeFileSync(join(path, "notes.txt"), "mine");
    const { status, stdout, stderr } = await remove("foreign", "--yes");
    expect(status).toBe(0);
    expect(stdout).toMatch(/^deleted runs\/foreign /);
    expect(stderr).toBe("note: kept in runs/foreign, since it is no part of a run: notes.txt\n");
    expect(readdirSync(path)).toEqual(["notes.txt"]);
  });

  test("deletes a run whose run.json is damaged", async () => {
    const path = copy("damaged");
    writeFileSync(join(path, "run.json"), "{");
    expect((await remove("damaged", "--yes")).status).toBe(0);
    expect(existsSync(path)).toBe(false);
  });

  test("with --json writes one object for each run", async () => {
    copy("a");
    writeFileSync(join(copy("b"), "notes.txt"), "mine");
    const { stdout } = await remove("a", "b", "--yes", "--json");
    const lines = stdout.trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { name: "a", folder: join("runs", "a"), kept: [] },
      { name: "b", folder: join("runs", "b"), kept: ["notes.txt"] },
    ]);
  });

  test("refuses what is no run, and then deletes nothing", async () => {
    const good = copy("good");
    mkdirSync(inside("folder"), { recursive: true });
    writeFileSync(inside("folder", "thesis.txt"), "mine");
    expectRefusal(
      await remove("good", "folder", "--yes"),
      2,
      /folder is not a run folder: it holds no run\.json/,
    );
    expectRefusal(await remove("good", "missing", "--yes"), 2, /there is no run folder missing/);
    expectRefusal(await remove("good", book, "--yes"), 2, /there is no run folder/);
    symlinkSync(good, inside("link"));
    expectRefusal(
      await remove("link", "--yes"),
      2,
      /link is a symbolic link — name the folder that it leads to/,
    );
    expectRefusal(
      await remove("--yes"),
      2,
      /--delete needs the runs to delete — npx unrolled runs lists them/,
    );
    expectRefusal(await unrolled(["runs", "--yes"], { cwd }), 2, /--yes needs --delete/);
    expect(existsSync(join(good, "checkpoints", "step-2.safetensors"))).toBe(true);
    expect(existsSync(inside("folder", "thesis.txt"))).toBe(true);
  });

  test("refuses a run that is being trained, which goes on", async () => {
    const training = start(["train", "text", book, ...TINY, "--steps", "1e9", "--json", "--out", "busy"], {
      cwd,
    });
    await eventOf(training, ({ event }) => event === "step");
    const outcome = await remove("busy", "--yes");
    expect(outcome.status).not.toBe(0);
    expect(outcome.stderr).toMatch(
      /^error: busy is locked by process \d+ .* — wait for it to end or stop it/,
    );
    training.kill("SIGINT");
    expect((await once(training, "close"))[0]).toBe(130);
    const { stdout } = await unrolled(["runs", "busy", "--json"], { cwd });
    expect(eventsOf(stdout)).toHaveLength(1);
    expect((await remove("busy", "--yes")).status).toBe(0);
    expect(existsSync(inside("busy"))).toBe(false);
  });
});
