import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { book, emptyFolder, expectRefusal, TINY, trained, unrolledHere } from "./unrolled.ts";

const cwd = emptyFolder();
const runs = (...args: string[]) => unrolledHere(["runs", ...args], cwd);

beforeAll(async () => {
  const options = [book, ...TINY, "--steps", "4", "--eval-every", "2"];
  await trained([...options, "--out", "runs/first"], { cwd });
  await trained([...options, "--out", "runs/second", "--cell", "gru", "--lr", "0.003"], { cwd });
  await trained([...options, "--out", "elsewhere/third", "--layers", "2"], { cwd });
});

describe("unrolled runs", () => {
  test("lists the runs in runs/, the newest last", async () => {
    const { status, stdout, stderr } = await runs();
    expect([status, stderr]).toEqual([0, ""]);
    const [head, first, second, ...rest] = stdout.trimEnd().split("\n");
    expect(head).toMatch(/^run +task +model +steps +loss +to beat +started +size$/);
    expect(first).toMatch(
      /^first +text +lstm 1x8 +4 +\d\.\d{3} +\d\.\d{3} +\d{4}-\d\d-\d\d \d\d:\d\d +[\d.]+ KiB$/,
    );
    expect(second).toMatch(/^second +text +gru 1x8 /);
    expect(rest).toEqual([]);
  });

  test("lists those of another folder, and with --json an object for each", async () => {
    expect((await runs("elsewhere")).stdout).toMatch(/\nthird +text +lstm 2x8 /);
    const { stdout } = await runs("--json");
    const lines = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines).toMatchObject([
      {
        name: "first",
        folder: join("runs", "first"),
        task: "text",
        cell: "lstm",
        layers: 1,
        hidden: 8,
        steps: 4,
      },
      { name: "second", cell: "gru" },
    ]);
    for (const run of lines) {
      expect(Object.keys(run)).toEqual([
        ...["name", "folder", "task", "cell", "layers", "hidden", "steps", "loss", "bestStep", "baseline"],
        ...["created", "bytes"],
      ]);
      expect(run.loss).toBeLessThan(4);
      expect(run.bytes).toBeGreaterThan(1000);
    }
  });

  test("compares two: the options that differ, and the losses side by side", async () => {
    const { status, stdout, stderr } = await runs("first", "second");
    expect([status, stderr]).toEqual([0, ""]);
    const [options, results, losses] = stdout
      .trimEnd()
      .split("\n\n")
      .map((part) => part.split("\n").map((line) => line.split(/ {2,}/)));
    expect(options).toEqual([
      ["option", "first", "second"],
      ["cell", "lstm", "gru"],
      ["lr", "0.01", "0.003"],
    ]);
    expect(results.map(([name]) => name)).toEqual([
      "result",
      "best loss",
      "at step",
      "last loss",
      "to beat",
      "steps",
      "time",
    ]);
    expect(losses.map(([step]) => step)).toEqual(["loss at step", "2", "4"]);
    for (const [, ...both] of losses.slice(1))
      for (const loss of both) expect(Number(loss)).toBeGreaterThan(1);
  });

  test("compares runs named by their folders, three too, and with --json in one object", async () => {
    const { stdout } = await runs("runs/first", "second", "elsewhere/third", "--json");
    const { differences, runs: all } = JSON.parse(stdout);
    expect(differences).toEqual([
      { option: "cell", values: ["lstm", "gru", "lstm"] },
      { option: "layers", values: [1, 1, 2] },
      { option: "lr", values: [0.01, 0.003, 0.01] },
    ]);
    expect(all.map(({ name }: { name: string }) => name)).toEqual(["first", "second", "third"]);
    expect(all[0].evaluations.map(({ step }: { step: number }) => step)).toEqual([2, 4]);
  });

  test("shows one run with all its options", async () => {
    const { stdout } = await runs("second");
    expect(stdout).toMatch(/^seq-length +12$/m);
    expect(stdout).toMatch(/^cell +gru$/m);
  });

  test("compares runs that were evaluated at different steps, and says what lies between evaluations", async () => {
    await trained([book, ...TINY, "--steps", "6", "--eval-every", "3", "--out", "other/threes"], { cwd });
    const { stdout } = await runs("first", "other/threes");
    const losses = stdout.slice(stdout.indexOf("loss at step")).split("\n\n")[0].split("\n").slice(1);
    const rows = losses.map((line) => line.split(/ {2,}/));
    expect(rows.map(([step]) => step)).toEqual(["2", "3", "4", "6"]);
    expect(rows.map(([, first, threes]) => [first, threes].map((loss) => loss.replace(/\d.*/, "")))).toEqual([
      ["", "-"],
      ["~", ""],
      ["", "~"],
      ["-", ""],
    ]);
    const [two, three, four] = rows.map(([, first]) => Number(first.replace(/^[~-]/, "")));
    expect(three).toBeCloseTo((two + four) / 2, 2);
    expect(stdout).toMatch(/\n~ interpolated between two evaluations of that run\n$/);
    expect((await runs("first", "second")).stdout).not.toContain("~");
  });

  test("says that there are none yet, which is no mistake", async () => {
    const { status, stdout, stderr } = await unrolledHere(["runs"], emptyFolder());
    expect([status, stdout]).toEqual([0, ""]);
    expect(stderr).toBe("note: there are no runs in runs/ yet: npx unrolled train text makes one\n");
  });

  test("refuses names of no run", async () => {
    expectRefusal(await runs("nothing"), 2, /there is no folder nothing with runs/);
    expectRefusal(await runs("first", "nothing"), 2, /there is no run folder nothing/);
    expectRefusal(await runs("--jsn"), 2, /unknown option '--jsn' — did you mean --json\?/);
  });

  test("leaves a broken run out of the list and says so", async () => {
    mkdirSync(join(cwd, "elsewhere/broken"), { recursive: true });
    writeFileSync(join(cwd, "elsewhere/broken/run.json"), "{");
    const { status, stdout, stderr } = await runs("elsewhere");
    expect(status).toBe(0);
    expect(stdout).toMatch(/\nthird /);
    expect(stdout).not.toMatch(/broken/);
    expect(stderr).toMatch(/^note: left out: elsewhere\/broken\/run\.json: is not valid JSON/);
    expectRefusal(await runs("first", "elsewhere/broken"), 2, /run\.json: is not valid JSON/);
  });

  test("prints nothing of a file that could move the cursor or stop the table", async () => {
    const evil = "\u001b[2J\u009b2J\r\n";
    const folder = join(cwd, "hostile/evil");
    cpSync(join(cwd, "elsewhere/third"), folder, { recursive: true });
    const path = join(folder, "run.json");
    const run = JSON.parse(readFileSync(path, "utf8"));
    const all = {
      ...{ task: evil, created: evil, backend: evil, version: evil, cellFile: { path: `./${evil}.ts` } },
      model: { ...run.model, cell: evil },
      settings: { ...run.settings, [evil]: evil, __proto: evil, nested: { toString: 1 }, hidden: evil },
      limits: { [`${evil}2`]: evil },
      data: { ...run.data, paths: [evil, { toString: 1 }], fingerprint: evil },
    };
    writeFileSync(path, JSON.stringify({ ...run, ...all }).replace("__proto", "__proto__"));
    for (const args of [["hostile"], ["hostile/evil"], ["first", "hostile/evil"]]) {
      const { status, stdout, stderr } = await runs(...args);
      expect([status, stderr]).toEqual([0, ""]);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
      expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
      expect(stdout).toContain("\\u{1b}[2J");
    }
  });
});
