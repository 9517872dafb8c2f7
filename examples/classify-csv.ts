/**
 * A classifier for a table of your own: train it, keep it in a file, and let it judge new rows in a program.
 *
 *     npx node examples/classify-csv.ts                stones by their width, height and weight
 *     npx node examples/classify-csv.ts my-table.csv   a column label, and columns of numbers, or one of texts
 */
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Rng } from "unrolled";
import { memorySource } from "unrolled/data";
import { openRun } from "unrolled/runs";
import { type ClassifyPrediction, TASKS, trainInMemory } from "unrolled/tasks";

const KINDS = { brick: [24, 11, 3], tile: [20, 2, 1], slab: [40, 5, 9] } as const;

/** A table to try it with: three kinds of stone, measured with errors. */
function makeTable(): string {
  const rng = new Rng(1);
  const rows = Object.entries(KINDS).flatMap(([kind, sizes]) =>
    Array.from({ length: 60 }, () =>
      [...sizes.map((size) => size * (1 + 0.15 * rng.normal())), kind].join(","),
    ),
  );
  return `width,height,weight,label\n${rows.join("\n")}\n`;
}

const [path] = process.argv.slice(2);
const content = path === undefined ? makeTable() : await readFile(path);
const isText = /^(.*[,;\t])?"?text"?[,;\t\r\n]/.test(String(content));

const training = await trainInMemory({
  task: await TASKS.classify(),
  source: memorySource([{ name: "table.csv", content }]),
  // Rows of numbers have no order of time: a feed-forward network reads them. Texts are read word by word.
  settings: isText ? { tokens: "word" } : { cell: "none", hidden: 32 },
  limits: { epochs: 30 },
});
const [toBeat] = training.baselines;
console.log(`to beat: ${toBeat?.name}, accuracy ${toBeat?.metrics?.accuracy?.toFixed(3)}`);
const folder = await mkdtemp(join(tmpdir(), "classifier-"));
const file = join(folder, "classifier.safetensors");
for await (const event of training.events) {
  if (event.event === "eval") {
    console.log(`step ${event.step}: validation accuracy ${event.metrics?.accuracy?.toFixed(3)}`);
  }
  if (event.event === "end") await writeFile(file, await training.encodeCheckpoint());
}
console.log(`kept in ${file}`);

// From here on it could be another program: all it needs is the file.
const classifier = await openRun(file);
if (path === undefined) {
  const { label, probabilities } = await classifier.predict<ClassifyPrediction>([[25, 10, 3.1]]);
  console.log("a stone of 25 x 10 cm and 3.1 kg:", label, probabilities);
}
const bytes = new TextEncoder().encode(String(content).split("\n").slice(0, 4).join("\n"));
for (const row of await classifier.predictFile<ClassifyPrediction>({ name: "new.csv", bytes })) {
  console.log(`${row.input}: ${row.label}`);
}
