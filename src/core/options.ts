import { escapeControl, InputError } from "./errors.ts";
import { nearest } from "./nearest.ts";
import { showValue } from "./show-value.ts";

/** The values that an option may have. */
export interface Range {
  /** Ends the sentence "lr must be ...". */
  readonly text: string;
  fits(value: unknown): boolean;
}

/** One range for every option, so that every option is checked. */
export type Ranges<Options> = { readonly [Name in keyof Options]-?: Range };

const range = (text: string, fits: (value: number) => boolean): Range => ({
  text,
  fits: (value) => typeof value === "number" && fits(value),
});

/** NaN and infinities included. */
export const NUMBER = range("a number", () => true);
export const FINITE = range("a finite number", Number.isFinite);
export const POSITIVE = range("above 0", (x) => x > 0);
export const AT_LEAST_0 = range("a finite number of at least 0", (x) => x >= 0 && Number.isFinite(x));
export const ABOVE_0 = range("a finite number above 0", (x) => x > 0 && Number.isFinite(x));
export const FROM_0_TO_1 = range("from 0 to 1", (x) => x >= 0 && x <= 1);
export const BELOW_1 = range("at least 0 and below 1", (x) => x >= 0 && x < 1);
export const COUNT = range("an integer of at least 0", (x) => Number.isSafeInteger(x) && x >= 0);
export const SIZE = range("an integer of at least 1", (x) => Number.isSafeInteger(x) && x >= 1);
/** Integers that a kernel can receive. */
export const INTEGER = range("an integer of 32 bits", (x) => (x | 0) === x);
export const FLAG: Range = { text: "true or false", fits: (value) => typeof value === "boolean" };
export const TEXT: Range = { text: "a text", fits: (value) => typeof value === "string" };
const DRAWS = ["words", "uniform", "normal", "integer", "fork"] as const;
type Draws = Partial<Record<(typeof DRAWS)[number], unknown>>;
/** Checks for methods, not for a class, because a user's cell may import another copy of this package. */
export const GENERATOR: Range = {
  text: "a generator, as new Rng(1)",
  fits: (value) => OBJECT.fits(value) && DRAWS.every((draw) => typeof (value as Draws)[draw] === "function"),
};
export const OBJECT: Range = {
  text: "an object",
  fits: (value) => typeof value === "object" && value !== null,
};
export const FUNCTION: Range = { text: "a function", fits: (value) => typeof value === "function" };
/** Checks the tag, not the class, because tests and pages with frames have typed arrays of several realms. */
export const BYTES: Range = { text: "a Uint8Array", fits: (value) => tagOf(value) === "Uint8Array" };
/** Numbers are read from it; whoever reads them checks the elements. */
export const LIST: Range = {
  text: "an array or a typed array",
  fits: (value) => OBJECT.fits(value) && COUNT.fits((value as ArrayLike<unknown>).length),
};
/** A plain object. In an array, a map or a promise, no option would be found by its name. */
export const OPTIONS: Range = { text: "an object", fits: (value) => tagOf(value) === "Object" };

/** `Object`, `Array`, `Uint8Array`, `Promise`, ...; independent of the realm that made the object. */
function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice("[object ".length, -1);
}

/** A range that accepts `undefined` as well. */
export function optional({ text, fits }: Range): Range {
  return { text, fits: (value) => value === undefined || fits(value) };
}

/** A range of a few words. */
export function oneOf(...words: readonly string[]): Range {
  return {
    text: words
      .map((word) => `"${word}"`)
      .join(", ")
      .replace(/, ([^,]*)$/, " or $1"),
    fits: (value) => words.includes(value as string),
  };
}

/** An array of `count` values, each of which is in the range `each`. */
export function listOf(count: number, each: Range): Range {
  return {
    text: `${count} numbers, each ${each.text}`,
    fits: (value) => Array.isArray(value) && value.length === count && everyElement(value, each),
  };
}

/** A list of any length, each element of which is in the range `each`. */
export function listOfAny(each: Range, text: string): Range {
  return {
    text,
    fits: (value) => LIST.fits(value) && everyElement(value as ArrayLike<unknown>, each),
  };
}

/** Includes the holes of a sparse array, which `Array.prototype.every` skips. */
function everyElement(list: ArrayLike<unknown>, each: Range): boolean {
  for (let at = 0; at < list.length; at++) if (!each.fits(list[at])) return false;
  return true;
}

/** Options that all have values, except those that may be left out. */
export type Settled<Options, LeftOut extends keyof Options> = Required<Omit<Options, LeftOut>> &
  Pick<Options, LeftOut>;

/** The names of all options, for {@link refuseOthers}. */
export type Names<Options> = { readonly [Name in keyof Options]-?: unknown };

/**
 * Refuses a value that is not in a range.
 * @param where the function and its argument, such as `pow: exponent`
 * @throws InputError that says what the value must be and what it is
 */
export function checkValue(where: string, { text, fits }: Range, value: unknown): void {
  if (!fits(value)) throw new InputError(`${where} must be ${text}, got ${showValue(value)}`);
}

/**
 * Refuses options that do not exist.
 * @param where the function that takes the options, such as `adam`
 * @param known an object whose keys are the names of all options
 * @throws InputError if `given` is not an object or has an option that is not in `known`; names the nearest one
 */
export function refuseOthers(where: string, known: object, given: object): void {
  checkValue(`${where}: options`, OPTIONS, given);
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(known, name)) continue;
    const names = Object.keys(known);
    const meant = nearest(name, names);
    throw new InputError(`${where}: unknown option ${escapeControl(name)}`, {
      hint: meant === undefined ? `its options are ${names.join(", ")}` : `did you mean ${meant}?`,
    });
  }
}

/**
 * Checks options and fills in their defaults. An option that is `undefined` gets its default. An option without a
 * default is required, unless its range is optional.
 * @param where the function that takes the options, such as `adam`
 * @throws InputError that names the option, what it must be and what it is; for an unknown option, the nearest one
 */
export function settle<Settings extends object>(
  where: string,
  ranges: NoInfer<Ranges<Settings>>,
  defaults: Partial<Settings>,
  given: Partial<Settings> = {},
): Settings {
  refuseOthers(where, ranges, given);
  const settings = { ...defaults } as Settings;
  for (const [name, value] of Object.entries(given)) {
    if (value !== undefined) Object.assign(settings, { [name]: value });
  }
  for (const name of Object.keys(ranges) as (keyof Settings & string)[]) {
    checkValue(`${where}: ${name}`, ranges[name], settings[name]);
  }
  return settings;
}
