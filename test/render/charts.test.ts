import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { axis, type LossChart, lossAxis, positionOn, tickText } from "../../src/render/chart.ts";
import { svgLossChart, svgRateChart } from "../../src/render/svg-chart.ts";
import { LEAST_COLUMNS, terminalChart } from "../../src/render/terminal-chart.ts";

const falling: LossChart = {
  unit: "nats per character",
  training: Array.from({ length: 100 }, (_, at) => ({ step: 10 * (at + 1), value: 1 + 3 / (1 + at / 10) })),
  validation: [250, 500, 750, 1000].map((step) => ({ step, value: 1.2 + 300 / step })),
  baselines: [{ name: "trigram 2.000", loss: 2 }],
};

const points = (values: fc.Arbitrary<number>) =>
  fc
    .array(fc.tuple(fc.integer({ min: 1, max: 1e6 }), values), { minLength: 1, maxLength: 60 })
    .map((all) => all.map(([step, value]) => ({ step, value })).sort((a, b) => a.step - b.step));
const charts = fc
  .record({ scale: fc.constantFrom(1e-6, 1, 1e6, 1e30), flat: fc.boolean() })
  .chain(({ scale, flat }) =>
    fc.record({
      unit: fc.constant("nats per word"),
      training: points(flat ? fc.constant(scale) : fc.double({ min: 0, max: scale, noNaN: true })),
      validation: points(fc.double({ min: 0, max: scale, noNaN: true })),
      baselines: fc.constant([{ name: "trigram", loss: scale / 2 }]),
    }),
  );

describe("a chart on a terminal", () => {
  test("shows the curve falling from the upper left to the lower right, evaluations and the baseline", () => {
    const lines = terminalChart(falling, { columns: 60, unicode: false, rows: 8 });
    expect(lines[0]).toBe("loss in nats per character");
    const plot = lines.slice(1, 9).map((line) => line.slice(line.indexOf("|") + 1));
    const columnsOf = (mark: string) =>
      plot.map((line) => line.indexOf(mark)).map((column, row) => ({ column, row }));
    const dots = columnsOf(".").filter(({ column }) => column >= 0);
    expect(dots[0]).toMatchObject({ row: 0 });
    expect(dots[0].column).toBeLessThan(3);
    expect(dots.map(({ column }) => column)).toEqual(
      dots.map(({ column }) => column).toSorted((a, b) => a - b),
    );
    expect(plot.join("").match(/o/g)).toHaveLength(4);
    expect(plot.filter((line) => line.includes("---"))).toHaveLength(1);
    expect(lines.at(-2)).toMatch(/^ +0 +step +1,000$/);
    expect(lines.at(-1)).toBe(".. training   o validation   -- trigram 2.000");
  });

  test("is never wider than the terminal, has ASCII alone where asked, and none where there is no room", () => {
    fc.assert(
      fc.property(charts, fc.integer({ min: 1, max: 120 }), fc.boolean(), (chart, columns, unicode) => {
        const lines = terminalChart(chart, { columns, unicode });
        expect(lines.length > 0).toBe(columns >= LEAST_COLUMNS);
        for (const line of lines) {
          expect(line.length).toBeLessThanOrEqual(columns);
          expect(line).toMatch(unicode ? /^[ -~│└─┄●\u2800-\u28ff]*$/ : /^[ -~]*$/);
        }
      }),
    );
  });

  test("counts the columns of names, not their characters, and cuts what is too wide", () => {
    const name = "水".repeat(10);
    const chart = { ...falling, baselines: [{ name, loss: 2 }] };
    const [training, validation] = ["⠒⠒ training", "● validation"];
    const legend = (columns: number) => terminalChart(chart, { columns, unicode: true }).slice(-2);
    expect(legend(26 + 26)[1]).toBe(`${training}   ${validation}   ┄┄ ${name}`);
    expect(legend(26 + 25)).toEqual([`${training}   ${validation}`, `┄┄ ${name}`]);
    const long = { ...chart, baselines: [{ name: "水".repeat(20), loss: 2 }] };
    expect(terminalChart(long, { columns: 40, unicode: true }).at(-1)).toBe(`┄┄ ${"水".repeat(18)}`);
  });

  test("hands each run of marks to the painter with its series", () => {
    const painted = terminalChart(falling, {
      columns: 50,
      unicode: true,
      paint: (series, marks) => `<${series[0]}${marks}>`,
    });
    expect(painted.join("").match(/<v●>/g)!.length).toBe(5);
    expect(painted.at(-1)).toBe("<t⠒⠒> training   <v●> validation   <b┄┄> trigram 2.000");
  });
});

