import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Backend } from "../../src/backend/backend.ts";
import { Rng } from "../../src/core/rng.ts";
import { parseNpz } from "../../src/io/index.ts";
import { chooseEngine, openBackend } from "../../src/tasks/engine.ts";
import {
  augment,
  encodeVideos,
  featuresOf,
  type LabelledFeatures,
  type Skeletons,
  skeletonsOf,
} from "./_skeletons.ts";
import { interval, type TagTraining, trainTag } from "./_tag-task.ts";
import { trainWindow, type WindowSettings } from "./_window-network.ts";

const SEEDS = [1, 2, 3];
const COPIES = 4;

/** What leaving out one training subject after the other chose: `npm run reproduce utkinect -- FOLDER choose`. */
const RECURRENT = {
  hidden: 64,
  dropout: 0.5,
  batchSize: 8,
  seqLength: 128,
  classWeights: "balanced",
  epochs: 6,
} as const satisfies TagTraining;

const WINDOW = { hidden: 128, dropout: 0.5, updates: 600 } as const;

/** Windows of the feed-forward network that are tried, in frames; all of it before the frame where nothing later is known. */
const WIDTHS = [8, 16, 32, 64, 128];
const BEST_WIDTH = { causal: 16, both: 32 };

/** Passes and updates at which a choice is looked at. */
const EPOCHS = [1, 2, 3, 4, 6, 8];
const UPDATES = [600, 1000, 2000, 4000];

type Direction = "causal" | "both";

/**
 * Skeleton video (UTKinect-Action3D): an action or none for each frame, 11 classes, subjects 1 to 5 to train on and 6 to
 * 10 to test. FOLDER holds train.npz and test.npz, as `npm run reproduce convert -- utkinect` writes them. Macro F1 over
 * the frames of all test videos, three seeds; recurrent networks as `unrolled train tag` trains them, beside a
 * feed-forward network that reads a window of the same features. Nothing is chosen by the test videos.
 *
 *     npm run reproduce utkinect -- FOLDER           trains and tests
 *     npm run reproduce utkinect -- FOLDER choose    what each setting has on training subjects that are left out
 */
