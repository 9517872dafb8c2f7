/** Sheets of pictures with captions, and where a model looked. */
import fc from "fast-check";
import stringWidth from "string-width";
import { describe, expect, it } from "vitest";
import { pngDataUri } from "../../src/io/png.ts";
import {
  type AttendedPicture,
  type SheetPicture,
  svgAttentionMaps,
  svgContactSheet,
} from "../../src/render/svg-contact-sheet.ts";

const image = pngDataUri({ width: 2, height: 2, channels: 3, data: new Uint8Array(12).fill(90) });
const one: SheetPicture = { name: "a.png", image, caption: "a dog on a beach" };
const countOf = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].length;
const sizeOf = (svg: string) => /viewBox="0 0 (\d+) (\d+)"/.exec(svg)!.slice(1).map(Number);

const texts = fc.string({
  unit: fc.constantFrom("a", "É", "語", "👩‍🚀", " ", " ", "<", "&", '"', "'", "\n", "\u001b", "م"),
  maxLength: 200,
});
const pictures = fc.array(
  fc.record(
    {
      name: texts,
      image: fc.constantFrom(image, undefined),
      caption: texts,
      reference: texts,
      isRight: fc.boolean(),
    },
    { requiredKeys: ["name", "image", "caption"] },
  ),
  { maxLength: 12 },
);

