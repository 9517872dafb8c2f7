import { InputError } from "./errors.ts";

/** The values that an option may have. */
export interface Range {
  /** Ends the sentence "lr must be ...". */
  readonly text: string;
  fits(value: unknown): boolean;
}

/** One range for every option, so that none goes unchecked. */
export type Ranges<Options> = { readonly [Name in keyof Options]-?: Range };

const range = (text: string, fits: (value: number) => boolean): Range => ({
  text,
  fits: (value) => typeof value === "number" && fits(value),
});

export const FINITE = range("a finite number", Number.isFinite);
export const AT_LEAST_0 = range("a finite number of at least 0", (x) => x >= 0 && Number.isFinite(x));
export const ABOVE_0 = range("a finite number above 0", (x) => x > 0 && Number.isFinite(x));
export const FROM_0_TO_1 = range("from 0 to 1", (x) => x >= 0 && x <= 1);
export const BELOW_1 = range("at least 0 and below 1", (x) => x >= 0 && x < 1);
export const COUNT = range("an integer of at least 0", (x) => Number.isSafeInteger(x) && x >= 0);
export const SIZE = range("an integer of at least 1", (x) => Number.isSafeInteger(x) && x >= 1);
export const FLAG: Range = { text: "true or false", fits: (value) => typeof value === "boolean" };

/** One of a few words. */
export function oneOf(...words: readonly string[]): Range {
  return {
    text: words.map((word) => `"${word}"`).join(" or "),
    fits: (value) => words.includes(value as string),
  };
}

/** A list of `count` values, each of which fits. */
export function listOf(count: number, each: Range): Range {
  return {
    text: `${count} numbers, each ${each.text}`,
    fits: (value) => Array.isArray(value) && value.length === count && value.every(each.fits),
  };
}

/**
 * Options over their defaults; `undefined` counts as not given.
 * @throws InputError naming the option, what it must be and what it was; or the options there are, for another name
 */
export function settle<Settings extends object>(
  where: string,
  ranges: Ranges<Settings>,
  defaults: Settings,
  given: Partial<Settings>,
): Settings {
  const settings = { ...defaults };
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(ranges, name)) {
      throw new InputError(`${where}: unknown option ${name}`, {
        hint: `its options are ${Object.keys(ranges).join(", ")}`,
      });
    }
    if (value !== undefined) Object.assign(settings, { [name]: value });
  }
  for (const name of Object.keys(ranges) as (keyof Settings & string)[]) {
    const value: unknown = settings[name];
    if (ranges[name].fits(value)) continue;
    throw new InputError(`${where}: ${name} must be ${ranges[name].text}, got ${show(value)}`);
  }
  return settings;
}

function show(value: unknown): string {
  return Array.isArray(value) ? `[${value.join(", ")}]` : String(value);
}
