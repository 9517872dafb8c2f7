/** Texts that cannot be trained on, as a person meets them: a line, status 2, and no folder left behind. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  book,
  emptyFolder,
  expectNothingAt,
  expectRefusal,
  file,
  fresh,
  madeText,
  refused,
  TINY,
  trained,
  unrolled,
} from "./unrolled.ts";

const train = (...args: string[]) => refused(["train", "text", ...args]);

function folder(content: string | Uint8Array): string {
  const path = emptyFolder();
  writeFileSync(join(path, "a"), content);
  return path;
}

describe("a text that cannot be trained on is refused", () => {
  const cases: [string, string | Uint8Array, RegExp][] = [
    ["that is empty", "", /text\.txt' is empty/],
    ["of one character", "a", /needs at least 2 different characters/],
    ["of one character, repeated", "a".repeat(5000), /all 5000 are the same/],
    [
      "shorter than a sequence",
      "abc",
      /--val-split 0.1 of 3 characters leaves 0 for validation, at least 2 are needed — give a longer text/,
    ],
    ["that is binary", Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 0), /is a binary file: byte 4 is zero/],
    ["that is not UTF-8", Uint8Array.of(0x61, 0x0a, 0xff, 0x61), /is not UTF-8 at byte 2 \(line 2\): 0xff/],
    ["in UTF-16", Uint8Array.of(0xff, 0xfe, 0x61, 0), /is UTF-16, expected UTF-8/],
  ];
  test.each(cases)("%s", async (_, content, message) => {
    const out = fresh();
    expectRefusal(await train(file(content), "--out", out), 2, message);
    expectNothingAt(out);
  });

  test("shorter than the batch that is asked for; the default fits", async () => {
    const [text, out] = [file(madeText(80)), fresh()];
    const message = /64 streams of 64 need at least 4097 — use --batch-size \d+ or less/;
    expectRefusal(await train(text, "--out", out, "--batch-size", "64"), 2, message);
    expectNothingAt(out);
    await trained([text, "--out", out, "--steps", "1", "--hidden", "8"]);
  });

  test("that is missing, whose control characters cannot forge a line", async () => {
    const out = fresh();
    expectRefusal(
      await train("no\nsuch\u001b[31m", "--out", out),
      2,
      /'no\\nsuch\\u\{1b\}\[31m' does not exist — check/,
    );
    expectNothingAt(out);
  });

  test("in a folder that holds none", async () => {
    expectRefusal(await train(folder(Uint8Array.of(0))), 2, /holds no text, only 1 binary file/);
  });

  test("on an empty standard input, and on one that was named twice", async () => {
    expectRefusal(await unrolled(["train", "text", "-"], { input: "" }), 2, /standard input is empty/);
    expectRefusal(await train("-", "-"), 2, /standard input \(-\) was named twice/);
  });

  test("with more rows than it has sequences, saying what fits", async () => {
    const outcome = await train(book, "--batch-size", "1000", "--seq-length", "10");
    expectRefusal(outcome, 2, /1000 streams of 10 need at least 10001 — use --batch-size \d+ or less/);
  });
});

describe("a text that is only unusual is trained on", () => {
  const steps = [...TINY, "--steps", "2"];

  test("a byte order mark and CRLF, with a note, give the run that the same text in LF gives", async () => {
    const text = madeText(30);
    const args = ["--out", fresh(), ...steps, "--json"];
    const windows = await unrolled([
      "train",
      "text",
      file(`\ufeff${text.replaceAll("\n", "\r\n")}`),
      ...args,
    ]);
    expect(windows.stderr).toBe("note: 30 CRLF line ends became LF\n");
    expect(windows.status).toBe(0);
    const unix = await trained([file(text), "--out", fresh(), ...steps]);
    const end = JSON.parse(windows.stdout.trimEnd().split("\n").at(-1)!);
    expect(end.parametersSha256).toBe(unix.at(-1)!.parametersSha256);
  });

  test("emoji and combining marks come back as they are", async () => {
    const text = "e\u0301 é \u{1f468}\u200d\u{1f469}\u{1f3fd} 水\n";
    const out = fresh();
    await trained([file(text.repeat(40)), "--out", out, ...steps]);
    const prime = "\u{1f468}\u200d\u{1f469}\u{1f3fd} e\u0301";
    const { status, stdout } = await unrolled([
      "sample",
      out,
      "--length",
      "20",
      "--prime",
      prime,
      "--seed",
      "1",
    ]);
    expect(status).toBe(0);
    expect(stdout.startsWith(prime)).toBe(true);
    expect([...stdout].filter((character) => !text.includes(character))).toEqual([]);
    expect([...stdout]).toHaveLength([...prime].length + 20);
  });

  test("files, a folder and standard input join in the order given", async () => {
    const [a, b] = [madeText(20), madeText(31).slice(300)];
    const path = folder(b);
    const run = (...args: string[]) => trained([...args, "--out", fresh(), ...steps]);
    const whole = await run(file(a + b + a));
    const parts = await trained([file(a), path, "-", "--out", fresh(), ...steps], { input: a });
    expect(parts.at(-1)!.parametersSha256).toBe(whole.at(-1)!.parametersSha256);
  });
});

test("reading a long text is told from the start, also without a terminal", async () => {
  const path = file(madeText(24 * 2 ** 15));
  const { status, stderr } = await unrolled([
    "train",
    "text",
    path,
    "--max-seconds",
    "0.1",
    "--out",
    fresh(),
    ...TINY,
  ]);
  expect(status).toBe(0);
  expect(stderr.split("\n")[0]).toBe(`reading ${path}: 0%`);
});