describe("a sheet of pictures", () => {
  it("has every picture with its caption, a mark where it is judged, and a reference", () => {
    const svg = svgContactSheet(
      [
        { ...one, isRight: true, reference: "a brown dog" },
        { ...one, caption: "a cat", isRight: false },
        { ...one, caption: "" },
        { ...one, image: undefined, caption: "a bird" },
        one,
      ],
      "five pictures",
    );
    expect(countOf(svg, /<image /g)).toBe(4);
    expect(countOf(svg, /class="panel"/g)).toBe(1);
    expect(svg).toContain('<text class="right" x="20" y="230">✓ a dog on a beach</text>');
    expect(svg).toContain(">✗ a cat</text>");
    expect(svg).toContain(">a brown dog</text>");
    expect(svg).toContain(">(no word)</text>");
    expect(svg).toContain("<desc>a.png: a dog on a beach (right); a.png: a cat (wrong); a.png: no word; ");
    // Four beside each other, and one below.
    expect(sizeOf(svg)[0]).toBe(772);
    expect(countOf(svg, / x="20" y="44"/g)).toBe(1);
  });

  it("says nothing of right and wrong where nobody can tell, and follows the theme", () => {
    const svg = svgContactSheet([one], "one");
    expect(svg).not.toMatch(/[✓✗]/);
    expect(svg).toContain("prefers-color-scheme: dark");
    expect(svgContactSheet([], "none")).toMatch(/^<svg[\s\S]*<\/svg>$/);
  });

  it("cuts captions that are too long, and marks them once", () => {
    const svg = svgContactSheet([{ ...one, caption: "very long words ".repeat(40) }], "one");
    const lines = [...svg.matchAll(/<text class="caption"[^>]*>([^<]*)<\/text>/g)].map(([, line]) => line);
    expect(lines).toHaveLength(4);
    expect(lines.at(-1)).toMatch(/[^…]…$/);
    expect(lines.slice(0, 3).join()).not.toContain("…");
  });

  it("loads nothing: what is no picture in base64 is refused", () => {
    for (const image of [
      "https://example.org/a.png",
      "a.png",
      'data:image/png;base64,"/><script>',
      "data:text/html;base64,AA==",
    ]) {
      expect(() => svgContactSheet([{ ...one, image }], "one")).toThrow(
        "must be a data URI of a PNG or JPEG file",
      );
    }
  });

  it("is well-formed whatever the captions are, and all of its text has room", () => {
    fc.assert(
      fc.property(pictures, texts, (all, heading) => {
        const svg = svgContactSheet(all, heading);
        expect(countOf(svg, /<image /g)).toBe(all.filter((picture) => picture.image !== undefined).length);
        const plain = svg.replace(/<style>[\s\S]*?<\/style>/, "");
        expect(plain.replace(/<[^<>]*>/g, "")).not.toMatch(/[<>]|&(?!(?:amp|lt|gt|quot|#39);)/);
        expect(plain).not.toContain("\u001b");
        const [width, height] = sizeOf(svg);
        for (const [, x, y, line] of plain.matchAll(
          /<text class="\w+" x="(\d+)" y="(\d+)">([^<]*)<\/text>/g,
        )) {
          expect(Number(y)).toBeLessThan(height);
          expect(Number(x)).toBeLessThan(width);
          const shown = line.replace(/&\w+;|&#39;/g, "x").replace(/\\u\{1b\}|\\n/g, "x");
          if (Number(y) > 28) expect(stringWidth(shown)).toBeLessThanOrEqual(24);
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe("maps of attention over a picture", () => {
  const words = ["a", "dog", "(end)"];
  const attended: AttendedPicture = {
    name: "a.png",
    image,
    caption: "a dog",
    words,
    rows: 2,
    columns: 2,
    weights: [[1, 0, 0, 0], Float32Array.of(0.25, 0.25, 0.25, 0.25), [0, 0, 0.4, 0.6]],
  };
  const svg = svgAttentionMaps(attended);
  const maps = [...svg.matchAll(/<g transform="translate\((\d+) \d+\)">(.*?)<\/g><text[^>]*>([^<]*)</g)].map(
    ([, , rects, label]) => ({
      label,
      shades: [...rects.matchAll(/x="(\d+)" y="(\d+)"[^>]*fill="(#\w+)" fill-opacity="([\d.]+)"/g)].map(
        ([, x, y, fill, opacity]) => [Number(x), Number(y), fill, Number(opacity)],
      ),
    }),
  );

  it("show the picture as it is, and once for each word", () => {
    expect(countOf(svg, /<use /g)).toBe(4);
    expect(maps.map(({ label }) => label)).toEqual(["a 100%", "dog 25%", "(end) 60%"]);
    expect(svg).toContain(
      "a: row 1, column 1, 100 per cent; dog: row 1, column 1, 25 per cent; (end): row 2, column 2",
    );
  });

  it("light up the places that were looked at most, and darken the others", () => {
    expect(maps[0].shades).toEqual([
      [0, 0, "#fff", 0.35],
      [56, 0, "#000", 0.75],
      [0, 56, "#000", 0.75],
      [56, 56, "#000", 0.75],
    ]);
    expect(maps[1].shades).toEqual(
      [0, 1, 2, 3].map((at) => [56 * (at % 2), 56 * Math.floor(at / 2), "#fff", 0.35]),
    );
    expect(maps[2].shades).toContainEqual([0, 56, "#000", 0.25]);
  });

  it("refuse weights that do not fit, and are none", () => {
    const wrong = (weights: AttendedPicture["weights"]) => () => svgAttentionMaps({ ...attended, weights });
    expect(wrong([[1, 0, 0, 0]])).toThrow(
      "2 x 2 places must have a share of each of them for each of the 3 words",
    );
    expect(wrong([[1], [1], [1]])).toThrow("must have a share of each");
    for (const share of [Number.NaN, -0.1, 2]) {
      expect(wrong([[share, 0, 0, 0], ...attended.weights.slice(1)])).toThrow("must be from 0 to 1");
    }
    expect(() => svgAttentionMaps({ ...attended, image: "a.png" })).toThrow("data URI");
  });

  it("have room for long captions and many words", () => {
    const many = Array.from({ length: 200 }, (_, at) => `word${at}<`);
    const long = svgAttentionMaps({
      ...attended,
      words: many,
      caption: many.join(" "),
      weights: many.map(() => [0.25, 0.25, 0.25, 0.25]),
    });
    expect(countOf(long, /<use /g)).toBe(61);
    expect(sizeOf(long)[0]).toBe(772);
    expect(long).not.toMatch(/word\d+<[^/]/);
  });
});
