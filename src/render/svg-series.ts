/** Series and their forecasts as SVG: a picture of its own, which follows the viewer's light or dark theme. */
import { axis, positionOn, tickText } from "./chart.ts";
import { escapeHtml } from "./escape-html.ts";
import { fitTo } from "./text-width.ts";

/** Numbers over steps; null where there is none. */
export type SeriesValues = readonly (number | null)[];

/** Curves over the same steps. */
export interface SeriesPanel {
  readonly title: string;
  /** What each step is called at the axis. */
  readonly steps: readonly string[];
  readonly truth: SeriesValues;
  readonly forecast: SeriesValues;
  /** The last value, or that of the step before: what a forecast has to be better than. */
  readonly naive: SeriesValues;
  /** Between the lowest and the highest quantile. */
  readonly low?: SeriesValues;
  readonly high?: SeriesValues;
  /** The step after which nothing was known. */
  readonly origin?: number;
  /** Whether the axis of the values begins at 0. */
  readonly fromZero?: boolean;
  /** The names of the curves, where they are no forecasts. */
  readonly names?: Partial<CurveNames>;
}

interface CurveNames {
  readonly truth: string;
  readonly forecast: string;
  readonly naive: string;
  readonly band: string;
}

const NAMES: CurveNames = { truth: "truth", forecast: "forecast", naive: "naive", band: "quantiles" };

const WIDTH = 480;
const MARGIN = 16;
const LEFT = 58;
const PLOT = 190;
const LONGEST_TITLE = 62;
/** Pixels between two names at the axis of the steps, and between two ticks of the values. */
const SPACE = { x: 110, y: 32 };

const STYLE = `
.sf { --page: #ffffff; --ink: #1c2430; --soft: #5b6675; --line: #d9dee5; --forecast: #1d5fa8; --naive: #c2410c; }
@media (prefers-color-scheme: dark) {
  .sf { --page: #14181f; --ink: #e4e8ee; --soft: #9aa5b4; --line: #303845; --forecast: #5aa0f2; --naive: #f0742e; }
}
.sf .page { fill: var(--page); }
.sf text { fill: var(--soft); font: 12px system-ui, sans-serif; font-variant-numeric: tabular-nums; }
.sf .heading { fill: var(--ink); font-size: 14px; font-weight: 600; }
.sf .end { text-anchor: end; }
.sf .middle { text-anchor: middle; }
.sf .grid { stroke: var(--line); fill: none; }
.sf .truth { stroke: var(--ink); stroke-width: 1.4; fill: none; stroke-linejoin: round; }
.sf .forecast { stroke: var(--forecast); stroke-width: 2; fill: none; stroke-linejoin: round; }
.sf .naive { stroke: var(--naive); stroke-width: 1.4; fill: none; stroke-dasharray: 4 3; }
.sf .band { fill: var(--forecast); opacity: .2; }
.sf .origin { stroke: var(--soft); stroke-dasharray: 2 3; fill: none; }
`;

/**
 * Panels below each other, each with truth, forecast, its band of quantiles and the naive forecast.
 * @param title for who does not see the picture
 */
export function svgSeries(title: string, panels: readonly SeriesPanel[]): string {
  const parts: string[] = [];
  let y = MARGIN;
  for (const panel of panels) {
    parts.push(...drawPanel(panel, y));
    y += PLOT + 76;
  }
  const height = y;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="sf" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">`,
    `<title>${escapeHtml(title)}</title>`,
    `<desc>${escapeHtml(panels.map(describe).join(" "))}</desc>`,
    `<style>${STYLE}</style>`,
    `<rect class="page" width="${WIDTH}" height="${height}"/>`,
    ...parts,
    "</svg>",
  ].join("\n");
}

const isNumber = (value: number | null): value is number => value !== null && Number.isFinite(value);

/** Values beyond what a chart can divide are drawn at its edge. */
export const inReach = (value: number) => Math.max(-1e300, Math.min(1e300, value));

/** The range of all curves; a band only as far as it does not flatten them. */
function rangeOf({
  truth,
  forecast,
  naive,
  low = [],
  high = [],
  fromZero,
}: SeriesPanel): readonly [number, number] {
  const lines = [...truth, ...forecast, ...naive].filter(isNumber).map(inReach);
  if (lines.length === 0) return [0, 1];
  const [least, most] = [lines.reduce((a, b) => Math.min(a, b)), lines.reduce((a, b) => Math.max(a, b))];
  const room = most - least || Math.abs(most) || 1;
  const band = [...low, ...high].filter(isNumber).map(inReach);
  const inside = band.filter((value) => value >= least - room && value <= most + room);
  return [
    fromZero ? Math.min(0, least) : inside.reduce((a, b) => Math.min(a, b), least) - 0.04 * room,
    inside.reduce((a, b) => Math.max(a, b), most) + 0.04 * room,
  ];
}

