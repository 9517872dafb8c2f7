/** A task of one's own, from a file: everything that built-in tasks have. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { lossChart } from "../../src/cli/charts.ts";
import { describeTraining } from "../../src/cli/run-report.ts";
import { loadNamedTask } from "../../src/runs/code-choice.ts";
import { evaluateRun } from "../../src/runs/evaluate-run.ts";
import { loadOwnTask } from "../../src/runs/own-task.ts";
import { predictRun } from "../../src/runs/predict-run.ts";
import { type NamedTask, type TaskTraining, trainTask } from "../../src/runs/train-task.ts";
import type { TrainOptions } from "../../src/runs/training-options.ts";
import type { EndEvent } from "../../src/train/events.ts";
import { refused } from "../cli/unrolled.ts";

const EXAMPLE = join(import.meta.dirname, "../../examples/own-task/model.ts");
const root = mkdtempSync(join(tmpdir(), "own-task-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let made = 0;
const fresh = () => join(root, `run-${made++}`);
const hooks = { signal: new AbortController().signal, onProgress() {}, onNote() {} };

let named: NamedTask;
beforeAll(async () => {
  const { task, path, sha256 } = await loadNamedTask(EXAMPLE, undefined, () => {});
  named = { task, file: { path, sha256 } };
});

async function train(options: Partial<TrainOptions>): Promise<EndEvent & { training: TaskTraining }> {
  const training = await trainTask(named, { data: [], threads: 1, ...options } as TrainOptions, hooks);
  let end: EndEvent | undefined;
  for await (const event of training.events) if (event.event === "end") end = event;
  return { ...end!, training };
}

describe.skipIf(!process.features.typescript)("the task of the example", () => {
  test("learns, is evaluated beside its baseline, and predicts", async () => {
    const out = fresh();
    await train({ out, epochs: 8 });
    const { metrics, baselines, items } = await evaluateRun(out, [], {}, hooks);
    expect(items).toBe(120);
    expect(metrics.rmse).toBeLessThan(0.2 * baselines[0].metrics!.rmse);
    const { predictions } = await predictRun(out, [], { text: "1,2,3,4,5,6" }, hooks);
    for await (const { json } of predictions) expect(Math.abs((json.next as number) - 9)).toBeLessThan(3);
  });

  test("is trained on a CSV file, and on no other when it is resumed", async () => {
    const table = join(root, "table.csv");
    writeFileSync(table, Array.from({ length: 60 }, (_, i) => `${i},${i + 1},${i + 2},${i + 5}`).join("\n"));
    const out = fresh();
    await train({ data: [table], out, steps: 3 });
    expect((await train({ resume: true, out, steps: 6 })).step).toBe(6);
    writeFileSync(table, `${readFileSync(table, "utf8")}\n1,2,3`);
    await expect(train({ resume: true, out, steps: 9 })).rejects.toThrow(
      "cannot be resumed with another table",
    );
  });

  test("ends with the same bits after an interrupt, and on one and two threads with two shards", async () => {
    const [whole, parts, threads] = [fresh(), fresh(), fresh()];
    const expected = await train({ out: whole, steps: 40, shards: 2 });
    await train({ out: parts, steps: 17, shards: 2 });
    const resumed = await train({ resume: true, out: parts, steps: 40 });
    expect(resumed.parametersSha256).toBe(expected.parametersSha256);
    const two = await train({ out: threads, steps: 40, shards: 2, threads: 2 });
    expect(two.parametersSha256).toBe(expected.parametersSha256);
  });

  test("is not resumed with another file, and is named again where it lies elsewhere", async () => {
    const out = fresh();
    await train({ out, steps: 2 });
    const other = { ...named, file: { path: "./other.ts", sha256: "0".repeat(64) } };
    const options = { data: [], out, resume: true, steps: 4 } as TrainOptions;
    await expect(trainTask(other, options, hooks)).rejects.toThrow(
      "cannot be resumed with the task ./other.ts",
    );
    expect(await evaluateRun(out, [], { task: EXAMPLE }, hooks)).toMatchObject({ items: 120 });
    const copy = join(root, "changed.mjs");
    writeFileSync(copy, `export { default } from ${JSON.stringify(EXAMPLE)};`);
    await expect(evaluateRun(out, [], { task: copy }, hooks)).rejects.toThrow(
      "has changed since the training",
    );
  });

  test("is refused where it does not say which data it has, or leaves settings out", async () => {
    const { task } = named;
    const silent = {
      ...task,
      load: (request: never) => task.load({ ...(request as object), verify() {} } as never, hooks),
    };
    const options = { data: [], threads: 1, steps: 1 };
    const trained = (changed: object) =>
      trainTask({ task: { ...task, ...changed } }, { ...options, out: fresh() }, hooks);
    await expect(trained(silent)).rejects.toThrow("load must call request.verify");
    const facts = (data: never) => ({ ...task.facts(data), fingerprint: "abc" });
    await expect(trained({ facts })).rejects.toThrow("facts must have a fingerprint");
    const complete = (given: object) => ({ ...task.complete(given), hidden: undefined });
    await expect(trained({ complete })).rejects.toThrow("complete: hidden is missing");
    const more = (given: object) => ({ ...task.complete(given), nois: 1 });
    await expect(trained({ complete: more })).rejects.toThrow("nois is not among the options");
  });

  test("refuses options that it has not", async () => {
    await expect(train({ layers: 2 } as object)).rejects.toThrow('there is no option "layers"');
    await expect(train({ hidden: 0 } as object)).rejects.toThrow(
      "--hidden must be an integer from 1 to 1024, got 0",
    );
  });
});

const file = (text: string) => {
  const path = join(root, `task-${made++}.mjs`);
  writeFileSync(path, text);
  return path;
};

/** The example with other members, which are written on line 3 and below. */
const changed = (members: string) =>
  file(`import task from ${JSON.stringify(EXAMPLE)};
export default { ...task,
${members}
};`);

