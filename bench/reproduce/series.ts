import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runJob } from "../../src/core/job.ts";
import { Rng } from "../../src/core/rng.ts";
import {
  autoregressionJob,
  type Forecasting,
  naiveForecast,
  restoreForecast,
  seasonalNaiveForecast,
} from "../../src/data/autoregression.ts";
import { lostSteps, type Transform } from "../../src/data/series-transform.ts";
import { evaluateRun } from "../../src/runs/evaluate-run.ts";
import { trainTask } from "../../src/runs/train-task.ts";
import type { TrainOptions } from "../../src/runs/training-options.ts";
import { assetOf, sourceOf } from "../../src/sources/paths.ts";
import { type ForecastData, windowsOf } from "../../src/tasks/forecast/data.ts";
import type { ForecastSettings } from "../../src/tasks/forecast/defaults.ts";
import { TASKS } from "../../src/tasks/index.ts";

/** The first part, on which everything is trained and chosen; the rest is the test. */
const FIRST = 0.8;
const SEEDS = [1, 2, 3, 4, 5];
/** Seeds of the choice; none of them is one of those that are reported. */
const TRIAL_SEEDS = [101, 102];
const RESAMPLES = 10_000;

interface SeriesSet {
  readonly name: string;
  readonly file: string;
  /** The autoregression that is the yardstick, on the first part. */
  readonly yardstick: { readonly transform: Transform; readonly lags: number; readonly name: string };
  readonly season: number;
  /** Transforms that are tried. */
  readonly transforms: readonly Transform[];
}

const SETS: readonly SeriesSet[] = [
  {
    name: "airline",
    file: "airline-passengers.csv",
    yardstick: { transform: "log", lags: 24, name: "log-AR(24)" },
    season: 12,
    transforms: ["log", "log-difference"],
  },
  {
    name: "sunspots",
    file: "monthly-sunspots.csv",
    yardstick: { transform: "none", lags: 24, name: "AR(24)" },
    season: 132,
    transforms: ["none", "difference"],
  },
  {
    name: "temperatures",
    file: "daily-min-temperatures.csv",
    yardstick: { transform: "none", lags: 14, name: "AR(14)" },
    season: 365,
    transforms: ["none", "difference"],
  },
];

/** What is the same for all: one step ahead, every row is a step. */
const COMMON: Partial<ForecastSettings> = { horizon: 1, gaps: "skip", window: 24, loss: "mae" };
/** Passes over the training part. */
const EPOCHS = 30;

/** What is tried with each transform: the steps that the linear part reads. */
const LAGS = [0, 24];

const hooks = { signal: new AbortController().signal, onProgress() {}, onNote() {} };

/**
 * Airline passengers, sunspots and temperatures: the last 20 % forecast one step ahead by a network, beside the linear
 * autoregression and the naive forecast. Options are chosen on a validation part of the first 80 %, with seeds of their own.
 *
 *     npm run reproduce series -- path/to/series [airline|sunspots|temperatures]
 */
