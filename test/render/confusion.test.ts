import fc from "fast-check";
import stringWidth from "string-width";
import { describe, expect, test } from "vitest";
import {
  type ConfusionMatrix,
  confusionRows,
  foldClasses,
  largestConfusions,
  percentText,
} from "../../src/render/confusion-matrix.ts";
import { svgConfusionMatrix } from "../../src/render/svg-confusion.ts";
import {
  abbreviate,
  LEAST_CONFUSION_COLUMNS,
  terminalConfusion,
} from "../../src/render/terminal-confusion.ts";

const three: ConfusionMatrix = { labels: ["ant", "bee", "cat"], counts: [8, 2, 0, 0, 5, 0, 1, 1, 198] };

const LANGUAGES =
  "Arabic Chinese Czech Dutch English French German Greek Irish Italian Japanese Korean Polish Portuguese Russian Scottish Spanish Vietnamese";

/** Eighteen classes with thousands of items, as the names data have them. */
const eighteen: ConfusionMatrix = {
  labels: LANGUAGES.split(" "),
  counts: Array.from({ length: 18 * 18 }, (_, at) =>
    at % 19 === 0 ? 100 + ((at * 37) % 900) : (at * 7919) % 13,
  ),
};

const matrices = fc
  .record({
    labels: fc.array(
      fc.string({ unit: fc.constantFrom("a", "B", "é", "語", " ", "<", "\n", "1"), minLength: 1 }),
      {
        minLength: 2,
        maxLength: 30,
      },
    ),
    seed: fc.nat(1000),
    scale: fc.constantFrom(1, 1000, 1e6, 0.37),
  })
  .map(({ labels, seed, scale }) => ({
    labels,
    counts: Array.from({ length: labels.length ** 2 }, (_, at) => scale * ((at * 7919 + seed) % 7)),
  }));

describe("a confusion matrix", () => {
  test("has shares of its rows", () => {
    const rows = confusionRows({ labels: ["a", "b"], counts: [3, 1, 0, 0] });
    expect(rows.map((row) => row.map(({ share }) => share))).toEqual([
      [0.75, 0.25],
      [0, 0],
    ]);
    expect(rows[0][1]).toEqual({ label: 0, prediction: 1, count: 1, share: 0.25, isRight: false });
    expect(() => confusionRows({ labels: ["a"], counts: [1, 2] })).toThrow("1 labels has 1 counts, got 2");
  });

  test("names the most frequent mistakes", () => {
    const most = largestConfusions(three, 2);
    expect(most.map(({ label, prediction, count }) => [label, prediction, count])).toEqual([
      [0, 1, 2],
      [2, 0, 1],
    ]);
    expect(largestConfusions(three, 9)).toHaveLength(3);
  });

  test("keeps all items when rare classes are joined", () => {
    expect(foldClasses(three, 3)).toBe(three);
    expect(foldClasses(three, 2)).toEqual({
      labels: ["cat", "others (2)"],
      counts: Float64Array.of(198, 2, 0, 15),
    });
    fc.assert(
      fc.property(matrices, fc.integer({ min: 2, max: 9 }), (matrix, most) => {
        const folded = foldClasses(matrix, most);
        expect(folded.labels.length).toBe(Math.min(most, matrix.labels.length));
        const total = (counts: ArrayLike<number>) =>
          Array.from(counts).reduce((sum, count) => sum + count, 0);
        expect(total(folded.counts)).toBeCloseTo(total(matrix.counts), 3);
      }),
    );
  });

  test.each([
    [0, "0"],
    [0.004, "<1"],
    [0.005, "1"],
    [0.5, "50"],
    [0.999, "99"],
    [1, "100"],
  ])("writes the share %d as %s", (share, text) => {
    expect(percentText(share)).toBe(text);
  });
});

