import type { Backend, FloatArray } from "./backend.ts";

interface FloatArrayConstructor {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): FloatArray;
  from(values: ArrayLike<number>): FloatArray;
}

/** The typed array class that represents the values of a backend exactly. */
export function exactArray({ name }: Backend): FloatArrayConstructor {
  return name === "reference" ? Float64Array : Float32Array;
}
