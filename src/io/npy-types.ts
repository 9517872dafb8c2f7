/** The types of NumPy's arrays, and how their values stand in a file. */
import { FormatError, InputError } from "../core/index.ts";
import { showValue } from "../core/show-value.ts";
import { assertLittleEndian, float16ToFloat32 } from "./dtypes.ts";

export type NpyValues =
  | Float64Array
  | Float32Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array
  | readonly string[];

/** How the values of an array stand in a file. */
export interface ArrayType {
  /** NumPy's name: `float32`, `str`, ... */
  readonly name: string;
  /** The letter in its description, with the size: `f4`, `U`. */
  readonly code: string;
  /** Bytes of an element. */
  readonly size: number;
  readonly isBigEndian: boolean;
}

const NUMBERS: Readonly<Record<string, string>> = {
  b1: "bool",
  i1: "int8",
  i2: "int16",
  i4: "int32",
  i8: "int64",
  u1: "uint8",
  u2: "uint16",
  u4: "uint32",
  u8: "uint64",
  f2: "float16",
  f4: "float32",
  f8: "float64",
};

const WIDEST_TEXT = 2 ** 24;

/**
 * The type that a description names, such as `<f4`.
 * @throws FormatError for one that is not read, with a word on why
 */
export function parseType(descr: string, where: string): ArrayType {
  const [, order, letter, digits] = /^([<>|=]?)([a-zA-Z])(\d{0,9})$/.exec(descr) ?? [];
  const isBigEndian = order === ">";
  if (letter === "O") {
    throw new FormatError(where, "an array of Python objects is a pickle, which could run a program", {
      hint: "save it with a dtype of its own, such as x.astype(np.float32), or texts with x.astype(str)",
    });
  }
  const code = `${letter}${digits}`;
  if (Object.hasOwn(NUMBERS, code)) {
    return { name: NUMBERS[code], code, size: Number(digits), isBigEndian };
  }
  const width = Number(digits);
  if (letter === "U" && width >= 1 && width <= WIDEST_TEXT) {
    return { name: "str", code: "U", size: 4 * width, isBigEndian };
  }
  if (letter === "S" && width >= 1 && width <= WIDEST_TEXT) {
    return { name: "bytes", code: "S", size: width, isBigEndian };
  }
  throw new FormatError(where, `arrays of type ${showValue(descr)} are not read`, {
    hint: "convert it to numbers of at most 64 bits or to text, such as x.astype(np.float32)",
  });
}

/** The values of an array, in the order of the file. `data` has exactly the bytes of `count` elements. */
export function readValues(type: ArrayType, data: Uint8Array, count: number, where: string): NpyValues {
  assertLittleEndian();
  if (type.code === "U") return readText(type, data, count, where);
  if (type.code === "S") return readByteText(type, data, count, where);
  const buffer = toLittleEndian(data, type);
  switch (type.code) {
    case "f8":
      return new Float64Array(buffer);
    case "f4":
      return new Float32Array(buffer);
    case "f2":
      return float16ToFloat32(new Uint16Array(buffer));
    case "i8":
      return toNumbers(new BigInt64Array(buffer), where);
    case "u8":
      return toNumbers(new BigUint64Array(buffer), where);
    case "i4":
      return new Int32Array(buffer);
    case "u4":
      return new Uint32Array(buffer);
    case "i2":
      return new Int16Array(buffer);
    case "u2":
      return new Uint16Array(buffer);
    case "i1":
      return new Int8Array(buffer);
    case "b1":
      return toTruthValues(new Uint8Array(buffer));
    default:
      return new Uint8Array(buffer);
  }
}

/** A copy, which is aligned, with the bytes of each element turned round if they are the other way. */
function toLittleEndian(data: Uint8Array, { size, isBigEndian }: ArrayType): ArrayBuffer {
  const copy = new Uint8Array(data.length);
  if (!isBigEndian || size === 1) copy.set(data);
  else {
    for (let at = 0; at < data.length; at += size) {
      for (let k = 0; k < size; k++) copy[at + k] = data[at + size - 1 - k];
    }
  }
  return copy.buffer;
}

function toNumbers(integers: BigInt64Array | BigUint64Array, where: string): Float64Array {
  const numbers = new Float64Array(integers.length);
  for (let at = 0; at < numbers.length; at++) {
    numbers[at] = Number(integers[at]);
    if (Number.isSafeInteger(numbers[at])) continue;
    throw new FormatError(where, `the integer ${integers[at]} is beyond 2^53 and would lose digits`, {
      hint: "save smaller integers, or numbers as float64",
    });
  }
  return numbers;
}

/** NumPy takes any byte but 0 for true. */
function toTruthValues(bytes: Uint8Array): Uint8Array {
  for (let at = 0; at < bytes.length; at++) if (bytes[at] !== 0) bytes[at] = 1;
  return bytes;
}

/** UTF-32; zeros at the end fill an element up. */
function readText(
  { size, isBigEndian }: ArrayType,
  data: Uint8Array,
  count: number,
  where: string,
): string[] {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const texts: string[] = [];
  for (let index = 0; index < count; index++) {
    let text = "";
    let zeros = 0;
    for (let at = index * size; at < (index + 1) * size; at += 4) {
      const point = view.getUint32(at, !isBigEndian);
      if (point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) {
        throw new FormatError(
          where,
          `element ${index} has the character U+${point.toString(16)}, which is none`,
        );
      }
      if (point === 0) zeros++;
      else {
        text += "\0".repeat(zeros) + String.fromCodePoint(point);
        zeros = 0;
      }
    }
    texts.push(text);
  }
  return texts;
}

