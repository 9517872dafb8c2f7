import { describe, expect, test } from "vitest";
import { type Column, table } from "../../src/cli/table.ts";

const columns: Column[] = [
  { head: "name", cells: ["a-long-name-of-a-run", "水"] },
  { head: "steps", cells: ["1,204", "3"], align: "right", dropAt: 1 },
  { head: "loss", cells: ["1.82", "10.1"], align: "right" },
  { head: "size", cells: ["3 MiB", "12 KiB"], align: "right", dropAt: 0 },
];

describe("a table", () => {
  test("is as wide as its cells, numbers at the right, wide letters counted as two", () => {
    expect(table(columns)).toEqual([
      "name                  steps  loss    size",
      "a-long-name-of-a-run  1,204  1.82   3 MiB",
      "水                        3  10.1  12 KiB",
    ]);
  });

  test("drops the columns that matter least, then cuts the first, and never breaks a line", () => {
    expect(table(columns, 40)[1]).toBe("a-long-name-of-a-run  1,204  1.82");
    expect(table(columns, 30)[1]).toBe("a-long-name-of-a-run  1.82");
    expect(table(columns, 20)).toEqual([
      "name            loss",
      "a-long-name-o…  1.82",
      "水              10.1",
    ]);
    for (let width = 1; width < 45; width++) {
      for (const line of table(columns, width)) expect([...line].length).toBeLessThanOrEqual(width);
    }
  });

  test("without rows is its heads", () => {
    expect(
      table([
        { head: "run", cells: [] },
        { head: "loss", cells: [] },
      ]),
    ).toEqual(["run  loss"]);
  });
});
