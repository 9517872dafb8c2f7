/** `unrolled train tag` and what follows it, as a person types it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { eventsOf, expectRefusal, file, fresh, refused as run } from "./unrolled.ts";

const rows = Array.from({ length: 60 }, (_, at) => {
  const sequence = at >> 2;
  return `s${sequence},${["up", "down"][at % 2]},${(at % 2) + sequence / 100}`;
});
const table = file(`sequence,label,x\n${rows.join("\n")}\n`, "steps.csv");
const SMALL = "--hidden 8 --threads 1 --steps 30 --lr 0.05".split(" ");

async function works(...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await run(args);
  expect(status, stderr).toBe(0);
  return stdout;
}

test("a training ends with truth and prediction, eval draws them, and predict labels other sequences", async () => {
  const out = fresh();
  const trained = await works("train", "tag", table, ...SMALL, "--out", out);
  expect(trained).toMatch(/^labels {3}2: down, up$/m);
  expect(trained).toMatch(/^to beat {2}macro F1 \S+, accuracy \S+: linear softmax of the step alone$/m);
  expect(trained).toMatch(/^s\d+: 100% right\ntruth {5}uudduudd\npredicted uudduudd$/m);
  expect(trained).toMatch(/^next {5}npx unrolled eval /m);
  // An evaluation and a path have a line of their own, whatever their length.
  const isFree = (line: string) => /^(step|run|report|next| {9}npx) /.test(line);
  expect(trained.split("\n").filter((line) => line.length > 80 && !isFree(line))).toEqual([]);
  const report = readFileSync(join(out, "report.html"), "utf8");
  expect(report).toContain("<title>Labels over time: validation</title>");

  const picture = `${fresh("timeline")}.svg`;
  const evaluated = await works("eval", out, "--picture", picture);
  expect(evaluated).toMatch(/^segment F1 +1\.000 /m);
  expect(evaluated).toMatch(/^the commonest label +0\.333 +its macro F1; accuracy 50%/m);
  expect(readFileSync(picture, "utf8")).toContain("<title>Labels over time: validation</title>");
  const { metrics, baselines } = JSON.parse(await works("eval", out, "--json"));
  expect(metrics).toMatchObject({ accuracy: 1, macroF1: 1, edit: 1, segmentF1: 1 });
  expect(baselines).toHaveLength(2);

  const other = file("sequence,x\nnew,1\nnew,0\nnew,1\n", "other.csv");
  const bands = `${fresh("bands")}.svg`;
  const predicted = await works("predict", out, other, "--json", "--picture", bands);
  expect(JSON.parse(predicted)).toMatchObject({ input: "new", labels: ["down", "up", "down"] });
  expect(readFileSync(bands, "utf8")).toContain("new");
  expect(await works("predict", out, other)).toBe("new\tdown 0, up 1, down 2\n");
});

test("the events of a training have the metrics, and say which checkpoint is the best", async () => {
  const events = eventsOf(
    await works("train", "tag", "--set", "lookahead", ...SMALL, "--json", "--out", fresh()),
  );
  const evaluation = events.findLast(({ event }) => event === "eval")!;
  const metrics = evaluation.metrics as Record<string, number>;
  expect(Object.keys(metrics)).toEqual(["accuracy", "macroF1", "edit", "segmentF1"]);
  expect(evaluation.choose).toBeCloseTo(1 - metrics.macroF1, 12);
  expect(events[0]).toMatchObject({ event: "start", task: "tag" });
});

test("what does not go together is refused with a line, before anything is trained", async () => {
  const refuse = async (message: RegExp, ...args: string[]) =>
    expectRefusal(await run(["train", "tag", table, "--out", fresh(), ...args]), 2, message);
  await refuse(/--bidirectional and --delay exclude each other/, "--bidirectional", "--delay", "2");
  await refuse(/--delay must be an integer from 0 to 10000, got -1/, "--delay", "-1");
  await refuse(/--set must be one of lookahead, video, got 'vidoe' — did you mean video/, "--set", "vidoe");
  await refuse(/there is no column 'lable'; the columns are/, "--label-column", "lable");
});
