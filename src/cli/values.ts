/** Strict parsers of option values. They check only the syntax; the task's schema checks the ranges. */
import { InputError } from "../core/errors.ts";
import { nearest } from "../core/nearest.ts";

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const NOT_FINITE = /^([+-]?)(nan|inf|infinity)$/i;

/** Decimal numbers; also nan and inf, which the range check then refuses by name. */
export function numberOf(flag: string): (text: string) => number {
  return (text) => {
    const value = text.trim();
    if (DECIMAL.test(value)) return Number(value);
    const [, sign, name] = NOT_FINITE.exec(value) ?? [];
    if (name === undefined) throw new InputError(`${flag} must be a number, got '${text}'`);
    if (name.toLowerCase() === "nan") return Number.NaN;
    return sign === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  };
}

export function choiceOf<Name extends string>(flag: string, names: readonly Name[]): (text: string) => Name {
  return (text) => {
    const found = names.find((name) => name === text);
    if (found !== undefined) return found;
    const meant = nearest(text, names);
    const expected = names.length === 1 ? names[0] : `one of ${names.join(", ")}`;
    throw new InputError(`${flag} must be ${expected}, got '${text}'`, {
      hint: meant === undefined ? undefined : `did you mean ${meant}?`,
    });
  };
}

/** The name of a file or folder. */
export function pathOf(flag: string, what: "file" | "folder" = "folder"): (text: string) => string {
  return (text) => {
    if (text === "") throw new InputError(`${flag} must name a ${what}, got nothing`);
    return text;
  };
}
