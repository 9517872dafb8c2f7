/** The next steps of the series in a file. */
import { Frames } from "../../backend/scope.ts";
import { InputError } from "../../core/errors.ts";
import type { LoadHooks } from "../../core/hooks.ts";
import { formatStep } from "../../data/calendar.ts";
import type { DataFile } from "../../data/data-source.ts";
import { middleOf } from "../../data/forecast-metrics.ts";
import { readSeries } from "../../data/series.ts";
import { refuseBelowZero, SeriesWindows, storeSeries } from "../../data/series-windows.ts";
import { parseTable } from "../../io/table.ts";
import { listNames, quote } from "../../io/table-columns.ts";
import type { Forecaster } from "../../models/forecaster.ts";
import { type SeriesPanel, svgSeries } from "../../render/svg-series.ts";
import type { ForecastPrediction } from "../predictions.ts";
import type { Prediction, TrainedModel } from "../task.ts";
import type { ForecastSettings } from "./defaults.ts";
import { type ForecastConfig, type ForecastFacts, scalesFor, sizesOf } from "./facts.ts";
import { forecast } from "./metrics.ts";

type Trained = TrainedModel<ForecastSettings, ForecastConfig, ForecastFacts, Forecaster>;

/** A forecast of one step, with what a picture shows of its series. */
interface StepPrediction extends Prediction {
  /** At the first step of a series. */
  readonly panel?: SeriesPanel;
}

/** Horizons of the past that a picture shows. */
const SHOWN_HORIZONS = 3;

/**
 * Forecasts of the steps after the last known value of each series, one prediction for each.
 * @throws InputError, FormatError for a table that does not have what the model reads
 */
export async function* predictTable(
  { model, facts, config, backend }: Trained,
  file: DataFile,
  hooks: LoadHooks,
): AsyncGenerator<StepPrediction> {
  const table = parseTable(await file.read(), { name: file.name });
  const set = readSeries([table], facts.columns, facts.gaps, facts.calendar);
  refuseBelowZero(set, facts.transform);
  const sizes = sizesOf(config, facts);
  const store = storeSeries(set);
  const { scales } = scalesFor(store, facts, sizes, hooks);
  const windows = new SeriesWindows(store, sizes, scales);
  const frames = new Frames(backend);
  try {
    for (const [series, name] of store.names.entries()) {
      requireHistory(windows, series, file.name);
      const origin = store.starts[series] + store.lengths[series] - 1;
      const values = await forecast(model, windows, [origin], { lags: config.lags, frames });
      yield* describeSeries({ windows, series, name, origin, values, facts, quantiles: config.quantiles });
    }
  } finally {
    frames.dispose();
  }
}

/** @throws InputError for a series that is too short, or does not say what is known ahead */
function requireHistory(windows: SeriesWindows, series: number, file: string): void {
  const { store, sizes, lost } = windows;
  const name = quote(store.names[series]);
  const [needed, length] = [sizes.window + lost, store.lengths[series]];
  if (length < needed) {
    throw new InputError(
      `${file}: the series ${name} has ${length} steps with all columns, and the model reads ${needed}`,
      { hint: "give the rows before them too" },
    );
  }
  if (sizes.ahead === 0) return;
  const first = store.starts[series] + length;
  for (let ahead = 1; ahead <= sizes.horizon; ahead++) {
    const row = first + ahead - 1;
    const at = (row + 1) * windows.columns - sizes.ahead;
    const isKnown = row < windows.endOf(series) && store.known.subarray(at, at + sizes.ahead).every(Boolean);
    if (isKnown) continue;
    throw new InputError(
      `${file}: the series ${name} does not say what is known of step ${ahead} of the ${sizes.horizon} to forecast`,
      {
        hint: `add ${sizes.horizon} rows with the time and the columns known ahead, the target empty`,
      },
    );
  }
}

interface Described {
  readonly windows: SeriesWindows;
  readonly series: number;
  readonly name: string;
  readonly origin: number;
  /** [horizon * targets * max(1, quantiles)] */
  readonly values: Float64Array;
  readonly facts: ForecastFacts;
  readonly quantiles: readonly number[];
}

