import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { runJob } from "../../src/core/job.ts";
import { Rng } from "../../src/core/rng.ts";
import {
  groupedSplit,
  type LabelledLines,
  LabelledLinesBuilder,
  labelOfFile,
  memorySource,
} from "../../src/data/index.ts";
import { textOf } from "../../src/data/labelled-lines.ts";
import { chooseEngine, TASKS, trainInMemory } from "../../src/tasks/index.ts";

/** The part of the names that bench/reproduce/names.ts tests on, which chooses nothing. */
const TEST_SHARE = 0.1;
const TEST_SEED = 2026;

/** Lines that each setting is measured on. */
const MEASURED = 1500;

const SEEDS = [1, 2, 3];

/** Items to train on, and the settings that are compared on them. */
const SIZES: Readonly<Record<string, readonly number[]>> = {
  batchSize: [60, 240, 960, 3840],
  hidden: [60, 240, 960, 3840],
  dropout: [60, 240, 960, 3840],
  epochs: [60, 240],
  pooling: [480],
};
const HIDDEN = [32, 64, 128, 256];
const GRID: Readonly<Record<string, readonly (number | string)[]>> = {
  batchSize: [4, 8, 16, 32],
  hidden: HIDDEN,
  dropout: [0, 0.2, 0.4],
  epochs: [10, 20, 40, 80],
  pooling: ["last", "mean", "max", "attention"],
};

/** Lines of one label that are joined to an item, for the pooling of long ones. */
const JOINED = [1, 4, 12];

/** Updates of a training beyond which a smaller batch is not tried. */
const MOST_UPDATES = 8000;

/**
 * What the defaults of `classify` rest on: a setting after the default 20 passes on few lines and on many, each measured
 * once at the end on lines that chose nothing.
 *
 *     npm run reproduce defaults -- batchSize|hidden|dropout|epochs|pooling FOLDER...
 *     npm run reproduce defaults -- text FILE...
 *
 * The second line is for `text`: units of a layer on the beginnings of texts, measured on what follows. A FOLDER has one text file for each label. Of the names of 18 languages the part that `reproduce names` tests on is left
 * out.
 */
export async function reproduce([name, ...folders]: string[]): Promise<void> {
  if (name === "text" && folders.length > 0) return measureTexts(folders);
  if (!Object.hasOwn(GRID, name ?? "") || folders.length === 0) {
    throw new Error(
      "npm run reproduce defaults -- batchSize|hidden|dropout|epochs|pooling FOLDER..., or text FILE...",
    );
  }
  for (const folder of folders) {
    const title = folder.split("/").at(-1);
    console.log(`\n${title}: accuracy and loss for each ${name}, mean of ${SEEDS.length} seeds`);
    for (const joined of name === "pooling" ? JOINED : [1]) {
      const lines = readLines(folder, joined);
      if (joined > 1) console.log(`${joined} lines in an item`);
      for (const size of SIZES[name]) {
        const row: string[] = [];
        for (const value of GRID[name]) row.push(await describe(lines, size, name, value));
        console.log(`${String(size).padStart(5)}  ${row.join("   ")}`);
      }
    }
  }
}

async function describe(
  lines: LabelledLines,
  size: number,
  name: string,
  value: number | string,
): Promise<string> {
  const updates = name === "batchSize" ? (20 * size) / Number(value) : 0;
  if (updates > MOST_UPDATES) return `${value}: -`;
  const results: { accuracy: number; loss: number }[] = [];
  for (const seed of SEEDS) results.push(await measure(lines, size, seed, { [name]: value }));
  const mean = (of: (one: { accuracy: number; loss: number }) => number) =>
    results.reduce((sum, one) => sum + of(one), 0) / results.length;
  return `${value}: ${(100 * mean(({ accuracy }) => accuracy)).toFixed(1)}% ${mean(({ loss }) => loss).toFixed(2)}`;
}

/** @param joined so many lines of a file are an item */
function readLines(path: string, joined: number): LabelledLines {
  const builder = new LabelledLinesBuilder();
  for (const name of readdirSync(path).sort()) {
    builder.begin(labelOfFile(name), `'${name}'`);
    const lines = readFileSync(join(path, name), "utf8").trim().split("\n");
    const items = Array.from({ length: Math.ceil(lines.length / joined) }, (_, item) =>
      lines.slice(item * joined, (item + 1) * joined).join(" "),
    );
    builder.push(new TextEncoder().encode(items.join("\n")));
  }
  return runJob(builder.finishJob({ maxLength: 1000 }));
}

