/** Linear autoregression by least squares, and the other simple forecasts that a network is compared with. */
import { InputError } from "../core/errors.ts";
import type { Job } from "../core/job.ts";
import type { SeriesWindows } from "./series-windows.ts";

/** Forecasts of all steps and targets after an origin, standardized, [horizon * targets]. */
export type PointForecast = (origin: number, into: Float64Array) => void;

/** Makes forecasts of some series. */
export type Forecasting = (windows: SeriesWindows) => PointForecast;

/** The last value again, whatever comes. */
export const naiveForecast: Forecasting = (windows) => repeatFrom(windows, () => 0);

/** The value of a season before. */
export function seasonalNaiveForecast(season: number): Forecasting {
  return (windows) => repeatFrom(windows, (ahead) => ahead - season * Math.ceil(ahead / season));
}

/** @param stepOf the step that is repeated, from the origin: 0 or before */
function repeatFrom(windows: SeriesWindows, stepOf: (ahead: number) => number): PointForecast {
  const { horizon, targets } = windows.sizes;
  return (origin, into) => {
    const first = windows.store.starts[windows.store.seriesOf[origin]];
    for (let ahead = 1; ahead <= horizon; ahead++) {
      const row = Math.max(first, origin + stepOf(ahead));
      for (let target = 0; target < targets; target++) {
        const value = windows.value(row, target);
        into[(ahead - 1) * targets + target] = windows.standardize(origin, ahead, target, value);
      }
    }
  };
}

/** Ridge that only keeps the equations solvable, as a share of the mean square of a feature. */
const RIDGE = 1e-6;
/** Multiplications in the products of the features: about three seconds. */
const MOST_PRODUCTS = 3e9;
const TURN = 64;

/**
 * A linear autoregression with the inputs, the transform and the lags of a network: each step and target has its own
 * coefficients of all lags of all columns, of what is known ahead, and a constant, by least squares (normal equations,
 * Cholesky). Of very many windows every n-th is taken.
 * @param origins of the training windows, at least one
 * @param lags steps that are read, at most the window
 */
export function* autoregressionJob(
  windows: SeriesWindows,
  origins: ArrayLike<number>,
  lags: number,
  ridge = RIDGE,
): Job<Forecasting> {
  const { horizon, targets, ahead } = windows.sizes;
  const outputs = horizon * targets;
  const features = lags * windows.columns + horizon * ahead + 1;
  const every = Math.max(1, Math.ceil((origins.length * features * (features + outputs)) / MOST_PRODUCTS));
  const squares = new Float64Array(features * features);
  const products = new Float64Array(features * outputs);
  const chosen = Array.from(
    { length: Math.ceil(origins.length / every) },
    (_, index) => origins[index * every],
  );
  for (let from = 0; from < chosen.length; from += TURN) {
    const filled = windows.fill(chosen.slice(from, from + TURN), lags);
    for (let row = 0; row < filled.rows; row++) {
      const isWhole = filled.mask.subarray(row * outputs, (row + 1) * outputs).every((one) => one === 1);
      if (!isWhole) continue;
      const x = withConstant(filled.linear, row, features);
      addProducts(squares, products, x, filled.targets.subarray(row * outputs, (row + 1) * outputs));
    }
    yield;
  }
  addRidge(squares, features, ridge);
  const weights = solveCholesky(squares, products, features, outputs);
  return (own) => (origin, into) => {
    const x = withConstant(own.fill([origin], lags).linear, 0, features);
    into.fill(0);
    for (let k = 0; k < features; k++) {
      for (let o = 0; o < outputs; o++) into[o] += x[k] * weights[k * outputs + o];
    }
  };
}

function withConstant(linear: Float32Array, row: number, features: number): Float64Array {
  const x = new Float64Array(features);
  x.set(linear.subarray(row * (features - 1), (row + 1) * (features - 1)));
  x[features - 1] = 1;
  return x;
}

/** Adds x x^T (its lower triangle) and x y^T. */
function addProducts(squares: Float64Array, products: Float64Array, x: Float64Array, y: Float32Array): void {
  const [features, outputs] = [x.length, y.length];
  for (let i = 0; i < features; i++) {
    if (x[i] === 0) continue;
    for (let j = 0; j <= i; j++) squares[i * features + j] += x[i] * x[j];
    for (let o = 0; o < outputs; o++) products[i * outputs + o] += x[i] * y[o];
  }
}

