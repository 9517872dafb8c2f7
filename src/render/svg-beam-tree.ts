/** A beam search as SVG: a picture of its own, which loads nothing and follows the viewer's light or dark theme. */
import {
  type BeamPictureData,
  compareSiblings,
  lastShownStep,
  leftOut,
  logText,
  namedNodes,
  ranksOf,
  type ShownNode,
} from "./beam-picture.ts";
import { escapeHtml } from "./escape-html.ts";
import { fitTo } from "./text-width.ts";

export interface SvgBeamTreeOptions {
  /** What is shown, for the title: `sentence 12, width 5`. */
  readonly subject?: string;
}

/** More are too many to look at. */
const MOST_STEPS = 40;
const MOST_PER_STEP = 10;

const MARGIN = 16;
const HEADER = 66;
const BOX = { width: 82, height: 36 };
/** Between two boxes of a step, and between two steps. */
const GAP = { x: 8, y: 26 };
/** Room for the numbers of the steps. */
const NUMBERS = 26;
const FOOTER = 18;
const LEAST_WIDTH = 430;
/** Columns of a name that fit in a box. */
const LONGEST_NAME = 10;

const STYLE = `
.bt { --page: #ffffff; --ink: #1c2430; --soft: #5b6675; --line: #c3cad4; --panel: #f4f6f9; --best: #1d5fa8; --end: #2f855a; }
@media (prefers-color-scheme: dark) {
  .bt { --page: #14181f; --ink: #e4e8ee; --soft: #9aa5b4; --line: #5b6675; --panel: #1c222c; --best: #5aa0f2; --end: #5cc389; }
}
.bt .page { fill: var(--page); }
.bt text { fill: var(--soft); font: 12px system-ui, sans-serif; font-variant-numeric: tabular-nums; }
.bt .heading { fill: var(--ink); font-size: 15px; font-weight: 600; }
.bt .name, .bt .log { text-anchor: middle; pointer-events: none; }
.bt .name { fill: var(--ink); }
.bt .log { font-size: 11px; }
.bt .end { text-anchor: end; }
.bt .box { fill: var(--panel); stroke: var(--line); }
.bt .box.ended { stroke: var(--end); stroke-width: 2; }
.bt .box.pruned { fill: none; stroke-dasharray: 3 3; }
.bt .box.best { stroke: var(--best); stroke-width: 2.5; }
.bt .name.pruned { fill: var(--soft); }
.bt .way { stroke: var(--line); stroke-width: 1.2; fill: none; }
.bt .way.pruned { stroke-dasharray: 3 3; }
.bt .way.best { stroke: var(--best); stroke-width: 2.5; }
`;

interface Place {
  readonly node: ShownNode;
  /** Of the upper left corner of its box. */
  readonly x: number;
  readonly y: number;
}

/**
 * Each step is a row of boxes below the one before it: what was kept, and dashed what was not; the way to the best sequence
 * is the first column. Of more than 10 candidates in a step, what tells least is left out, and so are steps beyond the 40th
 * and more than two after the end of the best sequence; the picture says how much that is.
 */
