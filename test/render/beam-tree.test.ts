/** Pictures of a beam search. */
import fc from "fast-check";
import stringWidth from "string-width";
import { describe, expect, it } from "vitest";
import { beamSearch } from "../../src/decode/index.ts";
import { type BeamPictureData, logText, namedNodes, ranksOf } from "../../src/render/beam-picture.ts";
import { svgBeamTree } from "../../src/render/svg-beam-tree.ts";
import { LEAST_BEAM_COLUMNS, terminalBeamTree } from "../../src/render/terminal-beam-tree.ts";
import { randomLogits, tableModel } from "../decode/models.ts";

const names = ["<end>", "START", "a", "man & dog", "語", "\u001b[1m"];
const searched = async (seed: number, width: number, maxLength: number): Promise<BeamPictureData> => {
  const model = tableModel(6, [randomLogits(6, seed, 4, (seed % 5) - 3)]);
  const [{ tree }] = await beamSearch(model, { width, maxLength, lengthPenalty: 0.8, trace: true });
  return { nodes: tree!.nodes, name: (symbol) => names[symbol] };
};
const trees = fc
  .record({
    seed: fc.nat(1e6),
    width: fc.integer({ min: 1, max: 12 }),
    maxLength: fc.integer({ min: 1, max: 50 }),
  })
  .map(({ seed, width, maxLength }) => searched(seed, width, maxLength));

const node = (id: number, parent: number, symbol: number, logProbability: number, more: object = {}) => ({
  ...{ id, parent, symbol, logProbability, kept: true, ended: false, inBest: false },
  ...more,
});
const best = { inBest: true };
/** Of width 2. */
const small: BeamPictureData = {
  nodes: [
    node(0, -1, 1, 0, best),
    ...[node(1, 0, 2, -0.4), node(2, 0, 3, -1.2, best), node(3, 0, 4, -3, { kept: false })],
    ...[
      node(4, 2, 0, -1.5, { ...best, ended: true }),
      node(5, 1, 4, -1.75),
      node(6, 1, 2, -2, { kept: false }),
    ],
    node(7, 5, 0, -2.5, { ended: true }),
  ],
  name: (symbol) => names[symbol],
};

const countOf = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].length;

it("ranks what leads to the best sequence, to another end, what was kept, and what was not", () => {
  expect([...ranksOf(small.nodes)]).toEqual([0, 1, 0, 3, 0, 1, 3, 1]);
  expect(namedNodes(small).map(({ step }) => step)).toEqual([0, 1, 1, 1, 2, 2, 2, 3]);
  expect([0, -1.234, -0.001].map((log) => logText(log))).toEqual(["0.00", "−1.23", "0.00"]);
});

