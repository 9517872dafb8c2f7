/** Series from tables: calendars, gaps, columns, and what is refused by its line. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { UnrolledError } from "../../src/core/errors.ts";
import { formatStep, parseTime } from "../../src/data/calendar.ts";
import { findSeason, usualSeasons } from "../../src/data/season.ts";
import {
  type ColumnChoice,
  findColumns,
  type Gaps,
  readSeries,
  type SeriesSet,
} from "../../src/data/series.ts";
import { parseTable } from "../../src/io/table.ts";

const tableOf = (text: string, name = "sales.csv") => parseTable(new TextEncoder().encode(text), { name });

function read(text: string, choice: ColumnChoice = {}, gaps: Gaps = "interpolate"): SeriesSet {
  const table = tableOf(text);
  return readSeries([table], findColumns(table, choice), gaps);
}

const csv = (times: readonly string[]) =>
  `date,y\n${times.map((time, at) => `${time},${at + 1}`).join("\n")}\n`;

describe("times", () => {
  test.each([
    ["months", ["2020-11", "2020-12", "2021-01"], ["2021-02", "2021-03"]],
    ["every third month", ["2020-10-01", "2021-01-01", "2021-04-01"], ["2021-07-01", "2021-10-01"]],
    ["ends of months", ["2023-12-31", "2024-01-31", "2024-02-29"], ["2024-03-31", "2024-04-30"]],
    ["quarters", ["2020-Q3", "2020-Q4", "2021-Q1"], ["2021-Q2", "2021-Q3"]],
    ["days over a leap day", ["2024-02-27", "2024-02-28"], ["2024-02-29", "2024-03-01"]],
    ["weeks", ["2024-01-01", "2024-01-08", "2024-01-15"], ["2024-01-22", "2024-01-29"]],
    ["hours", ["2024-01-01 22:00", "2024-01-01T23:00"], ["2024-01-02 00:00", "2024-01-02 01:00"]],
    [
      "seconds",
      ["2024-01-01 22:00:00", "2024-01-01 22:00:05"],
      ["2024-01-01 22:00:10", "2024-01-01 22:00:15"],
    ],
    ["years", ["1999", "2000", "2001"], ["2002", "2003"]],
    ["steps of a tenth", ["0", "0.1", "0.2", "0.3"], ["0.4", "0.5"]],
  ])("go on as %s", (_, times, next) => {
    const { calendar, series, missing } = read(csv(times));
    expect(series[0].length).toBe(times.length);
    expect(missing.steps).toBe(0);
    expect(next.map((__, at) => formatStep(calendar, series[0].start + times.length + at))).toEqual(next);
  });

  test("are refused where there is no such day, month, hour or quarter", () => {
    for (const text of ["2023-02-29", "2023-13", "2023-00-10", "2023-01-01 24:00", "2023-Q5", "", "soon"]) {
      expect(parseTime(text), text).toBeUndefined();
    }
  });

  test("may be left out: steps are rows then", () => {
    const { calendar, series } = read("y\n3\n4\n", {});
    expect([...series[0].values]).toEqual([3, 4]);
    expect(formatStep(calendar, 2)).toBe("3");
  });
});

describe("columns", () => {
  const table = tableOf("when,shop,sales,price,holiday\n2024-01-01,a,3,1.5,0\n");

  test("are found: the time by what it holds, the target as the one that is left", () => {
    expect(findColumns(table, { series: "shop", exogenous: ["price"], ahead: ["holiday"] })).toEqual({
      targets: ["sales"],
      exogenous: ["price"],
      ahead: ["holiday"],
      time: "when",
      series: "shop",
    });
  });

  test.each([
    [{}, "there are several columns: 'when', 'shop', 'sales', 'price', 'holiday'"],
    [{ targets: ["profit"] }, "there is no column 'profit'"],
    [{ targets: ["sales"], exogenous: ["sales"] }, "the column 'sales' is named for two things"],
    [{ targets: ["sales"], time: "date" }, "there is no column 'date'"],
  ])("that are not clear are refused: %j", (choice, message) => {
    expect(() => findColumns(table, choice)).toThrow(message);
  });
});

describe("gaps", () => {
  const gappy = "date,y,x\n2024-01-01,1,5\n2024-01-02,,5\n2024-01-05,4,\n2024-01-06,5,8\n";

  test("are filled with straight lines and counted, and what was filled in is known", () => {
    const { series, missing } = read(gappy, { targets: ["y"], exogenous: ["x"] });
    expect(missing).toEqual({ steps: 2, cells: 2 });
    const [{ values, known }] = series;
    expect([...values].filter((_, at) => at % 2 === 0)).toEqual([1, 1.75, 2.5, 3.25, 4, 5]);
    expect([...values].filter((_, at) => at % 2 === 1)).toEqual(
      // Of the last column the second step was read, so that the line begins there.
      [5, 5, 5.75, 6.5, 7.25, 8],
    );
    expect([...known].filter((_, at) => at % 2 === 0)).toEqual([1, 0, 0, 0, 1, 1]);
  });

  test("are refused on request, with the line", () => {
    expect(() => read(gappy, { targets: ["y"], exogenous: ["x"] }, "refuse")).toThrow(
      "sales.csv:3: a cell is empty",
    );
    const steps = "date,y\n2024-01-01,1\n2024-01-04,2\n";
    expect(() => read(`${steps}2024-01-05,3\n`, {}, "refuse")).toThrow(
      "sales.csv:3: 2 steps before '2024-01-04'",
    );
  });

  test("are passed over on request: each row is a step", () => {
    const wild = csv(["2024-01-01 00:00:00", "2024-01-01 00:00:01", "2025-01-01 00:00:00"]);
    expect(read(wild, {}, "skip").series[0].length).toBe(3);
    const { series, missing } = read("date,y\n2024-01-01,1\n2024-01-02,2\n2024-03-07,3\n", {}, "skip");
    expect([...series[0].values]).toEqual([1, 2, 3]);
    expect(missing.steps).toBe(0);
  });

  test("rows after the last target hold what is known ahead", () => {
    const text = "date,y,holiday\n2024-01-01,1,0\n2024-01-02,2,1\n2024-01-03,,1\n2024-01-04,,0\n";
    const [{ length, values }] = read(text, { targets: ["y"], ahead: ["holiday"] }).series;
    expect(length).toBe(2);
    expect([...values]).toEqual([1, 0, 2, 1, Number.NaN, 1, Number.NaN, 0]);
  });
});

describe("is refused with its line:", () => {
  test.each([
    [
      "dates out of order",
      "date,y\n2024-01-02,1\n2024-01-01,2\n",
      "sales.csv:3: the time '2024-01-01' is before the one above it",
    ],
    [
      "a date twice",
      "date,y\n2024-01-01,1\n2024-01-01,2\n",
      "sales.csv:3: the time '2024-01-01' stands there twice",
    ],
    [
      "a day that does not exist",
      "date,y\n2024-02-28,1\n2023-02-29,2\n",
      "sales.csv:3: '2023-02-29' is not a time as '2024-02-28'",
    ],
    [
      "a date of another kind",
      "date,y\n2024-01,1\n2024-02-01,2\n",
      "sales.csv:3: '2024-02-01' is not a time as '2024-01'",
    ],
    [
      "text in the numbers",
      "date,y\n2024-01-01,1\n2024-01-02,many\n",
      "sales.csv:3, column 'y': 'many' is no finite number",
    ],
    ["NaN", "date,y\n2024-01-01,1\n2024-01-02,NaN\n", "sales.csv:3, column 'y': 'NaN' is no finite number"],
    [
      "a number that has no square",
      "date,y\n2024-01-01,1\n2024-01-02,1e200\n",
      "sales.csv:3, column 'y': the number is too large",
    ],
    ["an extra cell", "date,y\n2024-01-01,1\n2024-01-02,2,3\n", "sales.csv:3: too many cells: 3"],
    ["a missing cell", "date,y\n2024-01-01,1\n2024-01-02\n", "sales.csv:3: too few cells: 1"],
  ])("%s", (_, text, message) => {
    expect(() => read(text)).toThrow(message);
  });

  test("a series without a number, and times without a step", () => {
    expect(() => read("date,y\n2024-01-01,\n2024-01-02,\n")).toThrow("has no row with all its numbers");
    const wild = csv(["2024-01-01 00:00:00", "2024-01-01 00:00:01", "2025-01-01 00:00:00"]);
    expect(() => read(wild)).toThrow("too irregular");
    const table = tableOf("time,y\n0,1\n1e9,2\n");
    const fine = { form: "number", step: 1e-6, origin: 0, day: 1 } as const;
    expect(() => readSeries([table], findColumns(table, {}), "interpolate", fine)).toThrow("too irregular");
  });

  test("several series tell their dates apart", () => {
    const text = "date,shop,y\n2024-01-01,a,1\n2024-01-02,a,2\n2024-01-01,b,3\n2024-01-02,b,4\n";
    expect(() => read(text, { targets: ["y"] })).toThrow("sales.csv:4: the time '2024-01-01' is before");
    const { series } = read(text, { series: "shop" });
    expect(series.map(({ name, values }) => [name, ...values])).toEqual([
      ["a", 1, 2],
      ["b", 3, 4],
    ]);
  });
});

describe("a season", () => {
  const wave = (season: number, n: number, trend = 0.05) =>
    Array.from(
      { length: n },
      (_, t) => Math.sin((2 * Math.PI * t) / season) + trend * t + 0.1 * Math.sin(7.3 * t),
    );

  test("is found under a trend, and not its multiple", () => {
    expect(findSeason(wave(12, 144))).toMatchObject({ season: 12 });
    expect(findSeason(wave(7, 200))).toMatchObject({ season: 7 });
  });

  test("of the calendar is preferred to its neighbours", () => {
    const { calendar } = read(csv(["2024-01-01", "2024-01-02"]));
    expect(findSeason(wave(360, 1500, 0), usualSeasons(calendar)).season).toBe(365);
  });

  test("is none where the values only change slowly, or not at all", () => {
    const slow = Array.from({ length: 300 }, (_, t) => Math.exp(t / 100));
    expect(findSeason(slow).season).toBe(1);
    expect(findSeason(new Array(50).fill(3)).season).toBe(1);
    expect(findSeason([1]).season).toBe(1);
  });
});

describe("whatever the bytes are", () => {
  const cell = fc.oneof(
    fc.constantFrom("2024-01", "2024-02", "2024-01-31", "1", "2", "", "NaN", "1e400", "x", '"', "2024-Q1"),
    fc.double().map(String),
    fc.string({ maxLength: 6 }),
  );

  test("a table is read or refused in words", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(cell, cell, cell), { maxLength: 8 }),
        fc.constantFrom<Gaps>("interpolate", "refuse", "skip"),
        (rows, gaps) => {
          const text = `date,y,s\n${rows.map((row) => row.join(",")).join("\n")}\n`;
          try {
            const { series, calendar } = read(text, { series: "s" }, gaps);
            for (const { values, start, length } of series) {
              expect(length).toBeGreaterThan(0);
              expect([...values.subarray(0, length)].every(Number.isFinite)).toBe(true);
              expect(typeof formatStep(calendar, start + length)).toBe("string");
            }
          } catch (error) {
            expect(error).toBeInstanceOf(UnrolledError);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
