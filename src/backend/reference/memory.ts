import { type Address, type FloatArray, type LinearMemory, WORD } from "../backend.ts";

/**
 * A heap of float64 words that uses addresses of 4 bytes per word, so that tensors and arenas work as they do on wasm.
 * Integers are stored as float64, which represents them exactly.
 */
export class ReferenceMemory implements LinearMemory {
  readonly start = 64;
  readonly limit = 2 ** 31;
  private words = new Float64Array(2 ** 16);

  reserve(end: Address): boolean {
    const wanted = end / WORD;
    if (wanted <= this.words.length) return true;
    try {
      const grown = new Float64Array(Math.min(Math.max(wanted, this.words.length * 1.5), this.limit / WORD));
      grown.set(this.words);
      this.words = grown;
      return true;
    } catch (error) {
      if (error instanceof RangeError) return false;
      throw error;
    }
  }

  /** A view of `count` words that is valid until the next allocation. */
  at(address: Address, count: number): Float64Array {
    return this.words.subarray(address / WORD, address / WORD + count);
  }

  write(address: Address, values: ArrayLike<number>): void {
    this.at(address, values.length).set(values);
  }

  async read(address: Address, count: number, into?: FloatArray): Promise<FloatArray> {
    if (into === undefined) return this.readSync(address, count);
    into.set(this.at(address, count));
    return into;
  }

  readSync(address: Address, count: number): Float64Array {
    return this.at(address, count).slice();
  }

  readInto(address: Address, target: Float64Array): void {
    target.set(this.at(address, target.length));
  }

  readIntsSync(address: Address, count: number): Int32Array {
    return Int32Array.from(this.at(address, count));
  }
}
