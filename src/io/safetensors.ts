/**
 * The safetensors format, checked strictly when reading and when writing: eight bytes with the length of the header, a
 * JSON header (see safetensors-header.ts), and the tensors' bytes without holes or overlaps.
 * Source: https://huggingface.co/docs/safetensors, "Format". Runs in Node and in the browser.
 */
import { escapeControl, FormatError, formatBytes, InputError, type Shape, showShape } from "../core/index.ts";
import {
  BYTES,
  COUNT,
  checkValue,
  OBJECT,
  OPTIONS,
  optional,
  type Range,
  refuseOthers,
  TEXT,
} from "../core/options.ts";
import { showValue } from "../core/show-value.ts";
import {
  assertLittleEndian,
  bfloat16ToFloat32,
  copyToArray,
  DTYPE_NAMES,
  dtypeSize,
  float16ToFloat32,
  holdsStoredDType,
  isStoredDType,
  type StorableArray,
  type StoredArrays,
  type StoredDType,
} from "./dtypes.ts";
import { type HeaderEntry, MAX_RANK, METADATA_NAME, parseHeader, quoteName } from "./safetensors-header.ts";

const ENTRIES: Range = {
  text: "a Map or an object of tensors",
  fits: (value) => value instanceof Map || OPTIONS.fits(value),
};

/** The limit of the reference implementation. */
export const MAX_HEADER_BYTES = 100_000_000;

const LENGTH_BYTES = 8;
const ALIGNMENT = 8;

/** A tensor to write. `data` is the typed array of `dtype` (for F16 and BF16 Uint16Array), or its bytes. */
export interface TensorToStore {
  dtype: StoredDType;
  shape: Shape;
  data: StorableArray;
}

interface StoredTensorOf<D extends StoredDType> {
  readonly dtype: D;
  readonly shape: readonly number[];
  /** A view of the tensor's bytes in the file, not a copy, with any alignment. */
  readonly bytes: Uint8Array;
  /** A copy of the data as a typed array. @throws FormatError if a BOOL is neither 0 nor 1 */
  data(): StoredArrays[D];
  /** A copy of the data as float32: exact for F32, F16 and BF16, rounded for F64. @throws FormatError for others */
  toFloat32(): Float32Array<ArrayBuffer>;
}

/** A tensor that was read. `dtype` determines the type of `data()`. */
export type StoredTensor = { [D in StoredDType]: StoredTensorOf<D> }[StoredDType];

export interface SafetensorsFile {
  /** An object without a prototype. */
  metadata: Record<string, string>;
  /** Tensors by name, in the order of their data. */
  tensors: Map<string, StoredTensor>;
}

export type TensorsToStore = ReadonlyMap<string, TensorToStore> | Readonly<Record<string, TensorToStore>>;

/**
 * Writes a file and returns its bytes. The same arguments give the same bytes: tensors are sorted by the size of their
 * elements (largest first, so that each is aligned in the file) and then by name; metadata keeps its order.
 * All data is copied before the call returns.
 * @throws InputError if shape, dtype and data of a tensor do not fit each other, or a name cannot be stored
 */
export function writeSafetensors(
  tensors: TensorsToStore,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  assertLittleEndian();
  checkValue("writeSafetensors: tensors", ENTRIES, tensors);
  checkValue("writeSafetensors: metadata", OPTIONS, metadata);
  const sorted = [...(tensors instanceof Map ? tensors : Object.entries(tensors))] as [
    string,
    TensorToStore,
  ][];
  for (const [name, tensor] of sorted) checkTensorToStore(name, tensor);
  sorted.sort(
    ([nameA, a], [nameB, b]) => dtypeSize(b.dtype) - dtypeSize(a.dtype) || (nameA < nameB ? -1 : 1), // unequal
  );
  const parts: string[] = [];
  if (Object.keys(metadata).length > 0) parts.push(`"${METADATA_NAME}":${metadataJson(metadata)}`);
  let dataBytes = 0;
  for (const [name, { dtype, shape, data }] of sorted) {
    const end = dataBytes + data.byteLength;
    const fields = `"dtype":"${dtype}","shape":[${shape.join(",")}],"data_offsets":[${dataBytes},${end}]`;
    parts.push(`${JSON.stringify(name)}:{${fields}}`);
    dataBytes = end;
  }
  const header = new TextEncoder().encode(`{${parts.join(",")}}`);
  const headerBytes = Math.ceil(header.byteLength / ALIGNMENT) * ALIGNMENT;
  if (headerBytes > MAX_HEADER_BYTES) {
    throw new InputError(
      `the header of a safetensors file may have ${formatBytes(MAX_HEADER_BYTES)}, this one needs ${formatBytes(headerBytes)}`,
      { hint: "store large texts as U8 tensors instead of metadata" },
    );
  }
  const file = new Uint8Array(LENGTH_BYTES + headerBytes + dataBytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerBytes), true);
  file.set(header, LENGTH_BYTES);
  file.fill(0x20, LENGTH_BYTES + header.byteLength, LENGTH_BYTES + headerBytes);
  let at = LENGTH_BYTES + headerBytes;
  for (const [, { data }] of sorted) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return file;
}