describe("a beam as SVG", () => {
  it("has a box for each candidate, the best way in the first column, and says it in words", () => {
    const svg = svgBeamTree(small, { subject: "a < b" });
    expect(svg).toContain("<title>Beam search: a &lt; b</title>");
    expect(svg).toContain("The best sequence is: man &amp; dog &lt;end&gt;, with the log-probability −1.50.");
    const boxes = [...svg.matchAll(/<rect class="box([^"]*)" x="([\d.]+)"[^>]*><title>([^<]*)</g)].map(
      ([, kind, x, title]) => [kind.trim(), Number(x), title] as const,
    );
    expect(boxes).toHaveLength(8);
    const first = Math.min(...boxes.map(([, x]) => x));
    for (const [kind, x] of boxes) expect(x === first).toBe(kind.includes("best") || x === first);
    expect(boxes.filter(([kind]) => kind.startsWith("best")).map(([, x]) => x)).toEqual([
      first,
      first,
      first,
    ]);
    expect(boxes.filter(([kind]) => kind.includes("pruned")).map(([, , title]) => title)).toEqual([
      "語: −3.00, pruned",
      "a: −2.00, pruned",
    ]);
    expect(boxes.filter(([kind]) => kind.includes("ended"))).toHaveLength(2);
    expect(countOf(svg, /<path class="way/g)).toBe(7);
    expect(svg).not.toContain("shown:");
    expect(svg).toContain("prefers-color-scheme: dark");
  });

  it("keeps everything on the picture, without crossings, escapes every text, and says what it leaves out", async () => {
    await fc.assert(
      fc.asyncProperty(trees, async (promise) => {
        const tree = await promise;
        const svg = svgBeamTree(tree);
        const [, width, height] = /viewBox="0 0 ([\d.]+) ([\d.]+)"/.exec(svg)!.map(Number);
        const boxes = [
          ...svg.matchAll(
            /<rect class="box[^"]*" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)" rx="5"/g,
          ),
        ];
        for (const [, x, y, w, h] of boxes) {
          expect(Number(x) + Number(w)).toBeLessThanOrEqual(width);
          expect(Number(y) + Number(h)).toBeLessThanOrEqual(height);
        }
        expect(svg).not.toMatch(/NaN|undefined|Infinity/);
        expect(svg).not.toContain("\u001b");
        expect(svg.replace(/<\/?(svg|title|desc|style|rect|text|path)\b[^<>]*>/g, "")).not.toMatch(/[<>]/);
        expect(svg.includes("shown: ")).toBe(boxes.length < tree.nodes.length);
        expect(boxes.length).toBeLessThanOrEqual(1 + 40 * 10);
        const ways = [
          ...svg.matchAll(/<path class="way[^"]*" d="M([\d.]+) ([\d.]+)C\S+ \S+ \S+ \S+ ([\d.]+) /g),
        ].map(([, from, step, to]) => ({ from: Number(from), step: Number(step), to: Number(to) }));
        expect(ways).toHaveLength(boxes.length - 1);
        for (const one of ways) {
          for (const other of ways) {
            if (one.step === other.step && one.from < other.from) expect(one.to).toBeLessThan(other.to);
          }
        }
      }),
      { numRuns: 40 },
    );
  });

  it("draws a search that found nothing", () => {
    expect(svgBeamTree({ nodes: [], name: String })).toContain("Nothing was found.");
  });
});

describe("a beam on a terminal", () => {
  it("is an indented tree with the best way first", () => {
    expect(terminalBeamTree(small, { columns: 80, unicode: true })).toEqual([
      "● START",
      "├─ ● man & dog <end> −1.50 ■",
      "├─ ○ a −0.40",
      "│  ├─ ■ 語 <end> −2.50",
      "│  └─ × a −2.00",
      "└─ × 語 −3.00",
      "● best, ■ ended, ○ kept, × pruned, numbers: log-probability",
    ]);
    expect(terminalBeamTree(small, { columns: 60, unicode: false, most: 4 })).toEqual([
      "* START",
      "|- * man & dog <end> -1.50 #",
      "`- o a 語 -1.75",
      "* best, # ended, o kept, x pruned, numbers: log-probability",
      "shown: the first 2 of 3 steps, 4 of 7 candidates (left out:",
      "2 pruned, 1 kept)",
    ]);
  });

  it("is never wider than the terminal, has no colours, and says what it leaves out", async () => {
    await fc.assert(
      fc.asyncProperty(
        ...[trees, fc.integer({ min: 20, max: 120 }), fc.boolean(), fc.integer({ min: 1, max: 60 })],
        async (promise, columns, unicode, most) => {
          const tree = await promise;
          const lines = terminalBeamTree(tree, { columns, unicode, most });
          expect(lines.length > 0).toBe(columns >= LEAST_BEAM_COLUMNS);
          expect(lines.length).toBeLessThanOrEqual(most + 6);
          for (const line of lines) {
            expect(stringWidth(line)).toBeLessThanOrEqual(columns);
            expect(line).not.toMatch(/\n|NaN|undefined/);
            expect(line).not.toContain("\u001b");
          }
          if (lines.length > 0 && most + 1 < tree.nodes.length) expect(lines.join(" ")).toContain("shown: ");
        },
      ),
      { numRuns: 60 },
    );
  });
});
