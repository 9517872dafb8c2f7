import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { emptyFolder, expectRefusal, file, trained, unrolled, unrolledHere } from "./unrolled.ts";

/** A language with brackets that a small network learns at once. */
const text = Array.from({ length: 900 }, (_, i) => {
  const inside = "abcab".slice(0, 2 + ((i * i) % 4));
  return i % 3 === 0 ? `xy (${inside}) z\n` : `x "${inside}" zz ${i % 10}\n`;
}).join("");

const cwd = emptyFolder();
const run = join(cwd, "run");
const inspect = (...args: string[]) => unrolledHere(["inspect", ...args], cwd);
const own = join(import.meta.dirname, "../../examples/min-gru.ts");

beforeAll(async () => {
  const options = [
    "--hidden",
    "16",
    "--seq-length",
    "24",
    "--batch-size",
    "8",
    "--threads",
    "1",
    "--val-split",
    "0.3",
  ];
  await trained([file(text), ...options, "--steps", "150", "--out", run]);
});

describe("unrolled inspect", () => {
  test("with --json ranks units by their score on held out text, with saturation, in one object", async () => {
    const { status, stdout, stderr } = await inspect(run, "--json");
    expect([status, stderr]).toEqual([0, ""]);
    const { cells, saturation, ...rest } = JSON.parse(stdout);
    expect(rest).toEqual({});
    for (const cell of cells) {
      expect(Object.keys(cell)).toEqual([
        "layer",
        "unit",
        "signal",
        "detects",
        "score",
        "heldOutScore",
        "untrainedScore",
      ]);
      expect(cell.unit).toBeLessThan(16);
    }
    const scores = cells.map(({ heldOutScore }: { heldOutScore: number }) => heldOutScore);
    expect(scores).toEqual(scores.toSorted((a: number, b: number) => b - a));
    const best = cells.find(({ signal }: { signal: string }) => signal === "inside quotes");
    expect(best.heldOutScore).toBeGreaterThan(0.5);
    expect(saturation.map(({ gate }: { gate: string }) => gate)).toEqual(["input", "forget", "output"]);
    for (const { below, above } of saturation) expect(below + above).toBeLessThanOrEqual(1);
  });

  test("for people is a table, the gates, and a text with marks where there are no colours", async () => {
    const { status, stdout, stderr } = await inspect(run);
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^model +LSTM, 1 layer of 16, step \d+$/m);
    expect(stdout).toMatch(/^text +[\d,]+ characters of the part of .*text\.txt kept for validation$/m);
    expect(stdout).toMatch(/^signal +unit +score +untrained +when +on the first half$/m);
    expect(stdout).toMatch(/^inside quotes +0:\d+ +0\.\d\d +-?0\.\d\d +(above|below) -?[\d.]+ +0\.\d\d$/m);
    expect(stdout).toMatch(/^too little of it in this text: .*inside a URL/m);
    expect(stdout).toMatch(/^0 forget +\d+% +\d+%$/m);
    expect(stdout).toMatch(
      /\nunit 0:\d+ follows ".*" \(0\.\d\d\): on where it is (above|below) -?[\d.]+\nnothing: off, -: just off, \+: just on, #: on; \^: .*\n/,
    );
    expect(stdout.includes("\x1b")).toBe(false);
  });

  test("shows an excerpt in which the signal both holds and does not, with marks for it and for the unit", async () => {
    const { stdout } = await inspect(run);
    const [, signal, excerpt] =
      /\nunit 0:\d+ follows "(.+)" .*\n.*; \^: (?:.*)\n\n([\s\S]*)$/.exec(stdout) ?? [];
    expect(stdout).toMatch(new RegExp(`^${signal} +0:`, "m"));
    const lines = excerpt.trimEnd().split("\n");
    const isText = (line: string) => /^[xyz]/.test(line);
    const characters = lines.filter(isText).join("").length;
    const marked = lines.filter((line) => /^ *\^[ ^]*$/.test(line)).join("");
    const held = marked.replaceAll(" ", "").length;
    expect(characters).toBeGreaterThan(200);
    expect(held).toBeGreaterThan(10);
    expect(held).toBeLessThan(characters - 10);
    // Below each line of text stand its marks, never more of them than characters.
    let text = "";
    for (const line of lines) {
      if (isText(line)) text = line;
      else expect(line).toMatch(/^( *\^[ ^]*|[-+# ]+)$/);
      expect(line.length).toBeLessThanOrEqual(text.length);
    }
  });

  test("shows a text of one's own, by a unit of one's own, in colours where they are wanted", async () => {
    const shown = 'x "abca" zz 3';
    const plain = await inspect(run, shown, "--unit", "0:3");
    expect(plain.stdout).toMatch(/\nunit 0:3 follows ".*" \(-?0\.\d\d\): /);
    expect(plain.stdout).toContain(`\n${shown}\n`);
    const coloured = await unrolled(["inspect", run, shown, "--unit", "0:3"], {
      cwd,
      env: { FORCE_COLOR: "1", NO_COLOR: "" },
    });
    const line = coloured.stdout.trimEnd().split("\n").at(-1)!;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
    expect(line.replace(/\x1b\[\d+m/g, "")).toBe(shown);
    expect(line).toContain("\x1b[4");
  });

  test("scores on a file that is named, and shows it", async () => {
    const { stdout } = await inspect(run, file(text.slice(0, 2000), "other.txt"), "--length", "1500");
    expect(stdout).toMatch(/^text +1,500 characters of .*other\.txt$/m);
  });

  test.skipIf(!process.features.typescript)(
    "knows a cell of one's own, which has no gates to count",
    async () => {
      const out = join(cwd, "own");
      await trained([
        file(text),
        "--hidden",
        "8",
        "--steps",
        "3",
        "--threads",
        "1",
        "--cell",
        own,
        "--out",
        out,
      ]);
      const { stdout, status } = await inspect(out, "--json");
      expect(status).toBe(0);
      const { cells, saturation } = JSON.parse(stdout);
      expect(cells.length).toBeGreaterThan(5);
      expect(saturation).toEqual([]);
    },
  );
});

describe("inspect refuses in one line", () => {
  test.each<[string, string[], RegExp]>([
    ["a unit that is none", ["--unit", "0:16"], /--unit must be LAYER:UNIT, up to 0:15, got 0:16/],
    ["a unit in another form", ["--unit", "3"], /--unit must be LAYER:UNIT, up to 0:15, got 3/],
    ["too short a length", ["--length", "10"], /--length must be an integer of at least 200, got 10/],
    [
      "unknown letters in the text",
      ["Ω"],
      /the text has a character that the model has not seen in training: 'Ω'/,
    ],
    ["an empty text", [""], /the text is empty/],
  ])("%s", async (_, args, message) => {
    expectRefusal(await inspect(run, ...args), 2, message);
  });

  test("a file that is too short, a run that is none, and a checkpoint without a text", async () => {
    expectRefusal(await inspect(run, file("xy z\n")), 2, /has 5 characters, at least 200 are needed/);
    expectRefusal(await inspect("nothing"), 2, /there is no run folder nothing/);
    const checkpoint = join(run, "checkpoints/step-150.safetensors");
    expectRefusal(await inspect(checkpoint), 2, /a checkpoint file alone does not say what text to look at/);
  });
});