/** The byte at which the data section of a well-formed file begins. */
export function safetensorsDataOffset(file: Uint8Array): number {
  checkValue("safetensorsDataOffset: file", BYTES, file);
  if (file.byteLength < LENGTH_BYTES) {
    throw new FormatError(
      "safetensorsDataOffset",
      `${file.byteLength} bytes are too few for a safetensors file`,
    );
  }
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  return LENGTH_BYTES + Number(view.getBigUint64(0, true));
}

/**
 * Reads a file, which may be hostile: memory is allocated only after the sizes in the header were checked. Tensors are
 * views of `bytes` until their data is read.
 * @param where names the file in errors
 * @param options `maxHeaderBytes`: refuses longer headers; {@link MAX_HEADER_BYTES} by default
 * @throws FormatError at the first violation of the format
 */
export function readSafetensors(
  bytes: Uint8Array,
  where: string,
  options: { maxHeaderBytes?: number } = {},
): SafetensorsFile {
  assertLittleEndian();
  checkValue("readSafetensors: bytes", BYTES, bytes);
  checkValue("readSafetensors: where", TEXT, where);
  refuseOthers("readSafetensors", { maxHeaderBytes: 0 }, options);
  checkValue("readSafetensors: maxHeaderBytes", optional(COUNT), options.maxHeaderBytes);
  const file = escapeControl(where);
  // A Uint8Array, since slice and subarray of Node's Buffer behave differently.
  const all = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerEnd = LENGTH_BYTES + readHeaderLength(all, file, options.maxHeaderBytes ?? MAX_HEADER_BYTES);
  let text: string;
  try {
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    text = decoder.decode(all.subarray(LENGTH_BYTES, headerEnd));
  } catch (cause) {
    throw new FormatError(file, "the header is not valid UTF-8", { cause });
  }
  const header = parseHeader(text, file);
  const data = all.subarray(headerEnd);
  const entries = [...header.entries.values()].sort((a, b) => a.begin - b.begin || a.end - b.end);
  const tensors = new Map<string, StoredTensor>();
  let covered = 0;
  for (const entry of entries) {
    const place = `${file}: tensor ${quoteName(entry.name)}`;
    const dtype = checkEntry(entry, data.byteLength, place);
    if (entry.begin < covered) throw new FormatError(place, `its data overlaps another tensor's`);
    if (entry.begin > covered) {
      throw new FormatError(place, `${entry.begin - covered} bytes before its data belong to no tensor`);
    }
    covered = entry.end;
    tensors.set(entry.name, storedTensor(dtype, entry.shape, data.subarray(entry.begin, entry.end), place));
  }
  if (covered < data.byteLength) {
    throw new FormatError(
      file,
      `${data.byteLength - covered} bytes after the last tensor belong to no tensor`,
    );
  }
  return { metadata: header.metadata, tensors };
}

function readHeaderLength(all: Uint8Array, file: string, maxHeaderBytes: number): number {
  if (all.byteLength < LENGTH_BYTES) {
    throw new FormatError(file, `${all.byteLength} bytes are too few for a safetensors file`);
  }
  const length = new DataView(all.buffer, all.byteOffset, all.byteLength).getBigUint64(0, true);
  if (length > BigInt(maxHeaderBytes)) {
    throw new FormatError(file, `the header claims ${length} bytes, the limit is ${maxHeaderBytes}`, {
      hint: "this is probably not a safetensors file",
    });
  }
  const present = all.byteLength - LENGTH_BYTES;
  if (length > BigInt(present)) {
    throw new FormatError(
      file,
      `the file is cut off: the header claims ${length} bytes, ${present} are there`,
    );
  }
  return Number(length);
}