function drawPanel(panel: SeriesPanel, top: number): string[] {
  const { title, steps, truth, forecast, naive, low, high, origin } = panel;
  const names = { ...NAMES, ...panel.names };
  const y = axis(...rangeOf(panel), Math.max(2, Math.floor(PLOT / SPACE.y)));
  const [up, right] = [top + 44, WIDTH - MARGIN];
  const bottom = up + PLOT;
  const last = Math.max(1, steps.length - 1);
  const across = (step: number) => round(LEFT + (step / last) * (right - LEFT));
  const down = (value: number) =>
    round(bottom - Math.max(0, Math.min(1, positionOn(y, inReach(value)))) * (bottom - up));
  const point = (value: number, step: number) => `${across(step)} ${down(value)}`;
  const count = Math.max(1, Math.floor((right - LEFT) / SPACE.x));
  const shown = Array.from({ length: Math.min(count + 1, steps.length) }, (_, index, all = count) =>
    Math.round((index / Math.max(1, Math.min(all, steps.length - 1))) * (steps.length - 1)),
  );
  return [
    `<text class="heading" x="${MARGIN}" y="${top + 14}">${escapeHtml(fitTo(title, LONGEST_TITLE))}</text>`,
    ...legend(
      names,
      (["truth", "forecast", "band", "naive"] as const).filter((name) =>
        name === "band" ? low !== undefined : name === "forecast" || panel[name].length > 0,
      ),
      top + 32,
    ),
    ...y.ticks.map(
      (tick) =>
        `<path class="grid" d="M${LEFT} ${down(tick)}H${right}"/>` +
        `<text class="end" x="${LEFT - 7}" y="${down(tick) + 4}">${tickText(tick)}</text>`,
    ),
    ...shown.map((step, index) => {
      const place = index === 0 ? "" : index === shown.length - 1 ? "end" : "middle";
      return `<text class="${place}" x="${across(step)}" y="${bottom + 18}">${escapeHtml(fitTo(steps[step] ?? "", 19))}</text>`;
    }),
    ...(origin === undefined ? [] : [`<path class="origin" d="M${across(origin)} ${up}V${bottom}"/>`]),
    ...(low && high ? bandOf(low, high, point) : []),
    ...lineOf("naive", naive, point),
    ...lineOf("truth", truth, point),
    ...lineOf("forecast", forecast, point),
  ];
}

function legend(names: CurveNames, shown: readonly (keyof CurveNames)[], y: number): string[] {
  let x = MARGIN;
  return shown.map((name) => {
    const text = names[name];
    const at = round(x);
    x += 30 + 6.6 * text.length + 14;
    const mark =
      name === "band"
        ? `<rect class="band" x="${at}" y="${y - 9}" width="22" height="10"/>`
        : `<path class="${name}" d="M${at} ${y - 4}h22"/>`;
    return `${mark}<text x="${at + 28}" y="${y}">${escapeHtml(text)}</text>`;
  });
}

type PointAt = (value: number, step: number) => string;

/** A line with gaps where there is no value. */
function lineOf(name: string, values: SeriesValues, point: PointAt): string[] {
  let path = "";
  for (const [step, value] of values.entries()) {
    if (!isNumber(value)) continue;
    const [before, after] = [values[step - 1] ?? null, values[step + 1] ?? null];
    path += `${isNumber(before) ? "L" : "M"}${point(value, step)}`;
    // A point without neighbours is a short line.
    if (!isNumber(before) && !isNumber(after)) path += "m-2 0h4";
  }
  return path === "" ? [] : [`<path class="${name}" d="${path}"/>`];
}

/** Areas between two lines. */
function bandOf(low: SeriesValues, high: SeriesValues, point: PointAt): string[] {
  const areas: string[] = [];
  let from = -1;
  for (let step = 0; step <= low.length; step++) {
    const isInside = step < low.length && isNumber(low[step]) && isNumber(high[step] ?? null);
    if (isInside && from < 0) from = step;
    if (isInside || from < 0) continue;
    const steps = Array.from({ length: step - from }, (_, index) => from + index);
    const above = steps.map((at) => point(high[at] as number, at));
    const below = steps.toReversed().map((at) => point(low[at] as number, at));
    areas.push(`<path class="band" d="M${[...above, ...below].join("L")}Z"/>`);
    from = -1;
  }
  return areas;
}

/** In words, for who does not see the picture. */
function describe({ title, steps, truth, forecast, names = {} }: SeriesPanel): string {
  const last = forecast.findLastIndex(isNumber);
  const value = last < 0 ? "none" : tickText(forecast[last] as number);
  const where = steps[last] ?? "no step";
  if (names.forecast !== undefined)
    return `${title}: the last value of ${names.forecast}, at ${where}, is ${value}.`;
  const known = truth.findLastIndex(isNumber);
  const seen = known < 0 ? "" : `, the last known value ${tickText(truth[known] as number)}`;
  return `${title}: the last forecast, of ${where}, is ${value}${seen}.`;
}

const round = (pixels: number): number => Math.round(10 * pixels) / 10;
