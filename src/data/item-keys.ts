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

/** Numbers that differ in later digits only are the same: files are written with more or fewer of them. */
const DIGITS = 6;

const NUMBERS = listOfAny(NUMBER, "a list of numbers");

/**
 * A key of a list of numbers to six significant digits: its length and two hashes of 32 bits, FNV-1a (Fowler, Noll and Vo
 * 1991) and the same with another prime.
 * @param numbers of a sequence of ids or frames, one after another
 */
export function keyOfNumbers(numbers: ArrayLike<number>): string {
  checkValue("keyOfNumbers: numbers", NUMBERS, numbers);
  let [one, two] = [0x811c9dc5, 0x01000193];
  for (let at = 0; at < numbers.length; at++) {
    const text = String(Number(numbers[at].toPrecision(DIGITS)));
    for (let i = 0; i < text.length; i++) {
      one = Math.imul(one ^ text.charCodeAt(i), 0x01000193);
      two = Math.imul(two ^ text.charCodeAt(i), 0x85ebca6b);
    }
    one = Math.imul(one ^ 0x2c, 0x01000193);
    two = Math.imul(two ^ 0x2c, 0x85ebca6b);
  }
  return `${numbers.length}:${(one >>> 0).toString(16)}${(two >>> 0).toString(16).padStart(8, "0")}`;
}
