import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { DEFAULT_EPOCHS } from "../../src/tasks/run-options.ts";
import { DEFAULTS } from "../support/text-task.ts";
import { book, expectNothingAt, expectRefusal, fresh, refused, unrolled } from "./unrolled.ts";

const nowhere = "no-such-file.txt";
const train = (...args: string[]) => refused(["train", "text", ...args]);

describe("help", () => {
  test("goes to stdout when it is asked for, and lists the commands that are built", async () => {
    const { status, stdout, stderr } = await unrolled(["--help"]);
    expect([status, stderr]).toEqual([0, ""]);
    for (const name of ["train", "check", "sample", "eval", "inspect", "runs", "demo", "gradcheck"])
      expect(stdout).toMatch(new RegExp(`^  ${name} `, "m"));
    for (const name of ["export", "serve", "lab"]) {
      expect(stdout).not.toMatch(new RegExp(`^  ${name} `, "m"));
    }
    expect((await unrolled(["help"])).stdout).toBe(stdout);
  });

  test("goes to stderr, with status 2, when nothing was typed", async () => {
    const { status, stdout, stderr } = await unrolled([]);
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(/^Usage: unrolled COMMAND/);
  });

  test("of a command fits in 80 columns and has an example", async () => {
    for (const name of ["train", "check", "sample", "eval", "inspect", "runs", "demo", "gradcheck"]) {
      const { status, stdout } = await unrolled([name, "--help"]);
      expect(status).toBe(0);
      expect(stdout.split("\n").filter((line) => line.length > 80)).toEqual([]);
      expect(stdout).toMatch(/Examples:\n {2}npx unrolled /);
      expect((await unrolled(["help", name])).stdout).toBe(stdout);
    }
  });

  test("of train shows every default of the text task, and the rule for the learning rate", async () => {
    const { stdout } = await refused(["train", "text", "--help"]);
    const flags = {
      batchSize: "batch-size",
      seqLength: "seq-length",
      clipNorm: "clip-norm",
      valSplit: "val-split",
      lrDecay: "lr-decay",
      lrDecayAfter: "lr-decay-after",
      initUniform: "init-uniform",
      weightDecay: "weight-decay",
    };
    const unset: Record<string, string> = {
      clipValue: "no limit",
      lrDecay: "a cosine",
      initUniform: "PyTorch's",
    };
    for (const [name, value] of Object.entries(DEFAULTS)) {
      if (typeof value === "boolean" || name === "vocabSize") continue;
      const flag = flags[name as keyof typeof flags] ?? name;
      const shown = value ?? unset[name];
      if (name === "clipValue") expect(stdout).toMatch(/--clip-value X .*\(default: no limit\)/);
      else expect(stdout).toMatch(new RegExp(`--${flag} .*\\(default: ${shown}\\)`));
    }
    expect(stdout).toContain(`(default: ${DEFAULT_EPOCHS} if no limit is given)`);
    expect(stdout).toMatch(/the learning rate is multiplied.*--epochs.*--max-seconds.*--steps/s);
  });

  test("--version prints package.json's", async () => {
    const { version } = JSON.parse(readFileSync(join(import.meta.dirname, "../../package.json"), "utf8"));
    expect(await unrolled(["--version"])).toMatchObject({ status: 0, stdout: `${version}\n`, stderr: "" });
    expect((await unrolled(["-V"])).stdout).toBe(`${version}\n`);
  });
});

describe("an unknown name is refused with the nearest right one", () => {
  const cases: [string, string[], RegExp][] = [
    ["command", ["trian"], /no command 'trian' — did you mean train\?/],
    ["command before --help", ["smaple", "--help"], /no command 'smaple' — did you mean sample\?/],
    [
      "command that is not built yet",
      ["export", "x"],
      /no command 'export' — the commands are: train, check, sample, predict/,
    ],
    ["task", ["train", "txet"], /no task 'txet' — did you mean text\?/],
    ["task that is not built yet", ["train", "glimpse"], /no task 'glimpse' — the tasks are: text, classify/],
    [
      "text in the task's place",
      ["train", book],
      /to train on that text: npx unrolled train text .*book\.txt/,
    ],
    ["option", ["train", "text", "--hiden", "5"], /unknown option '--hiden' — did you mean --hidden\?/],
    [
      "option that is not built yet",
      ["train", "text", "--bidirectional"],
      /unknown option '--bidirectional'/,
    ],
    [
      "value",
      ["train", "text", "--cell", "lsmt"],
      /--cell must be one of rnn, lstm, gru or a file, got 'lsmt' — did you mean lstm\?/,
    ],
  ];
  test.each(cases)("%s", async (_, args, message) => {
    expectRefusal(await refused(args), 2, message);
  });

  test("no task, no run, too much: said in a line", async () => {
    expectRefusal(await refused(["train"]), 2, /train needs a task — npx unrolled train text \[DATA\.\.\.\]/);
    expectRefusal(await refused(["sample"]), 2, /missing required argument 'RUN'/);
    expectRefusal(await refused(["sample", "a", "b"]), 2, /too many arguments/);
    expectRefusal(await train("--lr"), 2, /'--lr <X>' argument missing/);
  });
});

