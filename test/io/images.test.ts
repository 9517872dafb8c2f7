/** PNG and JPEG files of every kind against Pillow and fast-png; what is cut off, damaged, too large or something else. */
import { readFileSync } from "node:fs";
import { deflateSync } from "node:zlib";
import fc from "fast-check";
import * as fastPng from "fast-png";
import { describe, expect, test, vi } from "vitest";
import { FormatError, InputError, UnrolledError } from "../../src/core/index.ts";
import { decodeImage, encodePng, pngDataUri, type RgbImage } from "../../src/io/index.ts";
import { makeChunk, makePng, shuffledRows } from "./png-maker.ts";

interface Golden {
  kind: "png" | "jpeg";
  name: string;
  width: number;
  height: number;
  file: string;
  pixels: string;
}
const GOLDENS = JSON.parse(
  readFileSync(new URL("../goldens/images.json", import.meta.url), "utf8"),
) as Golden[];
const fromBase64 = (text: string) => Uint8Array.from(Buffer.from(text, "base64"));
const goldenFile = (kind: string, name: string) => {
  const golden = GOLDENS.find((one) => one.kind === kind && one.name === name);
  if (golden === undefined) throw new Error(`no golden ${kind} ${name}`);
  return fromBase64(golden.file);
};
const baseline = goldenFile("jpeg", "baseline");
const ascii = (text: string) => new TextEncoder().encode(text);

async function failure(bytes: Uint8Array, maxPixels?: number): Promise<FormatError> {
  const error = await decodeImage(bytes, "a.png", { maxPixels }).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(FormatError);
  return error as FormatError;
}

describe("Pillow reads the same from", () => {
  test.each(GOLDENS)("$kind: $name", async ({ kind, name, width, height, file, pixels }) => {
    const image = await decodeImage(fromBase64(file), name);
    expect({ width: image.width, height: image.height, channels: image.channels }).toEqual({
      width,
      height,
      channels: 3,
    });
    const expected = fromBase64(pixels);
    expect(image.data).toHaveLength(expected.length);
    // Pillow interpolates subsampled colours, jpeg-js does not.
    const most = kind === "png" ? 0 : name.startsWith("subsampled") ? 12 : 2;
    for (const [at, value] of expected.entries()) {
      expect(Math.abs(image.data[at] - value), `byte ${at}`).toBeLessThanOrEqual(most);
    }
  });
});

