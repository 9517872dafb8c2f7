/**
 * NumPy's files of arrays: npy in its versions 1 to 3, as in NEP 1 and `numpy.lib.format`. What is an array of Python
 * objects is a pickle, and a pickle is a program: it is refused.
 */
import { escapeControl, FormatError, InputError } from "../core/index.ts";
import { BYTES, COUNT, checkValue, listOfAny, OBJECT, refuseOthers, TEXT } from "../core/options.ts";
import { showValue } from "../core/show-value.ts";
import { DAMAGED } from "./damaged.ts";
import {
  type ArrayType,
  describeType,
  inRowMajorOrder,
  type NpyValues,
  parseType,
  readValues,
  typeOfValues,
  writeValues,
} from "./npy-types.ts";

export type { NpyValues } from "./npy-types.ts";

/** An array of a NumPy file. */
export interface NpyArray {
  /** The size of each axis; `[]` for a single value. */
  readonly shape: readonly number[];
  /** NumPy's name of the type: `float32`, `int64`, `bool`, `str`, ... */
  readonly dtype: string;
  /**
   * The values in row-major order. Integers of 64 bits are numbers in a Float64Array, float16 is in a Float32Array, bool
   * in a Uint8Array, and text is a list.
   */
  readonly values: NpyValues;
}

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
/** NumPy itself reads no more than 10,000 bytes of header unless it is told to. */
const MAX_HEADER = 10_000;
/** As in NumPy 2. */
const MAX_AXES = 64;
/** NumPy begins the data at a multiple of this. */
const ALIGNMENT = 64;

/**
 * Parse an npy file.
 * @param bytes the whole file
 * @param name of the file, for errors
 * @throws FormatError for what is no npy file, an array of objects (a pickle) or of records, a length that does not fit
 * the file, integers that a number cannot hold, and characters that are none
 */
export function parseNpy(bytes: Uint8Array, name: string): NpyArray {
  checkValue("parseNpy: bytes", BYTES, bytes);
  checkValue("parseNpy: name", TEXT, name);
  const where = escapeControl(name);
  const { header, dataOffset } = readHeader(bytes, where);
  const { descr, isFortran, shape } = parseHeader(header, where);
  const type = parseType(descr, where);
  const count = countOf(shape, where);
  const data = bytes.subarray(dataOffset);
  // Compared before anything is allocated: the shape may claim any size.
  if (count * type.size !== data.length) {
    throw new FormatError(
      where,
      `an array of shape [${shape.join(", ")}] of ${type.name} has ${count * type.size} bytes, ` +
        `but the file has ${data.length} after its header`,
      DAMAGED,
    );
  }
  const values = readValues(type, data, count, where);
  return { shape, dtype: type.name, values: isFortran ? inRowMajorOrder(values, shape) : values };
}

