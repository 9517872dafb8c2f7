import { at, line, svg, text, WIDTH } from "./svg.ts";

export interface Series {
  name: string;
  /** Both above 0, x rising. */
  points: { x: number; y: number }[];
}

const HEIGHT = 300;
const PLOT = { left: 46, right: WIDTH - 92, top: 34, bottom: HEIGHT - 40 };
/** Between two labels at the lines' ends. */
const LABEL_HEIGHT = 15;

/** Lines over two logarithmic axes, each with its name at its end. */
export function growthPlot(title: string, xName: string, yName: string, series: readonly Series[]): string {
  const points = series.flatMap((each) => each.points);
  const xs = [...new Set(points.map(({ x }) => x))].toSorted((a, b) => a - b);
  const ys = points.map(({ y }) => y);
  const bounds = [Math.min(...ys), Math.max(...ys)];
  const x = logScale(xs[0], xs.at(-1)!, PLOT.left + 8, PLOT.right - 8);
  const y = logScale(bounds[0], bounds[1], PLOT.bottom - 8, PLOT.top + 8);
  const ticks = ticksOf(bounds[0], bounds[1]);
  const ends = spread(series.map((each) => y(each.points.at(-1)!.y)));

  return svg(HEIGHT, title, [
    ...ticks.flatMap((tick) => [
      line(PLOT.left, y(tick), PLOT.right, y(tick), "grid"),
      text(PLOT.left - 6, y(tick) + 4, String(tick), "quiet", "end"),
    ]),
    line(PLOT.left, PLOT.bottom, PLOT.right, PLOT.bottom, "axis"),
    ...xs.flatMap((tick) => [
      line(x(tick), PLOT.bottom, x(tick), PLOT.bottom + 4, "axis"),
      text(x(tick), PLOT.bottom + 17, String(tick), "quiet", "middle"),
    ]),
    text((PLOT.left + PLOT.right) / 2, HEIGHT - 6, xName, "quiet", "middle"),
    text(0, PLOT.top - 4, yName, "quiet"),
    ...series.flatMap((each, index) => [
      `<polyline class="line s${index}" points="${each.points.map((p) => `${at(x(p.x))},${at(y(p.y))}`).join(" ")}"/>`,
      ...each.points.map(
        (p) => `<circle class="mark s${index}" cx="${at(x(p.x))}" cy="${at(y(p.y))}" r="3"/>`,
      ),
      text(PLOT.right + 2, ends[index] + 4, each.name, `s${index}`),
    ]),
  ]);
}

function logScale(low: number, high: number, from: number, to: number): (value: number) => number {
  const range = Math.log(high) - Math.log(low);
  if (range === 0) return () => (from + to) / 2;
  return (value) => from + ((Math.log(value) - Math.log(low)) / range) * (to - from);
}

/** 1, 2, 5, 10, ... where the range is small, else the powers of ten. */
export function ticksOf(low: number, high: number): number[] {
  const few = high / low > 200;
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
    for (const digit of few ? [1] : [1, 2, 5]) ticks.push(Number((digit * 10 ** power).toPrecision(1)));
  }
  return ticks.filter((tick) => tick >= low && tick <= high);
}

/** Positions moved apart until labels do not touch, in the order of the positions. */
export function spread(positions: readonly number[]): number[] {
  const order = positions.map((_, index) => index).toSorted((a, b) => positions[a] - positions[b]);
  const moved = [...positions];
  for (let pass = 0; pass < positions.length; pass++) {
    for (let next = 1; next < order.length; next++) {
      const [above, below] = [order[next - 1], order[next]];
      const lack = LABEL_HEIGHT - (moved[below] - moved[above]);
      if (lack <= 0) continue;
      moved[above] -= lack / 2;
      moved[below] += lack / 2;
    }
  }
  return moved;
}