describe("PNG", () => {
  const sizes = { width: fc.integer({ min: 1, max: 20 }), height: fc.integer({ min: 1, max: 20 }) };
  const kinds = fc.constantFrom(
    ...[1, 2, 4, 8, 16].map((depth) => ({ kind: 0, depth, channels: 1 })),
    ...[8, 16].flatMap((depth) => [
      { kind: 2, depth, channels: 3 },
      { kind: 4, depth, channels: 2 },
      { kind: 6, depth, channels: 4 },
    ]),
  );

  test("every kind, depth, filter and interlacing is read as it was written", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({ ...sizes, isInterlaced: fc.boolean(), seed: fc.nat(1000) }),
        kinds,
        async ({ width, height, isInterlaced, seed }, { kind, depth, channels }) => {
          const most = 2 ** depth - 1;
          const samples = Array.from({ length: width * height * channels }, (_, at) =>
            (at * 7919 + seed * 31) % 5 === 0 ? most : (at * 104_729 + seed) % (most + 1),
          );
          const file = makePng({ width, height, kind, depth, channels, isInterlaced, samples, seed });
          const { data } = await decodeImage(file, "a.png");
          for (let pixel = 0; pixel < width * height; pixel++) {
            const own = samples.slice(pixel * channels, (pixel + 1) * channels).map((value) => value / most);
            const alpha = kind >= 4 ? own[channels - 1] : 1;
            for (let channel = 0; channel < 3; channel++) {
              const level = kind === 0 || kind === 4 ? own[0] : own[channel];
              const expected = 255 * (1 - alpha + alpha * level);
              expect(Math.abs(data[pixel * 3 + channel] - expected)).toBeLessThanOrEqual(0.5 + 1e-9);
            }
          }
        },
      ),
    );
  });

  test("fast-png's files are read as they are, interlaced or not", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          ...sizes,
          interlace: fc.constantFrom("null" as const, "Adam7" as const),
          seed: fc.nat(255),
        }),
        async ({ width, height, interlace, seed }) => {
          const data = Uint8Array.from({ length: width * height * 3 }, (_, at) => (at * at + seed) % 256);
          const file = fastPng.encode({ width, height, data, channels: 3, depth: 8 }, { interlace });
          expect((await decodeImage(file, "a.png")).data).toEqual(data);
        },
      ),
    );
  });

  test("what encodePng writes, fast-png and decodeImage read as it was", async () => {
    await fc.assert(
      fc.asyncProperty(fc.record({ ...sizes, seed: fc.nat(255) }), async ({ width, height, seed }) => {
        const data = Uint8Array.from({ length: width * height * 3 }, (_, at) => (at * 31 * (seed + 1)) % 256);
        const image: RgbImage = { width, height, channels: 3, data };
        const file = encodePng(image);
        expect(await decodeImage(file, "a.png")).toEqual(image);
        const other = fastPng.decode(file, { checkCrc: true });
        expect([other.width, other.height, other.channels]).toEqual([width, height, 3]);
        expect(Uint8Array.from(other.data)).toEqual(data);
        expect(pngDataUri(image)).toBe(`data:image/png;base64,${Buffer.from(file).toString("base64")}`);
      }),
    );
  });

  const grey = { width: 2, height: 2, kind: 0, depth: 8, channels: 1, samples: [0, 100, 200, 255] };
  const withSamples = (facts: Partial<typeof grey> & { raw?: Uint8Array; before?: Uint8Array[] }) =>
    makePng({ ...grey, ...facts });
  test.each<[string, Uint8Array, string]>([
    ["no pixels across", withSamples({ width: 0, samples: [] }), "the picture has no pixels: 0 x 2"],
    ["no pixels down", withSamples({ height: 0, samples: [] }), "the picture has no pixels: 2 x 0"],
    [
      "a claim of more pixels than are read",
      withSamples({ width: 2 ** 31 - 1, height: 2 ** 31 - 1, raw: new Uint8Array(4) }),
      "the picture claims 2147483647 x 2147483647 pixels; at most 16777216 are read",
    ],
    [
      "a depth that there is not",
      withSamples({ depth: 3, raw: new Uint8Array(6) }),
      "no PNG of colour type 0, 3 bits",
    ],
    ["a kind that there is not", withSamples({ kind: 5 }), "no PNG of colour type 5"],
    [
      "a row too few",
      withSamples({ raw: Uint8Array.of(0, 1, 2) }),
      "the pixels have 3 bytes; they must have 6",
    ],
    ["a row too many", withSamples({ raw: new Uint8Array(9) }), "the pixels have more than 6 bytes"],
    [
      "a filter that there is not",
      withSamples({ raw: Uint8Array.of(5, 0, 0, 0, 0, 0) }),
      "row 0 has the filter 5",
    ],
    ["a palette that is missing", withSamples({ kind: 3 }), "the palette has 0 colours"],
    [
      "a colour beyond the palette",
      withSamples({ kind: 3, before: [makeChunk("PLTE", Uint8Array.of(1, 2, 3))] }),
      "a pixel has a colour that the palette lacks",
    ],
    [
      "a transparent colour of another kind",
      withSamples({ before: [makeChunk("tRNS", new Uint8Array(6))] }),
      "the transparent colours do not fit",
    ],
    [
      "a chunk that has to be known",
      withSamples({ before: [makeChunk("NEED", new Uint8Array(1))] }),
      "a chunk that is not known",
    ],
    [
      "two headers",
      withSamples({ before: [makeChunk("IHDR", new Uint8Array(13))] }),
      "a chunk that is not known",
    ],
    [
      "no header",
      Uint8Array.of(
        ...encodePng({ ...grey, channels: 3, data: new Uint8Array(12) }).slice(0, 8),
        ...makeChunk("IEND", new Uint8Array(0)),
      ),
      "does not begin with a header",
    ],
  ])("refuses %s", async (_, bytes, message) => {
    expect((await failure(bytes)).message).toContain(message);
  });

  test("passes over chunks that need not be known, and empty and small pieces of data", async () => {
    const before = [makeChunk("teXt", ascii("anything")), makeChunk("IDAT", new Uint8Array(0))];
    expect(
      [...(await decodeImage(withSamples({ before }), "a")).data].filter((_, at) => at % 3 === 0),
    ).toEqual(grey.samples);
  });

  test("stops unpacking where the pixels are too many, and does not unpack profiles and texts at all", async () => {
    const bomb = deflateSync(new Uint8Array(2 ** 28));
    const before = process.memoryUsage().rss;
    const error = await failure(withSamples({ before: [makeChunk("iCCP", bomb), makeChunk("IDAT", bomb)] }));
    expect(error.message).toContain("the pixels have more than 6 bytes");
    const texts = [makeChunk("iCCP", bomb), makeChunk("zTXt", bomb)];
    expect((await decodeImage(withSamples({ before: texts }), "a")).width).toBe(2);
    expect(process.memoryUsage().rss - before).toBeLessThan(2 ** 28);
  });

  test("notices any byte that changed", async () => {
    const file = goldenFile("png", "palette with alpha");
    for (let at = 0; at < file.length; at++) {
      const changed = Uint8Array.from(file);
      changed[at] ^= 0x41;
      await failure(changed);
    }
  });
});

