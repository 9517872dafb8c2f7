/** The tree of a beam search, as far as a picture has room for it. */
import { pieceText } from "./attention.ts";

/** A symbol that a search considered. */
export interface BeamPictureNode {
  /** Its place in the list. */
  readonly id: number;
  /** The place of the node that it continues, which comes before it; -1 for the root. */
  readonly parent: number;
  readonly symbol: number;
  /** Of all symbols from the root to here, in nats. */
  readonly logProbability: number;
  /** Whether the search went on with it. */
  readonly kept: boolean;
  /** Whether it ends the sequence. */
  readonly ended: boolean;
  /** Whether it is on the way to the best sequence. */
  readonly inBest: boolean;
}

export interface BeamPictureData {
  /** The root first, each node after its parent, those of a step one after the other: a `BeamTree` of a search. */
  readonly nodes: readonly BeamPictureNode[];
  /** What a symbol is called. */
  readonly name: (symbol: number) => string;
}

/** A node that is shown. */
export interface ShownNode extends BeamPictureNode {
  /** The number of symbols from the root to here; the root has 0. */
  readonly step: number;
  readonly text: string;
}

/**
 * How much a node tells: 0 on the way to the best sequence, 1 on the way to another that ended, 2 kept, 3 not kept. A
 * node never tells more than its parent, so the nodes of the first ranks are a tree by themselves.
 */
export function ranksOf(nodes: readonly BeamPictureNode[]): Uint8Array {
  const ranks = Uint8Array.from(nodes, ({ inBest, kept, ended }) => (inBest ? 0 : !kept ? 3 : ended ? 1 : 2));
  for (let id = nodes.length - 1; id > 0; id--) {
    const { parent } = nodes[id];
    if (ranks[id] < ranks[parent]) ranks[parent] = ranks[id];
  }
  return ranks;
}

/** The nodes with their names and steps. */
export function namedNodes({ nodes, name }: BeamPictureData): ShownNode[] {
  const shown: ShownNode[] = [];
  for (const node of nodes) {
    const step = node.parent < 0 ? 0 : shown[node.parent].step + 1;
    shown.push({ ...node, step, text: pieceText(name(node.symbol)) });
  }
  return shown;
}

/** Steps after the end of the best sequence, which only show that nothing better came, are shown up to so many. */
const STEPS_AFTER_BEST = 2;

/** The last step that a picture shows if it has room. */
export function lastShownStep(all: readonly ShownNode[]): number {
  const best = all.findLast(({ inBest }) => inBest);
  return (best?.step ?? 0) + STEPS_AFTER_BEST;
}

/** Children of one node: the way to the best sequence first, then by probability. */
export function compareSiblings(a: BeamPictureNode, b: BeamPictureNode): number {
  if (a.inBest !== b.inBest) return a.inBest ? -1 : 1;
  return b.logProbability - a.logProbability || a.id - b.id;
}

/** A log-probability with two decimals. */
export function logText(logProbability: number, unicode = true): string {
  const text = Math.abs(logProbability).toFixed(2);
  return text === "0.00" ? text : `${unicode ? "−" : "-"}${text}`;
}

/** What a picture leaves out, in words; undefined for nothing. The root is not counted. */
export function leftOut(all: readonly ShownNode[], shown: readonly ShownNode[]): string | undefined {
  const missing = all.length - shown.length;
  if (missing === 0) return undefined;
  const pruned = (nodes: readonly ShownNode[]) => nodes.filter(({ kept }) => !kept).length;
  const steps = (nodes: readonly ShownNode[]) => nodes.reduce((most, { step }) => Math.max(most, step), 0);
  const [last, lastShown] = [steps(all), steps(shown)];
  const cut = lastShown < last ? `the first ${lastShown} of ${last} steps, ` : "";
  const left = pruned(all) - pruned(shown);
  return `shown: ${cut}${shown.length - 1} of ${all.length - 1} candidates (left out: ${left} pruned, ${missing - left} kept)`;
}
