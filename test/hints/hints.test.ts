/**
 * Every hint of an error and every note in the source is followed: an entry provokes it and then does what it says. The
 * table has an entry for each piece of advice in src/, and none for advice that is no longer there.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { emptyFolder, madeText } from "../cli/unrolled.ts";
import { adviceInSource } from "./advice.ts";
import { CAPTION } from "./entries-caption.ts";
import { CAPTION_FILES } from "./entries-caption-files.ts";
import { CELLS } from "./entries-cells.ts";
import { CHECK } from "./entries-check.ts";
import { CLASSIFY } from "./entries-classify.ts";
import { CODE } from "./entries-code.ts";
import { COMMANDS } from "./entries-commands.ts";
import { DATA } from "./entries-data.ts";
import { DECODE } from "./entries-decode.ts";
import { ENGINE } from "./entries-engine.ts";
import { FORECAST } from "./entries-forecast.ts";
import { FORMATS } from "./entries-formats.ts";
import { IMAGES } from "./entries-images.ts";
import { LAYERS } from "./entries-layers.ts";
import { METRICS } from "./entries-metrics.ts";
import { PAGES } from "./entries-page.ts";
import { PAIRS } from "./entries-pairs.ts";
import { RUNS } from "./entries-runs.ts";
import { SEQ2SEQ } from "./entries-seq2seq.ts";
import { SETS } from "./entries-sets.ts";
import { TAG } from "./entries-tag.ts";
import { TASKS } from "./entries-tasks.ts";
import { TEXT } from "./entries-text.ts";
import { TRANSLATE } from "./entries-translate.ts";
import { type Entries, metFor, SHORT, works } from "./harness.ts";

const ENTRIES: Entries = {
  ...TASKS,
  ...TAG,
  ...CHECK,
  ...CLASSIFY,
  ...CODE,
  ...CAPTION,
  ...CAPTION_FILES,
  ...CELLS,
  ...DATA,
  ...COMMANDS,
  ...DECODE,
  ...ENGINE,
  ...FORMATS,
  ...FORECAST,
  ...IMAGES,
  ...LAYERS,
  ...METRICS,
  ...PAGES,
  ...PAIRS,
  ...RUNS,
  ...SEQ2SEQ,
  ...SETS,
  ...TEXT,
  ...TRANSLATE,
};

const before = process.cwd();

beforeAll(async () => {
  process.chdir(emptyFolder());
  writeFileSync("mybook.txt", madeText(60));
  mkdirSync("runs");
  await works(`train text mybook.txt ${SHORT} --out runs/mine`);
});
afterAll(() => process.chdir(before));

test("every piece of advice in the source has an entry, and every entry its advice", () => {
  // By its words alone: advice that moves with its code keeps its entry.
  const inSource = adviceInSource().map(({ text }) => text);
  const entered = Object.values(ENTRIES).flatMap((entries) => entries.map(({ hint }) => hint));
  expect(entered.toSorted()).toEqual(inSource.toSorted());
});

describe.each(Object.entries(ENTRIES))("%s", (_, entries) => {
  test.each(entries.map((entry) => [entry.hint, entry] as const))("%s", async (hint, entry) => {
    if ("explains" in entry) {
      expect(entry.explains.length).toBeGreaterThan(20);
      // A command line is there to be typed, so it is advice.
      expect(hint).not.toMatch(/unrolled (train|sample|eval|inspect|runs)/);
    } else if ("elsewhere" in entry) {
      const [file, name] = entry.elsewhere;
      const path = join(import.meta.dirname, "..", file);
      expect(existsSync(path), file).toBe(true);
      expect(readFileSync(path, "utf8")).toContain(name);
    } else {
      const met = metFor(hint);
      try {
        await entry.follow(met);
      } finally {
        vi.unstubAllEnvs();
        vi.unstubAllGlobals();
      }
      expect(met.times, "the entry provokes the advice").toBeGreaterThan(0);
    }
  });
});
