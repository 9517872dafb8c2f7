/** What becomes of a run whose checkpoints, or the mark of the best one, are damaged or gone. */

import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { UnrolledError } from "../../src/core/errors.ts";
import { evalText, inspectText, sampleText } from "../support/text-task.ts";
import { checkpointPath, filesOf, fresh, hooks, savedSteps, train } from "./text-runs.ts";

let run: string;
beforeAll(async () => {
  run = (await train({ steps: 6, evalEvery: 2 })).folder;
  expect(savedSteps(run)).toEqual([2, 4, 6]);
});

type Mark = "none" | "damaged" | number;
type File = "whole" | "damaged" | "gone";

/** A copy of the run in which `best.json` and the checkpoints of steps 2, 4 and 6 are so. */
function copyWith(mark: Mark, files: readonly [File, File, File]): string {
  const folder = fresh("copy");
  cpSync(run, folder, { recursive: true });
  const best = join(folder, "checkpoints", "best.json");
  if (mark === "none") rmSync(best);
  else writeFileSync(best, mark === "damaged" ? "{" : JSON.stringify({ step: mark, loss: 1.5 }));
  for (const [at, file] of files.entries()) {
    const path = checkpointPath(folder, 2 * at + 2);
    if (file === "gone") rmSync(path);
    if (file === "damaged") writeFileSync(path, flipLast(readFileSync(path)));
  }
  return folder;
}

function flipLast(bytes: Buffer): Buffer {
  bytes[bytes.length - 1] ^= 1;
  return bytes;
}

const OK = "whole";
const BAD = "damaged";
const GONE = "gone";
const MARK_DAMAGED = 'best.json: must be {"step": N, "loss": X}';
const lost = (step: number) => `best.json: names step ${step}, which has no checkpoint`;
const damaged = (step: number) => `step-${step}.safetensors: the file is damaged`;

interface Outcome {
  /** The step that is taken; or an error with these words in it. */
  readonly reads: number | readonly string[];
  /** Whose words are in the notes, one each. */
  readonly notes?: readonly string[];
  /** The step from which training goes on; 0 from the beginning. */
  readonly resumes: number | readonly string[];
  readonly resumeNotes?: readonly string[];
  /** The best loss that counts then: the mark's, or none. */
  readonly best?: number;
}

const START_OVER = "was stopped before its first checkpoint: starting from the beginning";

const CASES: [Mark, [File, File, File], Outcome][] = [
  [4, [OK, OK, OK], { reads: 4, resumes: 6, best: 1.5 }],
  ["none", [OK, OK, OK], { reads: 6, resumes: 6 }],
  ["damaged", [OK, OK, OK], { reads: 6, notes: [MARK_DAMAGED], resumes: 6, resumeNotes: [MARK_DAMAGED] }],
  [8, [OK, OK, OK], { reads: 6, notes: [lost(8)], resumes: 6, resumeNotes: [lost(8)] }],
  [4, [OK, BAD, OK], { reads: 6, notes: [damaged(4)], resumes: 6, resumeNotes: [damaged(4)] }],
  [4, [OK, GONE, OK], { reads: 6, notes: [lost(4)], resumes: 6, resumeNotes: [lost(4)] }],
  // The newest is not the best: only training has to do without it.
  [4, [OK, OK, BAD], { reads: 4, resumes: 4, resumeNotes: [damaged(6)], best: 1.5 }],
  [6, [OK, OK, BAD], { reads: 4, notes: [damaged(6)], resumes: 4, resumeNotes: [damaged(6), damaged(6)] }],
  [6, [OK, OK, GONE], { reads: 4, notes: [lost(6)], resumes: 4, resumeNotes: [lost(6)] }],
  ["none", [OK, OK, BAD], { reads: 4, notes: [damaged(6)], resumes: 4, resumeNotes: [damaged(6)] }],
  [
    "damaged",
    [OK, BAD, BAD],
    {
      ...{ reads: 2, notes: [MARK_DAMAGED, damaged(6), damaged(4)] },
      ...{ resumes: 2, resumeNotes: [damaged(6), damaged(4), MARK_DAMAGED] },
    },
  ],
  [4, [GONE, OK, GONE], { reads: 4, resumes: 4, best: 1.5 }],
  [
    4,
    [BAD, BAD, BAD],
    { reads: ["no checkpoint is whole", damaged(4)], resumes: ["no checkpoint is whole"] },
  ],
  ["none", [BAD, BAD, BAD], { reads: ["no checkpoint is whole"], resumes: ["no checkpoint is whole"] }],
  [4, [GONE, GONE, GONE], { reads: [lost(4)], resumes: ["has lost its checkpoints", lost(4)] }],
  [
    "damaged",
    [GONE, GONE, GONE],
    { reads: [MARK_DAMAGED], resumes: ["has lost its checkpoints", MARK_DAMAGED] },
  ],
  // As a run that was killed before it saved for the first time.
  ["none", [GONE, GONE, GONE], { reads: ["has no checkpoint yet"], resumes: 0, resumeNotes: [START_OVER] }],
];

