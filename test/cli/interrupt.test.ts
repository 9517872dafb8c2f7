/** A training that is stopped from outside: what is saved, what is said, how it goes on. */

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, openSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, describe, expect, test } from "vitest";
import { readCheckpointFile } from "../../src/runs/run-store.ts";
import { checkpointPath, filesOf, savedSteps } from "../tasks/text-runs.ts";
import {
  BIN,
  book,
  type Event,
  ended,
  eventOf,
  eventsOf,
  file,
  fresh,
  madeText,
  start,
  TINY,
  trained,
  unrolled,
} from "./unrolled.ts";

const END = 800;
const steps = ["--steps", String(END)];

let whole: Event;
beforeAll(async () => {
  whole = (await trained([book, "--out", fresh(), ...TINY, ...steps])).at(-1)!;
});

describe("Ctrl-C once", () => {
  test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
    "as %s finishes the step, saves, says how to go on, ends with 130; and the rest comes out bit for bit",
    async (signal) => {
      const out = fresh();
      const child = start(["train", "text", book, "--out", out, ...TINY, ...steps, "--eval-every", "30"]);
      const outcome = ended(child);
      await once(child.stdout, "data");
      await sleep(60);
      child.kill(signal);
      const { status, stdout, stderr } = await outcome;
      expect(status).toBe(130);
      expect(stderr).toBe("note: stopping after this step and saving; Ctrl-C again exits at once\n");
      const step = Number(/^saved +step (\d+) after/m.exec(stdout)![1]);
      expect(step).toBeLessThan(END);
      expect(savedSteps(out).at(-1)).toBe(step);
      expect(stdout).toContain(`npx unrolled train text --resume --out ${out}\n`);
      // What is saved is the same for all of them.
      if (signal !== "SIGINT") return;
      const rest = await trained(["--resume", "--out", out, ...steps]);
      expect(rest.at(-1)).toMatchObject({ step: END, parametersSha256: whole.parametersSha256 });
    },
  );

  test("counts once when npm passes it on a second time", async () => {
    const out = fresh();
    const child = start(["train", "text", book, "--out", out, ...TINY, "--steps", "1e9", "--json"]);
    await eventOf(child, ({ event }) => event === "step");
    const outcome = ended(child);
    child.kill("SIGINT");
    await sleep(5);
    child.kill("SIGINT");
    const { status, stdout } = await outcome;
    expect(status).toBe(130);
    const end = eventsOf(stdout.slice(stdout.indexOf("\n") + 1)).at(-1)!;
    expect(end).toMatchObject({ event: "end", reason: "interrupted" });
    expect(savedSteps(out)).toEqual([end.step]);
  });

  test.skipIf(process.platform === "win32")(
    "before the first step ends at once, with nothing to save",
    async () => {
      const [out, pipe] = [fresh(), fresh("pipe")];
      execFileSync("mkfifo", [pipe]);
      const child = spawn(process.execPath, [BIN, "train", "text", pipe, "-", "--out", out, "--json"]);
      const outcome = ended(child);
      // This returns when the child reads; then it waits for a standard input that does not come.
      await writeFile(pipe, "some text, and the rest does not come");
      child.kill("SIGINT");
      const { status, stdout, stderr } = await outcome;
      expect(status).toBe(130);
      expect(stderr).toContain("interrupted before the first step\n");
      expect(eventsOf(stdout)).toMatchObject([{ event: "error", code: "INTERRUPTED" }]);
      expect(existsSync(out)).toBe(false);
    },
  );
});

test.each([
  ["learning byte pairs from one long word", ["--tokens", "bpe"], "ACGT"],
  ["counting words and triples", ["--tokens", "word"], "a b c de "],
])("Ctrl-C while %s ends the command before the work is done", async (_, options, piece) => {
  const long = file(piece.repeat(6_000_000 / piece.length), "long.txt");
  const child = start([
    "train",
    "text",
    long,
    "--out",
    fresh(),
    ...TINY,
    ...options,
    "--steps",
    "1e9",
    "--json",
  ]);
  let done = false;
  const outcome = ended(child).finally(() => {
    done = true;
  });
  // Wherever it is by then: a process that does not hear the signal would train for ever.
  await sleep(800);
  while (!done) {
    child.kill("SIGINT");
    await Promise.race([outcome, sleep(400)]);
  }
  const { status, signal } = await outcome;
  // On a busy machine it may not have come as far as listening.
  expect([130, "SIGINT"]).toContain(status ?? signal);
});

test("Ctrl-C twice leaves at once with 130, and the last checkpoint is as it was", async () => {
  const out = fresh();
  // Step 1 is saved; step 2 starts an evaluation of several seconds.
  const sizes = "--hidden 128 --seq-length 12 --batch-size 4 --threads 1 --val-split 0.9".split(" ");
  const args = ["--out", out, ...sizes, "--save-every", "1", "--eval-every", "2", "--json"];
  const child = start(["train", "text", file(madeText(20_000)), ...args]);
  await eventOf(child, ({ event, step }) => event === "step" && step === 2);
  const before = filesOf(out);
  const outcome = ended(child);
  child.kill("SIGINT");
  await once(child.stderr, "data");
  // Two signals closer together count as one.
  await sleep(300);
  child.kill("SIGINT");
  const { status, stdout, stderr } = await outcome;
  expect(status).toBe(130);
  expect(stdout).not.toMatch(/"end"|"eval"/);
  expect(stderr).toMatch(
    /^note: stopping after .*\nnote: stopped at once; the last checkpoint is unchanged\n$/,
  );
  expect(savedSteps(out)).toEqual([1]);
  expect(filesOf(out)["checkpoints/step-1.safetensors"]).toBe(before["checkpoints/step-1.safetensors"]);
  expect((await unrolled(["sample", out, "--length", "3"])).status).toBe(0);
});

