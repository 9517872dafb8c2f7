import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LONG } from "../support/long.ts";
import { cellFile } from "./cells.ts";
import {
  checkpointPath,
  fresh,
  hashOfCheckpoint,
  metricsOf,
  type Options,
  type Said,
  train,
} from "./text-runs.ts";

const END = 24;

const SHARDED = { shards: 6, batchSize: 6, dropout: 0.3, layers: 2 };

/** Each line fixes other bits: threads sum gradients in another order, dropout draws masks. */
const kinds: [string, Options][] = [
  ["one thread", { evalEvery: 7, saveEvery: 5 }],
  ["two threads", { evalEvery: 7, saveEvery: 5, threads: 2 }],
  ["three threads and uneven shares", { evalEvery: 7, saveEvery: 5, threads: 3 }],
  ["dropout and two layers", { evalEvery: 5, saveEvery: 4, dropout: 0.3, layers: 2 }],
  ["six shards on three threads, and dropout", { evalEvery: 7, saveEvery: 5, ...SHARDED, threads: 3 }],
  ["dropout and two threads", { evalEvery: 7, saveEvery: 5, dropout: 0.3, threads: 2 }],
  // 5 steps a pass: the state is cleared and the text shifted at each.
  ["a GRU of two layers and two threads", { evalEvery: 7, saveEvery: 5, cell: "gru", layers: 2, threads: 2 }],
  ["an RNN with tied vectors", { evalEvery: 7, saveEvery: 5, cell: "rnn", tieWeights: true }],
  [
    "an own cell, two layers with variational dropout and two threads",
    {
      ...{ evalEvery: 7, saveEvery: 5, layers: 2, threads: 2 },
      cell: cellFile(),
      dropout: 0.3,
      variational: true,
    },
  ],
  ["the reference backend", { evalEvery: 7, saveEvery: 5, backend: "reference" }],
  ["many passes", { evalEvery: 7, saveEvery: 5, seqLength: 8, batchSize: 16 }],
];

const whole = new Map<string, Promise<Said>>();
const uninterrupted = (name: string, options: Options): Promise<Said> => {
  const found = whole.get(name) ?? train({ ...options, steps: END });
  whole.set(name, found);
  return found;
};

async function expectSameEnd(said: Said, expected: Said): Promise<void> {
  expect(said.end.parametersSha256).toBe(expected.end.parametersSha256);
  expect(await hashOfCheckpoint(checkpointPath(said.folder, END))).toBe(expected.end.parametersSha256);
}

describe.each(kinds)("a run with %s", (name, options) => {
  test("ends with the same bits and the same log after an interrupt at any steps", async () => {
    const expected = await uninterrupted(name, options);
    expect(await hashOfCheckpoint(checkpointPath(expected.folder, END))).toBe(expected.end.parametersSha256);
    const stops = fc.uniqueArray(fc.integer({ min: 0, max: END - 1 }), {
      minLength: 1,
      maxLength: LONG ? 3 : 2,
    });
    await fc.assert(
      fc.asyncProperty(stops, async (steps) => {
        const out = fresh();
        const sorted = steps.toSorted((a, b) => a - b);
        const { threads } = options;
        for (const [at, stopAt] of sorted.entries()) {
          const sitting = at === 0 ? options : { ...EVERY(options), threads, resume: true };
          const said = await train({ ...sitting, out, steps: END, stopAt });
          expect(said.end).toMatchObject({ step: stopAt, reason: "interrupted" });
        }
        const said = await train({ ...EVERY(options), threads, resume: true, out, steps: END });
        await expectSameEnd(said, expected);
        expect(metricsOf(out)).toEqual(metricsOf(expected.folder));
      }),
      // Starting threads takes longest by far.
      { numRuns: (options.threads ?? 1) === 1 ? (LONG ? 8 : 2) : LONG ? 4 : 1 },
    );
  });
});

const EVERY = ({ evalEvery, saveEvery }: Options): Options => ({ evalEvery, saveEvery });

test("a run's shards are kept on other threads, and a change of them is said when it is resumed", async () => {
  const options: Options = { evalEvery: 7, saveEvery: 5, threads: 2, steps: END, batchSize: 6 };
  const expected = await train(options);
  expect(expected.run).toMatchObject({ threads: 2, shards: 2 });
  const out = fresh();
  await train({ ...options, out, stopAt: 5 });
  const kept = await train({ ...EVERY(options), out, steps: END, stopAt: 11, resume: true, threads: 1 });
  expect(kept.run).toMatchObject({ threads: 1, shards: 2 });
  expect(kept.notes.filter((note) => note.includes("bits may differ"))).toEqual([]);
  for (const [shards, message] of [
    [4, /cannot be resumed with --shards 4 \(the run has 2\)/],
    [0, /--shards must be an integer from 1 to 4096, got 0/],
  ] as const) {
    await expect(train({ out, steps: END, resume: true, shards })).rejects.toThrow(message);
  }
  const end = await train({ ...EVERY(options), out, steps: END, resume: true, threads: 2 });
  await expectSameEnd(end, expected);
  const other = await train({ ...EVERY(options), out, steps: END + 1, resume: true, threads: 3 });
  expect(other.run).toMatchObject({ threads: 3, shards: 3 });
  expect(other.notes.join()).toMatch(/bits may differ from .*: shards 2 -> 3/);
});

test("a number of shards that does not fit the threads or the batch is refused", async () => {
  await expect(train({ steps: 1, shards: 4, threads: 3 })).rejects.toThrow(
    "--shards 4 must be a multiple of --threads 3",
  );
  await expect(train({ steps: 1, shards: 8, batchSize: 4, threads: 2 })).rejects.toThrow(
    "--shards 8 is more than the 4 rows of a batch",
  );
});

test("a run's precision is kept, and a change of it is said when it is resumed", async () => {
  const out = fresh();
  const first = await train({ out, steps: END, stopAt: 5, precision: "high" });
  expect(first.events[0]).toMatchObject({ event: "start", precision: "high" });
  const kept = await train({ out, steps: END, stopAt: 6, resume: true });
  expect(kept.events[0]).toMatchObject({ precision: "high" });
  expect(kept.notes.filter((note) => note.includes("bits may differ"))).toEqual([]);
  const changed = await train({ out, steps: END, stopAt: 7, resume: true, precision: "highest" });
  expect(changed.events[0]).toMatchObject({ precision: "highest" });
  expect(changed.notes.join()).toMatch(
    /bits may differ from .*: (instructions amx -> \w+, )?precision high -> highest/,
  );
});
