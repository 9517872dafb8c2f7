import { describe, expect, it } from "vitest";
import { type AccuracyCurve, accuracyByLength } from "../../src/render/accuracy-by-length.ts";
import { svgSeries } from "../../src/render/svg-series.ts";
import { terminalSeries } from "../../src/render/terminal-series.ts";

const curve = (name: string, items: Readonly<Record<number, string>>): AccuracyCurve => ({
  name,
  items: Object.entries(items).flatMap(([length, marks]) =>
    Array.from(marks, (mark) => ({ length: Number(length), right: mark === "+" })),
  ),
});
const attention = curve("attention", { 10: "++++", 11: "+-", 14: "---+" });
const fixed = curve("fixed context", { 10: "+-", 12: "-" });
const title = "right, per cent";

describe("accuracy by length", () => {
  it("is the share of right sequences of each length, with gaps", () => {
    const panel = accuracyByLength([attention, fixed], { title });
    expect(panel).toMatchObject({
      ...{ title, steps: ["10", "11", "12", "13", "14"], fromZero: true, truth: [] },
      forecast: [100, 50, null, null, 25],
      naive: [50, null, 0, null, null],
    });
    const bins = accuracyByLength([attention], { title, bin: 5 });
    expect(bins).toMatchObject({ steps: ["10–14"], forecast: [60], naive: [] });
  });

  it("is drawn with the names of the models, and with points that stand alone", () => {
    const panel = accuracyByLength([attention, fixed], { title });
    const svg = svgSeries("accuracy", [panel]);
    expect(svg).toContain(">attention</text>");
    expect(svg).toContain(">fixed context</text>");
    expect(svg).toContain("right, per cent: the last value of attention, at 14, is 25.");
    expect(svg).not.toMatch(/truth<|naive<|forecast</);
    const [, path] = /<path class="forecast" d="(M[^h"]*L[^"]*)"/.exec(svg)!;
    expect(path.match(/m-2 0h4/g)).toHaveLength(1);
    const lines = terminalSeries(panel, { columns: 60, unicode: false });
    expect(lines.at(-1)).toBe("o attention   ' fixed context");
    expect(svgSeries("accuracy", [accuracyByLength([fixed], { title })])).not.toContain('class="naive"');
  });

  it.each<[string, readonly AccuracyCurve[], object, string]>([
    ["no curve", [], {}, "a chart has one to three curves, got 0"],
    ["four curves", new Array(4).fill(fixed), {}, "a chart has one to three curves, got 4"],
    ["no sequences", [curve("none", {})], {}, "1 to 10000 lengths can be drawn, got none"],
    ["half a length", [curve("x", { 1.5: "+" })], {}, "a length must be an integer of at least 0, got 1.5"],
    ["lengths far apart", [curve("x", { 0: "+", 1e6: "+" })], {}, "can be drawn, got 1000001 different ones"],
    ["a bin of nothing", [fixed], { bin: 0 }, "bin must be an integer of at least 1, got 0"],
  ])("refuses %s", (_, curves, more, message) => {
    expect(() => accuracyByLength(curves, { title, ...more })).toThrow(message);
  });
});
