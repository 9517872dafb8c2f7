import { InputError, Rng } from "../core/index.ts";
import { type Range, type Ranges, SIZE, settle } from "../core/options.ts";
import type { LabelledText } from "./labelled-lines.ts";

export interface RunningSumOptions {
  /** Digits are 0 to `digits` - 1; 2 to 10. Default 2: bits. */
  readonly digits?: number;
  /** The label is the sum modulo this number, 2 to 10. Default 2: parity. */
  readonly modulus?: number;
  /** How many lines, an integer of at least 1. */
  readonly count: number;
  /** Digits of the shortest line, an integer of at least 1. Default 1. */
  readonly shortest?: number;
  /** Digits of the longest line, at most 100,000. Default 20. */
  readonly longest?: number;
  /** Chooses the digits, an integer. Default 0. */
  readonly seed?: number;
}

const FEW: Range = {
  text: "an integer from 2 to 10",
  fits: (value) => SIZE.fits(value) && (value as number) >= 2 && (value as number) <= 10,
};
const LENGTH: Range = {
  text: "an integer from 1 to 100000",
  fits: (value) => SIZE.fits(value) && (value as number) <= 100_000,
};

const RANGES: Ranges<RunningSumOptions> = {
  digits: FEW,
  modulus: FEW,
  count: SIZE,
  shortest: LENGTH,
  longest: LENGTH,
  seed: { text: "an integer", fits: Number.isSafeInteger },
};

const DEFAULTS = { digits: 2, modulus: 2, shortest: 1, longest: 20, seed: 0 };

/** Names of the two labels of parity. */
const PARITY = ["even", "odd"];

/** The most digits of all lines together: their text takes 128 MiB. */
const MOST_DIGITS = 2 ** 27;

/**
 * Lines of random digits, each with its sum modulo a number as its label: "0110" is even. Whoever misses one digit of a
 * line can only guess, and who reads from left to right needs no more memory than the sum so far.
 *
 * All labels are equally frequent (as far as `count` can be divided by the modulus), at each length the lines of a label
 * are equally likely, and lengths are uniform. A short line may occur more than once, as there are few of them.
 * @throws InputError for an option out of range, or labels that no digits add up to
 */
export function runningSums(options: RunningSumOptions): LabelledText[] {
  const { digits, modulus, count, shortest, longest, seed } = settle<Required<RunningSumOptions>>(
    "runningSums",
    RANGES,
    DEFAULTS,
    options,
  );
  if (longest < shortest) {
    throw new InputError(`runningSums: longest must be at least shortest, ${shortest}, got ${longest}`);
  }
  if (count * longest > MOST_DIGITS) {
    throw new InputError(
      `runningSums: count x longest must be at most ${MOST_DIGITS}, got ${count} x ${longest}`,
    );
  }
  if (shortest * (digits - 1) < modulus - 1) {
    throw new InputError(
      `runningSums: ${shortest} digits below ${digits} have no sums up to ${modulus - 1}`,
      { hint: "let lines be longer, or give more digits than the modulus" },
    );
  }
  const rng = new Rng(seed);
  return Array.from({ length: count }, (_, index) => {
    const length = shortest + rng.integer(longest - shortest + 1);
    const wanted = index % modulus;
    return { text: digitsOf({ rng, length, digits, modulus, wanted }), label: nameOf(wanted, modulus) };
  });
}

const nameOf = (remainder: number, modulus: number): string =>
  modulus === 2 ? PARITY[remainder] : String(remainder);

interface Wanted {
  readonly rng: Rng;
  readonly length: number;
  readonly digits: number;
  readonly modulus: number;
  /** The sum modulo `modulus`. */
  readonly wanted: number;
}

/** Drawn again until the sum is right, so that all lines of a label are equally likely. */
function digitsOf({ rng, length, digits, modulus, wanted }: Wanted): string {
  for (;;) {
    let text = "";
    let sum = 0;
    for (let at = 0; at < length; at++) {
      const digit = rng.integer(digits);
      sum += digit;
      text += digit;
    }
    if (sum % modulus === wanted) return text;
  }
}
