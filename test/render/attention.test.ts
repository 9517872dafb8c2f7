/** Pictures of what was attended to. */
import fc from "fast-check";
import stringWidth from "string-width";
import { describe, expect, it } from "vitest";
import { type AttentionMatrix, attentionPicture, pieceText } from "../../src/render/attention.ts";
import { svgAttention } from "../../src/render/svg-attention.ts";
import { LEAST_ATTENTION_COLUMNS, terminalAttention } from "../../src/render/terminal-attention.ts";

const two: AttentionMatrix = {
  source: ["das", "Haus"],
  target: ["the", "house", "<end>"],
  // The third column is padding.
  weights: [Float32Array.of(0.9, 0.1, 0), Float32Array.of(0.2, 0.8, 0), [0.5, 0.5, 0]],
};
const countOf = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].length;

const pieces = fc.array(
  fc.string({
    unit: fc.constantFrom("a", "É", "語", "👩‍🚀", " ", "<", "&", '"', "\n", "\u001b", "م"),
    maxLength: 30,
  }),
  { maxLength: 130 },
);
const matrices = fc.record({ source: pieces, target: pieces, seed: fc.nat(1000) }).map(
  ({ source, target, seed }): AttentionMatrix => ({
    source,
    target,
    weights: target.map((_, row) => {
      const shares = source.map((_, place) => ((row * 7919 + place * 104729 + seed) % 13) ** 3);
      const total = shares.reduce((sum, share) => sum + share, 0) || 1;
      return shares.map((share) => share / total);
    }),
  }),
);

describe("attention", () => {
  it("passes padding over, and refuses what does not fit", () => {
    const { source, target, weights, cut } = attentionPicture(two, 10, 10);
    expect({ source, target, cut }).toEqual({ source: two.source, target: two.target, cut: undefined });
    expect(weights.map((row) => row.length)).toEqual([2, 2, 2]);
    expect(attentionPicture(two, 1, 2).cut).toBe(
      "shown: the first 1 of 2 pieces read, the first 2 of 3 pieces written",
    );
    const wrong = (weights: AttentionMatrix["weights"]) => () => attentionPicture({ ...two, weights }, 9, 9);
    expect(wrong([[1, 0]])).toThrow("of 3 written pieces has as many rows, got 1");
    expect(wrong([[1, 0], [1], [1, 0]])).toThrow(
      "row 1 of an attention matrix of 2 read pieces has as many weights, got 1",
    );
    expect(
      wrong([
        [1, 0],
        [0, 1],
        [Number.NaN, 0],
      ]),
    ).toThrow("weights of attention are from 0 to 1, got NaN in row 2");
    expect(
      wrong([
        [1, 0],
        [0, 1.2],
        [1, 0],
      ]),
    ).toThrow("got 1.2 in row 1");
  });

  it("shows spaces and what cannot be seen", () => {
    expect([" ", " the", "a b", "", "\n", "語"].map(pieceText)).toEqual([
      "␣",
      "␣the",
      "a b",
      "∅",
      "\\n",
      "語",
    ]);
  });
});

