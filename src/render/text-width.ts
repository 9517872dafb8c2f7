/** Measures, cuts and wraps texts by the columns that they take on a terminal. */
import stringWidth from "string-width";
import wrapAnsi from "wrap-ansi";

/**
 * The number of columns that a text takes on a terminal. East Asian letters and emoji, including joined emoji and flags,
 * take two; combining marks and colours take none.
 */
export function widthOf(text: string): number {
  return stringWidth(text);
}

/**
 * Cuts one line to so many columns. Colours that would continue after the cut are ended.
 * @param mark the end of a text that was cut
 */
export function fitTo(text: string, columns: number, mark = "…"): string {
  if (widthOf(text) <= columns) return text;
  const free = columns - widthOf(mark);
  if (free < 0) return "";
  const start = free === 0 ? "" : breakAnywhere(text, free)[0];
  // A character of two columns does not fit in one.
  return widthOf(start) <= free ? `${start}${mark}` : mark;
}

/** Breaks a text into lines of at most so many columns, between any two characters. All spaces stay. */
export function breakAnywhere(text: string, columns: number): string[] {
  return wrapAnsi(text, columns, { hard: true, wordWrap: false, trim: false }).split("\n");
}

/**
 * Breaks a text into lines of at most so many columns, between words, with one space between two words. A longer word
 * is not broken.
 */
export function wrapWords(text: string, columns: number): string[] {
  const words = text.trim().replace(/\s+/g, " ");
  return words === "" ? [] : wrapAnsi(words, columns).split("\n");
}

/** The grapheme clusters of a text: a letter with its accents, a joined emoji, a flag. */
export function* charactersOf(text: string): Generator<string> {
  for (const { segment } of segmenter.segment(text)) yield segment;
}

const segmenter = new Intl.Segmenter();