describe.skipIf(!process.features.typescript)("a task of one's own is shown in its own words:", () => {
  test("its loss unit stands in the chart and in the report, where nats are not explained", async () => {
    const { training, ...end } = await train({ out: fresh(), steps: 2 });
    const unit = "mean squared error, in variances of the targets";
    expect(lossChart(training).unit).toBe(unit);
    const { figures, terms } = describeTraining(training, end);
    expect(figures[0]).toMatchObject({ name: "best validation", about: `${unit}, at step 2` });
    expect(terms.map(({ term }) => term)).not.toContain("nats");
  });

  test("the best evaluation is told as its view tells an evaluation", async () => {
    const path = changed(
      `score: (...rest) => ({ ...task.score(...rest), choose: globalThis.evaluations++ })`,
    );
    vi.stubGlobal("evaluations", 0);
    const line = ["train", path, "--steps", "6", "--eval-every", "2", "--threads", "1", "--out", fresh()];
    const { stdout, status } = await refused(line);
    vi.unstubAllGlobals();
    expect(status).toBe(0);
    expect(stdout).toMatch(/^best {5}error \d+\.\d{3} at step 2, which predict and eval use$/m);
  });
});

describe.skipIf(!process.features.typescript)("an error in a task of one's own", () => {
  const startOf = async (path: string, options: Partial<TrainOptions> = {}, out = fresh()) => {
    const { task, sha256 } = await loadNamedTask(path, undefined, () => {});
    const all = { data: [], threads: 1, steps: 2, ...options, out } as TrainOptions;
    const training = await trainTask({ task, file: { path, sha256 } }, all, hooks);
    for await (const _ of training.events);
  };

  test.each([
    ["loss", `loss() { throw new Error("mine"); }`, "loss: mine"],
    ["load", `async load() { throw new TypeError("mine"); }`, "load: mine"],
    ["plan", `plan(...rest) { return { ...task.plan(...rest), batch() { null.x; } }; }`, "plan.batch: "],
    [
      "evaluation",
      `evaluation: (...rest) => ({ ...task.evaluation(...rest), async run() { throw 1; } })`,
      "",
    ],
    ["view", `view: { ...task.view, startEvent() { throw new Error("mine"); } }`, "view.startEvent: mine"],
  ])("names the member and the line: %s", async (_, members, message) => {
    const path = changed(members);
    const failed = message === "" ? "evaluation.run: 1" : message;
    const error = await startOf(path).catch((error) => error);
    expect(error).toMatchObject({ code: "INPUT", problem: expect.stringContaining(`failed in ${failed}`) });
    if (message !== "") expect(error.problem).toMatch(/ \(task-\d+\.mjs:3\)$/);
  });

  test("names the line from which an op was called with tensors that do not fit", async () => {
    const path = changed(`loss(model) { return { loss: model.head.forward(model.head.bias) }; }`);
    await expect(startOf(path)).rejects.toThrow(/, in loss of the task .* \(task-\d+\.mjs:3\)/);
  });

  test("that it makes itself about its data says nothing more", async () => {
    const table = join(root, "bad.csv");
    writeFileSync(table, "1,2\n1,x\n");
    await expect(train({ data: [table], out: fresh(), steps: 1 })).rejects.toMatchObject({
      problem: expect.stringMatching(/bad\.csv:2 must hold at least two numbers, got '1,x'$/),
    });
  });

  test("in predict names the line", async () => {
    const out = fresh();
    const path = changed(`async *predict() { yield { text: "a", json: {} }; throw new Error("mine"); }`);
    await startOf(path, {}, out);
    const { predictions } = await predictRun(out, [], { text: "1,2" }, hooks);
    const readAll = async () => {
      for await (const _ of predictions);
    };
    await expect(readAll()).rejects.toThrow(/failed in predict: mine \(task-\d+\.mjs:3\)/);
  });

  test("that only reads whole files: a text is refused by predict", async () => {
    const out = fresh();
    await startOf(changed("predict: undefined, async *predictFile() {}"), {}, out);
    await expect(predictRun(out, [], { text: "1,2" }, hooks)).rejects.toThrow(
      `reads files, and no --text — name a file: npx unrolled predict ${out} FILE`,
    );
  });

  test("before the first step leaves no folder behind, but what was in it", async () => {
    const path = changed(`loss() { throw new Error("mine"); }`);
    for (const threads of [1, 2]) {
      const out = fresh();
      await expect(startOf(path, { threads }, out)).rejects.toThrow("mine");
      expect(existsSync(out)).toBe(false);
    }
    const out = fresh();
    mkdirSync(out);
    writeFileSync(join(out, "notes.txt"), "mine");
    await expect(startOf(path, {}, out)).rejects.toThrow("mine");
    expect(readdirSync(out)).toEqual(["notes.txt"]);
  });

  test("after steps leaves what was trained, and a run that is resumed in vain stays", async () => {
    const out = fresh();
    const path = changed(
      "loss(...rest) { if (globalThis.count-- === 0) throw new Error('mine'); return task.loss(...rest); }",
    );
    vi.stubGlobal("count", 2);
    await expect(startOf(path, { steps: 5 }, out)).rejects.toThrow("mine");
    expect(readdirSync(out)).toContain("metrics.jsonl");
    vi.stubGlobal("count", 0);
    await expect(startOf(path, { steps: 5, resume: true }, out)).rejects.toThrow("mine");
    vi.unstubAllGlobals();
    expect(readdirSync(out)).toContain("run.json");
  });
});