describe("an output that nobody reads", () => {
  test.each([[[]], [["--json"]]])("ends a training with its work saved and status 0: %j", async (flags) => {
    const out = fresh();
    const child = start([
      "train",
      "text",
      book,
      "--out",
      out,
      ...TINY,
      "--steps",
      "1e9",
      "--eval-every",
      "50",
      ...flags,
    ]);
    await once(child.stdout, "data");
    child.stdout.destroy();
    const { status, stderr } = await ended(child);
    expect(stderr).toMatch(/^note: the output was closed: stopped at step \d+ and saved in [^\n]+\n$/);
    expect(status).toBe(0);
    expect(savedSteps(out).length).toBeGreaterThan(0);
  });

  test("ends sample and eval quietly", async () => {
    const out = fresh();
    await trained([book, "--out", out, ...TINY, "--steps", "2"]);
    for (const args of [
      ["sample", out, "--length", "1e9"],
      ["eval", out],
    ]) {
      const child = start(args);
      if (args[0] === "sample") await once(child.stdout, "data");
      child.stdout.destroy();
      expect(await ended(child)).toEqual({ status: 0, signal: null, stdout: "", stderr: "" });
    }
  });

  test("leaves predict's picture of what was predicted until then", async () => {
    const [out, picture] = [fresh(), `${fresh("picture")}.svg`];
    const training = ["train", "classify", "--hidden", "4", "--threads", "1", "--steps", "1", "--out", out];
    expect((await unrolled(training)).status).toBe(0);
    const names = file(Array.from({ length: 5000 }, (_, n) => `Name${n}\n`).join(""), "names.txt");
    const child = start(["predict", out, names, "--picture", picture]);
    await once(child.stdout, "data");
    child.stdout.destroy();
    expect((await ended(child)).status).toBe(0);
    expect(readFileSync(picture, "utf8")).toMatch(/^<svg.*Name0/s);
  });
});

describe.skipIf(!existsSync("/dev/full"))("an output on a full disk (/dev/full)", () => {
  const intoFull = async (args: string[]) => {
    const child = spawn(process.execPath, [BIN, ...args], {
      stdio: ["ignore", openSync("/dev/full", "w"), "pipe"],
    });
    let stderr = "";
    child.stderr!.setEncoding("utf8").on("data", (piece: string) => {
      stderr += piece;
    });
    const [status] = await once(child, "close");
    return { status, stderr };
  };

  test("fails a training with status 1, after saving", async () => {
    const out = fresh();
    const { status, stderr } = await intoFull(["train", "text", book, "--out", out, ...TINY, ...steps]);
    expect(stderr).toMatch(
      /^error: cannot write to standard output: the disk is full \(ENOSPC\) — .*saved in [^\n]+\n$/,
    );
    expect(status).toBe(1);
    expect(savedSteps(out)).toHaveLength(1);
  });

  test("fails sample and eval with status 1", async () => {
    const out = fresh();
    await trained([book, "--out", out, ...TINY, "--steps", "2"]);
    for (const command of ["sample", "eval"]) {
      const { status, stderr } = await intoFull([command, out]);
      expect(stderr).toMatch(
        /^error: cannot write to standard output: the disk is full \(ENOSPC\) — [^\n]+\n$/,
      );
      expect(status).toBe(1);
    }
  });
});

describe("a loss that stops being finite ends with status 1 and the step's number", () => {
  const diverge = async (lr: string, ...more: string[]) => {
    const out = fresh();
    const args = ["--out", out, ...TINY, "--lr", lr, "--steps", "500", "--json", ...more];
    const { status, stdout, stderr } = await unrolled(["train", "text", book, ...args]);
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /^error: step \d+: .* — lower --lr or --clip-norm; the last good checkpoint is untouched\n$/,
    );
    const events = eventsOf(stdout);
    return { out, error: events.at(-1)!, steps: events.filter(({ event }) => event === "step") };
  };

  test("in training: the last checkpoint, of finite numbers, is the one before", async () => {
    const { out, error, steps } = await diverge("1e37", "--save-every", "1", "--eval-every", "1000");
    const last = steps.at(-1)!.step as number;
    expect(last).toBeGreaterThan(1);
    expect(error).toMatchObject({ event: "error", code: "DIVERGENCE" });
    expect(error.message).toMatch(
      new RegExp(`^step ${last + 1}: the (loss|gradient norm) is (NaN|Infinity), training has diverged$`),
    );
    expect(savedSteps(out).at(-1)).toBe(last);
    const { tensors } = await readCheckpointFile(checkpointPath(out, last));
    for (const [name, tensor] of tensors) {
      expect([name, tensor.toFloat32().every(Number.isFinite)]).toEqual([name, true]);
    }
  });

  test("in validation: nothing is saved", async () => {
    const { out, error } = await diverge("1e38", "--eval-every", "1");
    expect(error.message).toBe("step 1: the validation loss is NaN, training has diverged");
    expect(savedSteps(out)).toEqual([]);
  });
});