function* describeSeries(described: Described): Generator<StepPrediction> {
  const { windows, series, name, origin, values, facts, quantiles } = described;
  const { horizon, targets } = windows.sizes;
  const count = Math.max(1, quantiles.length);
  const last = windows.store.firstSteps[series] + windows.store.lengths[series] - 1;
  const isMany = windows.store.names.length > 1;
  for (let target = 0; target < targets; target++) {
    for (let ahead = 1; ahead <= horizon; ahead++) {
      const at = ((ahead - 1) * targets + target) * count;
      const own = values.subarray(at, at + count);
      const value = own[middleOf(quantiles)];
      const time = formatStep(facts.calendar, last + ahead);
      const naive = windows.value(origin, target);
      const column = facts.columns.targets[target];
      const others = quantiles.flatMap((q, index) =>
        q === 0.5 ? [] : [`${shorten(100 * q)}% ${shorten(own[index])}`],
      );
      const named = [...(isMany ? [name] : []), ...(targets > 1 ? [column] : [])];
      yield {
        text: [...named, time, shorten(value), ...others, `naive ${shorten(naive)}`].join("\t"),
        json: {
          series: name,
          target: column,
          time,
          step: ahead,
          value,
          quantiles: Object.fromEntries(quantiles.map((q, index) => [q, own[index]])),
          naive,
        } satisfies ForecastPrediction,
        ...(ahead === 1 && { panel: panelOf(described, target) }),
      };
    }
  }
}

/** Five digits say more than any forecast knows. */
export function shorten(value: number): string {
  if (value !== 0 && (Math.abs(value) >= 1e9 || Math.abs(value) < 1e-4)) return value.toExponential(3);
  return String(Number(value.toPrecision(Math.abs(value) >= 1e5 ? 9 : 5)));
}

/** The last values, and the forecasts after them. */
function panelOf(
  { windows, series, name, origin, values, facts, quantiles }: Described,
  target: number,
): SeriesPanel {
  const { horizon, targets } = windows.sizes;
  const { store } = windows;
  const past = Math.min(store.lengths[series], SHOWN_HORIZONS * horizon + 1);
  const count = Math.max(1, quantiles.length);
  const first = store.firstSteps[series] + store.lengths[series] - past;
  const before = new Array<null>(past - 1).fill(null);
  const now = windows.value(origin, target);
  const saidAt = (q: number) =>
    Array.from({ length: horizon }, (_, k) => values[(k * targets + target) * count + q]);
  const column = facts.columns.targets[target];
  return {
    title: name === column || store.names.length === 1 ? column : `${name}: ${column}`,
    steps: Array.from({ length: past + horizon }, (_, at) => formatStep(facts.calendar, first + at)),
    truth: Array.from({ length: past }, (_, at) => windows.value(origin - past + 1 + at, target)),
    forecast: [...before, now, ...saidAt(middleOf(quantiles))],
    naive: [...before, ...new Array<number>(horizon + 1).fill(now)],
    ...(count > 1 && {
      low: [...before, now, ...saidAt(0)],
      high: [...before, now, ...saidAt(count - 1)],
      names: { band: bandName(quantiles) },
    }),
    origin: past - 1,
  };
}

/** `10% to 90%` */
export function bandName(quantiles: readonly number[]): string {
  return `${shorten(100 * quantiles[0])}% to ${shorten(100 * quantiles[quantiles.length - 1])}%`;
}

/** More panels are too many to look at. */
const MOST_PANELS = 12;

export function drawPredictions(predictions: readonly Prediction[]): string {
  const panels = (predictions as readonly StepPrediction[]).flatMap(({ panel }) => (panel ? [panel] : []));
  const names = panels.map(({ title }) => title);
  const more = panels.length > MOST_PANELS ? `, the first ${MOST_PANELS}` : "";
  return svgSeries(`Forecasts of ${listNames(names)}${more}`, panels.slice(0, MOST_PANELS));
}
