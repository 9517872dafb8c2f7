/** Texts that are too short for a training: every change that an error advises is made, and the training then runs. */
import { describe, expect, test } from "vitest";
import { expectRefusal, file, fresh, type Outcome, refused } from "./unrolled.ts";

const train = (text: string, args: readonly string[]) =>
  refused(["train", "text", file(text), "--out", fresh(), "--hidden", "8", "--steps", "1", ...args]);

/** The changes that a hint offers, each of one option or several: `--batch-size 3`, `--seq-length 6`. */
function advice({ stderr }: Outcome): string[][] {
  const hint = stderr.trimEnd().split(" — ").at(-1)!;
  return hint
    .split(/, or /)
    .map((part) => (part.match(/--[a-z-]+ [\d.]+/g) ?? []).flatMap((option) => option.split(" ")))
    .filter((options) => options.length > 0);
}

/** `args`, all of which are options with a value, with these instead of those of the same names. */
function changed(args: readonly string[], options: readonly string[]): string[] {
  const values = new Map<string, string>();
  const all = [...args, ...options];
  for (let at = 0; at < all.length; at += 2) values.set(all[at], all[at + 1]);
  return [...values].flat();
}

const lines = (n: number) => "ab cd ef gh ij\n".repeat(n);
const one = ["--threads", "1"];
const word = [...one, "--tokens", "word"];
const bpe = [...one, "--tokens", "bpe"];

const cases: [string, string, string[], number][] = [
  [
    "a share too small",
    lines(7),
    [...one, "--batch-size", "1", "--seq-length", "8", "--val-split", "0.001"],
    1,
  ],
  ["a few characters", "abcd efgh", [...one, "--batch-size", "1", "--seq-length", "4"], 1],
  ["a few characters, with the default sizes", "abcd efgh", one, 1],
  ["four characters", "abca", one, 1],
  ["less than a sequence", "ab ".repeat(10), one, 1],
  ["less than a batch", lines(7), one, 2],
  ["less than a batch for three threads", lines(30), ["--threads", "3"], 2],
  ["less than a sequence for two threads", "ab ".repeat(7), ["--threads", "2"], 1],
  ["few words", lines(40), word, 2],
  [
    "a share with one word",
    lines(40),
    [...word, "--batch-size", "2", "--seq-length", "8", "--val-split", "0.001"],
    1,
  ],
  [
    "a share with one long word",
    `${lines(4)}${"x".repeat(30)}`,
    [...word, "--batch-size", "1", "--seq-length", "2"],
    1,
  ],
  ["few words in all", "ab cd ef gh ij", word, 1],
  ["few tokens", lines(40), bpe, 2],
  [
    "a share with one token",
    `${"ab".repeat(20)}cdefghijklmnopqrstuvwxyzab`,
    [...bpe, "--batch-size", "1", "--seq-length", "2", "--val-split", "0.031"],
    1,
  ],
  ["a few tokens in all", "ab cd", bpe, 1],
];

describe("each change that is advised lets the training run:", () => {
  test.each(cases)("%s", async (_, text, args, offers) => {
    const first = await train(text, args);
    expectRefusal(first, 2, /, or a longer text$/m);
    const all = advice(first);
    expect(all).toHaveLength(offers);
    for (const options of all) {
      const second = await train(text, changed(args, options));
      expect([options, second.status, second.stderr.replace(/^note:.*\n/gm, "")]).toEqual([options, 0, ""]);
    }
  });

  test("an empty text, where one of three thousand characters is enough", async () => {
    expectRefusal(await train("", one), 2, /is empty — give a text of at least some thousand characters/);
    expect((await train(lines(200), one)).status).toBe(0);
  });
});

test("nothing is advised where only more text helps", async () => {
  for (const [text, args] of [
    ["abc", one],
    ["ab", word],
    ["ab", bpe],
  ] as const) {
    expectRefusal(await train(text, args), 2, /at least 2 are needed — give a longer text\n$/);
  }
  const val = file("a");
  expectRefusal(
    await train(lines(40), [...word, "--val", val, "--batch-size", "1", "--seq-length", "2"]),
    2,
    /the validation text has 1 word, at least 2 are needed — give a longer text with --val\n$/,
  );
});

test.each([
  ["char", "characters"],
  ["word", "words"],
  ["bpe", "tokens"],
])("--tokens %s counts %s, and nothing else", async (tokens, units) => {
  const outcome = await train(lines(40), [...one, "--tokens", tokens]);
  expectRefusal(
    outcome,
    2,
    new RegExp(`the training text has \\d+ ${units}; 32 streams of 64 need at least 2049`),
  );
  for (const other of ["characters", "words", "tokens"].filter((name) => name !== units)) {
    expect(outcome.stderr).not.toContain(other);
  }
});

test("no share for validation is not advised, since it is refused", async () => {
  expectRefusal(
    await train(lines(40), [...one, "--val-split", "0"]),
    2,
    /--val-split must be above 0 and below 1, got 0/,
  );
  for (const [, text, args] of cases)
    expect((await train(text, args)).stderr).not.toContain("--val-split 0 ");
});
