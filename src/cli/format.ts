/** Texts as people read them. */
import { escapeControl } from "../core/errors.ts";

export { shellWord } from "../core/shell-word.ts";
export { clock, comparison, count, nats, percent, speed } from "../render/numbers.ts";

const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1b000}-\u{1b2ff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;

/** Columns that a character takes on a terminal: marks none, East Asian letters and emoji two. */
function columnsOf(character: string): number {
  if (character < "\u0300") return 1;
  if (/[\p{M}\p{Cf}]/u.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

/** Columns that a text takes. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of text) width += columnsOf(character);
  return width;
}

/** As much of one line as fits in so many columns; what is cut ends in `…`. */
export function fitTo(text: string, columns: number): string {
  let used = 0;
  let kept = "";
  let short = "";
  for (const character of text) {
    used += columnsOf(character);
    if (used > columns) return columns < 1 ? "" : `${short}…`;
    kept += character;
    if (used <= columns - 1) short = kept;
  }
  return kept;
}

/** A text in lines of at most so many columns, tabs as two spaces and other control characters escaped. */
export function linesOf(text: string, columns: number): string[] {
  return text.split("\n").flatMap((line) => {
    const lines: string[] = [];
    let used = 0;
    let at = "";
    for (const character of escapeControl(line.replaceAll("\t", "  "))) {
      const width = columnsOf(character);
      if (used + width > columns && at !== "") {
        lines.push(at);
        [at, used] = ["", 0];
      }
      at += character;
      used += width;
    }
    return [...lines, at];
  });
}
