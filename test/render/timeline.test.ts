import { describe, expect, it } from "vitest";
import { svgTimeline } from "../../src/render/svg-timeline.ts";
import { terminalTimeline } from "../../src/render/terminal-timeline.ts";
import { stretchesOf, type Timeline } from "../../src/render/timeline.ts";

const places = (text: string) => Array.from(text, (one) => "nws".indexOf(one));
const LABELS = ["none", "walk", "stand <up>"];
const TIMELINE: Timeline = {
  labels: LABELS,
  sequences: [{ name: "a & b", truth: places("nnwwss-"), predicted: places("nwwwssn") }],
};
const countOf = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].length;

describe("as SVG", () => {
  it("has a band for the truth and one for the prediction, marks mistakes, and says all in words", () => {
    const svg = svgTimeline(TIMELINE, { subject: "x < y" });
    expect(svg).toContain("<title>Labels over time: x &lt; y</title>");
    expect(svg).toContain("a &amp; b, 83% of the labelled steps right; predicted: none 0 to 0, walk 1 to 3");
    // Four stretches of the truth, with the step without a label, and four predicted.
    expect(countOf(svg, /<title>(none|no label|walk|stand &lt;up&gt;): steps? /g)).toBe(8);
    expect(countOf(svg, /<title>wrong<\/title>/g)).toBe(1);
    expect(svg).not.toMatch(/NaN|undefined|<up>/);
  });

  it("shows each word, the prediction alone where the truth is not known, and that there are more sequences", () => {
    const sequence = { name: "s", predicted: places("nw"), words: ["Ada", "<b>"] };
    const svg = svgTimeline({ labels: LABELS, sequences: new Array(15).fill(sequence) });
    expect(svg).toContain("&lt;b&gt;");
    expect(svg).not.toContain(">truth<");
    expect(svg).toContain("and 3 more");
    expect(svgTimeline({ labels: [], sequences: [] })).toMatch(/^<svg[\s\S]*<\/svg>$/);
  });

  it("keeps the steps of long sequences on the picture", () => {
    const long = new Array(5000).fill(0).map((_, t) => (t >> 4) % 3);
    const svg = svgTimeline({ labels: LABELS, sequences: [{ name: "l", truth: long, predicted: long }] });
    const right = [...svg.matchAll(/<rect class="[^"]*" x="([\d.]+)" y="[\d.]+" width="([\d.]+)"/g)];
    for (const [, x, width] of right) expect(Number(x) + Number(width)).toBeLessThanOrEqual(960);
  });
});

describe("in a terminal", () => {
  it("shows letters of the labels, marks below mistakes, and what the letters mean", () => {
    expect(terminalTimeline(TIMELINE, { columns: 60, unicode: false })).toEqual(
      [
        "a & b: 83% right",
        "truth     ....wwwwssss",
        "predicted ..wwwwwwssss..",
        "            ^^",
        ". none   w walk   s stand <up>",
      ].map((line) => (line.startsWith("truth") ? `${line}  ` : line)),
    );
  });

  it("never exceeds its columns, whatever is shown, and colours where it may", () => {
    const long = new Array(3000).fill(0).map((_, t) => (t >> 6) % 3);
    const timeline = { labels: LABELS, sequences: [{ name: "名".repeat(70), truth: long, predicted: long }] };
    for (const columns of [40, 61, 120]) {
      for (const line of terminalTimeline(timeline, { columns, unicode: true })) {
        expect(line.length).toBeLessThanOrEqual(columns);
      }
    }
    expect(terminalTimeline(timeline, { columns: 39, unicode: true })).toEqual([]);
    const coloured = terminalTimeline(timeline, { columns: 60, unicode: true, colors: true });
    expect(coloured.join("")).toContain("\u001b[38;5;33mw\u001b[39m");
  });

  it("writes the inside of an entity with the small letter of its beginning", () => {
    const sequences = [{ name: "s", predicted: [0, 1, 2, 3] }];
    const lines = terminalTimeline(
      { labels: ["B-PER", "I-PER", "O", "B-LOC"], sequences },
      { columns: 60, unicode: false },
    );
    expect(lines[1]).toBe("predicted PPpp..LL");
  });

  it("has a letter of its own for each of many labels", () => {
    const labels = Array.from({ length: 40 }, (_, at) => `walk ${at}`);
    const lines = terminalTimeline(
      { labels, sequences: [{ name: "s", predicted: labels.map((_, at) => at) }] },
      { columns: 90, unicode: true },
    );
    const letters = lines[1].slice(10).replace(/(.)\1/g, "$1");
    expect(new Set(letters).size).toBe(40);
  });
});

it("stretches are runs of equal labels", () => {
  expect(stretchesOf([1, 1, -1, 2])).toEqual([
    { label: 1, from: 0, to: 2 },
    { label: -1, from: 2, to: 3 },
    { label: 2, from: 3, to: 4 },
  ]);
  expect(stretchesOf([])).toEqual([]);
});
