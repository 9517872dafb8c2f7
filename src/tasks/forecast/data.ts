/** The data of `forecast`: series of numbers over time, and their windows. */
import { escapeControl, InputError } from "../../core/errors.ts";
import type { LoadHooks } from "../../core/hooks.ts";
import { describeStep } from "../../data/calendar.ts";
import type { DataSource } from "../../data/data-source.ts";
import { naiveErrorsOf } from "../../data/forecast-metrics.ts";
import { inventSales } from "../../data/invented-series.ts";
import { findColumns, type Gaps, readSeries, type SeriesColumns, type SeriesSet } from "../../data/series.ts";
import { lostSteps } from "../../data/series-transform.ts";
import {
  fitGrowth,
  fitScales,
  refuseBelowZero,
  type SeriesScales,
  type SeriesStore,
  SeriesWindows,
  storeSeries,
  type WindowSizes,
} from "../../data/series-windows.ts";
import { Sha256 } from "../../data/sha256.ts";
import { sharedInts } from "../../data/shared-arrays.ts";
import { ones } from "../../data/transform-choice.ts";
import { parseTable, type Table } from "../../io/table.ts";
import type { ForecastLoss } from "../../models/forecaster-config.ts";
import type { DataFacts, FittedSetting, Loaded, LoadRequest, TestRequest } from "../task.ts";
import { type ForecastSettings, quantilesOf } from "./defaults.ts";
import {
  chooseSizes,
  type ForecastConfig,
  type ForecastFacts,
  type Reasons,
  scalesFor,
  sizesOf,
} from "./facts.ts";

/** What a forecast is: the quantiles of each number, or with another loss the number. */
export interface ForecastKind {
  readonly loss: ForecastLoss;
  readonly quantiles: readonly number[];
}

/** Series with the rows after which forecasts are made. */
export interface ForecastPart {
  readonly store: SeriesStore;
  readonly scales: SeriesScales;
  readonly naiveErrors: readonly number[];
  readonly origins: Int32Array;
}

export interface ForecastData {
  readonly train: ForecastPart;
  readonly validation: ForecastPart;
  readonly sizes: WindowSizes;
  readonly kind: ForecastKind;
  /** Steps that the linear part of the model reads. */
  readonly lags: number;
  readonly facts: ForecastFacts;
  readonly fingerprint: string;
  readonly validationFingerprint: string | undefined;
  /** Steps of all series. */
  readonly steps: number;
  /** Of each series, the step behind its last that is trained on. */
  readonly ends: Int32Array;
  /** What was chosen from the data, and why, under the names of the options. */
  readonly reasons: Reasons;
}

interface ReadTables {
  readonly tables: readonly Table[];
  readonly fingerprint: string;
}

async function readTables(source: DataSource | undefined, hooks: LoadHooks): Promise<ReadTables> {
  const hash = new Sha256();
  if (source === undefined) {
    const table = inventSales();
    hash.update(new TextEncoder().encode(table.rows.map((row) => row.join(",")).join("\n")));
    return { tables: [table], fingerprint: hash.digest("hex") };
  }
  const files = await source.listFiles(hooks);
  if (files.length === 0) {
    throw new InputError(`${source.description} has no files`);
  }
  const tables: Table[] = [];
  for (const [index, file] of files.entries()) {
    hooks.onProgress(`reading ${source.description}`, index, files.length);
    hooks.signal?.throwIfAborted();
    const bytes = await file.read();
    hash.update(bytes);
    tables.push(parseTable(bytes, { name: file.name }));
  }
  return { tables, fingerprint: hash.digest("hex") };
}

/** Names with commas between them; a text that is a column's name is that one. */
function splitNames(text: string | null, { columns }: Table): string[] {
  if (text === null) return [];
  if (columns.includes(text)) return [text];
  return text
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
}

function columnsOf(table: Table, settings: ForecastSettings): SeriesColumns {
  const targets = splitNames(settings.target, table);
  return findColumns(table, {
    targets: targets.length > 0 ? targets : undefined,
    exogenous: splitNames(settings.exogenous, table),
    ahead: splitNames(settings.knownAhead, table),
    time: settings.timeColumn ?? undefined,
    series: settings.series ?? undefined,
  });
}

function noteGaps({ missing: { steps, cells } }: SeriesSet, gaps: string, { onNote }: LoadHooks): void {
  if (gaps !== "interpolate") return;
  if (steps > 0) onNote(`${steps} missing steps were filled in between their neighbours; none is measured`);
  if (cells > 0) onNote(`${cells} empty cells were filled in between their neighbours; none is measured`);
}

