/** What a model of `forecast` needs to be used without its data, and how its sizes are chosen from the data. */
import { FormatError, InputError, UnrolledError } from "../../core/errors.ts";
import type { LoadHooks } from "../../core/hooks.ts";
import { runJobInTurns } from "../../core/job.ts";
import { FINITE, listOfAny, SIZE, TEXT } from "../../core/options.ts";
import { type Calendar, calendarFromJSON } from "../../data/calendar.ts";
import { naiveErrorsOf } from "../../data/forecast-metrics.ts";
import { findSeason, usualSeasons } from "../../data/season.ts";
import { GAPS, type Gaps, type SeriesColumns } from "../../data/series.ts";
import { lostSteps, TRANSFORMS, type Transform } from "../../data/series-transform.ts";
import {
  fitScales,
  type SeriesScales,
  type SeriesStore,
  SeriesWindows,
  type WindowSizes,
} from "../../data/series-windows.ts";
import { bestTransform, tryTransformsJob } from "../../data/transform-choice.ts";
import { type ForecasterConfig, parseForecasterConfig } from "../../models/forecaster-config.ts";
import type { LoadRequest } from "../task.ts";
import type { ForecastSettings } from "./defaults.ts";

export interface ForecastFacts {
  readonly columns: SeriesColumns;
  readonly calendar: Calendar;
  readonly gaps: Gaps;
  readonly transform: Transform;
  readonly season: number;
  /** The names of the series. */
  readonly series: readonly string[];
  readonly scales: SeriesScales;
  /** Mean absolute error of the seasonal naive forecast in training, [series * targets]. */
  readonly naiveErrors: readonly number[];
}

/** The model with the steps that it reads and forecasts. */
export interface ForecastConfig extends ForecasterConfig {
  readonly window: number;
  readonly horizon: number;
  /** Steps of the linear part. */
  readonly lags: number;
}

export function sizesOf({ window, horizon }: ForecastConfig, facts: ForecastFacts): WindowSizes {
  const { columns, transform, season } = facts;
  return {
    window,
    horizon,
    transform,
    season,
    targets: columns.targets.length,
    exogenous: columns.exogenous.length,
    ahead: columns.ahead.length,
  };
}

/**
 * The scales of other series than those that were trained on: by their names; those of a model of one series are for any;
 * else from their own first window.
 */
export function scalesFor(
  store: SeriesStore,
  facts: ForecastFacts,
  sizes: WindowSizes,
  { onNote }: Pick<LoadHooks, "onNote">,
): { readonly scales: SeriesScales; readonly naiveErrors: number[] } {
  const columns = sizes.targets + sizes.exogenous + sizes.ahead;
  const { window, transform, season, targets } = sizes;
  const first = window + lostSteps(transform, season);
  const ends = store.lengths.map((length) => Math.min(length, first));
  const own = fitScales(store, sizes, ends);
  const { growth } = facts.scales;
  const naive = naiveErrorsOf(new SeriesWindows(store, sizes, { ...own, growth }), ends);
  const [mean, deviation] = [[...own.mean], [...own.deviation]];
  const unknown: string[] = [];
  for (const [index, name] of store.names.entries()) {
    const known = facts.series.length === 1 ? 0 : facts.series.indexOf(name);
    if (known < 0) {
      unknown.push(name);
      continue;
    }
    for (let column = 0; column < columns; column++) {
      mean[index * columns + column] = facts.scales.mean[known * columns + column];
      deviation[index * columns + column] = facts.scales.deviation[known * columns + column];
    }
    for (let target = 0; target < targets; target++) {
      naive[index * targets + target] = facts.naiveErrors[known * targets + target];
    }
  }
  if (unknown.length > 0) {
    onNote(`${unknown.length} series were not trained on: they are scaled by their own first window`);
  }
  return { scales: { mean, deviation, growth }, naiveErrors: naive };
}

