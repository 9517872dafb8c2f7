/**
 * The number types of safetensors files: the name in the file, bytes per element, and the typed array.
 * Data in files is little-endian, like all machines on which this package runs, and like WebAssembly.
 */
import { UnrolledError } from "../core/index.ts";
import { checkValue, type Range } from "../core/options.ts";

/** The typed array that `data()` of a stored tensor returns, by dtype. F16 and BF16 are raw 16-bit words. */
export interface StoredArrays {
  F64: Float64Array<ArrayBuffer>;
  F32: Float32Array<ArrayBuffer>;
  F16: Uint16Array<ArrayBuffer>;
  BF16: Uint16Array<ArrayBuffer>;
  I64: BigInt64Array<ArrayBuffer>;
  U64: BigUint64Array<ArrayBuffer>;
  I32: Int32Array<ArrayBuffer>;
  U32: Uint32Array<ArrayBuffer>;
  I16: Int16Array<ArrayBuffer>;
  U16: Uint16Array<ArrayBuffer>;
  I8: Int8Array<ArrayBuffer>;
  U8: Uint8Array<ArrayBuffer>;
  BOOL: Uint8Array<ArrayBuffer>;
}

export type StoredDType = keyof StoredArrays;

/** Any typed array that can be stored. */
export type StorableArray =
  | Float64Array
  | Float32Array
  | BigInt64Array
  | BigUint64Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array;

interface DTypeFacts<A> {
  /** Bytes per element. */
  size: number;
  /** The constructor of the array over a whole, aligned buffer. */
  array: new (
    buffer: ArrayBuffer,
  ) => A;
}

const FACTS: { readonly [D in StoredDType]: DTypeFacts<StoredArrays[D]> } = {
  F64: { size: 8, array: Float64Array },
  F32: { size: 4, array: Float32Array },
  F16: { size: 2, array: Uint16Array },
  BF16: { size: 2, array: Uint16Array },
  I64: { size: 8, array: BigInt64Array },
  U64: { size: 8, array: BigUint64Array },
  I32: { size: 4, array: Int32Array },
  U32: { size: 4, array: Uint32Array },
  I16: { size: 2, array: Int16Array },
  U16: { size: 2, array: Uint16Array },
  I8: { size: 1, array: Int8Array },
  U8: { size: 1, array: Uint8Array },
  BOOL: { size: 1, array: Uint8Array },
};

/** All dtypes that can be read and written, for messages. */
export const DTYPE_NAMES = Object.keys(FACTS).join(", ");

export function isStoredDType(name: string): name is StoredDType {
  return Object.hasOwn(FACTS, name);
}

/** Bytes per element. */
export function dtypeSize(dtype: StoredDType): number {
  return FACTS[dtype].size;
}

/** Whether `array` is of the typed array of `dtype`, or bytes. */
export function holdsStoredDType(array: StorableArray, dtype: StoredDType): boolean {
  return array instanceof Uint8Array || array instanceof FACTS[dtype].array;
}

/** A new typed array with a copy of `bytes`, which may have any alignment but must be whole elements. */
export function copyToArray<D extends StoredDType>(dtype: D, bytes: Uint8Array): StoredArrays[D] {
  assertLittleEndian();
  const copy = new Uint8Array(bytes.byteLength);
  copy.set(bytes);
  return new FACTS[dtype].array(copy.buffer);
}

const UINT16: Range = {
  text: "a Uint16Array",
  fits: (value) => Object.prototype.toString.call(value) === "[object Uint16Array]",
};

/** Converts raw IEEE 754 half-precision bits to float32. The conversion is exact. */
export function float16ToFloat32(bits: Uint16Array): Float32Array<ArrayBuffer> {
  checkValue("float16ToFloat32: bits", UINT16, bits);
  const result = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) {
    const sign = bits[i] & 0x8000 ? -1 : 1;
    const exponent = (bits[i] >> 10) & 0x1f;
    const fraction = bits[i] & 0x3ff;
    if (exponent === 0) result[i] = sign * fraction * 2 ** -24;
    else if (exponent === 31) result[i] = fraction === 0 ? sign * Infinity : NaN;
    else result[i] = sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  }
  return result;
}

/** Converts raw bfloat16 bits (the upper half of a float32) to float32. The conversion is exact. */
export function bfloat16ToFloat32(bits: Uint16Array): Float32Array<ArrayBuffer> {
  checkValue("bfloat16ToFloat32: bits", UINT16, bits);
  const result = new Uint32Array(bits.length);
  for (let i = 0; i < bits.length; i++) result[i] = bits[i] << 16;
  return new Float32Array(result.buffer);
}

/** Typed arrays use the byte order of the machine: a big-endian machine would read and write wrong files silently. */
export function assertLittleEndian(): void {
  if (new Uint8Array(Uint16Array.of(1).buffer)[0] === 1) return;
  throw new UnrolledError(
    "UNSUPPORTED",
    "failure",
    "tensor files need a little-endian machine, this one is not",
  );
}
