import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { createReferenceBackend } from "../../src/backend/reference/reference.ts";
import { LanguageModel, SequenceClassifier } from "../../src/models/index.ts";
import { openRun } from "../../src/runs/index.ts";
import { trainTask } from "../../src/runs/train-task.ts";
import { type ClassifyPrediction, TASKS } from "../../src/tasks/index.ts";
import { checkpointPath, train } from "../tasks/text-runs.ts";

const root = mkdtempSync(join(tmpdir(), "open-run-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

test("a run of text is a language model with its tokenizer, from the folder and from a checkpoint", async () => {
  const { folder } = await train({ hidden: 8, steps: 4 });
  for (const path of [folder, checkpointPath(folder, 4)]) {
    const { task, model, tokenizer, step } = await openRun(path, { backend: createReferenceBackend() });
    expect(task.name).toBe("text");
    expect(model).toBeInstanceOf(LanguageModel);
    expect(tokenizer!.decode(tokenizer!.encode("line"))).toBe("line");
    expect(step).toBe(4);
  }
  const run = await openRun(folder);
  await expect(run.predict("a")).rejects.toThrow("a model of the task text predicts nothing");
});

test("a run of classify predicts", async () => {
  const out = join(root, "names");
  const options = { data: [], out, hidden: 8, steps: 3, threads: 1 };
  const hooks = { signal: new AbortController().signal, onProgress() {}, onNote() {} };
  const training = await trainTask({ task: await TASKS.classify() }, options, hooks);
  for await (const _ of training.events);
  const run = await openRun(out);
  expect(run.model).toBeInstanceOf(SequenceClassifier);
  const { label, probabilities } = await run.predict<ClassifyPrediction>("Brakkut");
  const { labels } = run.facts as { labels: readonly string[] };
  expect(labels).toContain(label);
  const sum = Object.values(probabilities).reduce((total, p) => total + p, 0);
  expect(sum).toBeCloseTo(1, 5);
});

test("what is no run, and options that are none, are refused", async () => {
  await expect(openRun(join(root, "missing"))).rejects.toThrow("there is no run folder");
  await expect(openRun("")).rejects.toThrow("the path of a run folder or a checkpoint");
  await expect(openRun(root, { backnd: 1 } as object)).rejects.toThrow("did you mean backend?");
});
