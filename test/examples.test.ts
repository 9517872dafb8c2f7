/** The examples are programs of users: each is run as one, with the built package, and has to do what it says. */
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

/** Node 22 reads TypeScript only when told to. */
const TYPESCRIPT = process.features.typescript ? [] : ["--experimental-strip-types"];

/** What a program of examples/ prints. It fails with the program's own words when that ends with an error. */
async function run(name: string, ...values: string[]): Promise<string> {
  if (!existsSync(`${ROOT}dist/index.js`)) {
    throw new Error(
      "the examples import the built package and dist/index.js is missing: run `npm run build`",
    );
  }
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [...TYPESCRIPT, `examples/${name}`, ...values],
    {
      cwd: ROOT,
    },
  );
  return stdout;
}

/** The numbers behind `loss`, in order. */
const losses = (printed: string): number[] =>
  [...printed.matchAll(/^step \d+: loss (\S+)$/gm)].map((match) => Number(match[1]));

describe("the examples", () => {
  test("are all run here", () => {
    // The cells for --cell are trained by test/cli/own-cell.test.ts.
    const cells = ["leaky-cell.ts", "min-gru.ts", "my-cell.ts"];
    const programs = [
      "classify-csv.ts",
      "forecast-csv.ts",
      "from-pytorch.ts",
      "open-model.ts",
      "own-cell.ts",
      "own-model.ts",
      "streaming.ts",
      "tag-frames.ts",
      "translate-pairs.ts",
    ];
    // The task by test/tasks/own-task.test.ts.
    // The page by test/browser.
    const folders = ["browser", "own-task"];
    expect(readdirSync(`${ROOT}examples`).sort()).toEqual([...cells, ...programs, ...folders].sort());
  });

  test("translate-pairs.ts learns to write numbers, of words or of a table of its reader's", async () => {
    const printed = await run("translate-pairs.ts");
    expect(losses(printed).at(-1)).toBeLessThan(0.05);
    const [, right] = /^of 100 others (\d+) are right$/m.exec(printed)!;
    expect(Number(right)).toBeGreaterThan(85);
    const folder = mkdtempSync(join(tmpdir(), "pairs-"));
    const table = join(folder, "pairs.tsv");
    writeFileSync(table, Array.from({ length: 40 }, (_, at) => `n${at}\t${at}`).join("\r\n"));
    expect(await run("translate-pairs.ts", table)).toMatch(/^of 4 others \d are right$/m);
    rmSync(folder, { recursive: true });
  });

  test("forecast-csv.ts learns a season, keeps the model in a file and forecasts a year with it", async () => {
    const printed = await run("forecast-csv.ts");
    const errors = [...printed.matchAll(/^step \d+: mean absolute error (\S+)$/gm)].map((match) =>
      Number(match[1]),
    );
    const [, naive] = /to beat: naive, mean absolute error (\S+)/.exec(printed)!;
    expect(errors.at(-1)).toBeLessThan(Number(naive) / 4);
    const years = [...printed.matchAll(/^(2025-\d\d): (\d+), four times in five between (\d+) and (\d+)$/gm)];
    expect(years).toHaveLength(12);
    for (const [, , value, low, high] of years) {
      expect(Number(low)).toBeLessThanOrEqual(Number(value));
      expect(Number(high)).toBeGreaterThanOrEqual(Number(value));
    }
    const july = Number(years[6][2]);
    expect(july).toBeGreaterThan(1.5 * Number(years[0][2]));
  });

  test("classify-csv.ts learns a table, keeps the model in a file and judges new rows with it", async () => {
    const printed = await run("classify-csv.ts");
    const accuracies = [...printed.matchAll(/validation accuracy (\S+)/g)].map((match) => Number(match[1]));
    expect(accuracies.at(-1)).toBeGreaterThan(0.9);
    expect(printed).toMatch(/a stone of 25 x 10 cm and 3.1 kg: brick/);
    expect(printed.match(/^new\.csv:\d: brick$/gm)).toHaveLength(3);
  });

  test("own-model.ts learns one-digit sums, from guessing to near the best possible, and answers with one", async () => {
    const printed = await run("own-model.ts");
    const [, guessing, best] = /(\S+) by guessing, (\S+) at best/.exec(printed)!.map(Number);
    const found = losses(printed);
    expect(found.length).toBeGreaterThanOrEqual(5);
    expect(found[0]).toBeGreaterThan(0.9 * guessing);
    expect(found.at(-1)).toBeLessThan(1.25 * best);
    // Below what is possible it would have seen the targets.
    expect(found.at(-1)).toBeGreaterThan(0.9 * best);
    expect(printed).toMatch(/^2\+9=\d+$/m);
  });

  test("from-pytorch.ts learns to tag from both sides, far better than guessing", async () => {
    const printed = await run("from-pytorch.ts");
    const [guessing] = /guessing: (\S+)/.exec(printed)!.slice(1).map(Number);
    const found = losses(printed);
    expect(found[0]).toBeGreaterThan(0.7 * guessing);
    expect(found.at(-1)).toBeLessThan(0.5 * guessing);
  });

  test("streaming.ts predicts a wave far better than its last value, in every format, and not better than its noise", async () => {
    const printed = await run("streaming.ts");
    const [, last, noise] = /last value again: (\S+); its noise alone is (\S+)/.exec(printed)!.map(Number);
    const found = [...printed.matchAll(/a stream in \w+: (\S+)/g)].map((match) => Number(match[1]));
    expect(found).toHaveLength(3);
    for (const error of found) {
      expect(error).toBeLessThan(last / 3);
      expect(error).toBeGreaterThan(noise);
    }
    expect(Math.max(...found)).toBeLessThan(1.05 * Math.min(...found));
  });

  test("tag-frames.ts labels the frames of videos as they come, far better than guessing", async () => {
    const printed = await run("tag-frames.ts");
    const [, all, right, edit] = /of (\d+) frames (\d+) are right; .* of (\S+)$/m.exec(printed)!.map(Number);
    expect(right / all).toBeGreaterThan(0.85);
    expect(edit).toBeGreaterThan(0.75);
    expect(printed.match(/^frame \d+: /gm)).toHaveLength(19);
  });

  test("open-model.ts writes with a checkpoint and says what comes next, and how likely that is", async () => {
    const folder = mkdtempSync(join(tmpdir(), "unrolled-open-model-"));
    try {
      const book = join(folder, "book.txt");
      writeFileSync(
        book,
        Array.from({ length: 300 }, (_, i) => `const c${i % 7} = ${(i * i) % 97};\n`).join(""),
      );
      const options = [
        book,
        "--hidden",
        "16",
        "--steps",
        "30",
        "--threads",
        "1",
        "--out",
        join(folder, "run"),
      ];
      await promisify(execFile)(process.execPath, [`${ROOT}bin/unrolled.js`, "train", "text", ...options]);
      const path = join(folder, "run", "checkpoints", "step-30.safetensors");
      const printed = await run("open-model.ts", path, "const ");
      const [, text, ...likely] =
        /^lstm, 1 x 16, after 30 updates\n(const [\s\S]{200})\n(?:next: ".*" (0\.\d+)\n)(?:next: ".*" (0\.\d+)\n)/.exec(
          printed,
        )!;
      expect(text).toHaveLength(206);
      const [first, second] = likely.map(Number) as [number, number];
      expect(first).toBeGreaterThanOrEqual(second);
      expect(second).toBeGreaterThan(0.01);
      await expect(run("open-model.ts", "package.json")).rejects.toThrow("package.json: the header");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("own-cell.ts has the right gradients and learns to remember the first symbol", async () => {
    const printed = await run("own-cell.ts");
    const errors = [...printed.matchAll(/relative error (\S+)/g)].map((match) => Number(match[1]));
    expect(errors).toHaveLength(3);
    for (const error of errors) expect(error).toBeLessThan(1e-6);
    const [guessing] = /guessing: (\S+)/.exec(printed)!.slice(1).map(Number);
    const found = losses(printed);
    expect(found.length).toBeGreaterThanOrEqual(5);
    expect(found[0]).toBeGreaterThan(0.9 * guessing);
    expect(found.at(-1)).toBeLessThan(0.05 * guessing);
  });
});
