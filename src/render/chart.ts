/** The data and the axes of a chart of losses, for all renderers. */

export interface ChartPoint {
  readonly step: number;
  readonly value: number;
}

export interface LossChart {
  /** The unit of the losses: `nats per character`. */
  readonly unit: string;
  readonly training: readonly ChartPoint[];
  readonly validation: readonly ChartPoint[];
  /** Losses to compare with. Each is a horizontal line. */
  readonly baselines: readonly { readonly name: string; readonly loss: number }[];
}

/** An axis from `low` to `high`, with the values of its ticks. */
export interface Axis {
  readonly low: number;
  readonly high: number;
  readonly ticks: readonly number[];
}

/** The share of the steps at the start whose training losses the axis ignores, because they fall too fast. */
const START = 0.04;

/** The share of the range that is free above and below. */
const MARGIN = 0.04;

/**
 * The axis of the losses. It includes all evaluations, the training losses except those at the start, and the baselines
 * that are near enough to leave most of the height to the curves.
 */
export function lossAxis(chart: LossChart, mostTicks: number): Axis {
  const last = lastStep(chart);
  const late = chart.training.filter(({ step }) => step >= START * last);
  const values = [
    ...(late.length > 0 ? late : chart.training).map(({ value }) => value),
    ...chart.validation.map(({ value }) => value),
  ];
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const near = chart.baselines
    .map(({ loss }) => loss)
    .filter((loss) => loss >= 2 * least - most && loss <= 2 * most - least);
  const [low, high] = [Math.min(least, ...near), Math.max(most, ...near)];
  const margin = MARGIN * (high - low || Math.abs(high) || 1);
  return axis(low - margin, high + margin, mostTicks);
}

/** The baselines within an axis. */
export function visibleBaselines({ baselines }: LossChart, { low, high }: Axis): LossChart["baselines"] {
  return baselines.filter(({ loss }) => loss >= low && loss <= high);
}

/** The axis of the steps, from 0 to the last one. */
export function stepAxis(chart: LossChart, mostTicks: number): Axis {
  return axis(0, Math.max(1, lastStep(chart)), mostTicks);
}

function lastStep({ training, validation }: LossChart): number {
  return Math.max(0, ...[training.at(-1), validation.at(-1)].map((point) => point?.step ?? 0));
}

/** The least range of an axis as a share of its values: positions in a smaller one would be lost to rounding. */
const LEAST_SPAN = 1e-9;
/** Values below this count as 0. */
const LEAST_SIZE = 1e-9;

/** An axis with ticks at multiples of 1, 2 or 5 times a power of 10. @param mostTicks about how many, at least 2 */
export function axis(low: number, high: number, mostTicks: number): Axis {
  const size = Math.max(Math.abs(low), Math.abs(high), LEAST_SIZE);
  if (high - low < LEAST_SPAN * size) {
    const middle = (low + high) / 2;
    return axis(middle - LEAST_SPAN * size, middle + LEAST_SPAN * size, mostTicks);
  }
  const rough = (high - low) / mostTicks;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((digit) => digit * power).find((size) => size >= rough) ?? 10 * power;
  const ticks: number[] = [];
  for (let index = Math.ceil(low / step); index * step <= high; index++) {
    // 0.30000000000000004 is 0.3.
    ticks.push(Number((index * step).toPrecision(12)));
  }
  return { low, high, ticks };
}

/** The position of a value on an axis: 0 at `low`, 1 at `high`; below 0 or above 1 outside of it. */
export function positionOn({ low, high }: Axis, value: number): number {
  return (value - low) / (high - low);
}

/** A number at a tick: `2`, `1.75`, `7,820`, `1.2e+8`. */
export function tickText(value: number): string {
  if (value !== 0 && (Math.abs(value) >= 1e7 || Math.abs(value) < 1e-3)) {
    return String(Number(value.toPrecision(3))).includes("e")
      ? String(Number(value.toPrecision(3)))
      : value.toExponential(1);
  }
  const [whole, rest] = String(Number(value.toPrecision(6))).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return rest === undefined ? grouped : `${grouped}.${rest}`;
}