/** Whether all values of all targets are the same in what is trained on. */
function isConstant(
  store: SeriesStore,
  { targets, exogenous, ahead }: WindowSizes,
  ends: Int32Array,
): boolean {
  const columns = targets + exogenous + ahead;
  return store.starts.every((first, series) => {
    for (let row = first; row < first + ends[series]; row++) {
      for (let target = 0; target < targets; target++) {
        if (store.values[row * columns + target] !== store.values[first * columns + target]) return false;
      }
    }
    return true;
  });
}

/** The steps behind the last that is trained on: the same time for all series, so that none knows another one's future. */
function cutInTime({ starts, lengths, firstSteps }: SeriesStore, share: number): Int32Array {
  const steps: number[] = [];
  for (const [series] of starts.entries()) {
    for (let step = 0; step < lengths[series]; step++) steps.push(firstSteps[series] + step);
  }
  const sorted = Float64Array.from(steps).sort();
  const cut = sorted[Math.min(sorted.length - 1, Math.floor((1 - share) * sorted.length))];
  return Int32Array.from(starts, (_, series) =>
    Math.max(0, Math.min(lengths[series], cut - firstSteps[series])),
  );
}

/** @throws InputError where no window fits */
function requireWindows(origins: Int32Array, what: string, sizes: WindowSizes, steps: number): void {
  if (origins.length > 0) return;
  const { window, horizon, transform, season } = sizes;
  const needed = window + horizon + lostSteps(transform, season);
  throw new InputError(
    `no window fits into the ${steps} steps ${what}: to read ${window} and to forecast ${horizon} takes ${needed}`,
    { hint: "use a smaller --window or --horizon, or give a longer series" },
  );
}

/** Rows after which forecasts are made that lie within the training part with their horizon. */
function trainingOrigins(windows: SeriesWindows, ends: Int32Array): Int32Array {
  const all: number[] = [];
  for (const [series, end] of ends.entries()) {
    for (const origin of windows.originsIn(series, 0, end - windows.sizes.horizon)) {
      if (hasTarget(windows, origin)) all.push(origin);
    }
  }
  return toShared(all);
}

/** Whether any of the numbers to forecast was read: a gap may be longer than the horizon. */
function hasTarget(windows: SeriesWindows, origin: number): boolean {
  const { horizon, targets } = windows.sizes;
  for (let ahead = 1; ahead <= horizon; ahead++) {
    for (let target = 0; target < targets; target++) {
      if (windows.isMeasurable(origin, ahead, target)) return true;
    }
  }
  return false;
}

/** @param from of each series, the first step that is compared; it and all after it are forecast at least once */
function measuredOrigins(windows: SeriesWindows, from: ArrayLike<number>): Int32Array {
  const all: number[] = [];
  for (const [series, length] of windows.store.lengths.entries()) {
    for (const origin of windows.originsIn(series, from[series] - 1, length - 1)) {
      if (windows.isMeasurable(origin, 1, 0)) all.push(origin);
    }
  }
  return toShared(all);
}

function toShared(values: readonly number[]): Int32Array {
  const all = sharedInts(values.length);
  all.set(values);
  return all;
}

/**
 * Read series and divide them in time.
 * @throws InputError, FormatError for data that cannot be read or is too short, or is not that of the run
 */
export async function loadForecast(
  request: LoadRequest<ForecastSettings, ForecastFacts>,
  hooks: LoadHooks,
): Promise<Loaded<ForecastSettings, ForecastData>> {
  const { source, known, validation: heldSource } = request;
  const asked = source === undefined ? withBuiltInColumns(request.settings) : request.settings;
  const { tables, fingerprint } = await readTables(source, hooks);
  const columns = columnsOf(tables[0], asked);
  const gaps = asked.gaps as Gaps;
  const set = readSeries(tables, columns, gaps);
  const store = storeSeries(set);
  const held = heldSource && (await readTables(heldSource, hooks));
  const steps = store.lengths.reduce((sum, length) => sum + length, 0);
  const counts = { series: store.names.length, steps };
  request.verify({ fingerprint, counts, validation: held?.fingerprint });
  noteGaps(set, gaps, hooks);
  const ends = held === undefined ? cutInTime(store, asked.valSplit) : store.lengths.slice();
  const read = { store, columns, calendar: set.calendar, ends };
  const { sizes, reasons } = await chooseSizes(read, asked, { known, hooks });
  refuseBelowZero(set, sizes.transform);
  if (isConstant(store, sizes, ends)) {
    throw new InputError(
      `${escapeControl(tables[0].name)}: the series is constant: there is nothing to forecast`,
      { hint: "name another column with --target, or give a longer series" },
    );
  }
  const { train, facts, windows } = fitTraining({ set, store, gaps }, sizes, ends);
  const validation =
    held === undefined
      ? { ...train, origins: measuredOrigins(windows, ends) }
      : partOf(held.tables, facts, sizes, hooks);
  requireWindows(validation.origins, "to validate on", sizes, steps);
  const { window, horizon, season, transform } = sizes;
  const lags = asked.lags ?? window;
  return {
    settings: { ...asked, window, horizon, lags, season, transform },
    data: {
      train,
      validation,
      sizes,
      kind: { loss: asked.loss as ForecastLoss, quantiles: quantilesOf(asked) },
      lags,
      facts,
      fingerprint,
      validationFingerprint: held?.fingerprint,
      steps,
      ends,
      reasons,
    },
  };
}