describe("a file in a task's place", () => {
  test("has to export a task", async () => {
    await expect(loadOwnTask(file("export const a = 1;"))).rejects.toThrow(
      "must have a task as its default export",
    );
    await expect(loadOwnTask(EXAMPLE)).resolves.toBeDefined();
  });

  test("has to export all of it", async () => {
    const path = file('export default { name: "mine", summary: "s" };');
    await expect(loadOwnTask(path)).rejects.toThrow("the task's words must be an object, got none");
    await expect(loadOwnTask(file('export default { name: "My Task" };'))).rejects.toThrow(
      "the task's name must be",
    );
  });

  test.each([
    ["view: { ...task.view, result: 1 }", "the task's view's result must be a function, got 1"],
    ["view: { ...task.view, next: undefined }", "the task's view's next must be a function, got none"],
    ["view: { ...task.view, lossunit() {} }", `view has no member "lossunit" — did you mean lossUnit?`],
    ["help: {}", "the task's help's data must be"],
    ["words: { data: 'table' }", "the task's words's rows must be"],
    ["options: { ...task.options, hidden: 3 }", "the option --hidden must be an object, got 3"],
    [
      "options: { noiseLevel: { kind: 'numbr' } }",
      "the option --noise-level: kind must be one of number, choice",
    ],
    [
      "options: { noise: { kind: 'number', value: 'X', group: 'Model', role: 'model', text: 'noise' } }",
      "the option --noise: range must be an object { text, fits }, got none",
    ],
    [
      "options: { noise: { kind: 'flag', group: 'Modell', role: 'model', text: 'noise' } }",
      'the option --noise: group must be one of Model, Data, How long, Training, Run, Machine, Search, Output, got "Modell"',
    ],
    ['name: "text"', "text is the name of a built-in task — give the task another name"],
  ])("with %s is refused", async (members, message) => {
    await expect(loadOwnTask(changed(members))).rejects.toThrow(message);
  });

  test("may have every member of the contract", async () => {
    const whole = changed("async *predictFile() {}, readsWholeFile: () => true, guess: undefined");
    await expect(loadOwnTask(whole)).resolves.toBeDefined();
  });

  test("that does not exist is asked for", async () => {
    await expect(loadOwnTask("./missing.ts")).rejects.toThrow(
      "the task ./missing.ts does not exist — name a TypeScript or JavaScript file",
    );
  });

  test("with a member that no task has is asked: did you mean another?", async () => {
    const source = `import task from ${JSON.stringify(EXAMPLE)}; export default { ...task, predictt: () => {} };`;
    await expect(loadOwnTask(file(source))).rejects.toThrow("did you mean predict?");
  });

  test("with a probe that check could not use is refused, too", async () => {
    const source = (probe: string) =>
      file(`import task from ${JSON.stringify(EXAMPLE)}; export default { ...task, probe: ${probe} };`);
    await expect(loadOwnTask(source("{ zeroInput: () => {} }"))).rejects.toThrow("did you mean zeroInputs?");
    await expect(loadOwnTask(source("{ keys: [] }"))).rejects.toThrow(
      "the task's probe's keys must be a function",
    );
    await expect(loadOwnTask(source("7"))).rejects.toThrow("the task's probe must be an object");
  });
});
