/** How many columns of a terminal a text takes, and texts cut and broken by that. */
import stringWidth from "string-width";
import wrapAnsi from "wrap-ansi";

/**
 * Columns that a text takes on a terminal. East Asian letters and emoji take two, joined emoji and flags too, and
 * combining marks and colours none.
 */
export function widthOf(text: string): number {
  return stringWidth(text);
}

/**
 * The start of one line that fits into so many columns. Colours that the cut leaves open are closed.
 * @param mark what stands at the end of a text that was cut
 */
export function fitTo(text: string, columns: number, mark = "…"): string {
  if (widthOf(text) <= columns) return text;
  const free = columns - widthOf(mark);
  if (free < 0) return "";
  const start = free === 0 ? "" : breakAnywhere(text, free)[0];
  // A character of two columns has no place in one.
  return widthOf(start) <= free ? `${start}${mark}` : mark;
}

/** A text in lines of at most so many columns, broken between any two characters; all of its spaces stay. */
export function breakAnywhere(text: string, columns: number): string[] {
  return wrapAnsi(text, columns, { hard: true, wordWrap: false, trim: false }).split("\n");
}

/**
 * A text in lines of at most so many columns, broken between words, which one space separates. A word that is longer
 * has a line of its own.
 */
export function wrapWords(text: string, columns: number): string[] {
  const words = text.trim().replace(/\s+/g, " ");
  return words === "" ? [] : wrapAnsi(words, columns).split("\n");
}

/** The characters of a text as a reader counts them: a letter with its accents, a joined emoji, a flag. */
export function* charactersOf(text: string): Generator<string> {
  for (const { segment } of segmenter.segment(text)) yield segment;
}

const segmenter = new Intl.Segmenter();