/** Lines in another order for each seed, those of the test part left out. */
function shuffled({ groups, labels }: LabelledLines, seed: number): number[] {
  const { train } = groupedSplit(groups, TEST_SHARE, { labels, seed: TEST_SEED });
  const rng = new Rng(seed);
  const order = [...train];
  for (let at = order.length - 1; at > 0; at--) {
    const other = rng.integer(at + 1);
    [order[at], order[other]] = [order[other], order[at]];
  }
  return order;
}

function sourceOf({ lines, labels, labelNames }: LabelledLines, indices: readonly number[]) {
  const files = labelNames.map((name, label) => {
    const own = indices.filter((index) => labels[index] === label);
    return { name: `${name}.txt`, content: own.map((index) => textOf(lines.item(index))).join("\n") };
  });
  return memorySource(files.filter(({ content }) => content !== ""));
}

async function measure(
  lines: LabelledLines,
  size: number,
  seed: number,
  { epochs = 20, ...settings }: Record<string, number | string>,
): Promise<{ accuracy: number; loss: number }> {
  const order = shuffled(lines, seed);
  const trained = order.slice(0, size);
  const known = new Set(trained.map((index) => lines.labels[index]));
  const measured = order.slice(size).filter((index) => known.has(lines.labels[index]));
  const training = await trainInMemory({
    task: await TASKS.classify(),
    source: sourceOf(lines, trained),
    validation: sourceOf(lines, measured.slice(0, MEASURED)),
    // What is not compared is what it was before anything was fitted to the data.
    settings: { hidden: 128, batchSize: 32, dropout: 0.2, seed, ...settings },
    engine: chooseEngine(),
    limits: { epochs: Number(epochs) },
    evaluateEvery: 1e9,
    hooks: { onProgress() {}, onNote() {} },
  });
  let result = { accuracy: Number.NaN, loss: Number.NaN };
  for await (const event of training.events) {
    if (event.event === "eval") result = { accuracy: event.metrics.accuracy, loss: event.loss };
  }
  return result;
}

/** Characters to train on, and those behind them to measure on. */
const TEXT_SIZES = [5000, 10_000, 20_000, 32_000];
const MEASURED_CHARACTERS = 20_000;

async function measureTexts(files: readonly string[]): Promise<void> {
  for (const file of files) {
    const text = readFileSync(file, "utf8");
    console.log(
      `\n${file.split("/").at(-1)}: nats per character for each hidden, mean of ${SEEDS.length} seeds`,
    );
    for (const size of TEXT_SIZES) {
      const row: string[] = [];
      let trigram = Number.NaN;
      for (const hidden of HIDDEN) {
        let sum = 0;
        for (const seed of SEEDS) {
          const result = await measureText(text, size, { hidden, seed });
          sum += result.loss;
          trigram = result.trigram;
        }
        row.push(`${hidden}: ${(sum / SEEDS.length).toFixed(2)}`);
      }
      console.log(`${String(size).padStart(5)}  ${row.join("   ")}   trigram ${trigram.toFixed(2)}`);
    }
  }
}

async function measureText(text: string, size: number, settings: { hidden: number; seed: number }) {
  const held = text.slice(size, size + MEASURED_CHARACTERS);
  const trained = text.slice(0, size);
  // Characters that were never seen have no symbol.
  const known = new Set(trained);
  const measured = [...held].filter((character) => known.has(character)).join("");
  const training = await trainInMemory({
    task: await TASKS.text(),
    source: memorySource([{ name: "train.txt", content: trained }]),
    validation: memorySource([{ name: "validation.txt", content: measured }]),
    settings,
    engine: chooseEngine(),
    limits: { epochs: 20 },
    evaluateEvery: 1e9,
    hooks: { onProgress() {}, onNote() {} },
  });
  let loss = Number.NaN;
  for await (const event of training.events) if (event.event === "eval") loss = event.loss;
  return { loss, trigram: training.baselines[0].loss ?? Number.NaN };
}
