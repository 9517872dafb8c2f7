/** Windows of series: what a model reads of the steps up to an origin, and what it is to say of the steps after it. */
import { InputError } from "../core/errors.ts";
import { quote } from "../io/table-columns.ts";
import { formatStep } from "./calendar.ts";
import type { SeriesSet } from "./series.ts";
import {
  baseStep,
  changesTo,
  isLog,
  levelOf,
  lostSteps,
  restoreLevel,
  type Transform,
} from "./series-transform.ts";
import { sharedBytes, sharedDoubles, sharedInts } from "./shared-arrays.ts";

/** What a window has, in steps and columns. */
export interface WindowSizes {
  readonly window: number;
  readonly horizon: number;
  readonly targets: number;
  readonly exogenous: number;
  /** Columns that are known for the steps that are forecast. */
  readonly ahead: number;
  readonly transform: Transform;
  /** 1: none. */
  readonly season: number;
}

/** What values are brought to the same size by, from the training part alone. JSON as it is. */
export interface SeriesScales {
  /** Of each column of each series, [series, columns]: of its inputs to the model, after the transform. */
  readonly mean: readonly number[];
  /** Above 0. */
  readonly deviation: readonly number[];
  /** How much larger than a step's a change over more steps is, [horizon, targets]. */
  readonly growth: readonly number[];
}

/** Some series one after the other, as plain data. A row is a step of a series. */
export interface SeriesStore {
  readonly names: readonly string[];
  /** Of each series: its first row, and how many of its rows have all targets and exogenous columns. */
  readonly starts: Int32Array;
  readonly lengths: Int32Array;
  /** The step of the calendar at which each series begins. */
  readonly firstSteps: Float64Array;
  readonly seriesOf: Int32Array;
  /** [rows, columns]; NaN where it is not known what comes. */
  readonly values: Float64Array;
  /** 1 where a cell was read. */
  readonly known: Uint8Array;
}

export function storeSeries({ series, columns }: SeriesSet): SeriesStore {
  const width = columns.targets.length + columns.exogenous.length + columns.ahead.length;
  const rows = series.reduce((sum, { values }) => sum + values.length / width, 0);
  const store = {
    names: series.map(({ name }) => name),
    starts: sharedInts(series.length),
    lengths: sharedInts(series.length),
    firstSteps: sharedDoubles(series.length),
    seriesOf: sharedInts(rows),
    values: sharedDoubles(rows * width),
    known: sharedBytes(rows * width),
  };
  let at = 0;
  for (const [index, { values, known, length, start }] of series.entries()) {
    store.starts[index] = at;
    store.lengths[index] = length;
    store.firstSteps[index] = start;
    store.values.set(values, at * width);
    store.known.set(known, at * width);
    store.seriesOf.fill(index, at, at + values.length / width);
    at += values.length / width;
  }
  return store;
}

/** Rows of a batch of windows. */
export interface FilledWindows {
  readonly rows: number;
  /** [window, rows, columns], time first. */
  readonly inputs: Float32Array;
  /** The last `lags` steps of the inputs and then the columns that are known ahead, [rows, lags * columns + horizon * ahead]. */
  readonly linear: Float32Array;
  /** What is known of the steps to forecast, [rows, horizon * ahead]. */
  readonly future: Float32Array;
  /** [rows, horizon * targets] */
  readonly targets: Float32Array;
  /** 1 where a target was read, 0 where there is none to learn from; as targets. */
  readonly mask: Float32Array;
}

/** A store seen through windows of some sizes. */
export class SeriesWindows {
  readonly store: SeriesStore;
  readonly sizes: WindowSizes;
  readonly scales: SeriesScales;
  readonly columns: number;
  /** Steps at the start of a series that have no inputs. */
  readonly lost: number;
  private readonly inputs: Float32Array;

  constructor(store: SeriesStore, sizes: WindowSizes, scales: SeriesScales) {
    this.store = store;
    this.sizes = sizes;
    this.scales = scales;
    this.columns = sizes.targets + sizes.exogenous + sizes.ahead;
    this.lost = lostSteps(sizes.transform, sizes.season);
    this.inputs = new Float32Array(store.values.length);
    for (let row = 0; row < store.seriesOf.length; row++) this.scaleRow(row);
  }

  /** Rows of a series, whether or not they have all columns. */
  endOf(series: number): number {
    return this.store.starts[series + 1] ?? this.store.seriesOf.length;
  }

