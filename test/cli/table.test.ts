import { describe, expect, test } from "vitest";
import { type Column, formatProfile, formatTable } from "../../src/cli/format.ts";

const columns: Column[] = [
  { head: "name", cells: ["a-long-name-of-a-run", "水"] },
  { head: "steps", cells: ["1,204", "3"], align: "right", dropAt: 1 },
  { head: "loss", cells: ["1.82", "10.1"], align: "right" },
  { head: "size", cells: ["3 MiB", "12 KiB"], align: "right", dropAt: 0 },
];

describe("a table", () => {
  test("is as wide as its cells, numbers at the right, wide letters counted as two", () => {
    expect(formatTable(columns)).toEqual([
      "name                  steps  loss    size",
      "a-long-name-of-a-run  1,204  1.82   3 MiB",
      "水                        3  10.1  12 KiB",
    ]);
  });

  test("drops the columns that matter least, then cuts the first, and never breaks a line", () => {
    expect(formatTable(columns, 40)[1]).toBe("a-long-name-of-a-run  1,204  1.82");
    expect(formatTable(columns, 30)[1]).toBe("a-long-name-of-a-run  1.82");
    expect(formatTable(columns, 20)).toEqual([
      "name            loss",
      "a-long-name-o…  1.82",
      "水              10.1",
    ]);
    for (let width = 1; width < 45; width++) {
      for (const line of formatTable(columns, width)) expect([...line].length).toBeLessThanOrEqual(width);
    }
  });

  test("never cuts numbers in front: then the last column loses its end", () => {
    const numbersFirst = [columns[2], columns[0]];
    expect(formatTable(numbersFirst, 16)[1]).toBe("1.82  a-long-na…");
  });

  test("counts joined emoji, flags and accents as a terminal shows them", () => {
    const [family, flag] = ["\u{1f468}\u200d\u{1f469}\u200d\u{1f467}", "\u{1f1e9}\u{1f1ea}"];
    const names: Column = { head: "name", cells: [`${family} run`, `${flag} run`, "cafe\u0301 run"] };
    const all = [names, { head: "loss", cells: ["1.8", "2.5", "3.1"] }];
    expect(formatTable(all)).toEqual([
      "name      loss",
      `${family} run    1.8`,
      `${flag} run    2.5`,
      "cafe\u0301 run  3.1",
    ]);
    expect(formatTable(all, 11)).toEqual([
      "name   loss",
      `${family} r…  1.8`,
      `${flag} r…  2.5`,
      "café…  3.1",
    ]);
  });

  test("without rows is its heads", () => {
    expect(
      formatTable([
        { head: "run", cells: [] },
        { head: "loss", cells: [] },
      ]),
    ).toEqual(["run  loss"]);
  });
});

describe("the profile of a training step", () => {
  const row = (phase: string, op: string, kernel: string, share: number) => ({
    ...{ phase, op, kernel, share, ms: 20 * share, calls: 1 },
  });
  const report = {
    ...{ steps: 60, ms: 20 },
    rows: [
      row("backward", "lstm weights", "recurrent_weight_gradients", 0.6),
      row("rest", "", "", 0.396),
      row("update", "", "adam", 0.004),
    ],
  };

  test("shows all that is known where there is room", () => {
    expect(formatProfile(report, 80)).toEqual([
      "a step takes 20.00 ms (mean of 60 on the first replica)",
      "share      ms  calls  phase      op            kernel",
      "60.0%  12.000      1  backward   lstm weights  recurrent_weight_gradients",
      "39.6%   7.920      1  rest",
      " 0.4%   0.080      1  1 smaller",
    ]);
  });

  test("fits a narrow terminal: the share and what has it", () => {
    expect(formatProfile(report, 40).slice(1)).toEqual([
      "share  phase      kernel",
      "60.0%  backward   recurrent_weight_grad…",
      "39.6%  rest",
      " 0.4%  1 smaller",
    ]);
    expect(formatProfile(report, 60)[2]).toBe("60.0%  12.000  backward   recurrent_weight_gradients");
  });
});
