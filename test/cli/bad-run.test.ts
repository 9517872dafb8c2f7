/** Runs and checkpoints that cannot be used: a line, the right status, and the run as it was. */
import { once } from "node:events";
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { filesOf } from "../tasks/text-runs.ts";
import {
  book,
  type Event,
  emptyFolder,
  eventOf,
  expectNothingAt,
  expectRefusal,
  file,
  fresh,
  madeText,
  refused,
  start,
  TINY,
  trained,
  unrolled,
} from "./unrolled.ts";

const train = (...args: string[]) => refused(["train", "text", ...args]);

let run: string;
let first: Event;
beforeAll(async () => {
  run = fresh("good");
  [first] = await trained([book, "--out", run, ...TINY, "--steps", "4", "--eval-every", "2"]);
});

/** A copy to spoil. */
function copy(): string {
  const path = fresh("copy");
  cpSync(run, path, { recursive: true });
  return path;
}

const checkpoint = (folder: string, step = 4) => join(folder, "checkpoints", `step-${step}.safetensors`);

describe("a run is not resumed", () => {
  test("with other options, each of which is listed; nothing changes", async () => {
    const before = filesOf(run);
    const outcome = await train(
      "--resume",
      "--out",
      run,
      "--hidden",
      "9",
      "--layers",
      "2",
      "--lr",
      "1",
      "--seed",
      "2",
    );
    const differences = [
      /--hidden 9 \(the run has 8\), /,
      /--layers 2 \(the run has 1\), /,
      /--lr 1 \(the run has 0\.01\), /,
      /--seed 2 \(the run has 1\)/,
      / — leave these options out/,
    ];
    for (const difference of differences) expectRefusal(outcome, 2, difference);
    expect(filesOf(run)).toEqual(before);
  });

  test("with another text, whose differences are listed; no checkpoint changes", async () => {
    const outcome = await train(file(`${madeText(150)}ZÄ`), "--resume", "--out", run);
    expectRefusal(outcome, 2, /another text: \d+ characters \(the run has \d+\)/);
    expectRefusal(outcome, 2, /a vocabulary with 2 characters more and 0 fewer/);
    expectRefusal(outcome, 2, /SHA-256 [0-9a-f]{12}\.\.\. \(the run has [0-9a-f]{12}\.\.\.\)/);
  });

  test("when there is none", async () => {
    const missing = await unrolled(["train", "text", "--resume"], { cwd: emptyFolder() });
    expectRefusal(missing, 2, /no run to resume in runs\/ — name its folder with --out/);
    expectRefusal(await train("--resume", "--out", fresh()), 2, /there is no run folder/);
  });

  test("with weights of another model, which bring their own sizes", async () => {
    const out = fresh();
    const outcome = await train(book, "--from", run, "--out", out, "--hidden", "9");
    expectRefusal(outcome, 2, /the weights of .* do not fit --hidden 9 \(they have 8\)/);
    expectNothingAt(out);
    const [begin] = await trained([book, "--from", run, "--out", out, ...TINY.slice(2), "--steps", "1"]);
    expect(begin).toMatchObject({ run: out, parameters: first.parameters });
  });
});

describe("a run is written by one training only", () => {
  test("a new training in its folder is refused", async () => {
    const before = filesOf(run);
    expectRefusal(
      await train(book, "--out", run, ...TINY),
      2,
      /already holds a run — continue it with --resume/,
    );
    expect(filesOf(run)).toEqual(before);
  });

  test("a second --resume at the same time is refused, naming the process", async () => {
    const out = copy();
    const one = start(["train", "text", "--resume", "--out", out, "--steps", "1000000", "--json"]);
    await eventOf(one, ({ event }) => event === "step");
    expectRefusal(
      await train("--resume", "--out", out),
      2,
      new RegExp(`is locked by process ${one.pid} \\(`),
    );
    one.kill("SIGINT");
    expect(await once(one, "exit")).toEqual([130, null]);
  });
});

