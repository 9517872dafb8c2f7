import { escapeControl } from "../core/errors.ts";
import { paint, type Style } from "./paint.ts";

/** From -1 to 1 in five steps: nothing in the middle. */
const STYLES: readonly (Style | undefined)[] = ["bgBlue", "bgCyan", undefined, "bgYellow", "bgRed"];
const MARKS = ["=", "-", " ", "+", "#"];

const step = (value: number): number => Math.min(4, Math.max(0, Math.floor((value + 1) * 2.5)));

/**
 * A text by the values of a unit: each piece (a character, a word) on a background of its value, or where colours are not
 * shown with marks below it. Lines are broken at `columns`.
 */
export function shownText(
  pieces: readonly string[],
  values: ArrayLike<number>,
  columns: number,
  stream: NodeJS.WriteStream = process.stdout,
): string[] {
  const hasColours = paint("bgRed", "x", stream) !== "x";
  const lines: string[] = [];
  let [text, marks, used] = ["", "", 0];
  const flush = () => {
    lines.push(text.trimEnd());
    if (!hasColours && marks.trimEnd() !== "") lines.push(marks.trimEnd());
    [text, marks, used] = ["", "", 0];
  };
  const all = pieces.flatMap((piece, at) =>
    Array.from(piece, (character) => [character, step(values[at])] as const),
  );
  for (const [character, level] of all) {
    // A line end has a value too: it is shown as a sign before the line is broken.
    const shown = character === "\n" ? "\u21b5" : character === "\t" ? " " : escapeControl(character);
    if (used + shown.length > columns) flush();
    const style = STYLES[level];
    text += hasColours && style !== undefined ? paint(style, shown, stream) : shown;
    marks += MARKS[level].repeat(shown.length);
    used += shown.length;
    if (character === "\n") flush();
  }
  if (used > 0) flush();
  return lines;
}

/** What the backgrounds or marks mean, in one line. */
export function legend(stream: NodeJS.WriteStream = process.stdout): string {
  const hasColours = paint("bgRed", "x", stream) !== "x";
  const names = ["near -1", "low", "near 0", "high", "near 1"];
  const parts = names.map((name, level) => {
    const style = STYLES[level];
    if (!hasColours) return `${MARKS[level] === " " ? "nothing" : MARKS[level]} ${name}`;
    return style === undefined ? name : paint(style, ` ${name} `, stream);
  });
  return parts.join(hasColours ? " " : ", ");
}
