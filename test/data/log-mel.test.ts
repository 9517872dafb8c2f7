/** Log-mel frames against SciPy's, a plain transform and what is known of tones. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { PowerSpectrum } from "../../src/data/fft.ts";
import { logMelFrames } from "../../src/data/log-mel.ts";
import { resample } from "../../src/data/resample.ts";

interface Goldens {
  cases: { rate: number; bands: number; lowest: number; highest: number; frames: number[][] }[];
  resampled: { from: number; to: number; samples: number[] }[];
}
const GOLDENS = JSON.parse(
  readFileSync(new URL("../goldens/log-mel.json", import.meta.url), "utf8"),
) as Goldens;

/** As in test/goldens/make_log_mel_goldens.py. */
function makeSound(rate: number, seconds: number): Float64Array {
  return Float64Array.from({ length: Math.round(rate * seconds) }, (_, at) => {
    const t = at / rate;
    const tones = 0.5 * Math.sin(2 * Math.PI * (300 + 400 * t) * t) + 0.25 * Math.sin(2 * Math.PI * 1500 * t);
    return Math.sin((Math.PI * t) / seconds) ** 2 * tones;
  });
}
const tone = (rate: number, frequency: number, length: number) =>
  Float64Array.from({ length }, (_, at) => Math.sin((2 * Math.PI * frequency * at) / rate));

test("the transform is the plain sum", () => {
  for (const size of [2, 4, 64]) {
    const samples = Float64Array.from({ length: size - 1 }, (_, at) => Math.sin(at * at) + (at % 3));
    const power = new Float64Array(size / 2 + 1);
    new PowerSpectrum(size).compute(samples, power);
    for (let k = 0; k <= size / 2; k++) {
      let [re, im] = [0, 0];
      for (const [at, sample] of samples.entries()) {
        re += sample * Math.cos((2 * Math.PI * k * at) / size);
        im -= sample * Math.sin((2 * Math.PI * k * at) / size);
      }
      expect(power[k]).toBeCloseTo(re * re + im * im, 9);
    }
  }
});