/** Not on the constant, which is the last. */
function addRidge(squares: Float64Array, features: number, ridge: number): void {
  let trace = 0;
  for (let i = 0; i < features; i++) trace += squares[i * features + i];
  const least = (ridge * trace) / features;
  for (let i = 0; i < features - 1; i++) squares[i * features + i] += least;
  squares[features * features - 1] += 1e-9 * least;
}

/**
 * Solve A X = B for a symmetric positive definite A, in place (Cholesky; Golub and Van Loan, 4.2).
 * @param a [n, n], of which the lower triangle is read and overwritten
 * @param b [n, columns], overwritten
 * @returns X [n, columns]: `b`
 */
export function solveCholesky(a: Float64Array, b: Float64Array, n: number, columns: number): Float64Array {
  if (a.length !== n * n || b.length !== n * columns) {
    throw new InputError(`solveCholesky: a must be [${n}, ${n}] and b [${n}, ${columns}]`);
  }
  for (let j = 0; j < n; j++) {
    for (let k = 0; k < j; k++) {
      const factor = a[j * n + k];
      if (factor === 0) continue;
      for (let i = j; i < n; i++) a[i * n + j] -= factor * a[i * n + k];
    }
    // What is left of a column that the ones before determine is noise.
    const pivot = Math.sqrt(Math.max(a[j * n + j], 1e-300));
    for (let i = j; i < n; i++) a[i * n + j] /= pivot;
  }
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) {
      for (let c = 0; c < columns; c++) b[i * columns + c] -= a[i * n + k] * b[k * columns + c];
    }
    for (let c = 0; c < columns; c++) b[i * columns + c] /= a[i * n + i];
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) {
      for (let c = 0; c < columns; c++) b[i * columns + c] -= a[k * n + i] * b[k * columns + c];
    }
    for (let c = 0; c < columns; c++) b[i * columns + c] /= a[i * n + i];
  }
  return b;
}

/**
 * The quantiles of the errors of a point forecast in training, of each step and target: [horizon * targets][quantiles].
 * @param quantiles each above 0 and below 1
 * @param origins of the training windows
 */
export function errorQuantiles(
  windows: SeriesWindows,
  point: PointForecast,
  quantiles: readonly number[],
  origins: ArrayLike<number>,
): number[][] {
  const { horizon, targets } = windows.sizes;
  const said = new Float64Array(horizon * targets);
  const errors: number[][] = Array.from({ length: said.length }, () => []);
  for (let n = 0; quantiles.length > 0 && n < origins.length; n++) {
    point(origins[n], said);
    for (const [o, own] of errors.entries()) {
      const [ahead, target] = [Math.floor(o / targets) + 1, o % targets];
      if (!windows.isMeasurable(origins[n], ahead, target)) continue;
      const value = windows.value(origins[n] + ahead, target);
      own.push(windows.standardize(origins[n], ahead, target, value) - said[o]);
    }
  }
  return errors.map((own) => {
    const sorted = Float64Array.from(own).sort();
    // The middle is the point itself: the naive forecast is the last value.
    return quantiles.map((q) => (q === 0.5 ? 0 : quantileOf(sorted, q)));
  });
}

/**
 * A point forecast with its quantiles, in the unit of the values: [horizon * targets * max(1, quantiles)] after an origin.
 * @param shifts as {@link errorQuantiles} makes them; undefined: the point alone
 */
export function restoreForecast(
  windows: SeriesWindows,
  point: PointForecast,
  shifts?: readonly (readonly number[])[],
): (origin: number) => Float64Array {
  const { horizon, targets } = windows.sizes;
  const said = new Float64Array(horizon * targets);
  const count = Math.max(1, shifts?.[0].length ?? 1);
  return (origin) => {
    point(origin, said);
    const all = new Float64Array(said.length * count);
    for (let o = 0; o < said.length; o++) {
      const [ahead, target] = [Math.floor(o / targets) + 1, o % targets];
      const own = Array.from({ length: count }, (_, q) => said[o] + (shifts?.[o][q] ?? 0)).sort(
        (a, b) => a - b,
      );
      for (const [q, value] of own.entries()) {
        all[o * count + q] = windows.restore(origin, ahead, target, value);
      }
    }
    return all;
  };
}

/** Between the two nearest of sorted values, as NumPy's default; 0 of none. */
export function quantileOf(sorted: ArrayLike<number>, q: number): number {
  if (sorted.length === 0) return 0;
  const place = q * (sorted.length - 1);
  const below = Math.floor(place);
  const above = Math.min(sorted.length - 1, below + 1);
  return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
}