describe("a damaged checkpoint", () => {
  type Change = (bytes: Buffer) => Buffer;
  const cases: [string, Change, RegExp][] = [
    ["that is truncated", (bytes) => bytes.subarray(0, -5), /step-4\.safetensors: /],
    ["with trailing bytes", (bytes) => Buffer.concat([bytes, Buffer.alloc(8)]), /belong to no tensor/],
    ["with one flipped byte", (bytes) => flip(bytes), /its checksum does not match/],
    ["that is empty", () => Buffer.alloc(0), /0 bytes are too few/],
    ["that is another file", () => Buffer.from(madeText(10)), /the header claims/],
    [
      "of a foreign version",
      (bytes) => replace(bytes, '"formatVersion":"1"', '"formatVersion":"9"'),
      /format version "9"/,
    ],
    [
      "of a wrong dtype",
      (bytes) => replace(bytes, '"dtype":"F32"', '"dtype":"I32"'),
      /checksum does not match/,
    ],
  ];
  test.each(cases)("%s is refused when it is named", async (_, change, message) => {
    const path = file(change(readFileSync(checkpoint(run))), "step-4.safetensors");
    expectRefusal(await refused(["sample", path]), 2, message);
  });

  test("that is the best one is passed over by sample and eval, with a note that names both", async () => {
    const out = copy();
    writeFileSync(checkpoint(out), flip(readFileSync(checkpoint(out))));
    for (const command of [["sample", "--length", "1"], ["eval"]]) {
      const { status, stderr } = await refused([...command, out]);
      expect(stderr).toMatch(
        /^note: .*step-4\.safetensors: the file is damaged.*; taking .*step-2\.safetensors instead\n/,
      );
      expect(status).toBe(0);
    }
  });

  test("that is the newest is passed over by --resume, with a note that names it", async () => {
    const out = copy();
    writeFileSync(checkpoint(out), flip(readFileSync(checkpoint(out))));
    const { status, stderr } = await unrolled(["train", "text", "--resume", "--out", out, "--steps", "6"]);
    expect(status).toBe(0);
    expect(stderr).toMatch(
      /^note: .*step-4\.safetensors: the file is damaged.*; going on from step 2 instead\nnote: the best checkpoint is lost \(.*\): the next evaluation counts as the best\n$/,
    );
  });

  test("that is gone with all others ends --resume: nothing is started over", async () => {
    const out = copy();
    for (const step of [2, 4]) rmSync(checkpoint(out, step));
    const before = filesOf(out);
    expectRefusal(
      await train("--resume", "--out", out),
      2,
      /has lost its checkpoints: .*best\.json: names step 4, which has no checkpoint — put them back, or start/,
    );
    expect(filesOf(out)).toEqual(before);
  });

  test("in every place ends --resume, each named", async () => {
    const out = copy();
    for (const step of [2, 4]) writeFileSync(checkpoint(out, step), "");
    expectRefusal(await train("--resume", "--out", out), 2, /no checkpoint is whole; .*step-4.*; .*step-2/);
  });
});

describe("a run folder that is none is refused by name", () => {
  test.each(["sample", "eval"])("by %s", async (command) => {
    expectRefusal(
      await unrolled([command, "nowhere"]),
      2,
      /there is no run folder nowhere — a run is the folder/,
    );
    expectRefusal(await refused([command, "."]), 2, /\. is not a run folder: it holds no run\.json/);
    expectRefusal(await refused([command, book]), 2, /book\.txt: the header claims/);
  });

  test("and one whose run.json was changed, by field", async () => {
    const out = copy();
    const path = join(out, "run.json");
    writeFileSync(path, readFileSync(path, "utf8").replace('"hidden": 8', '"hidden": "8"'));
    expectRefusal(await refused(["eval", out]), 2, /run\.json: (settings|model)\.hidden/);
  });

  test("a folder that cannot be made fails with status 1", async () => {
    const outcome = await train(book, "--out", join(book, "run"), ...TINY);
    expectRefusal(outcome, 1, /cannot create .*: a part of the path is a file, not a folder \(ENOTDIR\)/);
  });
});

function flip(bytes: Buffer): Buffer {
  bytes[bytes.length - 100] ^= 1;
  return bytes;
}

function replace(bytes: Buffer, from: string, to: string): Buffer {
  bytes.write(to, bytes.indexOf(from));
  return bytes;
}