describe("a confusion matrix on a terminal", () => {
  test("has a row for each label, and says how many items it has", () => {
    expect(terminalConfusion(three, { columns: 60, unicode: false })).toEqual([
      "         predicted, per cent of a row",
      "         ant bee cat items",
      "ant ant   80  20   .    10",
      "bee bee    . 100   .     5",
      "cat cat    1   1  99   200",
    ]);
    expect(terminalConfusion(three, { columns: 60, unicode: true })[3]).toBe("bee bee    · 100   ·     5");
  });

  test("shows numbers of items", () => {
    const lines = terminalConfusion(three, { columns: 60, unicode: true, show: "counts" });
    expect(lines.at(-1)).toBe("cat cat    1   1 198   200");
    expect(lines.at(2)).toBe("ant ant    8   2   ·    10");
  });

  test("shows 18 languages in 80 columns, with their names", () => {
    for (const show of ["percent", "counts"] as const) {
      const lines = terminalConfusion(eighteen, { columns: 80, unicode: true, show });
      for (const line of lines) expect(stringWidth(line)).toBeLessThanOrEqual(80);
      if (show === "percent") {
        expect(lines).toHaveLength(20);
        expect(lines[15]).toMatch(/^Portuguese Pr {2}/);
      } else expect(lines.join("\n")).toMatch(/others \(\d+\)/);
    }
  });

  test("is never wider than the terminal, in ASCII where asked, and none where there is no room", () => {
    fc.assert(
      fc.property(
        matrices,
        fc.integer({ min: 1, max: 120 }),
        fc.boolean(),
        fc.constantFrom("percent" as const, "counts" as const),
        (matrix, columns, unicode, show) => {
          const lines = terminalConfusion(matrix, { columns, unicode, show });
          expect(lines.length > 0).toBe(columns >= LEAST_CONFUSION_COLUMNS);
          for (const line of lines) {
            expect(stringWidth(line)).toBeLessThanOrEqual(columns);
            expect(line).not.toMatch(/\n/);
            if (!unicode) expect(line).not.toMatch(/[·…]/);
          }
        },
      ),
    );
  });

  test("hands each cell to the painter, with its share", () => {
    const painted: string[] = [];
    const lines = terminalConfusion(three, {
      columns: 60,
      unicode: false,
      paint: ({ share, isRight }, text) => {
        painted.push(`${isRight} ${share.toFixed(2)} ${text.trim()}`);
        return `<${text}>`;
      },
    });
    expect(painted).toHaveLength(9);
    expect(painted[0]).toBe("true 0.80 80");
    expect(lines[2]).toContain("<  80><  20><   .>");
  });

  test.each([
    [["Polish", "Portuguese", "Spanish"], 2, ["Po", "Pr", "Sp"]],
    [["aa", "aa", "aa"], 2, ["aa", "a2", "a3"]],
    [["日本語", "日本人"], 4, ["日本", "日人"]],
    [["x"], 3, ["x"]],
  ] as [string[], number, string[]][])("abbreviates %j to %d columns", (labels, width, expected) => {
    expect(abbreviate(labels, width)).toEqual(expected);
  });

  test("abbreviates to different texts that fit, whatever the names are", () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: fc.constantFrom("a", "b", "語"), minLength: 1 }), { maxLength: 60 }),
        fc.integer({ min: 2, max: 6 }),
        (labels, width) => {
          const short = abbreviate(labels, width);
          expect(new Set(short).size).toBe(labels.length);
          for (const text of short) expect(stringWidth(text)).toBeLessThanOrEqual(width);
        },
      ),
    );
  });

  test("leaves out what all names begin with", () => {
    const labels = Array.from({ length: 24 }, (_, at) => `speaker ${at}`);
    const counts = Array.from({ length: 24 * 24 }, (_, at) => (at % 25 === 0 ? 3 : 0));
    const lines = terminalConfusion({ labels, counts }, { columns: 90, unicode: true });
    expect(lines[1]).toMatch(/ 0 {2}1 {2}2 .* 22 23 items$/);
  });
});

describe("a confusion matrix as SVG", () => {
  test("is a picture of its own with a title and a description", () => {
    const svg = svgConfusionMatrix(three, { subject: "animals" });
    expect(svg).toMatch(
      /^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"[^>]*role="img">\n<title>Confusion matrix: animals<\/title>/,
    );
    expect(svg).toContain(
      "<desc>Rows are the labels of 215 items, columns what was predicted; 98 per cent of the items are right. " +
        "Most frequent mistakes: ant as bee, 2 times; cat as ant, once; cat as bee, once.</desc>",
    );
    expect(svg).toContain("prefers-color-scheme: dark");
    expect(svg).not.toMatch(/href|url\(|<script/);
    expect(svg.match(/<rect class="right"/g)).toHaveLength(3 + 5);
    expect(svg.match(/<rect class="wrong"/g)).toHaveLength(3 + 5);
    expect(svg).toContain("<title>ant taken for bee: 2 of 10 (20 %)</title>");
  });

  test("draws nothing outside of itself, and no number that is none", () => {
    fc.assert(
      fc.property(matrices, fc.constantFrom("percent" as const, "counts" as const), (matrix, show) => {
        const svg = svgConfusionMatrix(matrix, { show });
        expect(svg).not.toMatch(/NaN|Infinity|undefined/);
        const [, width, height] = /viewBox="0 0 ([\d.]+) ([\d.]+)"/.exec(svg)!.map(Number);
        for (const [, x, y, w, h] of svg.matchAll(
          / x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"/g,
        )) {
          expect(Number(x) + Number(w)).toBeLessThanOrEqual(width);
          expect(Number(y) + Number(h)).toBeLessThanOrEqual(height);
        }
      }),
    );
  });

  test("escapes and shortens names, and keeps the whole one to point at", () => {
    const svg = svgConfusionMatrix({ labels: ["<b>", "a very long name of a class"], counts: [1, 0, 0, 1] });
    expect(svg).not.toContain("<b>");
    expect(svg).toContain("&lt;b&gt;");
    expect(svg).toContain("<title>a very long name of a class</title>a very long name …</text>");
  });

  test("has no numbers in cells without room for them, and joins what is beyond 100 classes", () => {
    const matrix = (size: number): ConfusionMatrix => ({
      labels: Array.from({ length: size }, (_, at) => `class ${at}`),
      counts: Float64Array.from({ length: size * size }, (_, at) => (at % (size + 1) === 0 ? 2 : 0)),
    });
    expect(svgConfusionMatrix(matrix(60))).not.toContain('class="value');
    expect(svgConfusionMatrix(matrix(20)).match(/class="value on"/g)).toHaveLength(20);
    expect(svgConfusionMatrix(matrix(120)).match(/<rect class="right"/g)).toHaveLength(100 + 5);
  });
});
