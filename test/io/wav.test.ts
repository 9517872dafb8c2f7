/** WAV files of every depth and rate, and those that are cut off or are none. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FormatError, InputError } from "../../src/core/index.ts";
import { encodeWav, parseWav, type WavEncoding } from "../../src/io/wav.ts";

const tag = (text: string) => [...new TextEncoder().encode(text)];
const u16 = (value: number) => [value & 255, (value >> 8) & 255];
const u32 = (value: number) => [...u16(value & 0xffff), ...u16(value >>> 16)];
const chunk = (name: string, body: number[], size = body.length) => [
  ...tag(name),
  ...u32(size),
  ...body,
  ...(body.length % 2 === 1 ? [0] : []),
];
const riff = (...chunks: number[][]) =>
  Uint8Array.from([...tag("RIFF"), ...u32(0), ...tag("WAVE"), ...chunks.flat()]);

function format({ code = 1, channels = 1, rate = 8000, bits = 16, more = [] as number[] } = {}): number[] {
  const frame = (channels * bits) / 8;
  return chunk("fmt ", [
    ...u16(code),
    ...u16(channels),
    ...u32(rate),
    ...u32(rate * frame),
    ...u16(frame),
    ...u16(bits),
    ...more,
  ]);
}
const floats = (Kind: typeof Float32Array | typeof Float64Array, ...values: number[]) => [
  ...new Uint8Array(Kind.from(values).buffer),
];
const samplesOf = (bytes: Uint8Array) => [...parseWav(bytes, "a.wav").samples];

describe("parseWav", () => {
  test.each([
    ["8 bits, which have no sign", { bits: 8 }, [0, 128, 192], [-1, 0, 0.5]],
    ["16 bits", {}, [...u16(0x8000), ...u16(0), ...u16(0x4000)], [-1, 0, 0.5]],
    ["24 bits", { bits: 24 }, [0, 0, 0x80, 0, 0, 0, 0, 0, 0x40, 1, 0, 0], [-1, 0, 0.5, 2 ** -23]],
    ["32 bits", { bits: 32 }, [...u32(0x80000000), ...u32(0x40000000)], [-1, 0.5]],
    ["floats of 32 bits", { code: 3, bits: 32 }, floats(Float32Array, -0.25, 2), [-0.25, 1]],
    ["floats of 64 bits", { code: 3, bits: 64 }, floats(Float64Array, 0.125, -3), [0.125, -1]],
    [
      "two channels, averaged",
      { channels: 2 },
      [...u16(0x4000), ...u16(0), ...u16(0xc000), ...u16(0xc000)],
      [0.25, -0.5],
    ],
    ["another rate", { rate: 44_100 }, u16(0x2000), [0.25]],
  ])("reads %s", (_, facts, data, expected) => {
    const file = parseWav(riff(format(facts), chunk("data", data)), "a.wav");
    expect([...file.samples]).toEqual(expected);
    expect(file.sampleRate).toBe("rate" in facts ? facts.rate : 8000);
    expect(file.channels).toBe("channels" in facts ? facts.channels : 1);
  });

  test("reads the extensible form, whose own code comes later", () => {
    const more = [...u16(22), ...u16(16), ...u32(4), ...u16(1), ...new Array<number>(14).fill(7)];
    const bytes = riff(format({ code: 0xfffe, more }), chunk("data", u16(0x4000)));
    expect(samplesOf(bytes)).toEqual([0.5]);
  });

  test("passes over other chunks, of odd sizes too, and reads to the end where the size is not known", () => {
    const bytes = riff(
      chunk("LIST", [1, 2, 3]),
      format(),
      chunk("junk", [9]),
      chunk("data", u16(0x4000), 0xffffffff),
    );
    expect(samplesOf(bytes)).toEqual([0.5]);
  });

  const data = chunk("data", u16(1));
  test.each([
    ["no bytes", new Uint8Array(0), "this is no WAV file"],
    ["another kind of file", Uint8Array.from(tag("OggS this is something else")), "this is no WAV file"],
    ["a header alone", riff(), "the file has no format"],
    ["no samples", riff(format()), "the file has no samples"],
    ["samples of zero length", riff(format(), chunk("data", [])), "the recording has no samples"],
    [
      "samples that are cut off",
      riff(format(), chunk("data", u16(1), 1000)),
      'the chunk "data" claims 1000 bytes, 2 are there',
    ],
    [
      "a part of a sample",
      riff(format(), chunk("data", [1, 2, 3])),
      "3 bytes of samples are no whole number",
    ],
    ["samples before their format", riff(data, format()), "the samples stand before their format"],
    ["a short format", riff(chunk("fmt ", [1, 0, 1, 0]), data), "the format has 4 bytes"],
    [
      "a compressed file",
      riff(format({ code: 2, bits: 4 }), data),
      "samples of format 2 with 4 bits are not read",
    ],
    ["12 bits", riff(format({ bits: 12 }), data), "samples of format 1 with 12 bits are not read"],
    ["no channels", riff(format({ channels: 0 }), data), "0 channels of 16 bits"],
    ["a rate of 0", riff(format({ rate: 0 }), data), "a rate of 0 samples per second"],
    [
      "NaN",
      riff(format({ code: 3, bits: 32 }), chunk("data", floats(Float32Array, 0, Number.NaN))),
      "sample 1 is NaN",
    ],
  ])("refuses %s", (_, bytes, message) => {
    expect(() => parseWav(bytes, "a.wav")).toThrow(FormatError);
    expect(() => parseWav(bytes, "a.wav")).toThrow(message);
  });

  test("throws nothing but FormatError, wherever a file is cut or changed", () => {
    const bytes = riff(
      chunk("LIST", [1, 2, 3]),
      format({ channels: 2 }),
      chunk("data", [1, 2, 3, 4, 5, 6, 7, 8]),
    );
    fc.assert(
      fc.property(fc.nat(bytes.length), fc.nat(bytes.length - 1), fc.nat(255), (length, at, value) => {
        const damaged = bytes.slice(0, length);
        if (at < length) damaged[at] = value;
        try {
          parseWav(damaged, "a");
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe("encodeWav", () => {
  const encodings: WavEncoding[] = ["pcm8", "pcm16", "pcm24", "pcm32", "float32"];
  const steps: Record<WavEncoding, number> = {
    pcm8: 2 ** -7,
    pcm16: 2 ** -15,
    pcm24: 2 ** -23,
    pcm32: 2 ** -24,
    float32: 0,
  };

  test("writes what is read as the same, to the step of its depth", () => {
    const samples = fc.array(fc.float({ min: -1, max: 1, noNaN: true }), { minLength: 1 });
    fc.assert(
      fc.property(
        samples,
        fc.constantFrom(...encodings),
        fc.integer({ min: 100, max: 192_000 }),
        (all, encoding, rate) => {
          const file = parseWav(encodeWav(all, { sampleRate: rate, encoding }), "a");
          expect(file.sampleRate).toBe(rate);
          expect(file.samples).toHaveLength(all.length);
          for (const [at, sample] of all.entries()) {
            expect(Math.abs(file.samples[at] - sample)).toBeLessThanOrEqual(steps[encoding]);
          }
        },
      ),
    );
  });

  test("keeps the samples of a file of its own depth as they are", () => {
    const levels = Float32Array.from([-32768, -1, 0, 1, 32767], (level) => level / 32768);
    expect(parseWav(encodeWav(levels, { sampleRate: 8000 }), "a").samples).toEqual(levels);
  });

  test("refuses no samples, what is none, and rates that there are not", () => {
    expect(() => encodeWav([], { sampleRate: 8000 })).toThrow("samples must be at least one");
    expect(() => encodeWav([Number.NaN], { sampleRate: 8000 })).toThrow(InputError);
    expect(() => encodeWav([0], { sampleRate: 8000.5 })).toThrow("sampleRate must be an integer from 100");
  });
});
