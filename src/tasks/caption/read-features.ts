/** Arrays of pictures, or of features that something else made of pictures. */
import { escapeControl, FormatError } from "../../core/errors.ts";
import type { DataFile } from "../../data/data-source.ts";
import { sharedBytes, sharedFloats } from "../../data/shared-arrays.ts";
import { CHANNELS, MOST_SIDE } from "./facts.ts";
import type { PictureStore } from "./pictures.ts";

export const ARRAY_FILE = /\.(npz|npy|safetensors)$/i;

export interface PictureArrays {
  /** Undefined: the file has none. */
  readonly names: readonly string[] | undefined;
  readonly store: PictureStore;
}

interface ReadArray {
  readonly shape: readonly number[];
  readonly values: ArrayLike<number> | readonly string[];
  readonly isBytes: boolean;
}

const HINT = {
  hint: "save pictures as bytes [pictures, height, width, 3], or features as [pictures, features] or [pictures, places, features], and perhaps names",
} as const;

/**
 * Read an array of pictures: bytes with the axes picture, row, column and channel; or features with the axes picture and
 * feature, and between them one or two of places. An .npz file may have the names of the pictures in an array `names`.
 * @throws FormatError for other arrays, and for numbers that are not finite
 */
export async function readFeatures(file: DataFile): Promise<PictureArrays> {
  const where = escapeControl(file.name);
  const arrays = await readArrays(file);
  const names = arrays.get("names");
  const others = [...arrays].filter(([name]) => name !== "names");
  if (others.length !== 1) {
    throw new FormatError(where, `there are ${others.length} arrays besides names, and one is needed`, HINT);
  }
  const [[name, array]] = others;
  const store = storeOfArray(array, `${where}: ${escapeControl(name)}`);
  const list = names === undefined ? undefined : Array.from(names.values as ArrayLike<unknown>, String);
  if (list !== undefined && list.length !== array.shape[0]) {
    throw new FormatError(where, `there are ${list.length} names for ${array.shape[0]} pictures`);
  }
  return { names: list, store };
}

async function readArrays(file: DataFile): Promise<Map<string, ReadArray>> {
  const bytes = await file.read();
  const found = new Map<string, ReadArray>();
  if (/\.safetensors$/i.test(file.name)) {
    const { readSafetensors } = await import("../../io/safetensors.ts");
    for (const [name, tensor] of readSafetensors(bytes, file.name).tensors) {
      const isBytes = tensor.dtype === "U8";
      const values = tensor.dtype === "U8" ? tensor.data() : tensor.toFloat32();
      found.set(name, { shape: tensor.shape, values, isBytes });
    }
    return found;
  }
  const { parseNpy } = await import("../../io/npy.ts");
  const { parseNpz } = await import("../../io/npz.ts");
  const arrays = /\.npy$/i.test(file.name)
    ? new Map([["array", parseNpy(bytes, file.name)]])
    : parseNpz(bytes, file.name);
  for (const [name, { shape, values, dtype }] of arrays) {
    found.set(name, { shape, values: values as ArrayLike<number>, isBytes: dtype === "uint8" });
  }
  return found;
}

function storeOfArray({ shape, values, isBytes }: ReadArray, where: string): PictureStore {
  if (shape.length < 2 || shape.length > 4 || shape.some((size) => size === 0)) {
    throw new FormatError(where, `has the axes ${JSON.stringify(shape)}`, HINT);
  }
  const numbers = values as ArrayLike<number>;
  if (isBytes) return picturesOfBytes(shape, numbers, where);
  const store = sharedFloats(numbers.length);
  for (let at = 0; at < numbers.length; at++) {
    store[at] = numbers[at];
    if (!Number.isFinite(store[at])) throw new FormatError(where, "features must be finite in 32 bits");
  }
  const features = shape[shape.length - 1];
  const places = shape.slice(1, -1).reduce((product, size) => product * size, 1);
  return { kind: "features", places, features, values: store };
}

/** [pictures, side, side, 3] -> the channels first */
function picturesOfBytes(shape: readonly number[], bytes: ArrayLike<number>, where: string): PictureStore {
  const [count, height, width, channels] = shape;
  if (shape.length !== 4 || channels !== CHANNELS || height !== width || height < 2 || height > MOST_SIDE) {
    throw new FormatError(
      where,
      `pictures must be squares of 2 to ${MOST_SIDE} pixels in red, green and blue, got ${JSON.stringify(shape)}`,
      HINT,
    );
  }
  const plane = height * width;
  const values = sharedBytes(count * CHANNELS * plane);
  for (let at = 0; at < values.length; at++) {
    const [pixel, channel] = [Math.floor(at / CHANNELS), at % CHANNELS];
    const picture = Math.floor(pixel / plane);
    values[(picture * CHANNELS + channel) * plane + (pixel % plane)] = bytes[at];
  }
  return { kind: "pixels", side: height, values };
}
