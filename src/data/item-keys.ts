/** Keys by which items are the same, so that copies in two parts of the data are found. */
import { checkValue, listOfAny, NUMBER, TEXT } from "../core/options.ts";

/**
 * A text without what often differs between copies of one text: forms of Unicode, upper case, white space and punctuation.
 * A text of nothing else is its own key.
 */
export function keyOfText(text: string): string {
  checkValue("keyOfText: text", TEXT, text);
  const plain = text
    .normalize("NFKC")
    .toLowerCase()
    .replaceAll(/[\s\p{P}]+/gu, " ")
    .trim();
  return plain === "" ? text.trim() : plain;
}

/** Two hashes of 32 bits of a text: FNV-1a (Fowler, Noll and Vo 1991) and the same with another prime. */
export class TextHash {
  private one = 0x811c9dc5;
  private two = 0x01000193;

  add(text: string): void {
    for (let at = 0; at < text.length; at++) {
      this.one = Math.imul(this.one ^ text.charCodeAt(at), 0x01000193);
      this.two = Math.imul(this.two ^ text.charCodeAt(at), 0x85ebca6b);
    }
  }

  /** Both, each in [0, 2^32). */
  get values(): readonly [number, number] {
    return [this.one >>> 0, this.two >>> 0];
  }
}

/** Numbers that differ in later digits only are the same: files are written with more or fewer of them. */
const DIGITS = 6;

const NUMBERS = listOfAny(NUMBER, "a list of numbers");

/**
 * A key of a list of numbers to six significant digits: its length and both hashes.
 * @param numbers of a sequence of ids or frames, one after another
 */
export function keyOfNumbers(numbers: ArrayLike<number>): string {
  checkValue("keyOfNumbers: numbers", NUMBERS, numbers);
  const hash = new TextHash();
  for (let at = 0; at < numbers.length; at++) {
    hash.add(`${Number(numbers[at].toPrecision(DIGITS))},`);
  }
  const [one, two] = hash.values;
  return `${numbers.length}:${one.toString(16)}${two.toString(16).padStart(8, "0")}`;
}
