/** What a beam search considered, as a drawing for SVG. */
import { END_MARK, visible } from "./alignment.ts";
import { escapeHtml } from "./escape-html.ts";
import { pixels, type SvgPart } from "./svg-page.ts";
import { fitTo } from "./text-width.ts";

/** A symbol that was considered, as a beam search traces it; parents come first, those of one step by their rank. */
export interface DrawnNode {
  readonly id: number;
  /** -1: the root. */
  readonly parent: number;
  readonly text: string;
  /** In nats, of all from the root. */
  readonly logProbability: number;
  /** Whether it was among the best of its step. */
  readonly kept: boolean;
  readonly ended: boolean;
  /** Whether it is on the way to the best result. */
  readonly inBest: boolean;
}

const MOST_STEPS = 40;
const COLUMN = 96;
const ROW = 20;
const LONGEST = 9;
const LONGEST_HEADING = 90;

interface Placed extends DrawnNode {
  readonly x: number;
  readonly y: number;
  readonly step: number;
}

/** Steps from left to right, at each the likeliest on top; those that were not kept are faint, the way to the best is blue. */
export function beamTreePart(nodes: readonly DrawnNode[], heading: string): SvgPart {
  const placed = placeNodes(nodes);
  const byId = new Map(placed.map((node) => [node.id, node]));
  const width = Math.max(...placed.map(({ x }) => x)) + COLUMN;
  const height = Math.max(...placed.map(({ y }) => y)) + ROW;
  const edges = placed.flatMap((node) => {
    const parent = byId.get(node.parent);
    if (parent === undefined) return [];
    const from = parent.x + (parent.step === 0 ? 14 : COLUMN - 24);
    const middle = (from + node.x - 6) / 2;
    const kind = node.inBest ? "way" : `line${node.kept ? "" : " faint"}`;
    return [
      `<path class="${kind}" d="M${pixels(from)} ${parent.y - 4}C${pixels(middle)} ${parent.y - 4} ${pixels(middle)} ${node.y - 4} ${node.x - 4} ${node.y - 4}"/>`,
    ];
  });
  const texts = placed.map((node) => {
    if (node.step === 0) return `<circle class="main" cx="8" cy="${node.y - 4}" r="4"/>`;
    const parent = byId.get(node.parent);
    const chance = Math.exp(node.logProbability - (parent?.logProbability ?? 0));
    const name = node.ended ? END_MARK : visible(node.text);
    const kind = node.inBest ? "strong" : node.kept ? "label" : "faint";
    const title = `${name}: ${(100 * chance).toFixed(1)} %, log-probability ${node.logProbability.toFixed(3)}`;
    return (
      `<text class="${kind}" x="${node.x}" y="${node.y}"><title>${escapeHtml(title)}</title>` +
      `${escapeHtml(fitTo(name, LONGEST))} <tspan font-size="10" opacity="0.7">${percentOf(chance)}</tspan></text>`
    );
  });
  return {
    width,
    height,
    elements: [
      `<text class="heading" x="0" y="14">${escapeHtml(fitTo(heading, LONGEST_HEADING))}</text>`,
      ...edges,
      ...texts,
    ],
  };
}

function placeNodes(nodes: readonly DrawnNode[]): Placed[] {
  const steps = new Map<number, number>();
  const used = new Map<number, number>();
  const placed: Placed[] = [];
  for (const node of nodes) {
    const step = node.parent < 0 ? 0 : (steps.get(node.parent) ?? 0) + 1;
    steps.set(node.id, step);
    if (step > MOST_STEPS) continue;
    const rank = used.get(step) ?? 0;
    used.set(step, rank + 1);
    placed.push({ ...node, step, x: step === 0 ? 0 : 24 + (step - 1) * COLUMN, y: 44 + rank * ROW });
  }
  return placed;
}

function percentOf(share: number): string {
  const percent = 100 * share;
  return `${percent >= 9.5 ? percent.toFixed(0) : percent.toFixed(1)}%`;
}