describe("JPEG", () => {
  const changed = (at: number, ...values: number[]) => {
    const bytes = Uint8Array.from(baseline);
    bytes.set(values, at);
    return bytes;
  };
  /** Where the marker of a segment is. */
  const find = (bytes: Uint8Array, marker: number) =>
    bytes.findIndex((byte, at) => byte === 0xff && bytes[at + 1] === marker);
  const frame = find(baseline, 0xc0);
  const scan = find(baseline, 0xda);
  const ink = goldenFile("jpeg", "CMYK");
  const adobe = find(ink, 0xee);
  const withoutAdobe = Uint8Array.of(...ink.slice(0, adobe), ...ink.slice(adobe + 16));
  const progressive = goldenFile("jpeg", "progressive grey");
  const firstScan = find(progressive, 0xda);
  const secondScan = firstScan + 2 + find(progressive.slice(firstScan + 2), 0xc4);
  const manyScans = Uint8Array.of(
    ...progressive.slice(0, firstScan),
    ...new Array(51).fill([...progressive.slice(firstScan, secondScan)]).flat(),
    0xff,
    0xd9,
  );

  test.each<[string, Uint8Array, string]>([
    ["no rows", changed(frame + 5, 0, 0), "the picture has no pixels: 19 x 0"],
    ["no columns", changed(frame + 7, 0, 0), "the picture has no pixels: 0 x 13"],
    [
      "a claim of more pixels than are read",
      changed(frame + 5, 255, 255, 255, 255),
      "the picture claims 65535 x 65535",
    ],
    ["12 bits", changed(frame + 4, 12), "3 colours with 12 bits is not read"],
    ["an arithmetic code", changed(frame + 1, 0xc9), "that is arithmetically coded is not read"],
    ["a lossless file", changed(frame + 1, 0xc3), "that is lossless is not read"],
    ["a sampling of 0", changed(frame + 11, 0x01), "colour 1 has the sampling 0 x 1"],
    ["a sampling of 5", changed(frame + 11, 0x15), "colour 1 has the sampling 1 x 5"],
    ["two colours of one name", changed(frame + 13, baseline[frame + 10]), "two colours have one name"],
    ["a scan of another colour", changed(scan + 5, 77), "a scan has a colour that the frame lacks"],
    ["a segment beyond the end", changed(frame + 2, 0x7f, 0xff), "a segment claims 32767 bytes"],
    ["a frame of another length", changed(frame + 9, 4), "a frame of 4 colours has 15 bytes"],
    ["what is no marker", changed(frame, 0), "no marker at byte"],
    ["an unknown segment", changed(frame + 1, 0xc8), "a segment of the kind c8 is not known"],
    ["no scan", Uint8Array.of(...baseline.slice(0, scan), 0xff, 0xd9), "not the pixels of all colours"],
    ["no frame", Uint8Array.of(0xff, 0xd8, 0xff, 0xd9), "not the pixels of all colours"],
    [
      "a scan that is cut off",
      Uint8Array.of(...baseline.slice(0, scan + 30), 0xff, 0xd9),
      "cannot be decoded",
    ],
    ["ink that nobody names", withoutAdobe, "four colours without Adobe's mark"],
    ["more scans than an encoder makes", manyScans, "the file has more than 50 scans"],
  ])("refuses %s", async (_, bytes, message) => {
    expect((await failure(bytes)).message).toContain(message);
  });

  test("reads Exif of either byte order, and takes what is damaged for upright", async () => {
    const insert = (segment: number[]) =>
      Uint8Array.of(
        0xff,
        0xd8,
        0xff,
        0xe1,
        0,
        segment.length + 8,
        ...ascii("Exif\0\0"),
        ...segment,
        ...baseline.slice(2),
      );
    const little = [73, 73, 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0];
    const big = [77, 77, 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0];
    const sizes = async (segment: number[]) => {
      const { width, height } = await decodeImage(insert(segment), "a.jpg");
      return [width, height];
    };
    expect(await sizes(little)).toEqual([13, 19]);
    expect(await sizes(big)).toEqual([13, 19]);
    await fc.assert(
      fc.asyncProperty(fc.nat(big.length - 1), fc.nat(255), fc.nat(big.length), async (at, value, length) => {
        const damaged = big.slice(0, length);
        if (at < length) damaged[at] = value;
        expect((await sizes(damaged)).toSorted()).toEqual([13, 19]);
      }),
    );
  });

  test("where the decoder cannot be loaded, an error says what the page needs; PNG files are read without it", async () => {
    vi.resetModules();
    vi.doMock("jpeg-js", () => {
      throw new Error("Failed to resolve module specifier");
    });
    try {
      const fresh = await import("../../src/io/images.ts");
      await expect(fresh.decodeImage(baseline, "a.jpg")).rejects.toMatchObject({
        code: "INPUT",
        hint: "use dist/page/unrolled.js or a bundler, since jpeg-js is no module of ECMAScript",
      });
      expect((await fresh.decodeImage(goldenFile("png", "colour"), "a.png")).width).toBe(19);
    } finally {
      vi.doUnmock("jpeg-js");
      vi.resetModules();
    }
  });

  test("passes over comments and what follows the end", async () => {
    const comment = [0xff, 0xfe, 0, 5, 65, 66, 67];
    const bytes = Uint8Array.of(0xff, 0xd8, 0xff, 0xff, ...comment, ...baseline.slice(2), 1, 2, 3);
    expect(await decodeImage(bytes, "a")).toEqual(await decodeImage(baseline, "a"));
  });
});

