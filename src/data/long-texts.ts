/** Texts that are longer than what a model was trained on. */
import { checkValue, type Range, SIZE, TEXT } from "../core/options.ts";
import { PAIR_TOKENS, type PairTokens } from "./pair-tokens.ts";

/** A character may be a space and four bytes. */
const LEAST = 8;

const MAX_LENGTH: Range = {
  text: `an integer of at least ${LEAST}`,
  fits: (value) => SIZE.fits(value) && (value as number) >= LEAST,
};

/** Where a text is cut, the best place first: after the end of a sentence, after another sign, between words. */
const CUTS = [/[.!?…。！？]["'’”»)\]]*$/u, /[,;:–—)\]]["'’”»]*$/u, /$/u] as const;

/**
 * A text in pieces that a model can read one by one: each has at most `maxLength` symbols. Pieces end after a sentence
 * where there is one in the second half of what fits, else after a comma or such a sign there, else between two words; a
 * word that does not fit is cut between characters. A text that fits is one piece, and white space is none.
 * @param tokens of the side that is read
 * @param maxLength symbols of a piece, at least 8
 */
export function splitLongText(text: string, tokens: PairTokens, maxLength: number): string[] {
  checkValue("splitLongText: text", TEXT, text);
  checkValue("splitLongText: tokens", PAIR_TOKENS, tokens);
  checkValue("splitLongText: maxLength", MAX_LENGTH, maxLength);
  const sizeOf = (part: string): number => tokens.encode(part).length;
  const words = text.split(/\s+/u).filter((word) => word !== "");
  if (words.length === 0) return [];
  if (sizeOf(text) <= maxLength) return [text];
  const sizes = words.map(sizeOf);
  const space = tokens.kind === "char" ? 1 : 0;
  const pieces: string[] = [];
  for (let from = 0; from < words.length; ) {
    let [end, used] = [from, -space];
    while (end < words.length && used + space + sizes[end] <= maxLength) used += space + sizes[end++];
    if (end === from) {
      for (const part of partsOf(words[from++], maxLength, sizeOf)) pieces.push(part);
      continue;
    }
    if (end < words.length) end = bestCut(words, from, end);
    pieces.push(words.slice(from, end).join(" "));
    from = end;
  }
  return pieces;
}

/** The last place in the second half of the words `from`..`end` that is of the best kind. */
function bestCut(words: readonly string[], from: number, end: number): number {
  for (const cut of CUTS) {
    for (let at = end; at > from + (end - from) / 2; at--) if (cut.test(words[at - 1])) return at;
  }
  return end;
}

/** A word that is too long, in parts of at most `maxLength` characters. */
function* partsOf(word: string, maxLength: number, sizeOf: (part: string) => number): Generator<string> {
  const characters = Array.from(word);
  for (let from = 0; from < characters.length; ) {
    let count = Math.min(maxLength, characters.length - from);
    const part = () => characters.slice(from, from + count).join("");
    while (count > 1 && sizeOf(part()) > maxLength) count = Math.ceil(count / 2);
    yield part();
    from += count;
  }
}