/** Checks that the numbers of an entry agree with each other and with the length of the file. Returns its dtype. */
function checkEntry(entry: HeaderEntry, dataBytes: number, place: string): StoredDType {
  const { dtype, shape, begin, end } = entry;
  if (!isStoredDType(dtype)) {
    throw new FormatError(place, `dtype ${quoteName(dtype)} is unknown, expected one of ${DTYPE_NAMES}`);
  }
  if (begin > end) throw new FormatError(place, `data_offsets are reversed: [${begin}, ${end}]`);
  if (end > dataBytes) {
    throw new FormatError(place, `its data ends at byte ${end}, the file holds ${dataBytes} bytes of data`);
  }
  const expected = byteLength(dtype, shape);
  if (expected === undefined) throw new FormatError(place, `shape ${showShape(shape)} is too large`);
  if (end - begin !== expected) {
    throw new FormatError(
      place,
      `${dtype} of shape ${showShape(shape)} takes ${expected} bytes, data_offsets give ${end - begin}`,
    );
  }
  return dtype;
}

/** The number of bytes of a tensor; undefined if a product is more than a double represents exactly. */
function byteLength(dtype: StoredDType, shape: Shape): number | undefined {
  let product = dtypeSize(dtype);
  for (const length of shape) {
    product *= length;
    if (!Number.isSafeInteger(product)) return undefined;
  }
  return product;
}

function storedTensor<D extends StoredDType>(
  dtype: D,
  shape: readonly number[],
  bytes: Uint8Array,
  place: string,
): StoredTensor {
  const data = () => {
    if (dtype === "BOOL" && bytes.some((value) => value > 1)) {
      throw new FormatError(place, "a BOOL must be 0 or 1");
    }
    return copyToArray(dtype, bytes);
  };
  const toFloat32 = () => {
    if (dtype === "F32") return copyToArray("F32", bytes);
    if (dtype === "F64") return Float32Array.from(copyToArray("F64", bytes));
    if (dtype === "F16") return float16ToFloat32(copyToArray("F16", bytes));
    if (dtype === "BF16") return bfloat16ToFloat32(copyToArray("BF16", bytes));
    throw new FormatError(place, `must hold floating-point numbers, has dtype ${dtype}`);
  };
  const tensor: StoredTensorOf<D> = { dtype, shape, bytes, data, toFloat32 };
  // TypeScript cannot build a union over D from a generic D, but each member of the union is this object.
  return tensor as unknown as StoredTensor;
}

function checkTensorToStore(name: string, tensor: TensorToStore): void {
  checkValue("writeSafetensors: the name of a tensor", TEXT, name);
  const where = `tensor ${quoteName(name)}`;
  checkValue(where, { text: "{ dtype, shape, data }", fits: OBJECT.fits }, tensor);
  const { dtype, shape, data } = tensor;
  if (name === METADATA_NAME) throw new InputError(`${where}: the name is reserved by the format`);
  if (!name.isWellFormed()) throw new InputError(`${where}: the name is not valid Unicode`);
  if (typeof dtype !== "string" || !isStoredDType(dtype)) {
    throw new InputError(`${where}: dtype ${showValue(dtype)} is unknown, expected one of ${DTYPE_NAMES}`);
  }
  const sound =
    Array.isArray(shape) && shape.length <= MAX_RANK && shape.every((n) => Number.isSafeInteger(n) && n >= 0);
  const expected = sound ? byteLength(dtype, shape) : undefined;
  if (expected === undefined) {
    throw new InputError(
      `${where}: shape must be at most ${MAX_RANK} non-negative integers of a representable product, got ${showValue(shape)}`,
    );
  }
  if (!holdsStoredDType(data, dtype)) {
    throw new InputError(`${where}: data of dtype ${dtype} cannot be ${showValue(data)}`);
  }
  if (data.byteLength !== expected) {
    throw new InputError(
      `${where}: ${dtype} of shape ${showShape(shape)} takes ${expected} bytes, data has ${data.byteLength}`,
    );
  }
}

function metadataJson(metadata: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(metadata).map(([key, value]) => {
    if (typeof value !== "string") {
      throw new InputError(`metadata ${quoteName(key)} must be a string, got ${typeof value}`);
    }
    if (!key.isWellFormed() || !value.isWellFormed()) {
      throw new InputError(`metadata ${quoteName(key)} is not valid Unicode`);
    }
    return `${JSON.stringify(key)}:${JSON.stringify(value)}`;
  });
  return `{${pairs.join(",")}}`;
}
