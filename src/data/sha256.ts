import { sha256 } from "@noble/hashes/sha2.js";
import { InputError } from "../core/index.ts";
import { BYTES, checkValue, oneOf } from "../core/options.ts";

/** Computes a fingerprint. Node's `createHash("sha256")` is one too, and faster than {@link Sha256}. */
export interface Hasher {
  /** Adds bytes to those that were added before. */
  update(bytes: Uint8Array): unknown;
  /** Ends the hash. Returns its hexadecimal digits. */
  digest(encoding: "hex"): string;
}

/** SHA-256 (FIPS 180-4) of bytes that come in pieces; Web Crypto's digest needs all of them at once. */
export class Sha256 implements Hasher {
  private readonly hash = sha256.create();
  private ended = false;

  /** @throws InputError after {@link digest} or {@link bytes} */
  update(bytes: Uint8Array): this {
    if (this.ended) throw new InputError("Sha256.update: the hash has ended", { hint: "make a new one" });
    checkValue("Sha256.update: bytes", BYTES, bytes);
    this.hash.update(bytes);
    return this;
  }

  /**
   * Ends the hash: call it once.
   * @returns 64 lower-case hexadecimal digits
   */
  digest(encoding: "hex"): string {
    checkValue("Sha256.digest: encoding", oneOf("hex"), encoding);
    return Array.from(this.bytes(), (byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  /**
   * Ends the hash: call it once.
   * @returns 32 bytes
   */
  bytes(): Uint8Array<ArrayBuffer> {
    if (this.ended) throw new InputError("Sha256: the hash has ended", { hint: "make a new one" });
    this.ended = true;
    return this.hash.digest();
  }
}
