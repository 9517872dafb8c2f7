/** Draws a text by the values of a unit, with colours or with marks below each line. */
import { escapeControl } from "../core/errors.ts";
import type { ShownText } from "../inspect/shown-unit.ts";
import { charactersOf, widthOf } from "../render/text-width.ts";
import { paint, type Style } from "./terminal.ts";

/** One step of a scale: its upper bound and its appearance. */
interface Step {
  readonly below: number;
  readonly style: Style | undefined;
  readonly mark: string;
  readonly name: string;
}

const last = Number.POSITIVE_INFINITY;

/** Beside a threshold only the sides count. Most of a text is on the off side, which stays plain. */
const ON_OR_OFF: readonly Step[] = [
  { below: -0.5, style: undefined, mark: " ", name: "off" },
  { below: 0, style: "bgCyan", mark: "-", name: "just off" },
  { below: 0.5, style: "bgYellow", mark: "+", name: "just on" },
  { below: last, style: "bgRed", mark: "#", name: "on" },
];

const LOW_TO_HIGH: readonly Step[] = [
  { below: -0.6, style: "bgBlue", mark: "=", name: "near -1" },
  { below: -0.2, style: "bgCyan", mark: "-", name: "low" },
  { below: 0.2, style: undefined, mark: " ", name: "near 0" },
  { below: 0.6, style: "bgYellow", mark: "+", name: "high" },
  { below: last, style: "bgRed", mark: "#", name: "near 1" },
];

const AROUND_MEAN: readonly Step[] = LOW_TO_HIGH.map((step, at) => ({
  ...step,
  name: ["far below its mean", "below", "at its mean", "above", "far above"][at],
}));

const SCALES = { threshold: ON_OR_OFF, mean: AROUND_MEAN, activation: LOW_TO_HIGH };

/** Below a character at which the signal holds, where text cannot be underlined. */
const HOLDS = "^";

/** One character as it is shown, which may be several code points: a joined emoji, a letter with its accents. */
interface Cell {
  readonly text: string;
  readonly width: number;
  readonly step: Step;
  readonly holds: boolean;
  readonly endsLine: boolean;
}

/**
 * A text by the values of a unit: each piece (a character, a word) on a background of its value, underlined where the
 * signal holds. Where colours are not shown, a line of marks for the values and one for the signal stand below each
 * line. Lines are broken at `columns`.
 */
export function drawUnitText(
  shown: ShownText,
  columns: number,
  stream: NodeJS.WriteStream = process.stdout,
): string[] {
  return breakRows(makeCells(shown), columns).flatMap((row) => {
    if (hasColours(stream)) return [paintRow(row, stream)];
    const below = (chooseMark: (cell: Cell) => string) =>
      row
        .map((cell) => chooseMark(cell).repeat(cell.width))
        .join("")
        .trimEnd();
    const marks = [below(({ step }) => step.mark), below(({ holds }) => (holds ? HOLDS : " "))];
    const text = row.map((cell) => cell.text).join("");
    return [text.trimEnd(), ...marks.filter((line) => line !== "")];
  });
}

/** A cell for each character. One of several code points has the value and the signal after the last of them. */
function makeCells({ pieces, values, holds, scale }: ShownText): Cell[] {
  // The symbol that each code point belongs to.
  const symbols = pieces.flatMap((piece, symbol) => Array.from(piece, () => symbol));
  let at = -1;
  return Array.from(charactersOf(pieces.join("")), (character) => {
    at += Array.from(character).length;
    const value = values[symbols[at]];
    const step = SCALES[scale].find(({ below }) => value < below) ?? SCALES[scale].at(-1)!;
    const text = showCharacter(character);
    return {
      text,
      width: widthOf(text),
      step,
      holds: holds?.[at] === true,
      endsLine: character.endsWith("\n"),
    };
  });
}

/** A line end has a value too: it is shown as a sign before the line is broken. */
function showCharacter(character: string): string {
  if (character === "\t") return " ";
  return character.endsWith("\n")
    ? `${escapeControl(character.slice(0, -1))}\u21b5`
    : escapeControl(character);
}

function breakRows(cells: readonly Cell[], columns: number): Cell[][] {
  const rows: Cell[][] = [];
  let row: Cell[] = [];
  let used = 0;
  const flush = () => {
    rows.push(row);
    [row, used] = [[], 0];
  };
  for (const cell of cells) {
    if (used + cell.width > columns && row.length > 0) flush();
    row.push(cell);
    used += cell.width;
    if (cell.endsLine) flush();
  }
  if (row.length > 0) flush();
  return rows;
}

/** Neighbours that look alike are paintRow together. */
function paintRow(row: readonly Cell[], stream: NodeJS.WriteStream): string {
  let line = "";
  for (let from = 0; from < row.length; ) {
    const { step, holds } = row[from];
    let to = from + 1;
    while (to < row.length && row[to].step === step && row[to].holds === holds) to++;
    const text = row.slice(from, to).map((cell) => cell.text);
    const coloured = step.style === undefined ? text.join("") : paint(step.style, text.join(""), stream);
    line += holds ? paint("underline", coloured, stream) : coloured;
    from = to;
  }
  return line;
}

/** A one-line legend of the backgrounds or marks. */
export function drawLegend(
  { scale, holds, signal }: Pick<ShownText, "scale" | "holds" | "signal">,
  stream: NodeJS.WriteStream = process.stdout,
): string {
  const coloured = hasColours(stream);
  const parts = SCALES[scale].map(({ style, mark, name }) => {
    if (!coloured) return `${mark === " " ? "nothing" : mark}: ${name}`;
    return style === undefined ? ` ${name} ` : paint(style, ` ${name} `, stream);
  });
  const unit = parts.join(coloured ? " " : ", ");
  if (holds === undefined) return unit;
  return coloured ? `${unit}  ${paint("underline", signal ?? "", stream)}` : `${unit}; ${HOLDS}: ${signal}`;
}

function hasColours(stream: NodeJS.WriteStream): boolean {
  return paint("bgRed", "x", stream) !== "x";
}
