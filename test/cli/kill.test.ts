import { readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { LONG } from "../support/long.ts";
import { checkpointPath, hashOfCheckpoint, metricsOf } from "../tasks/text-runs.ts";
import { book, type Event, ended, eventOf, fresh, start, TINY, trained } from "./unrolled.ts";

const KILLS = LONG ? 50 : 8;
/** Where the last kill is about due; the rest is room for kills that come late on a busy machine. */
const LAST_KILL = LONG ? 500 : 250;
const STEPS = LONG ? 800 : 400;

/** Every step is saved, so that most of the time a checkpoint is being written. */
const every = ["--save-every", "1", "--eval-every", "60"];

/** Temporary files: the writing of a checkpoint that was cut off. */
const unfinished = (folder: string) =>
  ["", "checkpoints"]
    .flatMap((part) => readdirSync(join(folder, part)))
    .filter((name) => name.startsWith(".tmp-")).length;

// Fifty processes one after the other: half a minute alone, minutes on a machine that does other things as well.
test(`kill -9 at ${KILLS} random moments, saving included: the run goes on, and ends with the bits and the log of one that was never stopped`, {
  timeout: 400_000,
}, async () => {
  const [whole, out] = [fresh(), fresh()];
  const expected = (await trained([book, "--out", whole, ...TINY, "--steps", String(STEPS), ...every])).at(
    -1,
  )!;

  let reached = 0;
  let cutOff = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const args = kill === 0 ? [book, ...TINY] : ["--resume"];
    const child = start([
      "train",
      "text",
      ...args,
      "--out",
      out,
      "--steps",
      String(STEPS),
      ...every,
      "--json",
    ]);
    const outcome = ended(child);
    const stepsAhead = (2 * Math.random() * Math.max(0, LAST_KILL - reached)) / (KILLS - kill);
    const due = eventOf(
      child,
      ({ event, step }: Event) => event === "step" && (step as number) >= reached + stepsAhead,
    );
    // Sometimes while it starts: reading the text and the checkpoint, or locking the folder.
    const startup = kill % 10 === 9 ? sleep(400 * Math.random()) : new Promise<never>(() => {});
    await Promise.race([due.then(() => sleep(6 * Math.random())), startup]);
    due.catch(() => {});
    child.kill("SIGKILL");
    const { signal, stdout, stderr } = await outcome;
    expect([signal, stderr]).toEqual(["SIGKILL", ""]);
    cutOff += unfinished(out) > 0 ? 1 : 0;
    const lastStep = stdout
      .split("\n")
      .findLast((line) => line.startsWith('{"event":"step"') && line.endsWith("}"));
    if (lastStep !== undefined) reached = JSON.parse(lastStep).step;
  }
  expect(reached).toBeLessThan(STEPS);
  // About half of them are: of a few it may be none.
  if (LONG) expect(cutOff).toBeGreaterThan(0);

  const end = (await trained(["--resume", "--out", out, "--steps", String(STEPS), ...every])).at(-1)!;
  expect(end).toMatchObject({ step: STEPS, parametersSha256: expected.parametersSha256 });
  expect(await hashOfCheckpoint(checkpointPath(out, STEPS))).toBe(expected.parametersSha256);
  expect(metricsOf(out)).toEqual(metricsOf(whole));
  expect(unfinished(out)).toBe(0);
});