export async function reproduce([folder, mode]: string[]): Promise<void> {
  if (folder === undefined) throw new Error("name the folder: npm run reproduce utkinect -- FOLDER [choose]");
  const read = (name: string) => skeletonsOf(parseNpz(readFileSync(join(folder, name)), name));
  const train = read("train.npz");
  const scratch = mkdtempSync(join(tmpdir(), "unrolled-utkinect-"));
  try {
    if (mode === "choose") await choose(train, scratch);
    else await compare(train, read("test.npz"), scratch);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

const plain = ({ videos, labels }: Skeletons): LabelledFeatures[] =>
  videos.map((video, index) => ({ features: featuresOf(video), labels: labels[index] }));

const augmented = (skeletons: Skeletons): LabelledFeatures[] =>
  augment(skeletons, { copies: COPIES, rng: new Rng(1) });

const classesOf = ({ labels }: Skeletons): string[] => [...new Set(labels.flat())].sort();

function subset({ videos, labels, subjects }: Skeletons, isWanted: (subject: string) => boolean): Skeletons {
  const keep = <Value>(list: readonly Value[]) => list.filter((_, index) => isWanted(subjects[index]));
  return { videos: keep(videos), labels: keep(labels), subjects: keep(subjects) };
}

interface Parts {
  readonly train: readonly LabelledFeatures[];
  readonly test: readonly LabelledFeatures[];
  readonly classes: readonly string[];
  /** Files of both for the task. */
  readonly trainFile: string;
  readonly testFile: string;
}

function writeParts(train: Skeletons, test: Skeletons, scratch: string): Parts {
  const parts = { train: augmented(train), test: plain(test), classes: classesOf(train) };
  const [trainFile, testFile] = [join(scratch, "train.npz"), join(scratch, "test.npz")];
  writeFileSync(trainFile, encodeVideos(parts.train));
  writeFileSync(testFile, encodeVideos(parts.test));
  return { ...parts, trainFile, testFile };
}

const backendOf = (): Backend => openBackend(chooseEngine("auto", () => {}));

const recurrent = (parts: Parts, direction: Direction, more: TagTraining) =>
  trainTag({
    ...RECURRENT,
    data: [parts.trainFile],
    val: parts.testFile,
    bidirectional: direction === "both",
    ...more,
  });

function feedForward(
  parts: Parts,
  direction: Direction,
  settings: Partial<WindowSettings> & { width: number },
) {
  const { width, ...others } = settings;
  const sides = direction === "both" ? { before: width / 2, after: width / 2 } : { before: width, after: 0 };
  return trainWindow(parts.train, parts.test, parts.classes, {
    settings: { ...WINDOW, ...sides, seed: 1, ...others },
    backend: backendOf(),
  });
}

/** Leave out one training subject after the other, and print the mean macro F1 of each setting. */
async function choose(all: Skeletons, scratch: string): Promise<void> {
  const table = new Map<string, number[]>();
  const add = (name: string, value: number) => table.set(name, [...(table.get(name) ?? []), value]);
  for (const subject of new Set(all.subjects)) {
    const parts = writeParts(
      subset(all, (one) => one !== subject),
      subset(all, (one) => one === subject),
      scratch,
    );
    for (const direction of ["causal", "both"] as const) {
      for (const epochs of EPOCHS) {
        const { metrics } = await recurrent(parts, direction, { epochs });
        add(`LSTM, ${direction}, ${epochs} passes`, metrics.macroF1);
      }
      for (const width of WIDTHS) {
        for (const updates of UPDATES) {
          const [{ macroF1 }] = await feedForward(parts, direction, { width, updates });
          add(`window of ${width} frames, ${direction}, ${updates} updates`, macroF1);
        }
      }
    }
    console.log(`${subject} left out`);
  }
  for (const [name, values] of table) console.log(`${name.padEnd(48)} ${interval(values)}`);
}

async function compare(train: Skeletons, test: Skeletons, scratch: string): Promise<void> {
  const parts = writeParts(train, test, scratch);
  const results = new Map<string, number[]>();
  for (const seed of SEEDS) {
    for (const direction of ["causal", "both"] as const) {
      const width = BEST_WIDTH[direction];
      const [window] = await feedForward(parts, direction, { width, seed });
      const { metrics, baselines, seconds } = await recurrent(parts, direction, { seed });
      add(results, `window, ${direction}`, window.macroF1);
      add(results, `LSTM, ${direction}`, metrics.macroF1);
      console.log(
        `seed ${seed}, ${direction}: window of ${width} frames ${window.macroF1.toFixed(3)}, LSTM ${metrics.macroF1.toFixed(3)} ` +
          `(accuracy ${metrics.accuracy.toFixed(3)}, edit ${metrics.edit.toFixed(3)}, segment F1 ${metrics.segmentF1.toFixed(3)}, ` +
          `${seconds.toFixed(0)} s); ${baselines.map((one) => `${one.name} ${one.metrics?.macroF1.toFixed(3)}`).join(", ")}`,
      );
    }
  }
  console.log("\nmacro F1 over 11 classes, mean of three seeds with the 95 % interval of the mean");
  for (const [name, values] of results) console.log(`${name.padEnd(20)} ${interval(values)}`);
  const best = ["window, causal", "window, both"]
    .map((name) => results.get(name)!)
    .reduce((one, other) => (mean(one) >= mean(other) ? one : other));
  for (const direction of ["causal", "both"] as const) {
    const own = results.get(`LSTM, ${direction}`)!;
    const same = results.get(`window, ${direction}`)!;
    console.log(
      `gain of the LSTM, ${direction}: ${interval(differences(own, same))} over the window that knows the same, ` +
        `${interval(differences(own, best))} over the best window`,
    );
  }
}

function add(results: Map<string, number[]>, name: string, value: number): void {
  results.set(name, [...(results.get(name) ?? []), value]);
}

const mean = (values: readonly number[]): number => values.reduce((sum, one) => sum + one, 0) / values.length;

const differences = (one: readonly number[], other: readonly number[]): number[] =>
  one.map((value, index) => value - other[index]);
