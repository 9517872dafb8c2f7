/** Windows, the simple forecasts and their measures, against plain computations. */
import { describe, expect, test } from "vitest";
import { runJob } from "../../src/core/job.ts";
import { Rng } from "../../src/core/rng.ts";
import {
  autoregressionJob,
  errorQuantiles,
  naiveForecast,
  quantileOf,
  restoreForecast,
  seasonalNaiveForecast,
  solveCholesky,
} from "../../src/data/autoregression.ts";
import { ROWS } from "../../src/data/calendar.ts";
import { naiveErrorsOf, scoreForecasts } from "../../src/data/forecast-metrics.ts";
import { findColumns, readSeries } from "../../src/data/series.ts";
import { lostSteps, TRANSFORMS, type Transform } from "../../src/data/series-transform.ts";
import {
  fitGrowth,
  fitScales,
  SeriesWindows,
  storeSeries,
  type WindowSizes,
} from "../../src/data/series-windows.ts";
import { bestTransform, tryTransformsJob } from "../../src/data/transform-choice.ts";
import { parseTable } from "../../src/io/table.ts";

function storeOf(values: readonly (number | string)[], extra: readonly number[] = []) {
  const rows = values.map((value, at) => `${at},${value}${extra.length > 0 ? `,${extra[at]}` : ""}`);
  const text = `time,y${extra.length > 0 ? ",x" : ""}\n${rows.join("\n")}\n`;
  const table = parseTable(new TextEncoder().encode(text), { name: "y.csv" });
  const columns = findColumns(table, { targets: ["y"], ahead: extra.length > 0 ? ["x"] : [] });
  return storeSeries(readSeries([table], columns, "interpolate"));
}

const SIZES = { window: 3, horizon: 2, targets: 1, exogenous: 0, ahead: 0, season: 4 };

function windowsOf(store: ReturnType<typeof storeOf>, sizes: WindowSizes, end = store.lengths[0]) {
  const scales = fitScales(store, sizes, [end]);
  const growth = new Array<number>(sizes.horizon * sizes.targets).fill(1);
  const plain = new SeriesWindows(store, sizes, { ...scales, growth });
  const origins = plain.originsIn(0, 0, end - sizes.horizon);
  return {
    windows: new SeriesWindows(store, sizes, { ...scales, growth: fitGrowth(plain, origins) }),
    origins,
  };
}

const rng = new Rng(4);
const SALES = Array.from({ length: 40 }, (_, t) => 20 + t + 5 * Math.sin((Math.PI * t) / 2) + rng.uniform());

describe.each(TRANSFORMS)("with the transform %s", (transform) => {
  const sizes = { ...SIZES, transform };
  const { windows, origins } = windowsOf(storeOf(SALES), sizes);

  test("values come back as they were", () => {
    for (const origin of origins) {
      for (const ahead of [1, 2]) {
        const said = windows.standardize(origin, ahead, 0, 31.5);
        expect(windows.restore(origin, ahead, 0, said)).toBeCloseTo(31.5, 9);
      }
    }
  });

  test("inputs have mean 0 and deviation 1, and no window reads what the transform lost", () => {
    expect(origins[0]).toBe(lostSteps(transform, 4) + 2);
    const { inputs } = windows.fill(origins, 3);
    const all = windows.fill(
      Array.from(
        { length: Math.floor((40 - lostSteps(transform, 4)) / 3) },
        (_, n) => lostSteps(transform, 4) + 2 + 3 * n,
      ),
      3,
    ).inputs;
    const mean = all.reduce((sum, x) => sum + x, 0) / all.length;
    expect(Math.abs(mean)).toBeLessThan(0.15);
    expect(inputs.length).toBe(3 * origins.length);
  });

  test("targets are relative to what is known at the origin", () => {
    const [origin] = origins;
    const level = (value: number) => (transform.startsWith("log") ? Math.log(value) : value);
    const base = {
      none: 0,
      log: 0,
      difference: SALES[origin],
      "log-difference": Math.log(SALES[origin]),
      seasonal: SALES[origin + 2 - 4],
    }[transform];
    const { mean, deviation, growth } = windows.scales;
    const changes = transform.endsWith("difference") ? 2 : 1;
    const expected = (level(SALES[origin + 2]) - base - changes * mean[0]) / (deviation[0] * growth[1]);
    expect(windows.fill([origin], 3).targets[1]).toBeCloseTo(expected, 5);
  });
});

