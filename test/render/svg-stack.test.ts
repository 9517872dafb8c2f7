import { expect, test } from "vitest";
import { svgAttention } from "../../src/render/svg-attention.ts";
import { svgSeries } from "../../src/render/svg-series.ts";
import { svgStack } from "../../src/render/svg-stack.ts";

const matrix = svgAttention({ source: ["a", "b"], target: ["x"], weights: [[0.2, 0.8]] });
const series = svgSeries("loss", [
  { title: "loss", steps: ["1", "2"], truth: [], forecast: [1, 2], naive: [] },
]);
const sizeOf = (svg: string) => /width="(\d+)" height="(\d+)"/.exec(svg)!.slice(1).map(Number);

test("pictures stand below each other, and all of each is there", () => {
  const [one, two] = [sizeOf(matrix), sizeOf(series)];
  const both = svgStack([matrix, series], "a < b");
  expect(sizeOf(both)).toEqual([Math.max(one[0], two[0]), one[1] + two[1]]);
  expect(both).toContain("<title>a &lt; b</title>");
  expect(both).toContain(`<svg y="${one[1]}" `);
  expect(both.match(/<svg /g)).toHaveLength(3);
  expect(both.match(/<\/svg>/g)).toHaveLength(3);
  expect(both).toContain(series.slice(series.indexOf("<title>")));
});

test("what is no picture is refused", () => {
  expect(() => svgStack(["<svg></svg>"], "none")).toThrow("must begin with its width and height");
});
