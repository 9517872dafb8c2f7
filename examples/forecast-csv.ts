/**
 * Forecasts for a table of your own: train, keep the model in a file, and ask a program for the next steps.
 *
 *     npx node examples/forecast-csv.ts                      monthly visitors of an invented museum
 *     npx node examples/forecast-csv.ts my-table.csv sales   a column of dates, and one to forecast
 */
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Rng } from "unrolled";
import { memorySource } from "unrolled/data";
import { openRun } from "unrolled/runs";
import { type ForecastPrediction, TASKS, trainInMemory } from "unrolled/tasks";

/** A table to try it with: more visitors each year, most of them in July. */
function makeTable(): string {
  const rng = new Rng(1);
  const rows = Array.from({ length: 120 }, (_, t) => {
    const season = 1 + 0.4 * Math.cos((2 * Math.PI * ((t % 12) - 6)) / 12);
    const visitors = 2000 * 1.005 ** t * season * (1 + 0.03 * rng.normal());
    return `${2015 + Math.floor(t / 12)}-${String((t % 12) + 1).padStart(2, "0")},${visitors.toFixed(0)}`;
  });
  return `month,visitors\n${rows.join("\n")}\n`;
}

const [path, target] = process.argv.slice(2);
const table = path === undefined ? makeTable() : await readFile(path, "utf8");

const training = await trainInMemory({
  task: await TASKS.forecast(),
  source: memorySource([{ name: "table.csv", content: table }]),
  settings: target === undefined ? {} : { target },
  limits: { epochs: 20 },
});
for (const { name, metrics } of training.baselines) {
  console.log(`to beat: ${name}, mean absolute error ${metrics?.mae?.toFixed(1)}`);
}
const folder = await mkdtemp(join(tmpdir(), "forecaster-"));
const file = join(folder, "forecaster.safetensors");
for await (const event of training.events) {
  if (event.event === "eval") {
    console.log(`step ${event.step}: mean absolute error ${event.metrics?.mae?.toFixed(1)}`);
  }
  if (event.event === "end") await writeFile(file, await training.encodeCheckpoint());
}
console.log(`kept in ${file}`);

// From here on it could be another program: all it needs is the file, and the last rows of the table.
const forecaster = await openRun(file);
const bytes = new TextEncoder().encode(table);
const steps = await forecaster.predictFile<ForecastPrediction>({ name: "table.csv", bytes });
for (const { time, value, quantiles } of steps) {
  const [low, high] = [quantiles["0.1"] ?? Number.NaN, quantiles["0.9"] ?? Number.NaN];
  console.log(
    `${time}: ${value.toFixed(0)}, four times in five between ${low.toFixed(0)} and ${high.toFixed(0)}`,
  );
}