export async function reproduce([path, only]: string[]): Promise<void> {
  if (path === undefined) throw new Error("name the folder: npm run reproduce series -- path/to/series");
  const folder = mkdtempSync(join(tmpdir(), "unrolled-series-"));
  try {
    for (const set of SETS) if (only === undefined || only === set.name) await measureSet(path, set, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A table by its lines. */
interface Parts {
  readonly header: string;
  readonly first: readonly string[];
  readonly test: readonly string[];
}

function partsOf(path: string): Parts {
  const [header, ...rows] = readFileSync(path, "utf8").trim().split(/\r?\n/);
  const cut = Math.floor(FIRST * rows.length);
  return { header, first: rows.slice(0, cut), test: rows.slice(cut) };
}

function write(folder: string, name: string, { header }: Parts, rows: readonly string[]): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${name}.csv`);
  writeFileSync(path, `${[header, ...rows].join("\n")}\n`);
  return path;
}

async function measureSet(path: string, set: SeriesSet, root: string): Promise<void> {
  const started = performance.now();
  const folder = join(root, set.name);
  const parts = partsOf(join(path, set.file));
  const first = write(folder, "first", parts, parts.first);
  console.log(
    `${set.name}: ${parts.first.length} steps to train on and choose with, ${parts.test.length} to test`,
  );
  const chosen = await choose(set, first, folder);
  const settings = { ...COMMON, ...chosen };
  const baselines = await measureBaselines(set, settings, { parts, first, folder });
  const errors: Float64Array[] = [];
  for (const seed of SEEDS) {
    const run = await train(first, { ...COMMON, ...chosen, seed }, join(folder, `seed-${seed}`), first);
    const test = testFile(parts, settings as ForecastSettings, folder);
    errors.push(await errorsOf(run.last, test));
  }
  report(errors, baselines, set);
  console.log(`  ${((performance.now() - started) / 1000).toFixed(0)} s\n`);
}

/** The options with the lowest error of the last step on the validation part, a mean over seeds. */
async function choose(set: SeriesSet, first: string, folder: string): Promise<Partial<ForecastSettings>> {
  let best = { error: Number.POSITIVE_INFINITY, options: {} as Partial<ForecastSettings> };
  let count = 0;
  for (const transform of set.transforms) {
    for (const lags of LAGS) {
      const options = { lags, transform, season: set.season };
      let error = 0;
      for (const seed of TRIAL_SEEDS) {
        const run = await train(first, { ...COMMON, ...options, seed }, join(folder, `trial-${count++}`));
        error += run.error / TRIAL_SEEDS.length;
      }
      if (error < best.error) best = { error, options };
    }
  }
  console.log(
    `  chosen of ${count / TRIAL_SEEDS.length}, validation MAE ${best.error.toFixed(3)}: ${JSON.stringify(best.options)}`,
  );
  return best.options;
}

/** @param validation where the options are fixed: the training data itself, since nothing is chosen then */
async function train(
  data: string,
  settings: Partial<ForecastSettings>,
  out: string,
  validation?: string,
): Promise<{ readonly error: number; readonly last: string }> {
  const given = validation === undefined ? {} : { val: validation };
  const training = await trainTask(
    { task: await TASKS.forecast() },
    { ...settings, ...given, data: [data], out, epochs: EPOCHS, threads: 1, evalEvery: 1e9 } as TrainOptions,
    hooks,
  );
  let [error, last] = [Number.NaN, ""];
  for await (const event of training.events) {
    if (event.event === "eval") error = event.metrics.mae1;
    if (event.event === "checkpoint") last = event.path;
  }
  return { error, last };
}

/** The steps of the test with the window before them. */
function testFile(parts: Parts, settings: ForecastSettings, folder: string): string {
  const { transform, season, window } = settings;
  const before = window! + lostSteps(transform as Transform, season ?? 1);
  return write(folder, "test", parts, [...parts.first.slice(-before), ...parts.test]);
}

/** The absolute error of each step of the test. */
async function errorsOf(checkpoint: string, test: string): Promise<Float64Array> {
  const { sums, data } = await evaluateRun(checkpoint, [test], {}, hooks);
  const { validation, sizes } = data as ForecastData;
  const windows = windowsOf(validation, sizes);
  return Float64Array.from(validation.origins, (origin, n) =>
    Math.abs(windows.value(origin + 1, 0) - sums[n]),
  );
}

type Named = readonly [name: string, errors: Float64Array];

/** Errors on the test of forecasts that are fitted on all of the first part. */
async function measureBaselines(
  set: SeriesSet,
  chosen: Partial<ForecastSettings>,
  { parts, first, folder }: { readonly parts: Parts; readonly first: string; readonly folder: string },
): Promise<Named[]> {
  const task = await TASKS.forecast();
  const load = async (settings: Partial<ForecastSettings>) => {
    const all = task.complete({ ...COMMON, ...settings, season: set.season } as never);
    const test = testFile(
      parts,
      { ...(all as ForecastSettings), window: (all as ForecastSettings).window },
      folder,
    );
    const request = { isChosen: () => true, threads: 1, verify() {}, asset: assetOf, settings: all };
    const sources = { source: sourceOf([first]), validation: sourceOf([test]) };
    return (await task.load({ ...request, ...sources }, hooks)).data as ForecastData;
  };
  const errorsWith = (data: ForecastData, forecasting: Forecasting): Float64Array => {
    const windows = windowsOf(data.validation, data.sizes);
    const said = restoreForecast(windows, forecasting(windows));
    return Float64Array.from(data.validation.origins, (origin) =>
      Math.abs(windows.value(origin + 1, 0) - said(origin)[0]),
    );
  };
  const fitLinear = (data: ForecastData) =>
    runJob(autoregressionJob(windowsOf(data.train, data.sizes), data.train.origins, data.sizes.window));
  const { transform, lags, name } = set.yardstick;
  const own = await load(chosen);
  const yardstick = await load({ transform, window: lags, lags });
  // A season before the first step of the test lies before the window: this one has all of it.
  const seasonal = await load({ transform: "none", window: set.season, lags: 0 });
  return [
    [name, errorsWith(yardstick, fitLinear(yardstick))],
    [
      `autoregression as the network (${chosen.transform}, ${own.sizes.window})`,
      errorsWith(own, fitLinear(own)),
    ],
    [`seasonal naive (${set.season})`, errorsWith(seasonal, seasonalNaiveForecast(set.season))],
    ["naive", errorsWith(own, naiveForecast)],
  ];
}

const mean = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;

function report(errors: readonly Float64Array[], baselines: readonly Named[], set: SeriesSet): void {
  const maes = errors.map(mean);
  const own = errors[0].map((_, step) => mean(errors.map((all) => all[step])));
  const spread = `${Math.min(...maes).toFixed(3)} to ${Math.max(...maes).toFixed(3)}`;
  console.log(
    `  network, ${errors.length} seeds: MAE ${mean(maes).toFixed(3)} (${spread}), ${own.length} steps`,
  );
  for (const [name, other] of baselines) {
    const ratio = `network ${(100 * (mean(maes) / mean(other) - 1)).toFixed(1)} %`;
    const [low, high] = pairedInterval(own, other);
    const interval = `difference ${(mean(own) - mean(other)).toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]`;
    console.log(`  ${name}: MAE ${mean(other).toFixed(3)}; ${ratio}, ${interval}`);
  }
  const limit = 1.05 * mean(baselines[0][1]);
  console.log(
    `  within 5 % of ${set.yardstick.name} (${limit.toFixed(3)}): ${mean(maes) <= limit ? "yes" : "no"}`,
  );
}

/** 95 % of the mean difference over steps, by resampling them (bootstrap, percentiles). */
function pairedInterval(own: Float64Array, other: Float64Array): [number, number] {
  if (own.length !== other.length) throw new Error(`${own.length} errors beside ${other.length}`);
  const rng = new Rng(2026);
  const differences = own.map((error, step) => error - other[step]);
  const means = Float64Array.from({ length: RESAMPLES }, () => {
    let sum = 0;
    for (let n = 0; n < differences.length; n++) sum += differences[rng.integer(differences.length)];
    return sum / differences.length;
  }).sort();
  return [means[Math.floor(0.025 * RESAMPLES)], means[Math.floor(0.975 * RESAMPLES)]];
}