describe("windows", () => {
  test("are read time first, lags and what is known ahead beside them", () => {
    const extra = SALES.map((_, t) => t % 3);
    const sizes = { ...SIZES, ahead: 1, transform: "none" as const };
    const { windows } = windowsOf(storeOf(SALES, extra), sizes);
    const { inputs, linear, future, targets, mask } = windows.fill([5, 9], 2);
    const { mean, deviation } = windows.scales;
    const y = (t: number) => (SALES[t] - mean[0]) / deviation[0];
    const x = (t: number) => (extra[t] - mean[1]) / deviation[1];
    const close = (given: Float32Array, expected: number[]) => {
      expect(given.length).toBe(expected.length);
      for (const [at, value] of expected.entries()) expect(given[at]).toBeCloseTo(value, 5);
    };
    close(
      inputs,
      [3, 7, 4, 8, 5, 9].flatMap((t) => [y(t), x(t)]),
    );
    close(future, [x(6), x(7), x(10), x(11)]);
    close(linear, [y(4), x(4), y(5), x(5), x(6), x(7), y(8), x(8), y(9), x(9), x(10), x(11)]);
    expect(targets.length).toBe(4);
    expect([...mask]).toEqual([1, 1, 1, 1]);
  });

  test("end at no step that was filled in, and measure none", () => {
    const holed = SALES.map((value, t) => (t === 10 ? "" : value));
    const { windows, origins } = windowsOf(storeOf(holed), { ...SIZES, transform: "none" });
    expect(origins).not.toContain(10);
    expect(origins).toContain(11);
    expect(windows.isMeasurable(9, 1, 0)).toBe(false);
    expect([...windows.fill([9], 3).mask]).toEqual([0, 1]);
  });

  test("scale with the training part alone", () => {
    const sizes = { ...SIZES, transform: "none" as const };
    const changed = SALES.map((value, t) => (t < 30 ? value : 1e6));
    expect(fitScales(storeOf(changed), sizes, [30])).toEqual(fitScales(storeOf(SALES), sizes, [30]));
  });
});

describe("simple forecasts", () => {
  const { windows } = windowsOf(storeOf(SALES), { ...SIZES, horizon: 6, transform: "difference" });

  test("naive is the last value, seasonal naive that of a season before", () => {
    const naive = restoreForecast(windows, naiveForecast(windows))(20);
    for (const value of naive) expect(value).toBeCloseTo(SALES[20], 9);
    const seasonal = restoreForecast(windows, seasonalNaiveForecast(4)(windows))(20);
    for (const [k, from] of [17, 18, 19, 20, 17, 18].entries())
      expect(seasonal[k]).toBeCloseTo(SALES[from], 9);
  });

  test("an autoregression finds the coefficients of a series that has them", () => {
    const y = [1, 0.4];
    for (let t = 2; t < 60; t++) y.push(1.2 * y[t - 1] - 0.9 * y[t - 2] + 0.3);
    const { windows: own, origins } = windowsOf(storeOf(y), {
      ...SIZES,
      window: 2,
      horizon: 1,
      transform: "none",
    });
    const forecast = restoreForecast(own, runJob(autoregressionJob(own, origins, 2, 1e-12))(own));
    for (const origin of [5, 30, 57]) expect(forecast(origin)[0]).toBeCloseTo(y[origin + 1], 4);
  });

  test("an autoregression is least squares with a constant: as the normal equations of two lags give it", () => {
    const { windows: own, origins } = windowsOf(storeOf(SALES), {
      ...SIZES,
      window: 2,
      horizon: 1,
      transform: "none",
    });
    const forecast = restoreForecast(own, runJob(autoregressionJob(own, origins, 2, 1e-12))(own));
    // In the unit of the values: scaling changes nothing of a fit with a constant.
    const rows = origins.map((t) => [SALES[t - 1], SALES[t], 1]);
    const squares = new Float64Array(9);
    const products = new Float64Array(3);
    for (const [n, x] of rows.entries()) {
      for (let i = 0; i < 3; i++) {
        products[i] += x[i] * SALES[origins[n] + 1];
        for (let j = 0; j < 3; j++) squares[3 * i + j] += x[i] * x[j];
      }
    }
    const [a, b, c] = solveCholesky(squares, products, 3, 1);
    expect(forecast(25)[0]).toBeCloseTo(a * SALES[24] + b * SALES[25] + c, 3);
  });

  test("quantiles are those of the errors in training", () => {
    const { windows: own, origins } = windowsOf(storeOf(SALES), { ...SIZES, horizon: 1, transform: "none" });
    const point = naiveForecast(own);
    const shifts = errorQuantiles(own, point, [0.1, 0.5, 0.9], origins);
    const changes = Float64Array.from(origins, (t) => SALES[t + 1] - SALES[t]).sort();
    const [low, middle, high] = restoreForecast(own, point, shifts)(30);
    expect(low).toBeCloseTo(SALES[30] + quantileOf(changes, 0.1), 4);
    expect(middle).toBeCloseTo(SALES[30], 6);
    expect(high).toBeCloseTo(SALES[30] + quantileOf(changes, 0.9), 4);
  });
});

