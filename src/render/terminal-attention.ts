/** What was attended to, in the cells of a terminal. */
import { type AttentionMatrix, attentionPicture } from "./attention.ts";
import { charactersOf, fitTo, widthOf, wrapWords } from "./text-width.ts";

export interface TerminalAttentionOptions {
  /** Of the terminal; a line is never longer. */
  readonly columns: number;
  /** Whether the terminal shows Unicode's blocks of shade; otherwise the shades are in ASCII. Names stay as they are. */
  readonly unicode: boolean;
}

/** Below this there is no room for names and a few cells. */
export const LEAST_ATTENTION_COLUMNS = 32;
const MOST_ROWS = 60;
/** Names of rows take at most this share of a line. */
const NAME_SHARE = 0.3;
/** Names above the columns are written downwards, in at most so many lines. */
const MOST_HEAD = 12;

/** Shades with the least weight of each. */
const SHADES = [
  { least: 0.75, unicode: "█", ascii: "#" },
  { least: 0.5, unicode: "▓", ascii: "%" },
  { least: 0.25, unicode: "▒", ascii: "+" },
  { least: 0.05, unicode: "░", ascii: "-" },
  { least: 0, unicode: "·", ascii: "." },
];

/**
 * Lines without a line break and without colours: the names of what was read, written downwards, then a row for each
 * piece that was written, its cells the darker the more of its attention they had. Long sentences are cut, and a line
 * says so. None where there are too few columns or nothing to show.
 * @throws InputError for weights that do not fit the pieces
 */
export function terminalAttention(matrix: AttentionMatrix, options: TerminalAttentionOptions): string[] {
  const { columns, unicode } = options;
  const all = attentionPicture(matrix, matrix.source.length, matrix.target.length);
  if (columns < LEAST_ATTENTION_COLUMNS || all.source.length === 0 || all.target.length === 0) return [];
  const mark = unicode ? "…" : "~";
  const most = Math.floor(NAME_SHARE * columns);
  const margin = Math.min(
    most,
    all.target.slice(0, MOST_ROWS).reduce((wide, name) => Math.max(wide, widthOf(name)), 0),
  );
  const room = columns - margin - 1;
  // East Asian letters need two columns.
  const cell = 2 * all.source.length <= room || all.source.some(isWide) ? 2 : 1;
  const { source, target, weights, cut } = attentionPicture(matrix, Math.floor(room / cell), MOST_ROWS);
  const indent = " ".repeat(margin + 1);
  const lines = target.map((name, at) => {
    const shown = fitTo(name, margin, mark);
    const cells = weights[at].map((weight) => shadeOf(weight, unicode).repeat(cell)).join("");
    return `${shown}${" ".repeat(margin - widthOf(shown) + 1)}${cells}`;
  });
  return [
    ...headLines(source, cell, unicode).map((line) => `${indent}${line}`.trimEnd()),
    ...lines,
    ...wrapWords(legend(unicode), columns),
    ...wrapWords(cut ?? "", columns),
  ];
}

const isWide = (name: string): boolean => [...charactersOf(name)].some((character) => widthOf(character) > 1);

/** Names written downwards, their ends next to the cells. */
function headLines(names: readonly string[], cell: number, unicode: boolean): string[] {
  const letters = names.map((name) => {
    const all = [...charactersOf(name)];
    return all.length <= MOST_HEAD ? all : [...all.slice(0, MOST_HEAD - 1), unicode ? "⋮" : "~"];
  });
  const height = letters.reduce((most, { length }) => Math.max(most, length), 0);
  return Array.from({ length: height }, (_, line) =>
    letters
      .map((own) => {
        const letter = own[line - height + own.length] ?? " ";
        return letter + " ".repeat(Math.max(0, cell - widthOf(letter)));
      })
      .join(""),
  );
}

function shadeOf(weight: number, unicode: boolean): string {
  const shade = SHADES.find(({ least }) => weight >= least) ?? SHADES[SHADES.length - 1];
  return unicode ? shade.unicode : shade.ascii;
}

function legend(unicode: boolean): string {
  const parts = SHADES.slice(0, -1)
    .toReversed()
    .map((shade) => `${unicode ? shade.unicode : shade.ascii} ${100 * shade.least}%`);
  return `${parts.join(", ")} of a row and more`;
}