async function messageOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => "nothing thrown",
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(UnrolledError);
  return (error as UnrolledError).message;
}

function expectNotes(notes: readonly string[], expected: readonly string[] = []): void {
  expect(notes).toHaveLength(expected.length);
  for (const [at, words] of expected.entries()) expect(notes[at]).toContain(words);
}

describe.each(CASES)("with the mark on %s and checkpoints %j", (mark, files, outcome) => {
  const { reads, resumes } = outcome;

  test(
    typeof reads === "number" ? `sample, eval and inspect take step ${reads}` : "nothing is read",
    async () => {
      const folder = copyWith(mark, files);
      const before = filesOf(folder);
      const own = hooks();
      const works = [
        async () => {
          for await (const _ of (await sampleText(folder, { length: 1 }, own)).pieces);
        },
        () => evalText(folder, [], {}, own),
        () => inspectText(folder, undefined, { length: 200 }, own),
      ];
      for (const work of works) {
        own.notes.length = 0;
        if (typeof reads !== "number") {
          const message = await messageOf(work());
          for (const words of reads) expect(message).toContain(words);
          continue;
        }
        await work();
        expectNotes(own.notes, outcome.notes);
        for (const note of own.notes)
          expect(note).toContain(`; taking ${checkpointPath(folder, reads)} instead`);
      }
      expect(filesOf(folder)).toEqual(before);
    },
  );

  test(
    typeof resumes === "number" ? `training goes on from step ${resumes}` : "no training goes on",
    async () => {
      const folder = copyWith(mark, files);
      const before = filesOf(folder);
      if (typeof resumes !== "number") {
        const message = await messageOf(train({ resume: true, out: folder, steps: 8 }));
        for (const words of resumes) expect(message).toContain(words);
        expect(filesOf(folder)).toEqual(before);
        return;
      }
      // Nothing was better than this, so that only without a mark an evaluation becomes the best.
      const { notes, steps, evals } = await train({ resume: true, out: folder, steps: 8, evalEvery: 100 });
      expectNotes(notes, outcome.resumeNotes);
      expect(steps[0].step).toBe(resumes + 1);
      const { step, loss } = JSON.parse(readFileSync(join(folder, "checkpoints", "best.json"), "utf8"));
      expect(evals.at(-1)!.loss).toBeGreaterThan(1.5);
      expect([step, loss]).toEqual(
        outcome.best === undefined ? [8, evals.at(-1)!.loss] : [mark, outcome.best],
      );
    },
  );
});

test("a training that is refused leaves a damaged newest checkpoint where it is", async () => {
  const folder = copyWith("none", [OK, OK, BAD]);
  const before = filesOf(folder);
  const other = fresh("other.txt");
  writeFileSync(other, "another text, which this run was not trained on\n".repeat(40));
  const message = await messageOf(train({ resume: true, out: folder, data: [other], steps: 8 }));
  expect(message).toContain("cannot be resumed with another text");
  expect(filesOf(folder)).toEqual(before);
});
