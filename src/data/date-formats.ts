import { Rng } from "../core/index.ts";
import { type Ranges, SIZE, settle } from "../core/options.ts";
import { type SentencePairs, sentencePairs } from "./pairs.ts";

export interface DateFormatOptions {
  /** How many pairs, 1 to 100,000. Default 10,000. */
  readonly count?: number;
  /** Chooses the dates and how they are written, an integer. Default 0. */
  readonly seed?: number;
}

const RANGES: Ranges<DateFormatOptions> = {
  count: {
    text: "an integer from 1 to 100000",
    fits: (value) => SIZE.fits(value) && (value as number) <= 100_000,
  },
  seed: { text: "an integer", fits: Number.isSafeInteger },
};

const DAY = 86_400_000;
const FIRST = Date.UTC(1970, 0, 1);
const DAYS = (Date.UTC(2101, 0, 1) - FIRST) / DAY;

const MONTHS = "January February March April May June July August September October November December".split(
  " ",
);
const WEEKDAYS = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(" ");

interface Parts {
  readonly year: number;
  /** From 1. */
  readonly month: number;
  readonly day: number;
  /** From 0, Sunday. */
  readonly weekday: number;
}

const two = (number: number): string => String(number).padStart(2, "0");
const shortMonth = (month: number): string => MONTHS[month - 1].slice(0, 3);

function ordinal(day: number): string {
  if (day >= 11 && day <= 13) return `${day}th`;
  return `${day}${["th", "st", "nd", "rd"][day % 10] ?? "th"}`;
}

/** The month is named, or the year comes first, which is read in one way only: year, month, day. */
const STYLES: readonly ((date: Parts) => string)[] = [
  ({ year, month, day }) => `${day} ${MONTHS[month - 1]} ${year}`,
  ({ year, month, day }) => `${shortMonth(month)} ${day}, ${year}`,
  ({ year, month, day, weekday }) => `${WEEKDAYS[weekday]}, ${day} ${MONTHS[month - 1]} ${year}`,
  ({ year, month, day }) => `${year}/${two(month)}/${two(day)}`,
  ({ year, month, day }) => `${two(day)}-${shortMonth(month)}-${year}`,
  ({ year, month, day }) => `${MONTHS[month - 1]} ${ordinal(day)} ${year}`,
];

/**
 * Dates from 1970 to 2100 in six styles, and the same dates as ISO 8601 writes them:
 *
 *     7 March 1998, Mar 7, 1998, Saturday, 7 March 1998, 1998/03/07, 07-Mar-1998, March 7th 1998     1998-03-07
 *
 * In none of them a day could be taken for a month. No pair occurs twice; a date may occur in several styles, and is the
 * group of its pairs, so that a split has all styles of a date on one side.
 */
export function dateFormatPairs(options: DateFormatOptions = {}): SentencePairs {
  const { count, seed } = settle("dateFormatPairs", RANGES, { count: 10_000, seed: 0 }, options);
  const rng = new Rng(seed);
  const taken = new Set<number>();
  const [sources, targets]: [string[], string[]] = [[], []];
  while (sources.length < count) {
    const [date, style] = [rng.integer(DAYS), rng.integer(STYLES.length)];
    const key = date * STYLES.length + style;
    if (taken.has(key)) continue;
    taken.add(key);
    const at = new Date(FIRST + date * DAY);
    sources.push(
      STYLES[style]({
        year: at.getUTCFullYear(),
        month: at.getUTCMonth() + 1,
        day: at.getUTCDate(),
        weekday: at.getUTCDay(),
      }),
    );
    targets.push(at.toISOString().slice(0, 10));
  }
  return sentencePairs(sources, targets, { groups: targets });
}
