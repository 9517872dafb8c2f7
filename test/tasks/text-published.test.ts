/** What it takes to train as a paper says: a validation text of its own, initial values, a rate that falls by passes. */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { decodeCheckpoint } from "../../src/io/index.ts";
import { parseTaskRun } from "../../src/runs/run-file.ts";
import { evalText, inspectText, TEXT } from "../support/text-task.ts";
import { checkpointPath, fresh, hooks, madeText, train, writeText } from "./text-runs.ts";

const other = writeText(madeText(90, 5), "other");
const runOf = (folder: string) =>
  parseTaskRun(TEXT, JSON.parse(readFileSync(`${folder}/run.json`, "utf8")), `${folder}/run.json`);

describe.each(["char", "word"] as const)("with --val and %ss, a run", (tokens) => {
  const options = { val: other, tokens, evalEvery: 4 };

  test("validates on that text, then and afterwards, and trains on all of its data", async () => {
    const { evals, folder } = await train({ ...options, steps: 4 });
    const own = await evalText(folder, [], {}, hooks());
    const named = await evalText(folder, [other], {}, hooks());
    expect(own.loss).toBe(evals.at(-1)!.loss);
    expect([named.loss, named.items]).toEqual([own.loss, own.items]);
    // Lines of the made text are unlike a tenth of it: what was held back would be another number of symbols.
    expect(own.items).toBeGreaterThan(named.unit === "word" ? 700 : 3000);
    expect(own.metrics.trigramLoss).toBeGreaterThan(0);
    const inspected = await inspectText(folder, undefined, { length: 250 }, hooks());
    expect(inspected.text).toBe(other);
  });

  test("goes on to the same bits, and only with the same text", async () => {
    const expected = await train({ ...options, steps: 6 });
    const out = fresh();
    await train({ ...options, out, steps: 6, stopAt: 3 });
    const changed = { out, resume: true, steps: 6, val: writeText(madeText(90, 6), "changed") };
    await expect(train(changed)).rejects.toThrow(
      /validates on a text with SHA-256 [0-9a-f]{12}\.\.\., it cannot go on with a text with SHA-256/,
    );
    const said = await train({ out, resume: true, steps: 6 });
    expect(said.end.parametersSha256).toBe(expected.end.parametersSha256);
  });
});

test("a run that validates on the end of its text does not go on with another", async () => {
  const out = fresh();
  await train({ out, steps: 4, stopAt: 2 });
  await expect(train({ out, resume: true, steps: 4, val: other })).rejects.toThrow(
    /validates on the end of its text, it cannot go on with a text with SHA-256/,
  );
});

test("a character that only the validation text has is refused by name", async () => {
  await expect(train({ val: writeText(`${madeText(90)}Ω`, "strange"), steps: 1 })).rejects.toThrow(
    "the text has a character that the model has not seen in training: 'Ω' (U+03A9), in the validation text",
  );
});

test.each(["char", "word"] as const)(
  "a validation text of one %s is refused, with what is needed",
  async (tokens) => {
    const val = writeText("a", "short");
    await expect(train({ val, tokens, steps: 1 })).rejects.toThrow(
      expect.objectContaining({
        code: "INPUT",
        problem: expect.stringMatching(/^the validation text has 1 (character|word), at least 2 are needed$/),
        hint: "give a longer text with --val",
      }),
    );
  },
);

test("--init-uniform draws every parameter from that range, biases too", async () => {
  const { folder } = await train({ initUniform: 0.05, lr: 1e-9, optimizer: "sgd", steps: 1, embedding: 8 });
  const path = checkpointPath(folder, 1);
  const { tensors } = await decodeCheckpoint(readFileSync(path), path);
  const names = [...tensors.keys()].filter((name) => !/^(carried|optimizer)/.test(name));
  expect(names).toHaveLength(7);
  for (const name of names) {
    const values = Array.from(tensors.get(name)!.data(), Number);
    const largest = Math.max(...values.map(Math.abs));
    expect(largest, name).toBeLessThan(0.0501);
    expect(largest, name).toBeGreaterThan(0.04);
    expect(Math.min(...values), name).toBeLessThan(0);
  }
  expect(runOf(folder).settings.initUniform).toBe(0.05);
});

test("--lr-decay lowers the rate pass by pass, wherever the run ends", async () => {
  const decay = { lrDecay: 0.5, lrDecayAfter: 2, lr: 0.01, seqLength: 32, batchSize: 16 };
  const { steps } = await train({ ...decay, epochs: 4 });
  const rates = [...Map.groupBy(steps, ({ epoch }) => Math.ceil(epoch)).values()].map(
    (pass) => new Set(pass.map(({ lr }) => lr)),
  );
  expect(rates).toEqual([[0.01], [0.01], [0.005], [0.0025]].map((pass) => new Set(pass)));
  const longer = await train({ ...decay, epochs: 6 });
  expect(longer.steps.slice(0, steps.length).map(({ loss }) => loss)).toEqual(steps.map(({ loss }) => loss));
});