export function svgBeamTree(data: BeamPictureData, options: SvgBeamTreeOptions = {}): string {
  const { subject } = options;
  const all = namedNodes(data);
  const steps = chooseNodes(all);
  const places = placeNodes(steps);
  const shown = [...places.values()].map(({ node }) => node);
  const cut = leftOut(all, shown);
  const widest = steps.reduce((most, { length }) => Math.max(most, length), 1);
  const width = Math.max(LEAST_WIDTH, MARGIN + NUMBERS + widest * (BOX.width + GAP.x) - GAP.x + MARGIN);
  const bottom = HEADER + steps.length * (BOX.height + GAP.y) - GAP.y;
  const height = bottom + MARGIN + (cut === undefined ? 0 : FOOTER + 6);
  const heading = subject === undefined ? "Beam search" : `Beam search: ${subject}`;
  const room = Math.floor((width - 2 * MARGIN) / 6.9);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="bt" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escapeHtml(heading)}</title>`,
    `<desc>${escapeHtml(describe(all, cut))}</desc>`,
    `<style>${STYLE}</style>`,
    `<rect class="page" width="${width}" height="${height}"/>`,
    `<text class="heading" x="${MARGIN}" y="${MARGIN + 14}">${escapeHtml(fitTo(heading, Math.floor(room * 0.8)))}</text>`,
    ...legend(),
    ...steps
      .slice(1)
      .map(
        (_, at) =>
          `<text class="end" x="${MARGIN + NUMBERS - 10}" y="${topOf(at + 1) + BOX.height / 2 + 4}">${at + 1}</text>`,
      ),
    // Ways that matter are drawn last, above the others.
    ...[...places.values()]
      .toSorted((a, b) => Number(a.node.inBest) - Number(b.node.inBest))
      .map((place) => drawWay(place, places.get(place.node.parent))),
    ...[...places.values()].map(drawBox),
    ...(cut === undefined
      ? []
      : [`<text x="${MARGIN}" y="${bottom + FOOTER + 6}">${escapeHtml(fitTo(cut, room))}</text>`]),
    "</svg>",
  ].join("\n");
}

/** The nodes of each step that are shown: those that tell most, of parents that are shown. */
function chooseNodes(all: readonly ShownNode[]): ShownNode[][] {
  const ranks = ranksOf(all);
  const byStep: ShownNode[][] = [];
  for (const node of all) {
    byStep[node.step] ??= [];
    byStep[node.step].push(node);
  }
  const shown = new Set([-1]);
  return byStep.slice(0, Math.min(MOST_STEPS, lastShownStep(all)) + 1).map((nodes) => {
    const chosen = nodes
      .filter(({ parent }) => shown.has(parent))
      .sort((a, b) => ranks[a.id] - ranks[b.id] || compareSiblings(a, b))
      .slice(0, MOST_PER_STEP);
    for (const { id } of chosen) shown.add(id);
    return chosen;
  });
}

/** Children stand in the order of their parents, so that no two ways cross. */
function placeNodes(steps: readonly (readonly ShownNode[])[]): Map<number, Place> {
  const places = new Map<number, Place>();
  const order = new Map<number, number>([[-1, 0]]);
  for (const [step, nodes] of steps.entries()) {
    const sorted = nodes.toSorted(
      (a, b) => order.get(a.parent)! - order.get(b.parent)! || compareSiblings(a, b),
    );
    for (const [at, node] of sorted.entries()) {
      order.set(node.id, at);
      places.set(node.id, { node, x: MARGIN + NUMBERS + at * (BOX.width + GAP.x), y: topOf(step) });
    }
  }
  return places;
}

const topOf = (step: number): number => HEADER + step * (BOX.height + GAP.y);

const classOf = ({ kept, inBest, ended }: ShownNode): string =>
  [inBest ? " best" : "", kept ? "" : " pruned", ended ? " ended" : ""].join("");

function drawWay({ node, x, y }: Place, from: Place | undefined): string {
  if (from === undefined) return "";
  const [x1, y1, x2] = [from.x + BOX.width / 2, from.y + BOX.height, x + BOX.width / 2];
  const middle = (y1 + y) / 2;
  return `<path class="way${classOf(node)}" d="M${x1} ${y1}C${x1} ${middle} ${x2} ${middle} ${x2} ${y}"/>`;
}

function drawBox({ node, x, y }: Place): string {
  const { text, logProbability, parent, kept } = node;
  const short = fitTo(text, LONGEST_NAME);
  const said = parent < 0 ? text : `${text}: ${logText(logProbability)}${kept ? "" : ", pruned"}`;
  const middle = x + BOX.width / 2;
  const log =
    parent < 0 ? "" : `<text class="log" x="${middle}" y="${y + 30}">${logText(logProbability)}</text>`;
  return (
    `<rect class="box${classOf(node)}" x="${x}" y="${y}" width="${BOX.width}" height="${BOX.height}" rx="5">` +
    `<title>${escapeHtml(said)}</title></rect>` +
    `<text class="name${classOf(node)}" x="${middle}" y="${y + (parent < 0 ? 22 : 16)}">${escapeHtml(short)}</text>${log}`
  );
}

function legend(): string[] {
  const entries = [
    ["best", "best", 58],
    ["ended", "ended", 68],
    ["", "kept", 58],
    ["pruned", "pruned", 74],
  ] as const;
  let x = MARGIN;
  const y = MARGIN + 26;
  const parts = entries.map(([kind, name, width]) => {
    const at = x;
    x += width;
    return (
      `<rect class="box ${kind}" x="${at + 1}" y="${y}" width="16" height="11" rx="3"/>` +
      `<text x="${at + 23}" y="${y + 10}">${name}</text>`
    );
  });
  return [...parts, `<text x="${x}" y="${y + 10}">numbers: log-probability</text>`];
}

/** In words, for who does not see the picture: the best sequence. */
function describe(all: readonly ShownNode[], cut: string | undefined): string {
  const best = all.filter(({ inBest }) => inBest);
  const last = best.at(-1);
  const words = best
    .slice(1, 61)
    .map(({ text }) => text)
    .join(" ");
  const found =
    last === undefined || best.length < 2
      ? "Nothing was found."
      : `The best sequence is: ${words}${best.length > 61 ? " …" : ""}, with the log-probability ${logText(last.logProbability)}.`;
  return cut === undefined ? found : `${found} Picture ${cut}.`;
}
