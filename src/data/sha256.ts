import { InputError } from "../core/index.ts";
import { BYTES, checkValue, oneOf } from "../core/options.ts";

/** What a fingerprint is made with. Node's `createHash("sha256")` fits, and is faster than the class below. */
export interface Hasher {
  update(bytes: Uint8Array): unknown;
  digest(encoding: "hex"): string;
}

/** The first 32 bits of the fractional parts of the `power`-th roots of the first `count` primes. */
function rootsOfPrimes(count: number, power: number): Int32Array {
  const words = new Int32Array(count);
  for (let candidate = 2, found = 0; found < count; candidate++) {
    let prime = true;
    for (let divisor = 2; divisor * divisor <= candidate; divisor++) {
      if (candidate % divisor === 0) prime = false;
    }
    if (!prime) continue;
    const root = power === 2 ? Math.sqrt(candidate) : Math.cbrt(candidate);
    words[found++] = Math.floor((root % 1) * 2 ** 32) | 0;
  }
  return words;
}

const ROUND_WORDS = rootsOfPrimes(64, 3);

/** SHA-256 (FIPS 180-4), fed piece by piece: the browser's own digest wants all the bytes at once. */
export class Sha256 implements Hasher {
  private readonly state = rootsOfPrimes(8, 2);
  private readonly schedule = new Int32Array(64);
  private readonly block = new Uint8Array(64);
  private ended = false;
  private pending = 0;
  private total = 0;

  update(bytes: Uint8Array): this {
    if (this.ended) throw new InputError("Sha256.update: the hash has ended", { hint: "make a new one" });
    checkValue("Sha256.update: bytes", BYTES, bytes);
    return this.add(bytes);
  }

  private add(bytes: Uint8Array): this {
    this.total += bytes.length;
    let at = 0;
    while (at < bytes.length) {
      if (this.pending === 0 && bytes.length - at >= 64) {
        this.compress(bytes, at);
        at += 64;
        continue;
      }
      const taken = Math.min(64 - this.pending, bytes.length - at);
      this.block.set(bytes.subarray(at, at + taken), this.pending);
      this.pending += taken;
      at += taken;
      if (this.pending === 64) {
        this.compress(this.block, 0);
        this.pending = 0;
      }
    }
    return this;
  }

  /** Ends the hash: call it once. 64 lower-case hexadecimal digits. */
  digest(encoding: "hex"): string {
    checkValue("Sha256.digest: encoding", oneOf("hex"), encoding);
    return Array.from(this.bytes(), (byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  /** Ends the hash: call it once. Its 32 bytes. */
  bytes(): Uint8Array<ArrayBuffer> {
    if (this.ended) throw new InputError("Sha256: the hash has ended", { hint: "make a new one" });
    this.ended = true;
    const bits = this.total * 8;
    const padding = new Uint8Array((this.pending < 56 ? 56 : 120) - this.pending + 8);
    padding[0] = 0x80;
    const view = new DataView(padding.buffer);
    view.setUint32(padding.length - 8, Math.floor(bits / 2 ** 32));
    view.setUint32(padding.length - 4, bits >>> 0);
    this.add(padding);
    const bytes = new Uint8Array(32);
    const words = new DataView(bytes.buffer);
    for (const [at, word] of this.state.entries()) words.setInt32(4 * at, word);
    return bytes;
  }

  private compress(bytes: Uint8Array, at: number): void {
    const { schedule: w, state } = this;
    for (let t = 0; t < 16; t++) {
      const p = at + 4 * t;
      w[t] = (bytes[p] << 24) | (bytes[p + 1] << 16) | (bytes[p + 2] << 8) | bytes[p + 3];
    }
    for (let t = 16; t < 64; t++) {
      const x = w[t - 15];
      const y = w[t - 2];
      const s0 = rotate(x, 7) ^ rotate(x, 18) ^ (x >>> 3);
      const s1 = rotate(y, 17) ^ rotate(y, 19) ^ (y >>> 10);
      w[t] = w[t - 16] + s0 + w[t - 7] + s1;
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let t = 0; t < 64; t++) {
      const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
      const one = (h + s1 + ((e & f) ^ (~e & g)) + ROUND_WORDS[t] + w[t]) | 0;
      const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
      const two = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + one) | 0;
      d = c;
      c = b;
      b = a;
      a = (one + two) | 0;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
    state[5] += f;
    state[6] += g;
    state[7] += h;
  }
}

function rotate(word: number, by: number): number {
  return (word >>> by) | (word << (32 - by));
}