  /**
   * Rows after which a forecast can be made: a whole window before them, and nothing of them filled in, since what fills a
   * gap is known only after it.
   * @param from first step of the series
   * @param to step of the series behind the last
   */
  originsIn(series: number, from: number, to: number): number[] {
    const { window, targets, exogenous, ahead, horizon } = this.sizes;
    const first = this.store.starts[series];
    const least = Math.max(from, this.lost + window - 1);
    const needed = targets + exogenous;
    const origins: number[] = [];
    for (let step = least; step < to; step++) {
      const at = (first + step) * this.columns;
      let isKnown = true;
      for (let column = 0; column < needed; column++) isKnown &&= this.store.known[at + column] === 1;
      if (isKnown && (ahead === 0 || first + step + horizon < this.endOf(series))) origins.push(first + step);
    }
    return origins;
  }

  level(row: number, target: number): number {
    return levelOf(this.sizes.transform, this.value(row, target));
  }

  /** The value of a target, in its own unit. */
  value(row: number, target: number): number {
    return this.store.values[row * this.columns + target];
  }

  /** Whether there is a value to compare a forecast of `ahead` steps after a row with. */
  isMeasurable(origin: number, ahead: number, target: number): boolean {
    const series = this.store.seriesOf[origin];
    const row = origin + ahead;
    return (
      row < this.store.starts[series] + this.store.lengths[series] &&
      this.store.known[row * this.columns + target] === 1
    );
  }

  /** Level of the base of a forecast. */
  private base(origin: number, ahead: number, target: number): number {
    const first = this.store.starts[this.store.seriesOf[origin]];
    const { transform, season } = this.sizes;
    const step = baseStep(transform, season, origin - first, ahead);
    return step < 0 ? 0 : this.level(first + step, target);
  }

  private placeAndSize(origin: number, ahead: number, target: number): readonly [number, number] {
    const at = this.store.seriesOf[origin] * this.columns + target;
    const { mean, deviation, growth } = this.scales;
    const place = this.base(origin, ahead, target) + changesTo(this.sizes.transform, ahead) * mean[at];
    return [place, deviation[at] * growth[(ahead - 1) * this.sizes.targets + target]];
  }

  /** A value of step `origin + ahead` as a model is to say it. */
  standardize(origin: number, ahead: number, target: number, value: number): number {
    const [place, size] = this.placeAndSize(origin, ahead, target);
    return (levelOf(this.sizes.transform, value) - place) / size;
  }

  /** What a model says of step `origin + ahead`, in the unit of the values. */
  restore(origin: number, ahead: number, target: number, standardized: number): number {
    const [place, size] = this.placeAndSize(origin, ahead, target);
    return restoreLevel(this.sizes.transform, place + size * standardized);
  }

  /**
   * @param origins the last row that each window reads
   * @param lags steps of `linear`, at most the window
   */
  fill(origins: ArrayLike<number>, lags: number): FilledWindows {
    const { window, horizon, targets: K, ahead: A } = this.sizes;
    const { columns: C } = this;
    const rows = origins.length;
    const filled = {
      rows,
      inputs: new Float32Array(window * rows * C),
      linear: new Float32Array(rows * (lags * C + horizon * A)),
      future: new Float32Array(rows * horizon * A),
      targets: new Float32Array(rows * horizon * K),
      mask: new Float32Array(rows * horizon * K),
    };
    for (let b = 0; b < rows; b++) {
      const origin = origins[b];
      for (let t = 0; t < window; t++) {
        const row = origin - window + 1 + t;
        filled.inputs.set(this.inputs.subarray(row * C, (row + 1) * C), (t * rows + b) * C);
      }
      const width = lags * C + horizon * A;
      const recent = this.inputs.subarray((origin - lags + 1) * C, (origin + 1) * C);
      filled.linear.set(recent, b * width);
      for (let k = 1; k <= horizon; k++) {
        const known = this.inputs.subarray((origin + k + 1) * C - A, (origin + k + 1) * C);
        filled.future.set(known, (b * horizon + k - 1) * A);
        filled.linear.set(known, b * width + lags * C + (k - 1) * A);
        for (let j = 0; j < K; j++) {
          if (!this.isMeasurable(origin, k, j)) continue;
          const at = b * horizon * K + (k - 1) * K + j;
          filled.targets[at] = this.standardize(origin, k, j, this.value(origin + k, j));
          filled.mask[at] = 1;
        }
      }
    }
    return filled;
  }