function withBuiltInColumns(settings: ForecastSettings): ForecastSettings {
  if (settings.target !== null) return settings;
  return { ...settings, target: "sales", knownAhead: settings.knownAhead ?? "promotion" };
}

/** The training part with its scales, which are all that the model knows of the data. */
function fitTraining(
  { set, store, gaps }: { readonly set: SeriesSet; readonly store: SeriesStore; readonly gaps: Gaps },
  sizes: WindowSizes,
  ends: Int32Array,
) {
  const unscaled = { ...fitScales(store, sizes, ends), growth: ones(sizes.horizon * sizes.targets) };
  const first = new SeriesWindows(store, sizes, unscaled);
  const origins = trainingOrigins(first, ends);
  requireWindows(
    origins,
    "to train on",
    sizes,
    ends.reduce((most, end) => Math.max(most, end), 0),
  );
  const scales = { ...unscaled, growth: fitGrowth(first, origins) };
  const windows = new SeriesWindows(store, sizes, scales);
  const naiveErrors = naiveErrorsOf(windows, ends);
  const facts: ForecastFacts = {
    columns: set.columns,
    calendar: set.calendar,
    gaps,
    transform: sizes.transform,
    season: sizes.season,
    series: store.names,
    scales,
    naiveErrors,
  };
  return { train: { store, scales, naiveErrors, origins }, facts, windows };
}

/** A short series has few windows, and needs as many updates as a long one: about thirty in a pass. */
export function fitSettings(
  { train }: ForecastData,
  settings: ForecastSettings,
  threads: number,
): FittedSetting<ForecastSettings>[] {
  const windows = train.origins.length;
  const value = Math.max(threads, 4, Math.round(windows / 30));
  if (value >= settings.batchSize) return [];
  return [{ name: "batchSize", value, reason: `${windows} window${windows === 1 ? "" : "s"} to train on` }];
}

/** Series that a model is measured on as a whole. */
function partOf(
  tables: readonly Table[],
  facts: ForecastFacts,
  sizes: WindowSizes,
  hooks: LoadHooks,
): ForecastPart {
  const set = readSeries(tables, facts.columns, facts.gaps, facts.calendar);
  noteGaps(set, facts.gaps, hooks);
  refuseBelowZero(set, facts.transform);
  const store = storeSeries(set);
  const { scales, naiveErrors } = scalesFor(store, facts, sizes, hooks);
  const windows = new SeriesWindows(store, sizes, scales);
  return {
    store,
    scales,
    naiveErrors,
    origins: measuredOrigins(windows, new Int32Array(store.starts.length)),
  };
}

/** Series to measure a model on: every step that has a window before it. */
export async function loadTestSeries(
  { source, facts, config }: TestRequest<ForecastSettings, ForecastConfig, ForecastFacts>,
  hooks: LoadHooks,
): Promise<ForecastData> {
  const { tables, fingerprint } = await readTables(source, hooks);
  const sizes = sizesOf(config, facts);
  const validation = partOf(tables, facts, sizes, hooks);
  const steps = validation.store.lengths.reduce((sum, length) => sum + length, 0);
  requireWindows(validation.origins, `of ${source.description}`, sizes, steps);
  return {
    train: { ...validation, origins: new Int32Array(0) },
    validation,
    sizes,
    kind: { loss: config.loss, quantiles: config.quantiles },
    lags: config.lags,
    facts,
    fingerprint,
    validationFingerprint: undefined,
    steps,
    ends: new Int32Array(validation.store.starts.length),
    reasons: {},
  };
}

export function describeFacts(data: ForecastData): DataFacts<ForecastFacts> {
  const { fingerprint, steps, validationFingerprint: validation, facts } = data;
  return { fingerprint, counts: { series: facts.series.length, steps }, validation, facts };
}

/** The windows of a part; made once for each part, since it scales all values. */
const made = new WeakMap<ForecastPart, SeriesWindows>();
export function windowsOf(part: ForecastPart, sizes: WindowSizes): SeriesWindows {
  const known = made.get(part);
  if (known !== undefined) return known;
  const windows = new SeriesWindows(part.store, sizes, part.scales);
  made.set(part, windows);
  return windows;
}

export const stepName = (facts: ForecastFacts): string => describeStep(facts.calendar);
