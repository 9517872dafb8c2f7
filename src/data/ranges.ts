import { InputError } from "../core/index.ts";
import {
  COUNT,
  checkValue,
  FLAG,
  LIST,
  type Names,
  optional,
  type Range,
  refuseOthers,
  TEXT,
} from "../core/options.ts";
import { showValue } from "../core/show-value.ts";
import type { CharacterIds } from "./id-store.ts";
import type { EncodeOptions } from "./tokenizer.ts";

/** Ids 0..65534 fit in 16 bits, which leaves one value for "none" in tables. */
export const MAX_VOCABULARY = 65_535;

const ID_ARRAYS = ["Uint8Array", "Uint16Array", "Int32Array", "Uint32Array"];

/** The ids of a text. Checks the tag, not the class, since pages with frames have more than one Uint8Array. */
export const IDS: Range = {
  text: "a Uint8Array or a Uint16Array of ids",
  fits: (value) => ID_ARRAYS.includes(Object.prototype.toString.call(value).slice("[object ".length, -1)),
};

const tagged = (name: string): Range => ({
  text: `${/^[AEIOU]/.test(name) ? "an" : "a"} ${name}`,
  fits: (value) => Object.prototype.toString.call(value) === `[object ${name}]`,
});

/** By their tag, as {@link IDS}. */
export const INTS = tagged("Int32Array");
export const FLOATS = tagged("Float32Array");

/** What a `for` loop can go over; a text is none here, since its characters are no items. */
export const ITERABLE: Range = {
  text: "an array or another iterable",
  fits: (value) =>
    typeof value === "object" &&
    value !== null &&
    typeof (value as Partial<Iterable<unknown>>)[Symbol.iterator] === "function",
};

/** @throws InputError for what are no ids, and naming the first that is not below `size` */
export function checkIdsBelow(where: string, ids: CharacterIds, size: number): void {
  checkValue(where, IDS, ids);
  for (let at = 0; at < ids.length; at++) {
    if (ids[at] < size && ids[at] >= 0) continue;
    throw new InputError(`${where} must be in [0, ${size}), got ${ids[at]} at position ${at}`);
  }
}

/** Checks for methods, not for a class: Node's createHash is a hasher too. */
export const HASHER: Range = {
  text: "a hasher, with update and digest",
  fits: (value) => {
    const { update, digest } = (typeof value === "object" && value !== null ? value : {}) as Record<
      string,
      unknown
    >;
    return typeof update === "function" && typeof digest === "function";
  },
};

/** Checks for members, not for a class: users may write tokenizers. */
export const TOKENIZER: Range = {
  text: "a tokenizer, with size, encode and decode",
  fits: (value) => {
    const { size, encode, decode } = (typeof value === "object" && value !== null ? value : {}) as Record<
      string,
      unknown
    >;
    return typeof size === "number" && typeof encode === "function" && typeof decode === "function";
  },
};

/**
 * Checks the text from which the vocabulary of a tokenizer is learned, and its size.
 * @param least the number of symbols that the vocabulary has without any text
 * @throws InputError
 */
export function checkTraining(where: string, pieces: unknown, size: number, least: number): void {
  const isIterable = (value: unknown) =>
    typeof value === "object" &&
    value !== null &&
    typeof (value as Partial<Iterable<unknown>>)[Symbol.iterator] === "function";
  checkValue(`${where}: pieces`, { text: "an array or another iterable of texts", fits: isIterable }, pieces);
  const sizes: Range = {
    text: `an integer from ${least} to ${MAX_VOCABULARY}`,
    fits: (value) => COUNT.fits(value) && (value as number) >= least && (value as number) <= MAX_VOCABULARY,
  };
  checkValue(`${where}: size`, sizes, size);
}

const ENCODE: Names<EncodeOptions> = { skipUnknown: 0 };

/** @throws InputError for an option of `encode` that is unknown or of the wrong kind */
export function checkEncodeOptions(where: string, options: EncodeOptions): void {
  refuseOthers(where, ENCODE, options);
  checkValue(`${where}: skipUnknown`, optional(FLAG), options.skipUnknown);
}

/** @throws InputError unless the piece of a text is a string */
export function checkPiece(where: string, text: unknown): void {
  checkValue(`${where}: each piece`, TEXT, text);
}

/** A vocabulary of characters that decodes ids. */
export const DECODER: Range = {
  text: "a Vocabulary",
  fits: (value) => TOKENIZER.fits(value) && (value as { kind?: unknown }).kind === "char",
};

/** Checks a symbol of a tokenizer. @throws InputError */
export function checkSymbol(id: number, size: number, position?: number): void {
  if (typeof id === "number" && id >= 0 && id < size && Number.isInteger(id)) return;
  const at = position === undefined ? "" : ` at position ${position}`;
  throw new InputError(`decode: id ${showValue(id)}${at} is not in 0..${size - 1}`);
}

/** @throws InputError if `ids` is not a list or one of its elements is not a symbol; names the first */
export function checkSymbols(ids: ArrayLike<number>, size: number): void {
  checkValue("decode: ids", LIST, ids);
  for (let at = 0; at < ids.length; at++) checkSymbol(ids[at], size, at);
}