  private scaleRow(row: number): void {
    const { targets } = this.sizes;
    const series = this.store.seriesOf[row];
    const isLost = row - this.store.starts[series] < this.lost;
    for (let column = 0; column < this.columns; column++) {
      const at = row * this.columns + column;
      const scale = series * this.columns + column;
      const raw = column < targets && isLost ? Number.NaN : this.inputOf(row, column);
      const scaled = (raw - this.scales.mean[scale]) / this.scales.deviation[scale];
      this.inputs[at] = Number.isFinite(scaled) ? scaled : 0;
    }
  }

  private inputOf(row: number, column: number): number {
    if (column >= this.sizes.targets) return this.store.values[row * this.columns + column];
    return this.level(row, column) - this.base(row, 0, column);
  }
}

/**
 * Means and deviations of the training part.
 * @param ends of each series, the step behind its last in the training part; 0: none of it
 */
export function fitScales(
  store: SeriesStore,
  sizes: WindowSizes,
  ends: ArrayLike<number>,
): Omit<SeriesScales, "growth"> {
  const columns = sizes.targets + sizes.exogenous + sizes.ahead;
  const count = store.starts.length * columns;
  const mean = new Array<number>(count).fill(0);
  const deviation = new Array<number>(count).fill(1);
  const lost = lostSteps(sizes.transform, sizes.season);
  const { transform, season } = sizes;
  for (const [series, first] of store.starts.entries()) {
    for (let column = 0; column < columns; column++) {
      const own: number[] = [];
      const isTarget = column < sizes.targets;
      for (let step = isTarget ? lost : 0; step < ends[series]; step++) {
        const at = (first + step) * columns + column;
        if (store.known[at] !== 1) continue;
        if (!isTarget) own.push(store.values[at]);
        else {
          const base = baseStep(transform, season, step, 0);
          const level = levelOf(transform, store.values[at]);
          const from = base < 0 ? 0 : levelOf(transform, store.values[(first + base) * columns + column]);
          own.push(level - from);
        }
      }
      const at = series * columns + column;
      [mean[at], deviation[at]] = meanAndDeviation(own);
    }
  }
  return { mean, deviation };
}

/** [0, 1] of nothing, and a deviation of 1 where all are the same. */
function meanAndDeviation(values: readonly number[]): [number, number] {
  if (values.length === 0) return [0, 1];
  const mean = values.reduce((sum, value) => sum + value / values.length, 0);
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2 / values.length, 0);
  const deviation = Math.sqrt(variance);
  return [mean, deviation > 1e-12 * Math.max(1e-200, Math.abs(mean)) ? deviation : 1];
}

/** How large forecasts of each step and target are in units of the inputs, over training windows: [horizon, targets]. */
export function fitGrowth(windows: SeriesWindows, origins: ArrayLike<number>): number[] {
  const { horizon, targets } = windows.sizes;
  return Array.from({ length: horizon * targets }, (_, at) => {
    const [ahead, target] = [Math.floor(at / targets) + 1, at % targets];
    let [sum, count] = [0, 0];
    for (let n = 0; n < origins.length; n++) {
      if (!windows.isMeasurable(origins[n], ahead, target)) continue;
      const value = windows.value(origins[n] + ahead, target);
      sum += windows.standardize(origins[n], ahead, target, value) ** 2;
      count++;
    }
    const size = Math.sqrt(sum / count);
    return Number.isFinite(size) && size > 1e-6 ? size : 1;
  });
}

/** @throws InputError naming series and time of a value that has no logarithm */
export function refuseBelowZero({ series, calendar, columns }: SeriesSet, transform: Transform): void {
  if (!isLog(transform)) return;
  const width = columns.targets.length + columns.exogenous.length + columns.ahead.length;
  for (const { name, values, start, length } of series) {
    for (let step = 0; step < length; step++) {
      for (const [target, column] of columns.targets.entries()) {
        const value = values[step * width + target];
        if (value > 0) continue;
        const place = `${quote(column)} of the series ${quote(name)} is ${value} at ${formatStep(calendar, start + step)}`;
        throw new InputError(`${place}: --transform ${transform} needs values above 0`, {
          hint: "choose --transform none, difference or seasonal",
        });
      }
    }
  }
}
