import { InputError } from "../core/index.ts";
import { checkValue, FINITE, listOfAny, type Range, SIZE } from "../core/options.ts";

/** Zeros of the sinc function on each side of its middle that are used. */
const ZERO_CROSSINGS = 24;
/** Where the low-pass filter halves the amplitude, as a share of what the lower of the two rates can represent. */
const ROLLOFF = 0.94;
const MAX_SAMPLES = 2 ** 30;
/** Weights of filters that are kept: 64 MiB. With rates that have few factors in common, each sample has its own filter. */
const MOST_KEPT = 2 ** 23;

/** The highest is that of radio receivers; sound has at most 192,000. */
export const RATE: Range = {
  text: "an integer from 100 to 10000000",
  fits: (value) => SIZE.fits(value) && (value as number) >= 100 && (value as number) <= 1e7,
};

export const SAMPLES: Range = listOfAny(FINITE, "a list of finite samples");

/**
 * Samples at another rate, by interpolation with a sinc function under a Hann window, which removes what the lower
 * rate cannot represent (Smith, "Digital audio resampling", 1984). What is before the first and after the last sample
 * counts as 0.
 * @param samples `[samples]`
 * @param from samples per second
 * @param to samples per second of the result, which has `ceil(samples * to / from)`
 * @throws InputError for rates out of range, and a result of more than 2^30 samples
 */
export function resample(samples: ArrayLike<number>, from: number, to: number): Float32Array {
  checkValue("resample: samples", SAMPLES, samples);
  checkValue("resample: from", RATE, from);
  checkValue("resample: to", RATE, to);
  if (from === to) return Float32Array.from(samples);
  const count = Math.ceil((samples.length * to) / from);
  if (count > MAX_SAMPLES) throw new InputError(`resample: samples would become ${count}, more than 2^30`);
  const divisor = greatestDivisor(from, to);
  const [step, phases] = [from / divisor, to / divisor];
  const cutoff = ROLLOFF * Math.min(1, to / from);
  const reach = Math.ceil(ZERO_CROSSINGS / cutoff);
  const most = Math.min(phases, Math.max(1, Math.floor(MOST_KEPT / (2 * reach + 2))));
  const kept: (Float64Array | undefined)[] = new Array(most);
  const result = new Float32Array(count);
  for (let index = 0; index < count; index++) {
    // The place of the sample among those of before: its whole part, and the rest in parts of `phases`.
    const phase = (index * step) % phases;
    const middle = (index * step - phase) / phases;
    const filter = (phase < most ? kept[phase] : undefined) ?? filterOf(phase / phases, cutoff, reach);
    if (phase < most) kept[phase] = filter;
    const first = middle - reach;
    const last = Math.min(samples.length - 1, middle + reach + 1);
    let sum = 0;
    for (let at = Math.max(0, first); at <= last; at++) sum += samples[at] * filter[at - first];
    result[index] = sum;
  }
  return result;
}

/** The weights of the samples around a place that is `offset` behind the one in the middle. */
function filterOf(offset: number, cutoff: number, reach: number): Float64Array {
  return Float64Array.from({ length: 2 * reach + 2 }, (_, k) => {
    const x = (k - reach - offset) * cutoff;
    if (Math.abs(x) >= ZERO_CROSSINGS) return 0;
    const sinc = x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
    return cutoff * sinc * Math.cos((Math.PI * x) / (2 * ZERO_CROSSINGS)) ** 2;
  });
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}
