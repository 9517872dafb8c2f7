/** `unrolled check` as a person types it. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { book, emptyFolder, eventsOf, expectRefusal, file, fresh, refused } from "./unrolled.ts";

const EXAMPLE = join(import.meta.dirname, "../../examples/own-task/model.ts");
/** Trainings end after some hundred steps, on a machine that is busy too. */
const SMALL = ["--hidden", "8", "--max-seconds", "600"];
/** Of checks that come before all trainings, which have no time then. */
const UNTRAINED = ["--hidden", "8", "--max-seconds", "0.001"];

function labelled(files: Readonly<Record<string, readonly string[]>>): string {
  const folder = fresh("labelled");
  mkdirSync(folder);
  for (const [name, lines] of Object.entries(files))
    writeFileSync(join(folder, `${name}.txt`), lines.join("\n"));
  return folder;
}

/** Words without a meaning, always the same. */
function words(count: number, seed: number): string[] {
  let state = seed;
  const next = (most: number) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return Math.floor((state / 2 ** 32) * most);
  };
  return Array.from({ length: count }, () =>
    Array.from({ length: 3 + next(6) }, () => String.fromCharCode(97 + next(8))).join(""),
  );
}

async function results(args: readonly string[]) {
  const { status, stdout } = await refused(["check", ...args, "--json"]);
  const byName = Object.fromEntries(eventsOf(stdout).map((event) => [event.check as string, event]));
  return { status, byName };
}

describe("unrolled check", () => {
  test("says what was expected, what was found, and what to do", async () => {
    const data = labelled({ Up: words(60, 1).map((w) => `a${w}`), Down: words(60, 2).map((w) => `h${w}`) });
    const { status, stdout } = await refused(["check", "classify", data, ...SMALL, "--lr", "5"]);
    expect(status).toBe(1);
    expect(stdout).toMatch(/^model +LSTM, 1 layer of 8/m);
    expect(stdout).toMatch(
      /^passed +the loss at the start\n +expected 0\.693 within 0\.100: guessing among 2/m,
    );
    expect(stdout).toMatch(/^failed +the learning rate\n/m);
    expect(stdout).toMatch(/^ +do +--lr 5 is too large: try --lr \S+$/m);
    expect(stdout).toMatch(/^ +5 +\S+ +[▇#]+ <- --lr$/m);
    expect(stdout).toMatch(/\d passed, .*\d failed, 1 skipped\n$/);
  });

  test("gives one object for each check with --json", async () => {
    const { status, byName } = await results([
      "text",
      book,
      ...SMALL,
      "--seq-length",
      "12",
      "--batch-size",
      "4",
    ]);
    expect(status).toBe(0);
    expect(Object.keys(byName)).toEqual([
      "duplicates",
      "baselines",
      "initial-loss",
      "rows",
      "padding",
      "look-ahead",
      "overfit",
      "inputs",
      "learning-rate",
    ]);
    for (const result of Object.values(byName)) {
      expect(result).toMatchObject({
        event: "check",
        expected: expect.any(String),
        found: expect.any(String),
      });
      expect(["passed", "warning", "skipped"]).toContain(result.verdict);
    }
    expect(byName["look-ahead"].verdict).toBe("passed");
  });

  test("finds labels that do not depend on the lines", async () => {
    const { status, byName } = await results([
      "classify",
      labelled({ A: words(80, 3), B: words(80, 4) }),
      ...SMALL,
    ]);
    expect(status).toBe(1);
    expect(byName.inputs).toMatchObject({ verdict: "failed", advice: expect.stringContaining("beside") });
  });

  test("finds lines of other case and punctuation in the data of --val", async () => {
    const lines = words(40, 5);
    const data = labelled({ A: lines.slice(0, 20), B: lines.slice(20) });
    const val = labelled({ A: [`${lines[0].toUpperCase()}!`, lines[1]], B: ["hgfedcba", "bbbb"] });
    // Capitals that were never trained on are unknown to the model, so only one of the copies is one to it.
    const { byName } = await results(["classify", data, "--val", val, ...UNTRAINED]);
    expect(byName.duplicates).toMatchObject({ verdict: "failed", values: { items: 4, copies: 1 } });
  });

  test("finds pages of a text in both parts", async () => {
    const page = Array.from({ length: 30 }, (_, i) => `page ${i} has ${words(12, i + 9).join(" ")}\n`).join(
      "",
    );
    const { byName } = await results([
      "text",
      file(page + page),
      "--val-split",
      "0.4",
      ...UNTRAINED,
      "--seq-length",
      "8",
    ]);
    expect(byName.duplicates.verdict).toBe("failed");
  });

  test("finds initial weights that are far too large", async () => {
    const { byName } = await results(["classify", ...UNTRAINED, "--init-uniform", "4"]);
    expect(byName["initial-loss"]).toMatchObject({
      verdict: "failed",
      advice: expect.stringContaining("--init-uniform 0.8 or none (it was 4)"),
    });
  });

  test.skipIf(!process.features.typescript)("checks a task of one's own by what it gives", async () => {
    const { status, byName } = await results([EXAMPLE, ...SMALL]);
    expect(status).toBe(0);
    expect(byName["initial-loss"].found).toBe("the task trend does not say what guessing reaches");
    expect(byName.padding.verdict).toBe("passed");
    expect(byName.inputs.verdict).toBe("passed");
  });
});

describe("a wrong command line", () => {
  test("is refused before anything is read", async () => {
    expectRefusal(await refused(["check"]), 2, /check needs a task — npx unrolled check text \[DATA\.\.\.\]/);
    expectRefusal(await refused(["check", "txet"]), 2, /there is no task 'txet' — did you mean text\?/);
    expectRefusal(await refused(["check", "text", "--resume"]), 2, /unknown option '--resume'/);
    expectRefusal(
      await refused(["check", "text", "--hidden", "0"]),
      2,
      /--hidden must be an integer of at least 1/,
    );
    expectRefusal(
      await refused(["check", "text", "--max-seconds", "0"]),
      2,
      /--max-seconds must be a number above 0/,
    );
    expectRefusal(await refused(["check", "classify", emptyFolder()]), 2, /no files|nothing/i);
  });

  test("--help shows the options that decide what is checked, and no others", async () => {
    const { stdout } = await refused(["check", "classify", "--help"]);
    expect(stdout).toMatch(/--hidden N/);
    expect(stdout).toMatch(/--max-seconds S +seconds of all trainings \(default: 60\)/);
    expect(stdout).not.toMatch(/--resume|--epochs|--out/);
  });
});