// The text does not exist: were it read before the options are checked, the error would be another.
describe("a training option outside its range is refused before anything is read", () => {
  const whole = "an integer of at least 1";
  const cases: [string, string, RegExp][] = [
    ["--hidden", "0", /--hidden must be an integer of at least 1, got 0\n/],
    ["--hidden", "-1", /--hidden must be an integer of at least 1, got -1\n/],
    ["--hidden", "1.5", /--hidden must be an integer of at least 1, got 1\.5\n/],
    ["--hidden", "1e9", /needs at least \d+\.\d PiB of memory, more than the 4\.0 GiB of the heap/],
    ["--hidden", "x", /--hidden must be a number, got 'x'/],
    ["--layers", "0", new RegExp(`--layers must be ${whole}, got 0`)],
    ["--layers", "1e9", /of memory, more than/],
    ["--batch-size", "0", new RegExp(`--batch-size must be ${whole}, got 0`)],
    ["--batch-size", "1e9", /of memory, more than/],
    ["--seq-length", "-3", new RegExp(`--seq-length must be ${whole}, got -3`)],
    ["--lr", "nan", /--lr must be a number above 0, got NaN/],
    ["--lr", "-0.1", /--lr must be a number above 0, got -0\.1/],
    ["--lr", "0", /--lr must be a number above 0, got 0/],
    ["--lr", "inf", /--lr must be a number above 0, got Infinity/],
    ["--lr", "1e-2x", /--lr must be a number, got '1e-2x'/],
    ["--lr", "", /--lr must be a number, got ''/],
    ["--lr-decay", "1.2", /--lr-decay must be above 0 and at most 1, got 1\.2/],
    ["--lr-decay-after", "0", new RegExp(`--lr-decay-after must be ${whole}, got 0`)],
    ["--lr-decay-after", "3", /--lr-decay-after 3 needs --lr-decay/],
    ["--init-uniform", "0", /--init-uniform must be a number above 0, got 0/],
    ["--val", "", /--val must name a file, got nothing/],
    ["--clip-norm", "inf", /--clip-norm must be a number above 0, got Infinity/],
    ["--clip-value", "0", /--clip-value must be a number above 0, got 0/],
    ["--dropout", "1", /--dropout must be at least 0 and below 1, got 1/],
    ["--val-split", "1", /--val-split must be above 0 and below 1, got 1/],
    ["--patience", "0", /--patience must be an integer of at least 1, got 0/],
    ["--weight-decay", "-1", /--weight-decay must be a number of at least 0, got -1/],
    ["--epochs", "0", /--epochs must be a number above 0, got 0/],
    ["--steps", "1.5", new RegExp(`--steps must be ${whole}, got 1\\.5`)],
    ["--max-seconds", "-1", /--max-seconds must be a number above 0, got -1/],
    ["--eval-every", "0", new RegExp(`--eval-every must be ${whole}, got 0`)],
    ["--save-every", "0", new RegExp(`--save-every must be ${whole}, got 0`)],
    ["--seed", "0.5", /--seed must be an integer, got 0\.5/],
    ["--threads", "0", /--threads must be an integer from 1 to 256, got 0/],
    ["--threads", "33", /--threads 33 is more than the 32 rows of a batch/],
    ["--backend", "gpu", /--backend must be one of auto, native, wasm, reference, got 'gpu'/],
    ["--optimizer", "sdg", /--optimizer must be one of sgd, .*, got 'sdg' — did you mean sgd\?/],
    ["--precision", "hihg", /--precision must be one of highest, high, got 'hihg' — did you mean high\?/],
    ["--out", "", /--out must name a folder, got nothing/],
  ];
  test.each(cases)("%s %j", async (flag, value, message) => {
    expectRefusal(await train(nowhere, flag, value), 2, message);
  });

  test("--from beside --resume", async () => {
    expectRefusal(await train("--resume", "--from", "x"), 2, /--from and --resume exclude each other/);
  });

  test("--val beside --val-split, and --init-uniform beside --from", async () => {
    expectRefusal(await train(book, "--val", book, "--val-split", "0.2"), 2, /--val and --val-split exclude/);
    expectRefusal(
      await train(book, "--from", "x", "--init-uniform", "1"),
      2,
      /--from and --init-uniform excl/,
    );
  });

  test("--threads beyond the rows of a batch, without leaving a folder", async () => {
    const out = fresh();
    const outcome = await train(
      book,
      "--batch-size",
      "4",
      "--seq-length",
      "8",
      "--threads",
      "5",
      "--out",
      out,
    );
    expectRefusal(outcome, 2, /--threads 5 is more than the 4 rows of a batch/);
    expectNothingAt(out);
  });
});

describe("a sampling or evaluation option outside its range is refused before the run is opened", () => {
  const cases: [string, string, string, RegExp][] = [
    ["sample", "--temperature", "-1", /--temperature must be a number of at least 0, got -1/],
    ["sample", "--temperature", "nan", /--temperature must be a number of at least 0, got NaN/],
    ["sample", "--top-k", "0", /--top-k must be an integer of at least 1, got 0/],
    ["sample", "--top-k", "1.5", /--top-k must be an integer of at least 1, got 1\.5/],
    ["sample", "--top-p", "0", /--top-p must be above 0 and at most 1, got 0/],
    ["sample", "--top-p", "1.1", /--top-p must be above 0 and at most 1, got 1\.1/],
    ["sample", "--length", "-1", /--length must be an integer of at least 0, got -1/],
    ["sample", "--seed", "x", /--seed must be a number, got 'x'/],
    ["eval", "--batch-size", "0", /--batch-size must be an integer of at least 1, got 0/],
    ["eval", "--batch-size", "1.5", /--batch-size must be an integer of at least 1, got 1\.5/],
  ];
  test.each(cases)("%s %s %s", async (command, flag, value, message) => {
    expectRefusal(await refused([command, "no-such-run", flag, value]), 2, message);
  });
});
