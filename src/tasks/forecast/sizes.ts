/** What nobody has said of a forecast is chosen from the training part: season, horizon, window and transform. */
import { InputError } from "../../core/errors.ts";
import type { LoadHooks } from "../../core/hooks.ts";
import { runJobInTurns } from "../../core/job.ts";
import type { Calendar } from "../../data/calendar.ts";
import { findSeason, usualSeasons } from "../../data/season.ts";
import type { SeriesColumns } from "../../data/series.ts";
import type { Transform } from "../../data/series-transform.ts";
import type { SeriesStore, WindowSizes } from "../../data/series-windows.ts";
import { bestTransform, tryTransformsJob } from "../../data/transform-choice.ts";
import type { LoadRequest } from "../task.ts";
import type { ForecastSettings } from "./defaults.ts";
import type { ForecastFacts } from "./facts.ts";

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
