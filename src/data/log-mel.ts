import { InputError } from "../core/index.ts";
import {
  ABOVE_0,
  AT_LEAST_0,
  checkValue,
  FLAG,
  FROM_0_TO_1,
  optional,
  type Range,
  type Ranges,
  settle,
} from "../core/options.ts";
import { PowerSpectrum } from "./fft.ts";
import { RATE, resample, SAMPLES } from "./resample.ts";

export interface LogMelOptions {
  /** Samples per second that the recording is brought to first. Default: its own. A model needs one for all. */
  rate?: number;
  /** Bands of frequencies, the numbers of a frame; default 40. */
  bands?: number;
  /** Seconds of sound in a frame; default 0.025. */
  window?: number;
  /** Seconds from the start of a frame to that of the next; default 0.01. */
  hop?: number;
  /** The lowest frequency in Hz; default 20. */
  lowest?: number;
  /** The highest frequency in Hz. Default: half of the rate, above which there is nothing. */
  highest?: number;
  /** The least energy, so that silence has a logarithm; default 1e-6. */
  floor?: number;
  /**
   * Whether energies are shares of the largest of the recording, as with `ref=np.max` of librosa's `power_to_db`: how loud
   * it was recorded makes no difference then. Default: they are not, and a sample of full scale is 1.
   */
  relative?: boolean;
  /**
   * The share of each band's mean over the recording that is taken off, from 0 to 1; default 0. 1 takes off all that a
   * microphone or a room does to every frame alike (Atal 1974), and with it all that is steady in what is said.
   */
  centered?: number;
}

type Settings = Required<LogMelOptions>;

const SECONDS: Range = {
  text: "a number of seconds from 0.001 to 1",
  fits: (value) => typeof value === "number" && value >= 0.001 && value <= 1,
};

const BANDS: Range = {
  text: "an integer from 1 to 256",
  fits: (value) => Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 256,
};

const RANGES: Ranges<LogMelOptions> = {
  rate: RATE,
  bands: BANDS,
  window: SECONDS,
  hop: SECONDS,
  lowest: AT_LEAST_0,
  highest: optional(ABOVE_0),
  floor: ABOVE_0,
  relative: FLAG,
  centered: FROM_0_TO_1,
};

const DEFAULTS = {
  bands: 40,
  window: 0.025,
  hop: 0.01,
  lowest: 20,
  floor: 1e-6,
  relative: false,
  centered: 0,
};

/**
 * The logarithm of the energy in bands of frequencies, frame after frame: what speech recognisers hear. Each frame is
 * weighted by a periodic Hann window; the bands are triangles that are equally wide on the mel scale of the HTK Book
 * (Young et al., section 5.4): 2595 log10(1 + f / 700), each with its peak at 1. Slaney's scale, which librosa has as its
 * default, is another.
 *
 * A recording that is shorter than a frame is filled up with zeros to one. The transform is lengthened with zeros until
 * every band has a frequency of it.
 * @param samples `[samples]`, in [-1, 1]
 * @param sampleRate samples per second
 * @returns `[frames, bands]`, natural logarithms
 * @throws InputError for no samples, and frequencies beyond half of the rate
 */
export function logMelFrames(
  samples: ArrayLike<number>,
  sampleRate: number,
  options: LogMelOptions = {},
): Float32Array {
  checkValue("logMelFrames: samples", SAMPLES, samples);
  checkValue("logMelFrames: sampleRate", RATE, sampleRate);
  const given = settle<LogMelOptions & { rate: number }>(
    "logMelFrames",
    RANGES,
    { ...DEFAULTS, rate: sampleRate },
    options,
  );
  const settings = { ...given, highest: given.highest ?? given.rate / 2 } as Settings;
  if (samples.length === 0) throw new InputError("logMelFrames: samples must be at least one, got none");
  if (settings.lowest >= settings.highest || settings.highest > settings.rate / 2) {
    throw new InputError(
      `logMelFrames: lowest and highest must be increasing and at most half of the rate, ${settings.rate / 2}, ` +
        `got ${settings.lowest} and ${settings.highest}`,
    );
  }
  return new LogMel(settings).compute(resample(samples, sampleRate, settings.rate));
}

