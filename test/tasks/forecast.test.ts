/** `forecast`: from a table to the next steps, as a run and through the API. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { decodeCheckpoint } from "../../src/io/index.ts";
import { evaluateRun } from "../../src/runs/evaluate-run.ts";
import { openRun } from "../../src/runs/open-run.ts";
import { predictRun } from "../../src/runs/predict-run.ts";
import { trainTask } from "../../src/runs/train-task.ts";
import type { TrainOptions } from "../../src/runs/training-options.ts";
import type { ForecastData } from "../../src/tasks/forecast/data.ts";
import type { ForecastSettings } from "../../src/tasks/forecast/defaults.ts";
import { TASKS } from "../../src/tasks/index.ts";
import type { EndEvent, EvalEvent, StepEvent } from "../../src/train/events.ts";

const root = mkdtempSync(join(tmpdir(), "forecast-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let made = 0;
const fresh = (name = "run") => join(root, `${made++}-${name}`);
const file = (text: string, name = "sales.csv") => {
  const path = fresh(name);
  writeFileSync(path, text);
  return path;
};

type Options = TrainOptions<ForecastSettings>;

const monthOf = (t: number) => `${2000 + Math.floor(t / 12)}-${String((t % 12) + 1).padStart(2, "0")}`;
const salesOf = (t: number) => 50 + t + 10 * Math.sin((Math.PI * t) / 6) + ((t * 7919) % 11) / 5;
const monthly = (n: number, value: (t: number) => number | string = (t) => salesOf(t).toFixed(2)) =>
  `month,sales\n${Array.from({ length: n }, (_, t) => `${monthOf(t)},${value(t)}`).join("\n")}\n`;

const SMALL: Partial<Options> = {
  hidden: 4,
  window: 6,
  horizon: 3,
  season: 12,
  transform: "none",
  batchSize: 5,
  threads: 1,
};

let data: string;
beforeAll(() => {
  data = file(monthly(75));
});

interface Trained extends EndEvent {
  readonly steps: readonly StepEvent[];
  readonly evals: readonly EvalEvent[];
  readonly folder: string;
  readonly data: ForecastData;
  readonly settings: ForecastSettings;
  readonly notes: readonly string[];
}

async function train(options: Partial<Options>): Promise<Trained> {
  const notes: string[] = [];
  const hooks = {
    signal: new AbortController().signal,
    onProgress() {},
    onNote: (text: string) => notes.push(text),
  };
  const all = { data: options.resume ? [] : [data], ...(options.resume ? {} : SMALL), ...options } as Options;
  const training = await trainTask({ task: await TASKS.forecast() }, all, hooks);
  const [steps, evals]: [StepEvent[], EvalEvent[]] = [[], []];
  let end: EndEvent | undefined;
  for await (const event of training.events) {
    if (event.event === "step") steps.push(event);
    if (event.event === "eval") evals.push(event);
    if (event.event === "end") end = event;
  }
  return {
    ...end!,
    steps,
    evals,
    notes,
    folder: training.runDirectory,
    data: training.data as ForecastData,
    settings: training.settings as ForecastSettings,
  };
}

const hooks = { onProgress() {}, onNote() {} };
const without = (...names: (keyof ForecastSettings)[]) =>
  Object.fromEntries(names.map((name) => [name, undefined])) as Partial<Options>;

async function predictionsOf(folder: string, path: string) {
  const { predictions, draw } = await predictRun(folder, [path], {}, hooks);
  const all = [];
  for await (const prediction of predictions) all.push(prediction);
  return { all, draw };
}

describe("a forecaster", () => {
  test("learns a season and a trend, is measured beside simple forecasts, and says what comes next", async () => {
    const { folder } = await train({ out: fresh(), hidden: 8, transform: "difference", epochs: 30 });
    const { metrics, items, baselines, picture } = await evaluateRun(folder, [], {}, hooks);
    expect(items).toBe(15);
    expect(baselines.map(({ name }) => name)).toEqual([
      "linear autoregression",
      "seasonal naive (12)",
      "naive",
    ]);
    expect(metrics.mae1).toBeLessThan(0.7 * baselines[2].metrics!.mae1);
    expect(metrics.mae).toBeLessThan(0.6 * baselines[2].metrics!.mae);
    expect(metrics.naiveMae).toBeCloseTo(baselines[2].metrics!.mae, 9);
    expect(picture).toMatch(/^<svg[\s\S]*3 steps at once[\s\S]*<\/svg>\s*$/);
    const { all, draw } = await predictionsOf(folder, data);
    expect(all.map(({ json }) => json.time)).toEqual(["2006-04", "2006-05", "2006-06"]);
    for (const [k, { json }] of all.entries()) {
      const { value, quantiles, naive } = json as {
        value: number;
        quantiles: Record<string, number>;
        naive: number;
      };
      expect(Math.abs(value - salesOf(75 + k))).toBeLessThan(8);
      expect(quantiles["0.5"]).toBe(value);
      expect(quantiles["0.1"]).toBeLessThanOrEqual(value);
      expect(quantiles["0.9"]).toBeGreaterThanOrEqual(value);
      expect(naive).toBeCloseTo(Number(salesOf(74).toFixed(2)), 9);
    }
    expect(all[0].text).toMatch(/^2006-04\t[\d.]+\t10% [\d.]+\t90% [\d.]+\tnaive [\d.]+$/);
    expect(draw!(all)).toMatch(/^<svg[\s\S]*2006-06[\s\S]*<\/svg>\s*$/);
    const run = await openRun(folder);
    const byCode = await run.predictFile({ name: data, bytes: readFileSync(data) });
    expect(byCode).toEqual(all.map(({ json }) => json));
  });

  test("finds season, window, horizon and transform itself, and says why", async () => {
    const chosen = without("window", "horizon", "season", "transform");
    const { settings, data: read } = await train({ ...chosen, out: fresh(), steps: 1 });
    expect(settings).toMatchObject({ season: 12, horizon: 10, window: 16, lags: 16 });
    expect(Object.keys(read.reasons).sort()).toEqual(["horizon", "season", "transform", "window"]);
    expect(read.reasons.transform).toMatch(
      /^errors of a linear autoregression in training: none [\d.]+, log /,
    );
  });

  test("knows nothing of the part that it is validated on", async () => {
    const common = { ...without("season", "transform", "window"), steps: 3 };
    const changed = file(monthly(75, (t) => (t < 60 ? salesOf(t).toFixed(2) : 1000 - t)));
    const [one, other] = [
      await train({ ...common, out: fresh() }),
      await train({ ...common, out: fresh(), data: [changed] }),
    ];
    expect(other.parametersSha256).toBe(one.parametersSha256);
    expect({ ...other.data.facts, series: [] }).toEqual({ ...one.data.facts, series: [] });
    expect(other.settings).toEqual(one.settings);
    expect(other.evals.at(-1)!.loss).not.toBe(one.evals.at(-1)!.loss);
  });

  test("reads several series of one file, each with its own scale, and all in a common time", async () => {
    const rows = [1, 1000].flatMap((size, shop) =>
      Array.from({ length: 60 }, (_, t) => `${monthOf(t)},${"ab"[shop]},${(size * salesOf(t)).toFixed(1)}`),
    );
    const shops = file(`month,shop,sales\n${rows.join("\n")}\n`, "shops.csv");
    const { folder, data: read } = await train({ out: fresh(), data: [shops], series: "shop", epochs: 2 });
    expect(read.facts.series).toEqual(["a", "b"]);
    expect([...read.ends]).toEqual([48, 48]);
    const [small, large] = read.facts.scales.deviation;
    expect(large / small).toBeCloseTo(1000, 0);
    const { all } = await predictionsOf(folder, shops);
    expect(all.map(({ json }) => json.series)).toEqual(["a", "a", "a", "b", "b", "b"]);
    const other = file(
      `month,shop,sales\n${rows.map((row) => row.replace(",b,", ",c,")).join("\n")}\n`,
      "others.csv",
    );
    const notes: string[] = [];
    await evaluateRun(folder, [other], {}, { ...hooks, onNote: (text) => notes.push(text) });
    expect(notes).toEqual(["1 series were not trained on: they are scaled by their own first window"]);
  });

  test("forecasts several targets with what is known ahead, which predict asks for", async () => {
    const row = (t: number, isKnown = true) =>
      `${monthOf(t)},${isKnown ? salesOf(t).toFixed(1) : ""},${isKnown ? (2 * salesOf(t)).toFixed(1) : ""},${t % 3 === 0 ? 1 : 0}`;
    const table = (known: number, all: number) =>
      `month,sales,stock,event\n${Array.from({ length: all }, (_, t) => row(t, t < known)).join("\n")}\n`;
    const options = { target: "sales,stock", knownAhead: "event" };
    const { folder } = await train({ ...options, out: fresh(), data: [file(table(60, 60))], epochs: 2 });
    await expect(predictionsOf(folder, file(table(60, 62)))).rejects.toThrow(
      "does not say what is known of step 3 of the 3 to forecast",
    );
    const { all } = await predictionsOf(folder, file(table(60, 63)));
    expect(all.map(({ json }) => json.target)).toEqual([
      "sales",
      "sales",
      "sales",
      "stock",
      "stock",
      "stock",
    ]);
    expect(all.at(-1)!.json.time).toBe("2005-03");
  });

  test("is measured on other data from its first whole window on, and gives the same with any rows", async () => {
    const { folder } = await train({ out: fresh(), steps: 4, backend: "reference" });
    const other = file(monthly(20));
    const options = { backend: "reference" } as const;
    const one = await evaluateRun(folder, [other], { ...options, batchSize: 1 }, hooks);
    const many = await evaluateRun(folder, [other], { ...options, batchSize: 64 }, hooks);
    expect(one.items).toBe(20 - 6);
    expect(one.baselines).toEqual([]);
    expect(many.loss).toBeCloseTo(one.loss, 9);
  });

  test("without recurrent layers comes close to the least squares of its own inputs", async () => {
    const options = { cell: "none", loss: "mse", horizon: 1, epochs: 150, batchSize: 20, lr: 0.02 } as const;
    const { evals, folder } = await train({ ...options, out: fresh() });
    const { baselines } = await evaluateRun(folder, [], {}, hooks);
    expect(evals.at(-1)!.metrics.mae1).toBeLessThan(1.25 * baselines[0].metrics!.mae1);
  });
});

describe("on ragged batches, with gaps", () => {
  test("windows of which nothing is known that comes are not trained on", async () => {
    const path = file(monthly(75, (t) => (t > 20 && t < 27 ? "" : salesOf(t).toFixed(2))));
    const { steps, data: read } = await train({
      out: fresh(),
      data: [path],
      epochs: 1,
      batchSize: 1,
      backend: "reference",
    });
    expect(steps).toHaveLength(read.train.origins.length);
    expect([...read.train.origins]).not.toContain(20);
  });

  const gappy = () => file(monthly(75, (t) => (t % 17 === 9 ? "" : salesOf(t).toFixed(2))));
  const parametersOf = async (folder: string, step: number) => {
    const path = join(folder, "checkpoints", `step-${step}.safetensors`);
    const { tensors } = await decodeCheckpoint(readFileSync(path), path);
    return [...tensors]
      .filter(([name]) => !name.includes("optimizer"))
      .map(([name, t]) => [name, t.data()] as const);
  };

  test("one and three replicas, of which two have no rows in the last batch, agree to 1e-9 in float64", async () => {
    const common = { backend: "reference", steps: 12, data: [gappy()] } as const;
    const [one, three] = [
      await train({ ...common, out: fresh() }),
      await train({ ...common, out: fresh(), threads: 3 }),
    ];
    expect(one.notes).toEqual(["4 empty cells were filled in between their neighbours; none is measured"]);
    for (const [index, { loss, gradNorm }] of one.steps.entries()) {
      expect(Math.abs(three.steps[index].loss - loss)).toBeLessThan(1e-9);
      expect(Math.abs(three.steps[index].gradNorm - gradNorm)).toBeLessThan(1e-9);
    }
    const [a, b] = [await parametersOf(one.folder, 12), new Map(await parametersOf(three.folder, 12))];
    for (const [name, values] of a) {
      for (let at = 0; at < values.length; at++) {
        expect(Math.abs(Number(values[at]) - Number(b.get(name)![at]))).toBeLessThan(1e-9);
      }
    }
  });

  test("a run goes on bit for bit after it was stopped, in the middle of a pass", async () => {
    const common = { data: [gappy()], dropout: 0.2 };
    const whole = await train({ ...common, out: fresh(), steps: 25 });
    const part = await train({ ...common, out: fresh(), steps: 13 });
    const resumed = await train({ resume: true, out: part.folder, steps: 25 });
    expect(resumed.parametersSha256).toBe(whole.parametersSha256);
  });
});

describe("is refused:", () => {
  test.each([
    [
      "a series that is too short",
      monthly(9),
      {},
      "no window fits into the 7 steps to train on: to read 6 and to forecast 3 takes 9",
    ],
    ["a constant series", monthly(75, () => 5), {}, "the series is constant: there is nothing to forecast"],
    [
      "a logarithm of what is not above 0",
      monthly(75, (t) => t - 3),
      { transform: "log" },
      "'sales' of the series '*' is -3 at 2000-01: --transform log needs values above 0",
    ],
    ["dates twice", `${monthly(75)}2006-03,4\n`, {}, "csv:77: the time '2006-03' stands there twice"],
    [
      "a missing column",
      monthly(75),
      { target: "profit" },
      "there is no column 'profit'; the columns are 'month', 'sales'",
    ],
    [
      "text in numbers",
      monthly(75, (t) => (t === 5 ? "five" : t)),
      {},
      "csv:7, column 'sales': 'five' is no finite number",
    ],
    [
      "lags beyond the window",
      monthly(75),
      { ...without("window"), lags: 60 },
      "--lags 60 is more than the 19 steps of the window",
    ],
  ] as [string, string, Partial<Options>, string][])("%s", async (_, text, options, message) => {
    const pattern = new RegExp(message.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace("\\*", ".*"));
    await expect(train({ out: fresh(), steps: 1, data: [file(text)], ...options })).rejects.toThrow(pattern);
  });

  test.each([
    [{ quantiles: "0.9,0.1" }, "--quantiles must be ascending numbers above 0 and below 1"],
    [{ quantiles: "0.1,0.9" }, "--quantiles 0.1,0.9 has no 0.5"],
    [{ quantiles: "0.1,0.5", loss: "mse" }, "--quantiles and --loss mse exclude each other"],
    [{ lags: 9 }, "--lags 9 is more than the 6 steps of --window"],
    [{ cell: "none", lags: 0 }, "--cell none has no model with --lags 0"],
    [{ transform: "square" }, "--transform must be one of none, log"],
  ] as [Partial<Options>, string][])("options that make no model: %j", async (options, message) => {
    await expect(train({ out: fresh(), ...options })).rejects.toThrow(message);
  });

  test("a table that a model cannot go on from", async () => {
    const { folder } = await train({ out: fresh(), steps: 2 });
    const refused = (text: string, message: string) =>
      expect(predictionsOf(folder, file(text))).rejects.toThrow(message);
    await refused(monthly(4), "has 4 steps with all columns, and the model reads 6");
    await refused("month,revenue\n2000-01,4\n", "there is no column 'sales'");
    await refused("month,sales\n2000-01-01,4\n2000-01-02,5\n", "is not a step of the calendar of the model");
    await expect(predictRun(folder, [], { text: "12" }, hooks)).rejects.toThrow("reads files, and no --text");
  });

  test("values of any size are forecast, or refused in words", async () => {
    const huge = file(monthly(75, (t) => `${(salesOf(t) / 100).toFixed(4)}e99`));
    const { evals } = await train({ out: fresh(), steps: 3, data: [huge] });
    expect(Number.isFinite(evals.at(-1)!.loss)).toBe(true);
    const { evals: small } = await train({
      out: fresh(),
      steps: 3,
      data: [file(monthly(75, (t) => `${(salesOf(t) / 100).toFixed(4)}e-99`))],
    });
    expect(Number.isFinite(small.at(-1)!.loss)).toBe(true);
  });
});

describe("a checkpoint's description", () => {
  test("is refused where any of it does not fit the rest", async () => {
    const task = await TASKS.forecast();
    const { data: read, settings } = await train({ out: fresh(), steps: 1 });
    const facts = JSON.parse(JSON.stringify(read.facts)) as Record<string, unknown>;
    const whole: Record<string, unknown> = { ...facts, model: task.configure(settings, read.facts) };
    const parse = (fields: Record<string, unknown>) => task.parse((name) => fields[name], "x.safetensors");
    expect(parse(whole).facts).toEqual({ ...read.facts });
    const scales = read.facts.scales;
    for (const [name, wrong] of Object.entries({
      columns: { targets: [], exogenous: [], ahead: [] },
      calendar: { form: "month", step: 0, origin: 1, day: 1 },
      gaps: "ignore",
      transform: "square",
      season: 0,
      series: "sales",
      scales: { ...scales, deviation: [0] },
      naiveErrors: [Number.NaN],
      model: { ...(whole.model as object), lags: 7 },
    })) {
      expect(() => parse({ ...whole, [name]: wrong }), name).toThrow(/^x\.safetensors: /);
      expect(() => parse({ ...whole, [name]: undefined }), name).toThrow(/^x\.safetensors: /);
      expect(() => parse({ ...whole, [name]: null }), name).toThrow(/^x\.safetensors: /);
    }
  });
});
