import { BYTES, checkValue } from "../core/options.ts";
import { Sha256 } from "../core/sha256.ts";

/**
 * SHA-256 (FIPS 180-4) through Web Crypto, which Node and browsers share; on pages without https, which have none, the
 * slower one of core/.
 * The bytes are copied before the call returns its promise, so they may change afterwards.
 */
export async function sha256(bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  checkValue("sha256: bytes", BYTES, bytes);
  const subtle: SubtleCrypto | undefined = globalThis.crypto?.subtle;
  if (subtle === undefined) return new Sha256().update(bytes).bytes();
  return new Uint8Array(await subtle.digest("SHA-256", ownBytes(bytes)));
}

/** {@link sha256} as 64 lower-case hexadecimal digits. */
export async function sha256Hex(bytes: Uint8Array): Promise<string> {
  return toHex(await sha256(bytes));
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Web Crypto refuses views of shared memory. */
function ownBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = bytes;
  if (buffer instanceof ArrayBuffer) return new Uint8Array(buffer, bytes.byteOffset, bytes.byteLength);
  return new Uint8Array(bytes);
}
