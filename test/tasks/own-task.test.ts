/** A task of one's own, from a file: everything that built-in tasks have. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadNamedTask } from "../../src/runs/code-choice.ts";
import { evaluateRun } from "../../src/runs/evaluate-run.ts";
import { loadOwnTask } from "../../src/runs/own-task.ts";
import { predictRun } from "../../src/runs/predict-run.ts";
import { type NamedTask, type TaskTraining, trainTask } from "../../src/runs/train-task.ts";
import type { TrainOptions } from "../../src/runs/training-options.ts";
import type { EndEvent } from "../../src/train/events.ts";

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

describe("a file in a task's place", () => {
  const file = (text: string) => {
    const path = join(root, `task-${made++}.mjs`);
    writeFileSync(path, text);
    return path;
  };

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

  test("with a member that no task has is asked: did you mean another?", async () => {
    const source = `import task from ${JSON.stringify(EXAMPLE)}; export default { ...task, predictt: () => {} };`;
    await expect(loadOwnTask(file(source))).rejects.toThrow("did you mean predict?");
  });

  test("with a probe that check could not use is refused, too", async () => {
    const source = (probe: string) =>
      file(`import task from ${JSON.stringify(EXAMPLE)}; export default { ...task, probe: ${probe} };`);
    await expect(loadOwnTask(source("{ zeroInput: () => {} }"))).rejects.toThrow("did you mean zeroInputs?");
    await expect(loadOwnTask(source("{ keys: [] }"))).rejects.toThrow("probe.keys must be a function");
    await expect(loadOwnTask(source("7"))).rejects.toThrow("the task's probe must be an object");
  });
});
