/** Charts of a training as SVG. Elements have classes; the style sheet in report-style.ts gives them colours. */
import {
  type Axis,
  axis,
  type ChartPoint,
  type LossChart,
  lossAxis,
  positionOn,
  stepAxis,
  tickText,
  visibleBaselines,
} from "./chart.ts";
import { escapeHtml } from "./escape-html.ts";

/** A size in pixels of the drawing, which a page may scale. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

interface Line {
  readonly name: string;
  /** `training`, `validation`, `rate`: its class. */
  readonly kind: string;
  readonly points: readonly ChartPoint[];
  /** Whether each point has a mark with its value as title. */
  readonly marks?: boolean;
}

interface Drawing {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly lines: readonly Line[];
  readonly levels: LossChart["baselines"];
}

const LEFT = 52;
const RIGHT = 12;
const TOP = 10;
const BOTTOM = 26;

/** The least distance between two ticks, in pixels. */
const TICK_SPACE = { x: 90, y: 44 };

/** A chart of training loss, evaluations and baselines over the steps. */
export function svgLossChart(chart: LossChart, size: Size): string {
  const y = lossAxis(chart, ticksFor(size.height, TICK_SPACE.y));
  return draw(
    {
      title: `loss in ${chart.unit} over the steps`,
      x: stepAxis(chart, ticksFor(size.width, TICK_SPACE.x)),
      y,
      lines: [
        { name: "training", kind: "training", points: chart.training },
        { name: "validation", kind: "validation", points: chart.validation, marks: true },
      ],
      levels: visibleBaselines(chart, y),
    },
    size,
  );
}

/** A chart of the learning rate over the steps, from zero. */
export function svgRateChart(points: readonly ChartPoint[], size: Size): string {
  const most = Math.max(...points.map(({ value }) => value));
  return draw(
    {
      title: "learning rate over the steps",
      x: axis(0, Math.max(1, points.at(-1)?.step ?? 0), ticksFor(size.width, TICK_SPACE.x)),
      y: axis(0, most > 0 ? 1.05 * most : 1, ticksFor(size.height, TICK_SPACE.y)),
      lines: [{ name: "learning rate", kind: "rate", points }],
      levels: [],
    },
    size,
  );
}

function ticksFor(pixels: number, space: number): number {
  return Math.max(2, Math.floor(pixels / space));
}

function draw({ title, x, y, lines, levels }: Drawing, size: Size): string {
  const { width, height } = size;
  const right = width - RIGHT;
  const bottom = height - BOTTOM;
  const acrossOf = (step: number) => round(LEFT + positionOn(x, step) * (right - LEFT));
  const downOf = (value: number) => round(bottom - positionOn(y, value) * (bottom - TOP));
  // Values above the chart are drawn at its upper edge.
  const insideOf = (value: number) => Math.max(TOP, downOf(value));
  const grid = y.ticks.map(
    (tick) =>
      `<path class="grid" d="M${LEFT} ${downOf(tick)}H${right}"/>` +
      `<text class="tick" x="${LEFT - 7}" y="${downOf(tick) + 4}" text-anchor="end">${tickText(tick)}</text>`,
  );
  const steps = x.ticks.map((tick) => {
    const at = acrossOf(tick);
    const anchor = at > right - 24 ? "end" : "middle";
    return `<text class="tick" x="${at}" y="${height - 8}" text-anchor="${anchor}">${tickText(tick)}</text>`;
  });
  const marksOf = ({ kind, name, points }: Line) =>
    points.map(
      ({ step, value }) =>
        `<circle class="${kind}" cx="${acrossOf(step)}" cy="${insideOf(value)}" r="3.5">` +
        `<title>${name} ${tickText(Number(value.toFixed(4)))} at step ${tickText(step)}</title></circle>`,
    );
  return [
    `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeHtml(title)}">`,
    ...grid,
    ...steps,
    ...levels.map(
      ({ name, loss }) =>
        `<path class="level" d="M${LEFT} ${downOf(loss)}H${right}"><title>${escapeHtml(name)}</title></path>`,
    ),
    ...lines
      .filter(({ points }) => points.length > 0)
      .flatMap((line) => [
        `<polyline class="${line.kind}" points="${line.points
          .map(({ step, value }) => `${acrossOf(step)},${insideOf(value)}`)
          .join(" ")}"/>`,
        ...(line.marks ? marksOf(line) : []),
      ]),
    "</svg>",
  ].join("\n");
}

function round(pixels: number): number {
  return Math.round(10 * pixels) / 10;
}