const NAMES = listOfAny(TEXT, "a list of names");
const NUMBERS = listOfAny(FINITE, "a list of finite numbers");
const SIZES = listOfAny(
  { text: "above 0", fits: (value) => FINITE.fits(value) && (value as number) > 0 },
  "a list of numbers above 0",
);

function parseColumns(value: unknown, where: string): SeriesColumns {
  const { targets, exogenous, ahead, time, series } = (Object(value) ?? {}) as Partial<SeriesColumns>;
  const lists = [targets, exogenous, ahead];
  const areNames = lists.every((list) => Array.isArray(list) && NAMES.fits(list));
  const isName = (name: unknown) => name === undefined || TEXT.fits(name);
  if (!areNames || targets!.length === 0 || !isName(time) || !isName(series)) {
    throw new FormatError(where, "columns must have lists of names: targets, exogenous and ahead");
  }
  return { targets: targets!, exogenous: exogenous!, ahead: ahead!, time, series };
}

/**
 * Model and facts from a file: hostile until checked.
 * @throws FormatError
 */
export function parseForecast(
  read: (name: string) => unknown,
  where: string,
): { readonly config: ForecastConfig; readonly facts: ForecastFacts } {
  const model = parseForecasterConfig(read("model"), where);
  const { window, horizon, lags } = read("model") as Record<string, unknown>;
  if (![window, horizon].every((size) => SIZE.fits(size) && (size as number) <= 1e6)) {
    throw new FormatError(where, "model.window and model.horizon must be integers from 1 to 1,000,000");
  }
  const config = { ...model, window, horizon, lags } as ForecastConfig;
  const facts = parseFacts(read, where);
  const { targets, exogenous, ahead } = sizesOf(config, facts);
  const columns = targets + exogenous + ahead;
  const hasLags = Number.isInteger(lags) && (lags as number) >= 0 && (lags as number) <= config.window;
  const fits =
    hasLags &&
    config.inputs === columns &&
    config.outputs === config.horizon * targets &&
    config.future === config.horizon * ahead &&
    config.linear === (config.lags === 0 ? 0 : config.lags * columns + config.future) &&
    facts.scales.mean.length === facts.series.length * columns &&
    facts.scales.deviation.length === facts.series.length * columns &&
    facts.scales.growth.length === config.outputs &&
    facts.naiveErrors.length === facts.series.length * targets;
  if (!fits) throw new FormatError(where, "the sizes of the model, its columns and its scales do not agree");
  return { config, facts };
}

function parseFacts(read: (name: string) => unknown, where: string): ForecastFacts {
  const columns = parseColumns(read("columns"), where);
  let calendar: Calendar;
  try {
    calendar = calendarFromJSON(read("calendar"), where);
  } catch (cause) {
    if (!(cause instanceof UnrolledError)) throw cause;
    throw new FormatError(where, "calendar must have form, step, origin and day", { cause });
  }
  const [gaps, transform, season, series] = ["gaps", "transform", "season", "series"].map(read);
  if (!GAPS.includes(gaps as Gaps)) throw new FormatError(where, `gaps must be one of ${GAPS.join(", ")}`);
  if (!TRANSFORMS.includes(transform as Transform)) {
    throw new FormatError(where, `transform must be one of ${TRANSFORMS.join(", ")}`);
  }
  if (!SIZE.fits(season)) throw new FormatError(where, "season must be an integer of at least 1");
  if (!Array.isArray(series) || !NAMES.fits(series)) {
    throw new FormatError(where, "series must be a list of names");
  }
  const { mean, deviation, growth } = (Object(read("scales")) ?? {}) as Partial<SeriesScales>;
  const naiveErrors = read("naiveErrors");
  if (![mean].every(NUMBERS.fits) || ![deviation, growth, naiveErrors].every(SIZES.fits)) {
    throw new FormatError(where, "scales and naiveErrors must be lists of numbers above 0, mean of any");
  }
  return {
    columns,
    calendar,
    gaps: gaps as Gaps,
    transform: transform as Transform,
    season: season as number,
    series: series as string[],
    scales: { mean: mean!, deviation: deviation!, growth: growth! },
    naiveErrors: naiveErrors as number[],
  };
}

