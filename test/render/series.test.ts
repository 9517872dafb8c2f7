/** Pictures of series: what is in them, whatever the numbers are. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type SeriesPanel, svgSeries } from "../../src/render/svg-series.ts";
import { terminalSeries } from "../../src/render/terminal-series.ts";
import { widthOf } from "../../src/render/text-width.ts";

const PANEL: SeriesPanel = {
  title: "sales <of> a & b",
  steps: ["2024-01", "2024-02", "2024-03", "2024-04"],
  truth: [10, 20, 30, null],
  forecast: [null, null, 30, 41],
  naive: [null, null, 30, 30],
  low: [null, null, 30, 35],
  high: [null, null, 30, 47],
  origin: 2,
};

describe("a picture of a series", () => {
  test("has truth, forecast, band, naive forecast and origin, and says in words what it shows", () => {
    const svg = svgSeries("Forecasts of sales", [PANEL]);
    for (const name of ["truth", "forecast", "naive", "origin"]) {
      expect(svg.match(new RegExp(`<path class="${name}"`, "g"))!.length, name).toBeGreaterThan(0);
    }
    expect(svg).toContain('<path class="band" d="M');
    expect(svg).toContain("sales &lt;of&gt; a &amp; b: the last forecast, of 2024-04, is 41");
    expect(svg).toContain("prefers-color-scheme: dark");
  });

  test("interrupts a line where there is no value", () => {
    const [, path] = /<path class="truth" d="(M[^"]*L[^"]*)"/.exec(
      svgSeries("", [{ ...PANEL, truth: [1, null, 2, 3] }]),
    )!;
    expect(path.match(/M/g)).toHaveLength(2);
    expect(path.match(/L/g)).toHaveLength(1);
  });

  const values = fc.array(fc.option(fc.double()), { minLength: 1, maxLength: 6 });
  test("is drawn of any numbers, without NaN in it and in the terminal's width", () => {
    fc.assert(
      fc.property(
        values,
        values,
        values,
        fc.integer({ min: 1, max: 90 }),
        fc.boolean(),
        (truth, forecast, naive, columns, unicode) => {
          const steps = Array.from({ length: 6 }, (_, at) => String(at));
          const panel = { title: "y", steps, truth, forecast, naive, low: naive, high: truth };
          expect(svgSeries("y", [panel]).replace(/<desc>.*<\/desc>/, "")).not.toMatch(/NaN|Infinity/);
          for (const line of terminalSeries(panel, { columns, unicode })) {
            expect(widthOf(line)).toBeLessThanOrEqual(columns);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  test("is drawn in characters of ASCII where there are no others", () => {
    const lines = terminalSeries(PANEL, { columns: 60, unicode: false });
    expect(lines.join("\n")).toMatch(/^[\x20-\x7e\n]+$/);
    expect(lines.filter((line) => line.includes("o")).length).toBeGreaterThan(1);
    expect(lines.at(-1)).toContain("o forecast   ' naive");
  });
});
