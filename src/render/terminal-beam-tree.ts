/** A beam search as a tree of lines. */
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
import { fitTo, widthOf, wrapWords } from "./text-width.ts";

export interface TerminalBeamTreeOptions {
  /** Of the terminal; a line is never longer. */
  readonly columns: number;
  /** Whether the terminal shows Unicode's box drawing; otherwise the tree is in ASCII. Names stay as they are. */
  readonly unicode: boolean;
  /** Candidates that are shown at most. Default 40. */
  readonly most?: number;
}

/** Below this there is no room for a tree. */
export const LEAST_BEAM_COLUMNS = 40;
/** For a name and its number: deeper nodes are left out. */
const LEAST_ENTRY = 24;
const INDENT = 3;

const UNICODE = {
  ...{ branch: "├─ ", last: "└─ ", through: "│  ", cut: "…" },
  ...{ best: "●", ended: "■", kept: "○", pruned: "×" },
};
const ASCII: typeof UNICODE = {
  ...{ branch: "|- ", last: "`- ", through: "|  ", cut: "~" },
  ...{ best: "*", ended: "#", kept: "o", pruned: "x" },
};

/**
 * Lines without a line break and without colours: each candidate below the one that it continues, with a mark and the
 * log-probability of all symbols up to it. The way to the best sequence comes first. Candidates that are the only shown
 * continuation stand on the line of the one before. What tells least is left out, and the last line says how much. None
 * where there are too few columns.
 */
export function terminalBeamTree(data: BeamPictureData, options: TerminalBeamTreeOptions): string[] {
  const { columns, unicode, most = 40 } = options;
  if (columns < LEAST_BEAM_COLUMNS || data.nodes.length === 0) return [];
  const glyphs = unicode ? UNICODE : ASCII;
  const all = namedNodes(data);
  const children = childrenOf(chooseNodes(all, most));
  const shown: ShownNode[] = [];
  const lines: string[] = [];
  const draw = (first: ShownNode, lead: string, below: string) => {
    const chain = chainFrom(first, children);
    const last = chain[chain.length - 1];
    const mark = last.inBest
      ? glyphs.best
      : last.ended
        ? glyphs.ended
        : last.kept
          ? glyphs.kept
          : glyphs.pruned;
    const log = last.parent < 0 ? "" : ` ${logText(last.logProbability, unicode)}`;
    const end = last.ended && last.inBest ? ` ${glyphs.ended}` : "";
    const names = chain.map(({ text }) => text).join(" ");
    const room = columns - widthOf(`${lead}${mark} ${log}${end}`);
    lines.push(`${lead}${mark} ${fitTo(names, room, glyphs.cut)}${log}${end}`);
    shown.push(...chain);
    if (widthOf(below) + INDENT + LEAST_ENTRY > columns) return;
    const next = children.get(last.id) ?? [];
    for (const [at, child] of next.entries()) {
      const isLast = at === next.length - 1;
      draw(
        child,
        below + (isLast ? glyphs.last : glyphs.branch),
        below + (isLast ? " ".repeat(INDENT) : glyphs.through),
      );
    }
  };
  draw(all[0], "", "");
  const cut = leftOut(all, shown);
  const legend = [
    ...[`${glyphs.best} best`, `${glyphs.ended} ended`, `${glyphs.kept} kept`, `${glyphs.pruned} pruned`],
    "numbers: log-probability",
  ].join(", ");
  return [...lines, ...wrapWords(legend, columns), ...wrapWords(cut ?? "", columns)];
}

/** The root and the nodes that tell most. */
function chooseNodes(all: readonly ShownNode[], most: number): ShownNode[] {
  const ranks = ranksOf(all);
  const last = lastShownStep(all);
  return all
    .filter(({ step }) => step <= last)
    .sort((a, b) => ranks[a.id] - ranks[b.id] || a.id - b.id)
    .slice(0, most + 1);
}

function childrenOf(nodes: readonly ShownNode[]): Map<number, ShownNode[]> {
  const children = new Map<number, ShownNode[]>();
  for (const node of nodes) children.set(node.parent, [...(children.get(node.parent) ?? []), node]);
  for (const own of children.values()) own.sort(compareSiblings);
  return children;
}

/** A node and those after it, as long as each is the only one that is shown. */
function chainFrom(first: ShownNode, children: ReadonlyMap<number, readonly ShownNode[]>): ShownNode[] {
  const chain = [first];
  for (;;) {
    const next = children.get(chain[chain.length - 1].id) ?? [];
    // A chain of different marks would show only the last one.
    if (next.length !== 1 || first.parent < 0 || next[0].inBest !== first.inBest || !next[0].kept)
      return chain;
    chain.push(next[0]);
  }
}
