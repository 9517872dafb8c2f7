/**
 * Counter-based random numbers: Threefry-2x32 with 20 rounds (Salmon et al., "Parallel random numbers: as easy
 * as 1, 2, 3", SC 2011). A value depends on a key and a counter alone, so the dropout kernel of every backend
 * draws the same mask, a backward pass draws it again instead of storing it, and the state is four words.
 */

const PARITY = 0x1bd11bda;
const ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24] as const;

/** One block: two words of counter and two of key give two random words. All are unsigned 32-bit. */
export function threefry2x32(
  counter: readonly [number, number],
  key: readonly [number, number],
): [number, number] {
  const keys = [key[0] | 0, key[1] | 0, PARITY ^ key[0] ^ key[1]];
  let x0 = (counter[0] + keys[0]) | 0;
  let x1 = (counter[1] + keys[1]) | 0;
  for (let round = 0; round < 20; round++) {
    const rotation = ROTATIONS[round % 8];
    x0 = (x0 + x1) | 0;
    x1 = ((x1 << rotation) | (x1 >>> (32 - rotation))) ^ x0;
    if (round % 4 === 3) {
      const injection = (round + 1) / 4;
      x0 = (x0 + keys[injection % 3]) | 0;
      x1 = (x1 + keys[(injection + 1) % 3] + injection) | 0;
    }
  }
  return [x0 >>> 0, x1 >>> 0];
}

/** Four unsigned words: the key and the counter of the next draw. */
export type RngState = readonly [number, number, number, number];

/** A seeded stream of random numbers. The same seed gives the same numbers everywhere. */
export class Rng {
  private readonly key: readonly [number, number];
  private low: number;
  private high: number;

  /** @param seed any integer with |seed| <= 2^53, or a saved {@link state} */
  constructor(seed: number | RngState) {
    if (typeof seed === "number") {
      if (!Number.isSafeInteger(seed)) throw new RangeError(`seed must be an integer, got ${seed}`);
      this.key = [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0];
      this.low = 0;
      this.high = 0;
    } else {
      this.key = [seed[0], seed[1]];
      this.low = seed[2];
      this.high = seed[3];
    }
  }

  get state(): RngState {
    return [this.key[0], this.key[1], this.low, this.high];
  }

  /** Two unsigned 32-bit words. */
  words(): [number, number] {
    const block = threefry2x32([this.low, this.high], this.key);
    this.low = (this.low + 1) >>> 0;
    if (this.low === 0) this.high = (this.high + 1) >>> 0;
    return block;
  }

  /** Uniform in [0, 1) with 53 bits. */
  uniform(): number {
    const [a, b] = this.words();
    return ((a >>> 5) * 2 ** 26 + (b >>> 6)) / 2 ** 53;
  }

  /** Standard normal (Box and Muller, 1958). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /** Integer in [0, bound). */
  integer(bound: number): number {
    return Math.floor(this.uniform() * bound);
  }

  /** An independent stream named by integers: replica and step, for example. Does not advance this one. */
  fork(...names: number[]): Rng {
    let key = this.key;
    for (const name of names) key = threefry2x32([name >>> 0, 0x666f726b], key);
    return new Rng([key[0], key[1], 0, 0]);
  }
}
