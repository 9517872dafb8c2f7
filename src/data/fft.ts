/** The discrete Fourier transform of real samples, by the radix-2 algorithm of Cooley and Tukey (1965). */
export class PowerSpectrum {
  /** Samples of a transform: a power of two. */
  readonly size: number;
  private readonly cosines: Float64Array;
  private readonly sines: Float64Array;
  /** The place of each sample after the order of its bits has been reversed. */
  private readonly places: Uint32Array;
  private readonly real: Float64Array;
  private readonly imaginary: Float64Array;

  /** @param size a power of two of at least 2 */
  constructor(size: number) {
    this.size = size;
    const half = size / 2;
    this.cosines = Float64Array.from({ length: half }, (_, k) => Math.cos((2 * Math.PI * k) / size));
    this.sines = Float64Array.from({ length: half }, (_, k) => -Math.sin((2 * Math.PI * k) / size));
    this.places = new Uint32Array(size);
    for (let at = 1; at < size; at++) this.places[at] = (this.places[at >> 1] >> 1) | (at & 1 ? half : 0);
    this.real = new Float64Array(size);
    this.imaginary = new Float64Array(size);
  }

  /**
   * The squared magnitudes of the frequencies from 0 to the half of the sampling rate, both included.
   * @param samples at most `size`; the rest counts as 0
   * @param power filled: `[size / 2 + 1]`
   */
  compute(samples: Float64Array, power: Float64Array): void {
    const { real, imaginary, places, size } = this;
    real.fill(0);
    imaginary.fill(0);
    for (let at = 0; at < samples.length; at++) real[places[at]] = samples[at];
    for (let length = 2; length <= size; length *= 2) this.combine(length);
    for (let k = 0; k <= size / 2; k++) power[k] = real[k] ** 2 + imaginary[k] ** 2;
  }

  /** Makes transforms of `length` samples from pairs of transforms of half as many. */
  private combine(length: number): void {
    const { real, imaginary, cosines, sines, size } = this;
    const [half, stride] = [length / 2, size / length];
    for (let start = 0; start < size; start += length) {
      for (let k = 0; k < half; k++) {
        const [even, odd] = [start + k, start + k + half];
        const [c, s] = [cosines[k * stride], sines[k * stride]];
        const re = real[odd] * c - imaginary[odd] * s;
        const im = real[odd] * s + imaginary[odd] * c;
        real[odd] = real[even] - re;
        imaginary[odd] = imaginary[even] - im;
        real[even] += re;
        imaginary[even] += im;
      }
    }
  }
}