test("measures are those of their definitions", () => {
  const sizes = { ...SIZES, transform: "none" as const };
  const { windows } = windowsOf(storeOf(SALES), sizes);
  const naiveErrors = naiveErrorsOf(windows, [30]);
  const seasonal = Array.from({ length: 26 }, (_, t) => Math.abs(SALES[t + 4] - SALES[t]));
  expect(naiveErrors[0]).toBeCloseTo(seasonal.reduce((a, b) => a + b) / 26, 9);
  // Three quantiles for two steps after two origins, of which the second has one step left.
  const origins = Int32Array.of(30, 38);
  const said = [40, 50, 60, 41, 51, 61, 42, 52, 62, 43, 53, 63];
  const score = scoreForecasts(
    windows,
    { origins, values: Float64Array.from(said), quantiles: [0.1, 0.5, 0.9] },
    naiveErrors,
  );
  const [y1, y2, y3] = [SALES[31], SALES[32], SALES[39]];
  const one = [y1 - 50, y3 - 52].map(Math.abs);
  const all = [...one, Math.abs(y2 - 51)];
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b) / values.length;
  expect(score.oneStep.mae).toBeCloseTo(mean(one), 9);
  expect(score.allSteps.mae).toBeCloseTo(mean(all), 9);
  expect(score.allSteps.rmse).toBeCloseTo(Math.sqrt(mean(all.map((e) => e * e))), 9);
  expect(score.oneStep.mase).toBeCloseTo(mean(one) / naiveErrors[0], 9);
  expect(score.oneStep.smape).toBeCloseTo(mean([(200 * one[0]) / (y1 + 50), (200 * one[1]) / (y3 + 52)]), 9);
  expect(score.byStep).toEqual([score.oneStep.mae, Math.abs(y2 - 51)]);
  const lost = (q: number, y: number, f: number) => Math.max(q * (y - f), (q - 1) * (y - f));
  const pinballs = [
    [y1, 40, 50, 60],
    [y2, 41, 51, 61],
    [y3, 42, 52, 62],
  ].map(([y, a, b, c]) => (lost(0.1, y, a) + lost(0.5, y, b) + lost(0.9, y, c)) / 3);
  expect(score.pinball).toBeCloseTo(mean(pinballs), 9);
  const inside = [y1 >= 40 && y1 <= 60, y2 >= 41 && y2 <= 61, y3 >= 42 && y3 <= 62].map(Number);
  expect(score.coverage).toBeCloseTo(mean(inside), 9);
});

describe("the transform that is chosen", () => {
  const choose = (values: readonly number[], season = 1): Transform => {
    const sizes = { window: 6, horizon: 3, targets: 1, exogenous: 0, ahead: 0, season };
    return bestTransform(runJob(tryTransformsJob(storeOf(values), sizes, [values.length])));
  };
  const noise = new Rng(9);
  const walk = (n: number, growth: (y: number, e: number) => number) => {
    const all = [100];
    while (all.length < n) all.push(growth(all[all.length - 1], noise.uniform() - 0.5));
    return all;
  };

  test("is none for what returns to its mean, a difference for what grows, without a logarithm of what is negative", () => {
    expect(choose(walk(200, (y, e) => 100 + 0.3 * (y - 100) + 10 * e))).toBe("none");
    expect(choose(walk(200, (y, e) => y * (1.03 + 0.1 * e)))).toMatch(/^log/);
    expect(choose(walk(200, (y, e) => y - 3 + 2 * e))).toBe("difference");
  });

  test("is none where there is too little to compare", () => {
    expect(choose([1, 2, 3, 4, 5, 6])).toBe("none");
  });

  test("is that of the others where a series has only begun", () => {
    const columns = { targets: ["y"], exogenous: [], ahead: [], time: undefined, series: "shop" };
    const one = { name: "one", start: 0, length: SALES.length, values: Float64Array.from(SALES) };
    const two = { name: "two", start: 38, length: 2, values: Float64Array.of(30, 40) };
    const trialsOf = (...series: (typeof one)[]) => {
      const all = series.map((each) => ({ ...each, known: new Uint8Array(each.length).fill(1) }));
      const store = storeSeries({ columns, calendar: ROWS, series: all, missing: { steps: 0, cells: 0 } });
      const sizes = { window: 6, horizon: 1, targets: 1, exogenous: 0, ahead: 0, season: 4 };
      return runJob(tryTransformsJob(store, sizes, [36, 0].slice(0, series.length)));
    };
    expect(trialsOf(one, two)).toEqual(trialsOf(one));
  });

  test("is chosen for a series of 400,000 steps", () => {
    const length = 400_000;
    const values = Float64Array.from({ length }, (_, t) => Math.sin(t / 5) + ((t * 7919) % 101) / 100);
    const known = new Uint8Array(length).fill(1);
    const columns = { targets: ["y"], exogenous: [], ahead: [], time: undefined, series: undefined };
    const store = storeSeries({
      columns,
      calendar: ROWS,
      series: [{ name: "y", start: 0, length, values, known }],
      missing: { steps: 0, cells: 0 },
    });
    const sizes = { window: 6, horizon: 3, targets: 1, exogenous: 0, ahead: 0, season: 1 };
    expect(runJob(tryTransformsJob(store, sizes, [length])).map(({ transform }) => transform)).toEqual([
      "none",
      "difference",
    ]);
  });
});