function readByteText({ size }: ArrayType, data: Uint8Array, count: number, where: string): string[] {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const texts: string[] = [];
  for (let index = 0; index < count; index++) {
    let end = (index + 1) * size;
    while (end > index * size && data[end - 1] === 0) end--;
    try {
      texts.push(decoder.decode(data.subarray(index * size, end)));
    } catch (error) {
      throw new FormatError(where, `element ${index} is not text in UTF-8`, {
        hint: "save texts as str, not as bytes: x.astype(str)",
        cause: error,
      });
    }
  }
  return texts;
}

/** Values in column-major order, which Fortran has, in row-major order. */
export function inRowMajorOrder(values: NpyValues, shape: readonly number[]): NpyValues {
  const [count, axes] = [values.length, shape.length];
  if (axes < 2 || count === 0) return values;
  const ordered = values.slice() as NpyValues & { [index: number]: string | number };
  const strides = shape.map((_, axis) => shape.slice(0, axis).reduce((all, size) => all * size, 1));
  const index = new Array<number>(axes).fill(0);
  for (let at = 0, from = 0; at < count; at++) {
    (ordered as { [index: number]: string | number })[at] = values[from];
    for (let axis = axes - 1; axis >= 0; axis--) {
      from += strides[axis];
      if (++index[axis] < shape[axis]) break;
      from -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return ordered;
}

/** What stands in the header. Written is little-endian; `|` where the order of bytes means nothing. */
export function describeType({ code, size }: ArrayType): string {
  if (code === "U") return `<U${size / 4}`;
  return `${size === 1 ? "|" : "<"}${code}`;
}

const CODES: Readonly<Record<string, string>> = {
  Float64Array: "f8",
  Float32Array: "f4",
  Int32Array: "i4",
  Uint32Array: "u4",
  Int16Array: "i2",
  Uint16Array: "u2",
  Int8Array: "i1",
  Uint8Array: "u1",
};

/** Types that have no typed array of their own, and the one that they are written from. */
const FROM: Readonly<Record<string, readonly [code: string, from: string]>> = {
  bool: ["b1", "u1"],
  int64: ["i8", "f8"],
  uint64: ["u8", "f8"],
};

/** The type in which values are written. @throws InputError for a type that they do not fit */
export function typeOfValues(values: unknown, dtype: unknown): ArrayType {
  if (Array.isArray(values) && values.every((value) => typeof value === "string")) {
    if (dtype !== undefined && dtype !== "str") throw badType(dtype, "str for a list of texts");
    const longest = values.reduce((most: number, text) => Math.max(most, [...text].length), 1);
    return { name: "str", code: "U", size: 4 * longest, isBigEndian: false };
  }
  const tag = Object.prototype.toString.call(values).slice("[object ".length, -1);
  if (!Object.hasOwn(CODES, tag)) {
    throw new InputError(`writeNpy: values must be a typed array of at most 64 bits or a list of texts`);
  }
  const own = CODES[tag];
  const of = (code: string): ArrayType => ({
    name: NUMBERS[code],
    code,
    size: Number(code.slice(1)),
    isBigEndian: false,
  });
  if (dtype === undefined || dtype === NUMBERS[own]) return of(own);
  const [code, from] = typeof dtype === "string" && Object.hasOwn(FROM, dtype) ? FROM[dtype] : [];
  if (code === undefined || from !== own) throw badType(dtype, `${NUMBERS[own]} for values in a ${tag}`);
  checkNumbers(code, values as Float64Array);
  return of(code);
}

const badType = (dtype: unknown, expected: string) =>
  new InputError(`writeNpy: dtype must be ${expected}, got ${showValue(dtype)}`);

function checkNumbers(code: string, values: ArrayLike<number>): void {
  const lowest = code === "i8" ? -(2 ** 53 - 1) : 0;
  const highest = code === "b1" ? 1 : 2 ** 53 - 1;
  for (let at = 0; at < values.length; at++) {
    if (Number.isInteger(values[at]) && values[at] >= lowest && values[at] <= highest) continue;
    const name = NUMBERS[code];
    throw new InputError(`writeNpy: values must be integers of ${name}, got ${values[at]} at position ${at}`);
  }
}

/** Writes values to `bytes` from `offset` on, which is a multiple of 64. */
export function writeValues(
  { code, size }: ArrayType,
  values: NpyValues,
  bytes: Uint8Array,
  offset: number,
): void {
  assertLittleEndian();
  const view = new DataView(bytes.buffer, offset);
  if (code === "U") {
    for (const [index, text] of (values as readonly string[]).entries()) {
      for (const [at, character] of [...text].entries()) {
        view.setUint32(index * size + 4 * at, character.codePointAt(0)!, true);
      }
    }
  } else if (code === "i8" || code === "u8") {
    const numbers = values as Float64Array;
    for (let at = 0; at < numbers.length; at++) view.setBigInt64(8 * at, BigInt(numbers[at]), true);
  } else {
    const own = values as Exclude<NpyValues, readonly string[]>;
    bytes.set(new Uint8Array(own.buffer, own.byteOffset, own.byteLength), offset);
  }
}
