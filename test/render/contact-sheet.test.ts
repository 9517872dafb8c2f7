import { expect, test } from "vitest";
import { pngDataUri } from "../../src/io/png.ts";
import { svgAttentionMaps, svgContactSheet } from "../../src/render/svg-contact-sheet.ts";

const image = pngDataUri({ width: 2, height: 2, channels: 3, data: new Uint8Array(12).fill(9) });
const count = (svg: string, pattern: RegExp) => svg.match(pattern)?.length ?? 0;

test("a sheet has every picture with its captions, and marks those that are known to be right or wrong", () => {
  const svg = svgContactSheet(
    [
      { name: "a<b.png", image, caption: "a & b", reference: "one of <people>", isRight: true },
      { name: "c.png", image, caption: "c", isRight: false },
      { name: "no picture", image: undefined, caption: "" },
      { name: "d.png", image, caption: "word ".repeat(60) },
      { name: "e.png", image, caption: "e" },
    ],
    "Captions <all>",
  );
  expect(svg).toMatch(/^<svg [^>]*width="\d+" height="\d+"[\s\S]*<\/svg>$/);
  expect(count(svg, /<image /g)).toBe(4);
  expect(svg).toContain("<title>Captions &lt;all&gt;</title>");
  expect(svg).toContain('class="right" x="20" y="230">✓ a &amp; b</text>');
  expect(svg).toContain("✗ c");
  expect(svg).toContain("one of &lt;people&gt;");
  expect(svg).toContain("(no word)");
  // A long caption is cut, and a fifth picture begins a row.
  expect(count(svg, />word word/g)).toBe(4);
  expect(svg).toContain("…");
  expect(svgContactSheet([], "none")).toMatch(/^<svg /);
});

test("maps have a picture for each word, darker where the model looked less", () => {
  const weights = [
    [0.5, 0.25, 0.25, 0],
    [0, 0, 0, 1],
  ];
  const attended = {
    name: "a.png",
    image,
    caption: "two words",
    words: ["two", "words"],
    rows: 2,
    columns: 2,
    weights,
  };
  const svg = svgAttentionMaps(attended);
  expect(count(svg, /<image /g)).toBe(1);
  expect(count(svg, /<use /g)).toBe(3);
  expect(svg).toContain("two 50%");
  expect(svg).toContain("words 100%");
  // The place that was looked at most is not covered; one at half of it half as much as one that was not looked at.
  expect(count(svg, /fill-opacity="0.41"/g)).toBe(2);
  expect(count(svg, /fill-opacity="0.82"/g)).toBe(4);
  expect(() => svgAttentionMaps({ ...attended, columns: 3 })).toThrow("a share of each of them");
  expect(() => svgAttentionMaps({ ...attended, words: ["two"] })).toThrow("each of the 1 words");
});

test.each(["https://example.org/a.png", 'data:image/png;base64,A" onload="x', "data:text/html;base64,QQ=="])(
  "what loads something or is no picture is refused: %s",
  (other) => {
    expect(() => svgContactSheet([{ name: "a", image: other, caption: "a" }], "a")).toThrow("data URI");
    const map = { name: "a", image: other, caption: "a", words: ["a"], rows: 1, columns: 1, weights: [[1]] };
    expect(() => svgAttentionMaps(map)).toThrow("data URI");
  },
);