describe("any file", () => {
  test.each<[string, Uint8Array, string]>([
    ["empty", new Uint8Array(0), "the file is empty"],
    ["GIF", ascii("GIF89a......"), "this is a GIF file"],
    ["WebP", ascii("RIFF....WEBPVP8 "), "this is a WebP file"],
    ["BMP", ascii("BM............"), "this is a BMP file"],
    ["TIFF", ascii("II*\0........"), "this is a TIFF file"],
    ["AVIF", ascii("....ftypavif...."), "this is a HEIF or AVIF file"],
    ["SVG", ascii('<svg xmlns="...">'), "this is an SVG or HTML file"],
    ["text", ascii("a cat"), "this is neither a PNG nor a JPEG file"],
  ])("that is %s is refused, with what to do", async (_, bytes, message) => {
    const error = await failure(bytes);
    expect(error.message).toContain(message);
    expect(error.hint).toBeDefined();
  });

  test("is known by its first bytes, not by its name", async () => {
    expect((await decodeImage(baseline, "photo.png")).width).toBe(19);
  });

  test("is refused wherever it is cut off", async () => {
    const names = ["palette with alpha", "interlaced grey of 2 bits"].map((name) => goldenFile("png", name));
    const jpegs = ["baseline", "progressive", "with restarts"].map((name) => goldenFile("jpeg", name));
    for (const file of [...names, ...jpegs]) {
      for (let length = 0; length < file.length; length++) await failure(file.slice(0, length));
    }
  });

  test("is refused from one pixel more than the limit on, and read at it", async () => {
    for (const file of [baseline, goldenFile("png", "colour")]) {
      expect((await decodeImage(file, "a", { maxPixels: 19 * 13 })).width).toBe(19);
      expect((await failure(file, 19 * 13 - 1)).message).toContain(
        "the picture claims 19 x 13 pixels; at most 246",
      );
    }
  });

  const few = { numRuns: 600 };
  /** A picture, or an error of this package. */
  async function neverFails(bytes: Uint8Array): Promise<void> {
    try {
      const { width, height, data } = await decodeImage(bytes, "a", { maxPixels: 2 ** 14 });
      expect(data).toHaveLength(width * height * 3);
    } catch (error) {
      expect(error).toBeInstanceOf(UnrolledError);
    }
  }

  test("of random bytes, after a right beginning or not, ends in an error of this package", async () => {
    const start = fc.constantFrom(
      [],
      [0xff, 0xd8],
      [...encodePng({ width: 1, height: 1, channels: 3, data: new Uint8Array(3) })].slice(0, 33),
    );
    await fc.assert(
      fc.asyncProperty(start, fc.uint8Array({ maxLength: 200 }), (begin, rest) =>
        neverFails(Uint8Array.of(...begin, ...rest)),
      ),
      few,
    );
  });

  test("that is changed anywhere is a picture, or ends in an error of this package", {
    timeout: 120_000,
  }, async () => {
    const files = GOLDENS.map(({ file }) => fromBase64(file));
    const change = fc.record({ at: fc.nat(2048), value: fc.nat(255), cut: fc.option(fc.nat(2048)) });
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...files),
        fc.array(change, { minLength: 1, maxLength: 4 }),
        async (file, changes) => {
          let bytes = Uint8Array.from(file);
          for (const { at, value, cut } of changes) {
            bytes[at % bytes.length] = value;
            if (cut !== null && cut % bytes.length > 8) {
              // Takes bytes out of the middle.
              const middle = cut % bytes.length;
              bytes = Uint8Array.of(...bytes.slice(0, middle), ...bytes.slice(middle + (value % 16)));
            }
          }
          await neverFails(bytes);
        },
      ),
      few,
    );
  });

  test("of PNG with right checksums and anything within ends in a picture or an error of this package", async () => {
    const raw = fc.uint8Array({ maxLength: 300 });
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          width: fc.integer({ min: 0, max: 12 }),
          height: fc.integer({ min: 0, max: 12 }),
          kind: fc.integer({ min: 0, max: 7 }),
          depth: fc.constantFrom(1, 2, 3, 4, 8, 16),
          isInterlaced: fc.boolean(),
          raw: fc.oneof(raw, raw.map(shuffledRows)),
        }),
        fc.array(
          fc.tuple(fc.constantFrom("PLTE", "tRNS", "eXIf", "iCCP", "IDAT"), fc.uint8Array({ maxLength: 40 })),
          {
            maxLength: 3,
          },
        ),
        (facts, chunks) =>
          neverFails(
            makePng({
              ...{ ...facts, channels: 1, samples: [] },
              before: chunks.map(([tag, content]) => makeChunk(tag, content)),
            }),
          ),
      ),
      few,
    );
  });

  test("with arguments of other kinds is refused", async () => {
    await expect(decodeImage("a" as unknown as Uint8Array, "a")).rejects.toThrow(
      "bytes must be a Uint8Array",
    );
    await expect(decodeImage(baseline, 1 as unknown as string)).rejects.toThrow("name must be a text");
    await expect(decodeImage(baseline, "a", { maxPixels: 0 })).rejects.toThrow(InputError);
    const image = { width: 2, height: 2, channels: 3 as const, data: new Uint8Array(11) };
    expect(() => encodePng(image)).toThrow("encodePng: image.data must be 2 x 2 x 3 bytes, got 11");
  });
});
