/** The season of a series from its own values. */
import { type Calendar, describeStep } from "./calendar.ts";

export interface SeasonFound {
  /** Steps; 1: none. */
  readonly season: number;
  /** The autocorrelation at that distance. */
  readonly correlation: number;
}

/** Below this a season explains little. */
const LEAST_CORRELATION = 0.3;
/** A shorter season is preferred to a multiple of it that is hardly stronger. */
const NEARLY = 0.9;
/** How far a peak rises above what is before it. */
const RISE = 0.1;
/** A peak so near a usual season is that one, as a share of it. */
const NEAR = 0.05;
/** Longer series are looked at from their end. */
const MOST_STEPS = 5000;
const LONGEST = 400;

/**
 * The distance at which a series is most like itself: the highest peak of the autocorrelation after its straight trend was
 * taken out. A usual season, or a shorter one of which the highest peak is a multiple, is preferred if it has nine tenths of
 * that correlation.
 * @param values of one series; at least three seasons have to be in them
 * @param usual seasons of such a calendar, as 12 for months; see {@link usualSeasons}
 */
export function findSeason(values: ArrayLike<number>, usual: readonly number[] = []): SeasonFound {
  const from = Math.max(0, values.length - MOST_STEPS);
  const x = Float64Array.from({ length: values.length - from }, (_, at) => values[from + at]);
  removeTrend(x);
  const longest = Math.min(LONGEST, Math.floor(x.length / 3));
  const all = autocorrelation(x, longest + 1);
  const least = Math.max(LEAST_CORRELATION, 2 / Math.sqrt(x.length));
  const peaks: SeasonFound[] = [];
  let lowest = 1;
  for (let lag = 2; lag <= longest; lag++) {
    lowest = Math.min(lowest, all[lag - 1]);
    const isPeak = all[lag] > all[lag - 1] && all[lag] >= all[lag + 1];
    // What falls slowly has high correlations too; a season comes back after it was away.
    if (isPeak && all[lag] > least && all[lag] > lowest + RISE)
      peaks.push({ season: lag, correlation: all[lag] });
  }
  const none = { season: 1, correlation: all[1] ?? 0 };
  const highest = peaks.reduce((best, peak) => (peak.correlation > best.correlation ? peak : best), {
    season: 1,
    correlation: 0,
  });
  if (highest.season === 1) return none;
  const enough = NEARLY * highest.correlation;
  const strong = peaks.filter(({ correlation }) => correlation >= enough);
  const isNear = (lag: number) => strong.some(({ season }) => Math.abs(season - lag) <= NEAR * lag);
  const known = usual.find((lag) => lag <= longest && isNear(lag));
  if (known !== undefined) return { season: known, correlation: all[known] };
  const isPart = (lag: number) => Math.abs(highest.season / lag - Math.round(highest.season / lag)) < 0.05;
  return strong.find(({ season }) => isPart(season)) ?? highest;
}

/** Seasons that series of such a calendar usually have, the shortest first. */
export function usualSeasons(calendar: Calendar): readonly number[] {
  const step = describeStep(calendar);
  const known: Readonly<Record<string, readonly number[]>> = {
    month: [12],
    quarter: [4],
    week: [52],
    day: [7, 365],
    hour: [24, 168],
    "30 minutes": [48, 336],
    "15 minutes": [96],
    "10 minutes": [144],
  };
  return known[step] ?? [];
}

/** Take the straight line of least squares out. */
function removeTrend(x: Float64Array): void {
  const middle = (x.length - 1) / 2;
  let [sum, product, squares] = [0, 0, 0];
  for (let at = 0; at < x.length; at++) {
    sum += x[at];
    product += x[at] * (at - middle);
    squares += (at - middle) ** 2;
  }
  const mean = sum / x.length;
  const slope = squares === 0 ? 0 : product / squares;
  for (let at = 0; at < x.length; at++) x[at] -= mean + slope * (at - middle);
}

/** Of distances 0 to `longest`, each divided by the number of its pairs: a mean is not smaller for being of fewer. */
function autocorrelation(x: Float64Array, longest: number): Float64Array {
  const all = new Float64Array(longest + 1);
  for (let lag = 0; lag <= longest && lag < x.length; lag++) {
    let sum = 0;
    for (let at = lag; at < x.length; at++) sum += x[at] * x[at - lag];
    all[lag] = sum / (x.length - lag);
  }
  const variance = all[0];
  return variance > 0 ? all.map((value) => value / variance) : all.fill(0);
}
