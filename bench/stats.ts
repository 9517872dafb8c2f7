/** Statistics of timings. Samples are milliseconds, in any order. */

export interface Summary {
  count: number;
  median: number;
  min: number;
  p10: number;
  p90: number;
}

/** The q-quantile, 0 <= q <= 1, with linear interpolation between neighbours (R's type 7). */
export function quantile(samples: readonly number[], q: number): number {
  if (samples.length === 0) throw new RangeError("quantile of no samples");
  const sorted = samples.toSorted((a, b) => a - b);
  const position = (sorted.length - 1) * q;
  const below = Math.floor(position);
  const above = Math.ceil(position);
  return sorted[below] + (sorted[above] - sorted[below]) * (position - below);
}

export function median(samples: readonly number[]): number {
  return quantile(samples, 0.5);
}

export function summarize(samples: readonly number[]): Summary {
  return {
    count: samples.length,
    median: median(samples),
    min: quantile(samples, 0),
    p10: quantile(samples, 0.1),
    p90: quantile(samples, 0.9),
  };
}

/** How many times as fast, with about three digits: `1.05`, `17.2`, `281`. */
export function showTimes(ratio: number): string {
  return ratio.toFixed(ratio >= 100 ? 0 : ratio >= 10 ? 1 : 2);
}

export interface Learning {
  /** Loss of the first step of all, before any update. */
  first: number;
  /** Median loss of the last three steps. */
  last: number;
  /** Whether the loss fell, and every loss was finite. */
  fell: boolean;
}

const LAST_STEPS = 3;

/** What a contestant's losses, in the order of its steps, say: does it train at all? */
export function learning(losses: readonly number[]): Learning {
  const first = losses[0];
  const last = median(losses.slice(-LAST_STEPS));
  return { first, last, fell: losses.length > 1 && losses.every(Number.isFinite) && last < first };
}
