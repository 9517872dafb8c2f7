/** `report.html` and the loss chart at the end of a training. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { showsUnicode } from "../../src/cli/charts.ts";
import { book, eventsOf, file, fresh, madeText, TINY, trained, unrolled, unrolledHere } from "./unrolled.ts";

const describeError = (folder: string) => readFileSync(join(folder, "report.html"), "utf8");
const curvesOf = (html: string) =>
  [...html.matchAll(/<polyline class="(?:training|validation|rate)"[^>]*>/g)].map(([tag]) => tag);
const samplesOf = (html: string) =>
  [...html.matchAll(/<article>.*?<\/article>/gs)].map(([article]) => article);
const every = ["--eval-every", "10", "--seed", "4"];

describe("report.html", () => {
  test("of a run that was stopped twice has the curves and samples of the uninterrupted run", async () => {
    const [whole, parts] = [fresh(), fresh()];
    await trained([book, "--out", whole, ...TINY, ...every, "--steps", "60"]);
    for (const steps of ["20", "40", "60"]) {
      const start = steps === "20" ? [book, ...TINY, ...every] : ["--resume"];
      await trained([...start, "--out", parts, "--steps", steps]);
    }
    const [expected, found] = [describeError(whole), describeError(parts)];
    expect(curvesOf(expected)).toHaveLength(6);
    expect(curvesOf(found)).toEqual(curvesOf(expected));
    expect(samplesOf(expected)).toHaveLength(6);
    expect(samplesOf(found)).toEqual(samplesOf(expected));
  });

  test("names the model, the text, every setting, the losses and what to type", async () => {
    const out = fresh();
    await trained([book, "--out", out, ...TINY, ...every, "--steps", "20", "--patience", "9"]);
    const html = describeError(out);
    for (const text of [
      "LSTM, 1 layer of 8",
      "book.txt",
      "best validation",
      "trigram",
      "--patience",
      "npx unrolled sample",
    ]) {
      expect(html).toContain(text);
    }
    for (const name of Object.keys(JSON.parse(readFileSync(join(out, "run.json"), "utf8")).settings)) {
      const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
      if (!["lrDecay", "initUniform", "clipValue"].includes(name)) expect(html).toContain(`>${flag}<`);
    }
  });

  test("escapes what the model wrote and what the text is called", async () => {
    const out = fresh();
    const text = file("<b>&</b>\n".repeat(600), "a<i>b.txt");
    await trained([text, "--out", out, ...TINY, "--steps", "30", "--eval-every", "10"]);
    const html = describeError(out);
    expect(html).toContain("a&lt;i&gt;b.txt");
    expect(samplesOf(html).join("")).toMatch(/&lt;|&gt;|&amp;/);
    expect(html).not.toMatch(/<\/?[bi]>/);
  });

  test("that cannot be written is told in one line, and the run is whole", async () => {
    const out = fresh();
    await trained([book, "--out", out, ...TINY, "--steps", "2"]);
    rmSync(join(out, "report.html"));
    mkdirSync(join(out, "report.html"));
    const { status, stdout, stderr } = await unrolledHere([
      "train",
      "text",
      "--resume",
      "--out",
      out,
      "--steps",
      "4",
      "--json",
    ]);
    expect(status).toBe(0);
    expect(stderr).toMatch(/^note: there is no report: cannot write .*report\.html: .*\n$/);
    expect(eventsOf(stdout).at(-1)).toMatchObject({ event: "end", step: 4 });
  });

  test("is there after a training whose samples of 0.1.0 are missing, or whose log of samples is damaged", async () => {
    const out = fresh();
    await trained([book, "--out", out, ...TINY, ...every, "--steps", "20"]);
    rmSync(join(out, "samples.jsonl"));
    await trained(["--resume", "--out", out, "--steps", "30"]);
    expect(samplesOf(describeError(out))).toHaveLength(1);
    writeFileSync(join(out, "samples.jsonl"), 'not JSON\n{"event":"sample","step":"x"}\n{"event":"sam');
    await trained(["--resume", "--out", out, "--steps", "40"]);
    expect(samplesOf(describeError(out))).toHaveLength(1);
    expect(existsSync(join(out, "run.json"))).toBe(true);
  });
});

describe("the end of a training for people", () => {
  test("has the loss curve, the warning with what to try, and no further training as the next step", async () => {
    const out = fresh();
    // Trained on one text, validated on another: the loss rises.
    const val = file([...madeText(12)].toReversed().join(""));
    const options = [file(madeText(40)), "--val", val, "--out", out, "--steps", "150", "--eval-every", "10"];
    const model = "--hidden 32 --seq-length 16 --batch-size 4 --threads 1 --lr 0.02".split(" ");
    const { status, stdout } = await unrolled(["train", "text", ...options, ...model], {
      env: { LC_ALL: "C", TERM: "xterm" },
    });
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /\nloss in nats per character\n(.*\|.*\n){10} +\+-+\n +0 +step +150\n\.\. training {3}o validation/,
    );
    expect(stdout).toMatch(
      /\nbest {5}step \d+, .*\nwarning {2}the validation loss was best, .*\n( {9}.*\n)+/,
    );
    expect(stdout).toMatch(/ {9}try --patience 3,/);
    expect(stdout).toContain(`\nreport   ${join(out, "report.html")}\n`);
    expect(stdout).not.toContain("--resume");
    const [, last] = stdout.split(/^done/m);
    expect(last.split("\n").filter((line) => line.length > 80 && !line.includes(out))).toEqual([]);
  });

  test("with --patience says why it ended, and how to go on", async () => {
    const out = fresh();
    const val = file([...madeText(12)].toReversed().join(""));
    const options = [file(madeText(40)), "--val", val, "--out", out, "--patience", "2", "--eval-every", "10"];
    const model = "--hidden 32 --seq-length 16 --batch-size 4 --threads 1 --lr 0.02".split(" ");
    const { stdout } = await unrolledHere(["train", "text", ...options, ...model]);
    expect(stdout).toMatch(/\n {9}--patience 2: no evaluation after it was better, so the run ended\n/);
    expect(stdout).not.toContain("warning");
    const [, resume] = /npx unrolled (train text --resume .*)\n/.exec(stdout)!;
    expect(resume).toMatch(/--patience 4$/);
    const again = await unrolledHere([...resume.split(" "), "--json"]);
    expect(eventsOf(again.stdout).filter(({ event }) => event === "step").length).toBeGreaterThan(0);
  });
});

describe("a short text", () => {
  test("gets smaller batches by default, says so, and learns more than frequencies", async () => {
    const short = file(madeText(100));
    const { stdout, stderr } = await unrolledHere([
      "train",
      "text",
      short,
      "--out",
      fresh(),
      "--hidden",
      "32",
      "--json",
    ]);
    expect(stderr).toMatch(
      /^note: \d+ characters to train on are few: --batch-size is 2 instead of 32, .*\n$/,
    );
    const evaluations = eventsOf(stdout).filter(({ event }) => event === "eval") as unknown as {
      loss: number;
    }[];
    expect(Math.min(...evaluations.map(({ loss }) => loss))).toBeLessThan(1.6);
  });

  test("keeps the batch that is asked for, and has a row for each of --threads", async () => {
    const short = file(madeText(100));
    const asked = await unrolledHere([
      "train",
      "text",
      short,
      "--out",
      fresh(),
      "--batch-size",
      "32",
      "--steps",
      "1",
    ]);
    expect(asked.stderr).toBe("");
    const out = fresh();
    await trained([short, "--out", out, "--threads", "3", "--seq-length", "100", "--steps", "1"]);
    expect(JSON.parse(readFileSync(join(out, "run.json"), "utf8"))).toMatchObject({
      threads: 3,
      settings: { batchSize: 3 },
    });
  });
});

test.each([
  [{ LANG: "en_US.UTF-8" }, "linux", true],
  [{ LANG: "en_US.UTF-8", LC_ALL: "C" }, "linux", false],
  [{ LC_CTYPE: "C.utf8" }, "linux", true],
  [{}, "linux", false],
  [{}, "darwin", true],
  [{ LANG: "en_US.UTF-8", TERM: "linux" }, "linux", false],
  [{}, "win32", false],
  [{ WT_SESSION: "1" }, "win32", true],
] as const)("with %o on %s braille is shown: %s", (env, platform, expected) => {
  expect(showsUnicode(env, platform)).toBe(expected);
});