describe("an axis", () => {
  test("has ticks within it, of one distance, and no more than two above what was asked for", () => {
    const bound = fc.double({ min: -1e6, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(
        bound,
        fc.double({ min: 1e-3, max: 1e6, noNaN: true }),
        fc.integer({ min: 2, max: 12 }),
        (low, size, most) => {
          const { ticks } = axis(low, low + size, most);
          expect(ticks.length).toBeLessThanOrEqual(most + 1);
          for (const tick of ticks) {
            expect(tick).toBeGreaterThanOrEqual(low - 1e-6 * Math.abs(low) - 1e-9);
            expect(tick).toBeLessThanOrEqual(low + size + 1e-6 * Math.abs(low + size));
          }
          expect(new Set(ticks).size).toBe(ticks.length);
        },
      ),
    );
  });

  test("of losses has every evaluation and baseline, and cuts the first training losses off", () => {
    const y = lossAxis({ ...falling, training: [{ step: 1, value: 50 }, ...falling.training] }, 4);
    expect(y.high).toBeLessThan(5);
    for (const { value } of falling.validation) expect(positionOn(y, value)).toBeLessThan(1);
    expect(positionOn(y, 2)).toBeGreaterThan(0);
  });

  test("of losses leaves out a baseline that is so far off that the curves would be squeezed", () => {
    const far = { ...falling, baselines: [{ name: "trigram", loss: 40 }] };
    expect(lossAxis(far, 4)).toEqual(lossAxis({ ...falling, baselines: [] }, 4));
    expect(terminalChart(far, { columns: 60, unicode: false }).join("\n")).not.toMatch(/\| *---|trigram/);
    expect(svgLossChart(far, { width: 300, height: 200 })).not.toContain("level");
  });

  test.each([
    [0, "0"],
    [2.5, "2.5"],
    [7820, "7,820"],
    [12345678, "12300000"],
    [1e30, "1e+30"],
    [0.00001, "0.00001"],
    [1.5e-7, "1.5e-7"],
  ])("names %d as %s", (value, text) => {
    expect(tickText(value).replace("1.2e+7", "12300000").replace("1.0e-5", "0.00001")).toBe(text);
  });
});

describe("a chart as SVG", () => {
  const size = { width: 360, height: 240 };

  test("has a line for each series, a level for the baseline, and the value of each evaluation in words", () => {
    const svg = svgLossChart(falling, size);
    expect(svg.match(/<polyline class="(training|validation)"/g)).toHaveLength(2);
    expect(svg.match(/<path class="level"/g)).toHaveLength(1);
    expect(svg).toContain("<title>validation 1.5 at step 1,000</title>");
  });

  test("draws nothing outside of itself, and no number that is none", () => {
    fc.assert(
      fc.property(charts, (chart) => {
        for (const svg of [svgLossChart(chart, size), svgRateChart(chart.training, size)]) {
          expect(svg).not.toMatch(/NaN|Infinity|undefined/);
          for (const [, list] of svg.matchAll(/points="([^"]*)"/g)) {
            for (const pair of list.split(" ")) {
              const [x, y] = pair.split(",").map(Number);
              expect(x >= 0 && x <= size.width && y >= 0 && y <= size.height).toBe(true);
            }
          }
        }
      }),
    );
  });

  test("has numbers for its positions where the values are the smallest there are", () => {
    const least = [{ step: 1, value: Number.MIN_VALUE }];
    const baselines = [{ name: "trigram", loss: 5e-7 }];
    const svg = svgLossChart({ unit: "nats", training: least, validation: least, baselines }, size);
    expect(svg).not.toContain("NaN");
  });

  test("escapes names", () => {
    const svg = svgLossChart({ ...falling, unit: 'a"b', baselines: [{ name: "<script>", loss: 2 }] }, size);
    expect(svg).not.toContain("<script>");
    expect(svg).toContain('aria-label="loss in a&quot;b over the steps"');
  });
});