/** The weights of the frequencies `first` and following in a band. */
interface Band {
  readonly first: number;
  readonly weights: Float64Array;
}

/** The largest transform: at the highest rate a window has more samples than this only if it is very long. */
const LARGEST_TRANSFORM = 2 ** 24;

class LogMel {
  private readonly settings: Settings;
  /** The weights of the samples of a frame. */
  private readonly window: Float64Array;
  /** Samples from one frame to the next. */
  private readonly hop: number;
  private readonly spectrum: PowerSpectrum;
  private readonly bands: readonly Band[];

  constructor(settings: Settings) {
    this.settings = settings;
    const length = Math.max(1, Math.round(settings.window * settings.rate));
    this.window = Float64Array.from({ length }, (_, at) => Math.sin((Math.PI * at) / length) ** 2);
    this.hop = Math.max(1, Math.round(settings.hop * settings.rate));
    let size = 2;
    while (size < length) size *= 2;
    let bands = makeBands(settings, size);
    while (bands.some(({ weights }) => weights.length === 0) && size < LARGEST_TRANSFORM) {
      size *= 2;
      bands = makeBands(settings, size);
    }
    this.spectrum = new PowerSpectrum(size);
    this.bands = bands;
  }

  compute(samples: Float32Array): Float32Array {
    const { window, hop, spectrum, bands } = this;
    const frames = Math.max(1, 1 + Math.floor((samples.length - window.length) / hop));
    const energies = new Float64Array(frames * bands.length);
    let largest = 0;
    const frame = new Float64Array(window.length);
    const power = new Float64Array(spectrum.size / 2 + 1);
    for (let index = 0; index < frames; index++) {
      for (let at = 0; at < frame.length; at++) frame[at] = (samples[index * hop + at] ?? 0) * window[at];
      spectrum.compute(frame, power);
      for (const [band, { first, weights }] of bands.entries()) {
        let energy = 0;
        for (let k = 0; k < weights.length; k++) energy += weights[k] * power[first + k];
        energies[index * bands.length + band] = energy;
        if (energy > largest) largest = energy;
      }
    }
    const { floor, relative, centered } = this.settings;
    // Silence has no largest energy: all of it is at the floor.
    const whole = relative && largest > 0 ? largest : 1;
    const result = Float32Array.from(energies, (energy) => Math.log(Math.max(energy / whole, floor)));
    if (centered > 0) centerBands(result, bands.length, centered);
    return result;
  }
}

/** Take a share of the mean over all frames off each band. */
function centerBands(frames: Float32Array, bands: number, share: number): void {
  for (let band = 0; band < bands; band++) {
    let sum = 0;
    for (let at = band; at < frames.length; at += bands) sum += frames[at];
    const less = (share * sum * bands) / frames.length;
    for (let at = band; at < frames.length; at += bands) frames[at] -= less;
  }
}

const melOf = (frequency: number) => 2595 * Math.log10(1 + frequency / 700);
const frequencyOf = (mel: number) => 700 * (10 ** (mel / 2595) - 1);

/** Triangles over the frequencies of a transform of `size` samples. */
function makeBands({ bands, lowest, highest, rate }: Settings, size: number): Band[] {
  const [low, high] = [melOf(lowest), melOf(highest)];
  const corners = Array.from({ length: bands + 2 }, (_, k) =>
    frequencyOf(low + ((high - low) * k) / (bands + 1)),
  );
  return Array.from({ length: bands }, (_, band) => {
    const [left, peak, right] = corners.slice(band, band + 3);
    const first = Math.floor((left * size) / rate) + 1;
    const last = Math.min(size / 2, Math.ceil((right * size) / rate) - 1);
    const weights = Float64Array.from({ length: Math.max(0, last - first + 1) }, (_, k) => {
      const frequency = ((first + k) * rate) / size;
      return Math.min((frequency - left) / (peak - left), (right - frequency) / (right - peak));
    });
    return { first, weights };
  });
}