describe("attention as SVG", () => {
  it("has a cell for each weight, with its number, and says all in words", () => {
    const svg = svgAttention(two, { subject: "x < y" });
    expect(svg).toContain("<title>Attention: x &lt; y</title>");
    expect(svg).toContain("the: das, 90 per cent; house: Haus, 80 per cent; &lt;end&gt;: das, 50 per cent.");
    expect(countOf(svg, /<rect class="weight" [^>]*><title>/g)).toBe(6);
    expect(svg).toContain("<title>house: Haus (80 %)</title>");
    expect([...svg.matchAll(/<text class="value[^"]*"[^>]*>(\d+)</g)].map(([, text]) => text)).toEqual([
      "90",
      "10",
      "20",
      "80",
      "50",
      "50",
    ]);
    expect(svg).toContain("prefers-color-scheme: dark");
  });

  it("keeps everything on the picture, escapes every text, and says what it leaves out", () => {
    fc.assert(
      fc.property(matrices, (matrix) => {
        const svg = svgAttention(matrix, { subject: matrix.source[0] ?? "" });
        const [, width, height] = /viewBox="0 0 ([\d.]+) ([\d.]+)"/.exec(svg)!.map(Number);
        for (const [, x, y, w, h] of svg.matchAll(
          /<rect class="weight"[^>]* x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"/g,
        )) {
          expect(Number(x) + Number(w)).toBeLessThanOrEqual(width);
          expect(Number(y) + Number(h)).toBeLessThanOrEqual(height);
        }
        expect(svg).not.toMatch(/NaN|undefined|Infinity/);
        expect(svg).not.toContain("\u001b");
        expect(svg.replace(/<\/?(svg|title|desc|style|rect|text|path|g)\b[^<>]*>/g, "")).not.toMatch(/[<>]/);
        expect(svg.includes("shown: the first 100 of")).toBe(
          Math.max(matrix.source.length, matrix.target.length) > 100,
        );
      }),
      { numRuns: 50 },
    );
  });

  it("does not draw what rounds to nothing, so that long sentences stay small", () => {
    const names = Array.from({ length: 100 }, (_, at) => `w${at}`);
    const weights = names.map((_, row) => names.map((_, place) => (place === row ? 0.9 : 0.1 / 99)));
    const svg = svgAttention({ source: names, target: names, weights });
    expect(countOf(svg, /<rect class="weight" [^>]*><title>/g)).toBe(100);
  });
});

describe("attention on a terminal", () => {
  it("writes what was read downwards and what was written in rows", () => {
    expect(terminalAttention(two, { columns: 80, unicode: true })).toEqual([
      "        H",
      "      d a",
      "      a u",
      "      s s",
      "the   ██░░",
      "house ░░██",
      "<end> ▓▓▓▓",
      "░ 5%, ▒ 25%, ▓ 50%, █ 75% of a row and more",
    ]);
    expect(terminalAttention(two, { columns: 80, unicode: false }).slice(4)).toEqual([
      "the   ##--",
      "house --##",
      "<end> %%%%",
      "- 5%, + 25%, % 50%, # 75% of a row and more",
    ]);
  });

  it("is never wider than the terminal, has no colours, and nothing where there is no room", () => {
    fc.assert(
      fc.property(matrices, fc.integer({ min: 10, max: 120 }), fc.boolean(), (matrix, columns, unicode) => {
        const lines = terminalAttention(matrix, { columns, unicode });
        const hasRoom =
          columns >= LEAST_ATTENTION_COLUMNS && matrix.source.length > 0 && matrix.target.length > 0;
        expect(lines.length > 0).toBe(hasRoom);
        for (const line of lines) {
          expect(stringWidth(line)).toBeLessThanOrEqual(columns);
          expect(line).not.toContain("\u001b");
          expect(line).not.toContain("\n");
        }
      }),
      { numRuns: 60 },
    );
  });

  it("aligns the cells of all rows, whatever the widths of the letters", () => {
    const source = ["a語", "語", "b", "👩‍🚀x"];
    const target = ["語語", "a", "👩‍🚀"];
    const weights = target.map(() => [1, 0, 0, 0]);
    const lines = terminalAttention({ source, target, weights }, { columns: 80, unicode: true }).slice(0, -1);
    const starts = lines
      .filter((line) => line.includes("█"))
      .map((line) => stringWidth(line.slice(0, line.indexOf("█"))));
    expect(starts).toEqual([5, 5, 5]);
    // The last letter of each name stands on its column.
    const head = lines.filter((line) => !line.includes("█")).slice(0, 2);
    expect(head).toEqual(["     a     👩‍🚀", "     語語b x"]);
  });

  it("says which part of a long sentence it shows", () => {
    const source = Array.from({ length: 100 }, (_, at) => `${at % 10}`);
    const target = Array.from({ length: 70 }, (_, at) => `t${at}`);
    const weights = target.map(() => source.map(() => 0.01));
    const lines = terminalAttention({ source, target, weights }, { columns: 60, unicode: true });
    expect(lines.slice(-2).join(" ")).toContain(
      "shown: the first 56 of 100 pieces read, the first 60 of 70 pieces written",
    );
  });
});