/** Why a choice was made, under the names of the options. */
export type Reasons = Readonly<Partial<Record<"season" | "transform" | "window" | "horizon", string>>>;

interface SeriesRead {
  readonly store: SeriesStore;
  readonly columns: SeriesColumns;
  readonly calendar: Calendar;
  /** Of each series, the step behind its last that is trained on. */
  readonly ends: Int32Array;
}

interface ChoiceContext {
  readonly known: LoadRequest<ForecastSettings, ForecastFacts>["known"];
  readonly hooks: LoadHooks;
}

export interface ChosenSizes {
  readonly sizes: WindowSizes;
  readonly reasons: Reasons;
}

/** A season that is short enough to read two of and forecast one. */
const LONGEST_SHOWN = 48;

/** What was not said is chosen from the training part. @throws InputError for lags beyond the window that fits */
export async function chooseSizes(
  read: SeriesRead,
  settings: ForecastSettings,
  { known, hooks }: ChoiceContext,
): Promise<ChosenSizes> {
  const { store, columns, ends } = read;
  const reasons: { -readonly [Name in keyof Reasons]: string } = {};
  const longest = ends.indexOf(ends.reduce((most, end) => Math.max(most, end), 0));
  let season = settings.season ?? known?.facts.season;
  if (season === undefined) {
    const found = seasonOf(read, longest);
    season = found.season;
    reasons.season = found.reason;
  }
  const room = ends[longest] - (settings.transform === "seasonal" ? season : 0);
  const isShort = season > 1 && season <= LONGEST_SHOWN;
  const horizon = settings.horizon ?? Math.max(1, Math.min(isShort ? season : 12, Math.floor(room / 6)));
  if (settings.horizon === null) reasons.horizon = isShort ? "a season" : "there is no short season";
  const wanted = isShort ? Math.max(12, 2 * season) : 24;
  const window = settings.window ?? Math.max(1, Math.min(wanted, Math.floor((room - horizon) / 3)));
  if (settings.window === null) {
    reasons.window =
      window < wanted ? "a third of what there is" : isShort ? "two seasons" : "no short season";
  }
  refuseLags(settings.lags, window);
  const sizes = {
    targets: columns.targets.length,
    exogenous: columns.exogenous.length,
    ahead: columns.ahead.length,
    window,
    horizon,
    season,
  };
  const asked = (settings.transform ?? known?.facts.transform) as Transform | undefined;
  if (asked !== undefined) return { sizes: { ...sizes, transform: asked }, reasons };
  const trials = await runJobInTurns(tryTransformsJob(store, sizes, ends), hooks.signal);
  const errors = trials.map(({ transform, error }) => `${transform} ${error.toFixed(2)}`);
  reasons.transform =
    errors.length === 0
      ? "too few steps to compare transforms"
      : `errors of a linear autoregression in training: ${errors.join(", ")}`;
  return { sizes: { ...sizes, transform: bestTransform(trials) }, reasons };
}

/** The season of the first target of a series, in what is trained on. */
function seasonOf({ store, columns, calendar, ends }: SeriesRead, series: number) {
  const width = columns.targets.length + columns.exogenous.length + columns.ahead.length;
  const own = Float64Array.from(
    { length: ends[series] },
    (_, step) => store.values[(store.starts[series] + step) * width],
  );
  const { season, correlation } = findSeason(own, usualSeasons(calendar));
  const found = `the series is like itself at that distance (autocorrelation ${correlation.toFixed(2)})`;
  const reason = season === 1 ? "no distance at which the series is like itself" : found;
  return { season, reason };
}

function refuseLags(lags: number | null, window: number): void {
  if (lags === null || lags <= window) return;
  throw new InputError(`--lags ${lags} is more than the ${window} steps of the window`, {
    hint: `use --lags ${window} or less, or a larger --window`,
  });
}