describe("logMelFrames", () => {
  test.each(GOLDENS.cases)("gives what SciPy gives at $rate Hz in $bands bands", ({ frames, ...facts }) => {
    const { rate, bands, lowest, highest } = facts;
    const found = logMelFrames(makeSound(rate, 0.1), rate, { bands, lowest, highest });
    expect(found).toHaveLength(frames.length * bands);
    for (const [at, value] of frames.flat().entries()) expect(Math.abs(found[at] - value)).toBeLessThan(1e-5);
  });

  test("has one frame per hop, and one of a recording that is shorter than a frame", () => {
    const framesOf = (length: number) => logMelFrames(new Float32Array(length), 8000).length / 40;
    expect([1, 199, 200, 279, 280, 8000].map(framesOf)).toEqual([1, 1, 1, 1, 2, 98]);
  });

  test("silence is the logarithm of the floor", () => {
    const frames = logMelFrames(new Float32Array(400), 8000, { floor: 1e-3 });
    expect(new Set(frames)).toEqual(new Set([Math.fround(Math.log(1e-3))]));
  });

  test("a tone is loudest in the band that it lies in, whatever the rate of the recording", () => {
    const loudest = (rate: number) => {
      const frame = logMelFrames(tone(rate, 1000, rate), rate, { rate: 8000 }).subarray(40 * 50, 40 * 51);
      return frame.indexOf(Math.max(...frame));
    };
    const expected = loudest(8000);
    for (const rate of [11_025, 16_000, 44_100, 48_000]) expect(loudest(rate)).toBe(expected);
  });

  test("relative energies do not depend on how loud a recording is", () => {
    const noise = Float64Array.from({ length: 800 }, (_, at) => Math.sin(at * at * 0.7));
    const [loud, quiet] = [1, 0.01].map((level) =>
      logMelFrames(
        noise.map((x) => level * x),
        8000,
        { relative: true, floor: 1e-4 },
      ),
    );
    expect(Math.max(...loud)).toBe(0);
    for (const [at, energy] of loud.entries()) expect(quiet[at]).toBeCloseTo(energy, 5);
    const own = logMelFrames(noise, 8000);
    const largest = Math.max(...own);
    for (const [at, energy] of loud.entries()) {
      expect(energy).toBeCloseTo(Math.max(own[at] - largest, Math.log(1e-4)), 4);
    }
    const silence = logMelFrames(new Float32Array(300), 8000, { relative: true });
    expect(new Set(silence)).toEqual(new Set([Math.fround(Math.log(1e-6))]));
  });

  test("centered bands lose a share of their mean, and with all of it what a microphone does", () => {
    const noise = Float64Array.from(
      { length: 1600 },
      (_, at) => Math.sin(at * at * 0.7) * (at < 800 ? 1 : 0.3),
    );
    const meanOf = (frames: Float32Array, band: number) => {
      const own = frames.filter((_, at) => at % 40 === band);
      return own.reduce((sum, x) => sum + x, 0) / own.length;
    };
    const [whole, half, none] = [0, 0.5, 1].map((centered) => logMelFrames(noise, 8000, { centered }));
    for (const band of [0, 17, 39]) {
      expect(meanOf(half, band)).toBeCloseTo(meanOf(whole, band) / 2, 4);
      expect(meanOf(none, band)).toBeCloseTo(0, 4);
      expect(none[40 + band] - none[band]).toBeCloseTo(whole[40 + band] - whole[band], 4);
    }
    const louder = logMelFrames(
      noise.map((x) => 3 * x),
      8000,
      { centered: 1 },
    );
    for (const [at, energy] of none.entries()) expect(louder[at]).toBeCloseTo(energy, 3);
    expect(() => logMelFrames(noise, 8000, { centered: 1.5 })).toThrow("centered must be from 0 to 1");
  });

  test("every band hears something, however narrow it is", () => {
    const noise = Float64Array.from({ length: 800 }, (_, at) => Math.sin(at * at * 0.7));
    const frames = logMelFrames(noise, 8000, { bands: 128 });
    expect(Math.min(...frames)).toBeGreaterThan(Math.log(1e-6));
  });

  test("refuses what makes no sense", () => {
    const samples = new Float32Array(100);
    expect(() => logMelFrames([], 8000)).toThrow("samples must be at least one");
    expect(() => logMelFrames([Number.NaN], 8000)).toThrow("samples must be a list of finite samples");
    expect(() => logMelFrames(samples, 8000, { highest: 4001 })).toThrow("at most half of the rate, 4000");
    expect(() => logMelFrames(samples, 8000, { lowest: 4000 })).toThrow("must be increasing");
    expect(() => logMelFrames(samples, 8000, { bands: 0 })).toThrow("bands must be an integer from 1 to 256");
    expect(() => logMelFrames(samples, 8000, { window: 0 })).toThrow("window must be a number of seconds");
    expect(() => logMelFrames(samples, 0)).toThrow("sampleRate must be");
  });
});

describe("resample", () => {
  test.each(GOLDENS.resampled)("from $from to $to gives what SciPy gives", ({ from, to, samples }) => {
    const found = resample(makeSound(from, 0.2), from, to);
    expect(found).toHaveLength(Math.round(to * 0.2));
    for (const [at, sample] of samples.entries())
      expect(Math.abs(found[20 * at] - sample)).toBeLessThan(1e-3);
  });

  test("removes what the lower rate cannot represent, and keeps the rest", () => {
    const levelOf = (frequency: number) => {
      const found = resample(tone(44_100, frequency, 22_050), 44_100, 8000).subarray(500, 3500);
      return Math.sqrt(2 * (found.reduce((sum, x) => sum + x * x, 0) / found.length));
    };
    for (const frequency of [50, 1000, 3000]) expect(levelOf(frequency)).toBeCloseTo(1, 2);
    for (const frequency of [4300, 6000, 12_000]) expect(levelOf(frequency)).toBeLessThan(0.002);
  });

  test("of the same rate is a copy", () => {
    expect(resample([0.5, 0.25], 8000, 8000)).toEqual(Float32Array.of(0.5, 0.25));
  });

  test("refuses a result beyond all memory", () => {
    expect(() => resample(new Float32Array(20_000), 100, 10_000_000)).toThrow("more than 2^30");
  });
});
