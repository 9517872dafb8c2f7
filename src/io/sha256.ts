import { InputError } from "../core/errors.ts";
import { BYTES, checkValue } from "../core/options.ts";

/**
 * SHA-256 (FIPS 180-4) through Web Crypto, which Node and browsers share. Pages without https have none: there the
 * package @noble/hashes computes it, which is loaded only then, so that other pages need no import map for it.
 * The bytes are copied before the call returns its promise, so they may change afterwards.
 * @throws InputError where there is neither Web Crypto nor the package
 */
export async function sha256(bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  checkValue("sha256: bytes", BYTES, bytes);
  const subtle: SubtleCrypto | undefined = globalThis.crypto?.subtle;
  if (subtle === undefined) return sha256WithoutWebCrypto(bytes.slice());
  return new Uint8Array(await subtle.digest("SHA-256", ownBytes(bytes)));
}

/** {@link sha256} as 64 lower-case hexadecimal digits. */
export async function sha256Hex(bytes: Uint8Array): Promise<string> {
  return toHex(await sha256(bytes));
}

/** Bytes as lower-case hexadecimal digits, two for each byte. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function sha256WithoutWebCrypto(bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const { sha256 } = await import("@noble/hashes/sha2.js").catch((cause) => {
    throw new InputError("sha256: this page has no Web Crypto, and @noble/hashes/sha2.js cannot be loaded", {
      hint: "serve the page over https, or name @noble/hashes/sha2.js in its import map",
      cause,
    });
  });
  return sha256(bytes);
}

/** Web Crypto refuses views of shared memory. */
function ownBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = bytes;
  if (buffer instanceof ArrayBuffer) return new Uint8Array(buffer, bytes.byteOffset, bytes.byteLength);
  return new Uint8Array(bytes);
}
