/** Typed arrays in shared memory where there is any, so that they reach a worker by `postMessage` without a copy. */

function bufferOf(bytes: number): ArrayBufferLike {
  return typeof SharedArrayBuffer === "undefined" ? new ArrayBuffer(bytes) : new SharedArrayBuffer(bytes);
}

/** Zeros. */
export function sharedInts(length: number): Int32Array {
  return new Int32Array(bufferOf(4 * length));
}

/** Zeros. */
export function sharedFloats(length: number): Float32Array {
  return new Float32Array(bufferOf(4 * length));
}

/** Zeros. */
export function sharedDoubles(length: number): Float64Array {
  return new Float64Array(bufferOf(8 * length));
}

/** Zeros. */
export function sharedBytes(length: number): Uint8Array {
  return new Uint8Array(bufferOf(length));
}