function readHeader(bytes: Uint8Array, where: string): { header: string; dataOffset: number } {
  if (bytes.length < 10 || MAGIC.some((byte, at) => bytes[at] !== byte)) {
    throw new FormatError(where, "this is no npy file: it does not begin with \\x93NUMPY", {
      hint: "write arrays with numpy.save or numpy.savez",
    });
  }
  const version = bytes[6];
  if (version < 1 || version > 3) {
    throw new FormatError(where, `npy version ${version} is not known; 1, 2 and 3 are`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = version === 1 ? 10 : 12;
  const length = version === 1 || bytes.length < start ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > MAX_HEADER || start + length > bytes.length) {
    throw new FormatError(
      where,
      `the header claims ${length} bytes; the file has ${Math.max(0, bytes.length - start)}`,
      DAMAGED,
    );
  }
  // Version 3 has UTF-8 in its names of fields, which are refused, so that all is ASCII.
  const header = String.fromCharCode(...bytes.subarray(start, start + length));
  return { header, dataOffset: start + length };
}

interface Header {
  descr: string;
  isFortran: boolean;
  shape: number[];
}

/** A dictionary of Python, of the three keys that the format allows, in any order. */
function parseHeader(header: string, where: string): Header {
  const refuse = (): never => {
    throw new FormatError(where, `the header is not as NumPy writes it: ${showValue(header.trim())}`);
  };
  const body = /^\s*\{(.*)\}\s*$/s.exec(header)?.[1] ?? refuse();
  const found = new Map<string, string>();
  const entry = /\s*'(\w+)'\s*:\s*('[^']*'|True|False|\([^()]*\)|\[.*\])\s*(?:,|$)/sy;
  while (body.slice(entry.lastIndex).trim() !== "") {
    const match = entry.exec(body);
    if (match === null || found.has(match[1])) return refuse();
    found.set(match[1], match[2]);
  }
  const [descr, order, shape] = [found.get("descr"), found.get("fortran_order"), found.get("shape")];
  if (found.size !== 3 || descr === undefined || shape === undefined) return refuse();
  if (order !== "True" && order !== "False") return refuse();
  if (descr.startsWith("[")) {
    throw new FormatError(where, "an array of records (a structured dtype) is not read", {
      hint: "save each field as an array of its own",
    });
  }
  if (!descr.startsWith("'") || !shape.startsWith("(")) return refuse();
  const sizes = shape.slice(1, -1).split(",");
  // A comma ends the list: (3,).
  if (sizes.at(-1)?.trim() === "") sizes.pop();
  if (sizes.some((size) => !/^\s*\d{1,15}L?\s*$/.test(size))) return refuse();
  return { descr: descr.slice(1, -1), isFortran: order === "True", shape: sizes.map(Number.parseFloat) };
}

function countOf(shape: readonly number[], where: string): number {
  const count = shape.reduce((all, size) => all * size, 1);
  if (shape.length <= MAX_AXES && Number.isSafeInteger(count)) return count;
  throw new FormatError(where, `an array of shape [${shape.join(", ")}] is too large`);
}

const SHAPE = listOfAny(COUNT, "a list of sizes, each an integer of at least 0");

/**
 * The bytes of an npy file of version 1, little-endian and in row-major order.
 * @param array `dtype` may be left out, and is then that of the values: a Float32Array is float32, a list of texts str. With
 * a dtype, `bool` is written from a Uint8Array, and `int64` and `uint64` from a Float64Array.
 * @throws InputError for a shape that does not fit the values, and values that the dtype cannot hold
 */
export function writeNpy(array: { shape: readonly number[]; values: NpyValues; dtype?: string }): Uint8Array {
  checkValue("writeNpy: array", OBJECT, array);
  refuseOthers("writeNpy", { shape: 0, values: 0, dtype: 0 }, array);
  const { shape, values } = array;
  checkValue("writeNpy: shape", SHAPE, shape);
  const type: ArrayType = typeOfValues(values, array.dtype);
  const count = Array.from(shape).reduce((all, size) => all * size, 1);
  if (count !== values.length || shape.length > MAX_AXES) {
    throw new InputError(
      `writeNpy: shape must have the ${values.length} elements of values, got [${Array.from(shape).join(", ")}]`,
    );
  }
  const sizes = shape.length === 1 ? `${shape[0]},` : Array.from(shape).join(", ");
  const text = `{'descr': '${describeType(type)}', 'fortran_order': False, 'shape': (${sizes}), }`;
  const dataOffset = Math.ceil((10 + text.length + 1) / ALIGNMENT) * ALIGNMENT;
  const bytes = new Uint8Array(dataOffset + count * type.size);
  bytes.set([...MAGIC, 1, 0]);
  new DataView(bytes.buffer).setUint16(8, dataOffset - 10, true);
  bytes.set(new TextEncoder().encode(`${text.padEnd(dataOffset - 11)}\n`), 10);
  writeValues(type, values, bytes, dataOffset);
  return bytes;
}
