/** Pairs without data: dates and reversals. */
import { describe, expect, test } from "vitest";
import { dateFormatPairs, reversalPairs, splitPairs } from "../../src/data/index.ts";

const MONTHS = "january february march april may june july august september october november december".split(
  " ",
);
const WEEKDAYS = "sunday monday tuesday wednesday thursday friday saturday".split(" ");

/** The ISO form of a day that is in the calendar. */
function isoOf(year: number, month: number, day: number): string | undefined {
  const date = new Date(Date.UTC(year, month - 1, day));
  const isThere = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return isThere ? date.toISOString().slice(0, 10) : undefined;
}

/**
 * All dates that a text may mean to somebody: a month is known by its name, a year by its four digits; numbers alone may
 * be day-month-year, month-day-year and year-month-day. (Nobody writes year-day-month.)
 */
function readings(text: string): string[] {
  const words = text.toLowerCase().match(/[a-z]{3,}/g) ?? [];
  const monthOf = (word: string) => MONTHS.findIndex((name) => name === word || name.slice(0, 3) === word);
  const month = words.map(monthOf).find((at) => at >= 0);
  const numbers = (text.match(/\d+/g) ?? []).map((digits) => ({
    value: Number(digits),
    isYear: digits.length === 4,
  }));
  const found: (string | undefined)[] = [];
  if (month !== undefined) {
    const years = numbers.filter(({ isYear }) => isYear);
    const days = numbers.filter(({ isYear }) => !isYear);
    expect([years.length, days.length]).toEqual([1, 1]);
    found.push(isoOf(years[0].value, month + 1, days[0].value));
  } else {
    const [a, b, c] = numbers;
    if (c.isYear) found.push(isoOf(c.value, b.value, a.value), isoOf(c.value, a.value, b.value));
    if (a.isYear) found.push(isoOf(a.value, b.value, c.value));
  }
  return [...new Set(found.filter((date) => date !== undefined))];
}

describe("dateFormatPairs", () => {
  const pairs = dateFormatPairs({ count: 30_000, seed: 5 });

  test("the rules of the reader find two dates in a text that is ambiguous", () => {
    expect(readings("03/07/1998")).toEqual(["1998-07-03", "1998-03-07"]);
    expect(readings("13/07/1998")).toEqual(["1998-07-13"]);
    expect(readings("31 February 1998")).toEqual([]);
  });

  test("every text means exactly one date, the target, with its weekday", () => {
    for (const [at, text] of pairs.sources.entries()) {
      expect(readings(text)).toEqual([pairs.targets[at]]);
      const weekday = WEEKDAYS.find((name) => text.toLowerCase().startsWith(name));
      if (weekday !== undefined) expect(WEEKDAYS[new Date(pairs.targets[at]).getUTCDay()]).toBe(weekday);
    }
  });

  test("there are six styles, about equally often, and dates from 1970 to 2100", () => {
    const styles = new Map<string, number>();
    for (const text of pairs.sources) {
      const style = text
        .replaceAll(/\d+/g, "0")
        .replaceAll(/[A-Z][a-z]+/g, (word) => (word.length > 3 ? "Name" : "Nam"));
      const known = style
        .replace("0st", "0th")
        .replace("0nd", "0th")
        .replace("0rd", "0th")
        .replaceAll("Name", "Nam");
      styles.set(known, (styles.get(known) ?? 0) + 1);
    }
    expect(new Set(styles.keys())).toEqual(
      new Set(["0 Nam 0", "Nam 0, 0", "Nam, 0 Nam 0", "0/0/0", "0-Nam-0", "Nam 0th 0"]),
    );
    for (const count of styles.values()) expect(Math.abs(count - 5000)).toBeLessThan(300);
    const years = new Set(pairs.targets.map((date) => Number(date.slice(0, 4))));
    expect([Math.min(...years), Math.max(...years), years.size]).toEqual([1970, 2100, 131]);
    expect(pairs.sources).toEqual(
      expect.arrayContaining([expect.stringMatching(/^[A-Z][a-z]+ 11th \d{4}$/)]),
    );
    expect(new Set(pairs.sources).size).toBe(30_000);
  });

  test("a split has no date on both sides, in whatever style", () => {
    const { train, validation } = splitPairs(pairs, 0.1);
    expect(validation.length).toBeGreaterThan(2900);
    const dates = new Set(Array.from(train, (at) => pairs.targets[at]));
    expect(dates.size).toBeLessThan(train.length);
    expect(Array.from(validation, (at) => pairs.targets[at]).filter((date) => dates.has(date))).toEqual([]);
  });

  test("the same seed gives the same pairs", () => {
    expect(dateFormatPairs({ count: 100 })).toEqual(dateFormatPairs({ count: 100, seed: 0 }));
    expect(dateFormatPairs({ count: 100, seed: 1 }).fingerprint).not.toBe(
      dateFormatPairs({ count: 100 }).fingerprint,
    );
    expect(dateFormatPairs({ count: 100_000 }).sources.length).toBe(100_000);
    expect(() => dateFormatPairs({ count: 100_001 })).toThrow("count must be an integer from 1 to 100000");
  });
});

describe("reversalPairs", () => {
  test("have letters of all lengths, and their reversal", () => {
    const { sources, targets } = reversalPairs({ count: 2000, shortest: 10, longest: 20 });
    for (const [at, text] of sources.entries()) {
      expect(text).toMatch(/^[a-z]{10,20}$/);
      expect(targets[at]).toBe(text.split("").reverse().join(""));
    }
    expect(new Set(sources.map(({ length }) => length)).size).toBe(11);
    expect(new Set(sources).size).toBe(2000);
    expect(reversalPairs({ count: 10, shortest: 40, longest: 40 }).sources[0]).toHaveLength(40);
  });

  test("refuse more texts than there are, and lengths that are none", () => {
    expect(reversalPairs({ count: 26, shortest: 1, longest: 1 }).sources.toSorted().join("")).toMatch(
      /^abc.*xyz$/,
    );
    expect(() => reversalPairs({ count: 27, shortest: 1, longest: 1 })).toThrow(
      "there are no 27 different texts",
    );
    expect(() => reversalPairs({ shortest: 5, longest: 4 })).toThrow(
      "longest must be at least shortest, 5, got 4",
    );
  });
});
