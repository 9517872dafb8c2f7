/** Arrays of pictures, or of features that another program has computed of them, such as by a convolutional network. */
import { escapeControl, FormatError } from "../core/errors.ts";
import { BYTES, checkValue, TEXT } from "../core/options.ts";
import { showValue } from "../core/show-value.ts";
import { parseNpy } from "../io/npy.ts";
import { readSafetensors, type StoredTensor } from "../io/safetensors.ts";
import { listNames, quote } from "../io/table-columns.ts";
import { sharedBytes, sharedFloats } from "./shared-arrays.ts";

/** Pictures of one size, or the same number of features of each, in shared memory where there is any. */
export type PictureValues =
  /** `[count, 3, side, side]`: red, green and blue from 0 to 255, each row by row from the top left. */
  | { readonly kind: "pixels"; readonly side: number; readonly values: Uint8Array }
  /** `[count, places, features]`: the places are parts of a picture, row by row; 1 where features are of all of it. */
  | {
      readonly kind: "features";
      readonly places: number;
      readonly features: number;
      readonly values: Float32Array;
    };

export interface PictureArrays {
  /** The pictures' names, where the file has them. */
  readonly names: readonly string[] | undefined;
  readonly count: number;
  readonly pictures: PictureValues;
}

const NAMES = "names";
/** Pixels of a side. */
const MOST_SIDE = 1024;

const HINT = {
  hint: "save pictures as bytes [pictures, height, width, 3], or features as [pictures, features] or [pictures, places, features], and perhaps names",
} as const;

interface ReadArray {
  readonly shape: readonly number[];
  readonly values: ArrayLike<number>;
  readonly isBytes: boolean;
}

/**
 * Read an array of pictures. Features of all pictures are `[N, features]`, `[N, places, features]` or
 * `[N, rows, columns, features]`, of which rows and columns become places. Bytes (uint8) with four axes are pixels,
 * `[N, side, side, 3]`.
 *
 * - .npy: one such array.
 * - .npz: one such array of any name, and the pictures' `names` as texts, which may be left out.
 * - .safetensors: one such tensor of any name, with the pictures' names as a JSON list in the metadata `names`, which may be
 *   left out; or several tensors, each the features of one picture under its name: `[features]`, `[places, features]` or
 *   `[rows, columns, features]`.
 * @param bytes the whole file
 * @param name of the file: its extension says what it is; and for errors
 * @throws FormatError for arrays of another shape, numbers that are not finite in 32 bits, and names that are not one for
 * each picture, all different
 */
export async function parsePictureArrays(bytes: Uint8Array, name: string): Promise<PictureArrays> {
  checkValue("parsePictureArrays: bytes", BYTES, bytes);
  checkValue("parsePictureArrays: name", TEXT, name);
  const where = escapeControl(name);
  if (/\.safetensors$/i.test(name)) return fromSafetensors(bytes, where);
  if (/\.npz$/i.test(name)) return fromNpz(bytes, name, where);
  return arraysOf(readable(parseNpy(bytes, name), where), undefined, where);
}

async function fromNpz(bytes: Uint8Array, name: string, where: string): Promise<PictureArrays> {
  // Loaded with its package only where there is such a file.
  const { parseNpz } = await import("../io/npz.ts");
  const arrays = parseNpz(bytes, name);
  const others = [...arrays].filter(([key]) => key !== NAMES);
  if (others.length !== 1) {
    const shown = others.length === 0 ? "" : `: ${listNames(others.map(([key]) => key))}`;
    throw new FormatError(
      where,
      `there are ${others.length} arrays besides names, and one is needed${shown}`,
      HINT,
    );
  }
  const names = arrays.get(NAMES);
  if (names !== undefined && (!Array.isArray(names.values) || names.shape.length !== 1)) {
    const got = `${names.dtype} [${names.shape.join(", ")}]`;
    throw new FormatError(where, `names must be a list of texts, got ${got}`, {
      hint: "numpy.savez(path, features=features, names=numpy.array(list_of_names))",
    });
  }
  const [[key, array]] = others;
  const place = `${where}: ${escapeControl(key)}`;
  return arraysOf(readable(array, place), names?.values as readonly string[] | undefined, place);
}

/** An array of numbers. @throws FormatError for one of texts */
function readable(
  array: { readonly shape: readonly number[]; readonly dtype: string; readonly values: unknown },
  where: string,
): ReadArray {
  const { shape, dtype, values } = array;
  if (!Array.isArray(values)) {
    return { shape, values: values as ArrayLike<number>, isBytes: dtype === "uint8" };
  }
  throw new FormatError(where, `pictures or features must be numbers, got ${dtype}`, {
    hint: "save the features as an array of float32, and the names as one of their own",
  });
}

function fromSafetensors(bytes: Uint8Array, where: string): PictureArrays {
  const { tensors, metadata } = readSafetensors(bytes, where);
  const [entry] = tensors;
  if (entry === undefined)
    throw new FormatError(where, "there are 0 tensors, and at least one is needed", HINT);
  if (tensors.size === 1) {
    return arraysOf(numbersOf(entry[1], where, entry[0]), parseNames(metadata[NAMES], where), where);
  }
  // Tensors lie in the file by the order of their data, which says nothing: by name the order is the same everywhere.
  const names = [...tensors.keys()].sort();
  const { shape } = tensors.get(names[0])!;
  const parts = names.map((name) => {
    const tensor = tensors.get(name)!;
    if (tensor.shape.join() === shape.join()) return numbersOf(tensor, where, name).values;
    throw new FormatError(
      `${where}: tensor ${quote(name)}`,
      `several tensors are those of single pictures, all of one shape; got [${tensor.shape.join(", ")}] after [${shape.join(", ")}]`,
      HINT,
    );
  });
  return { names, count: names.length, pictures: featuresOf([names.length, ...shape], parts, where) };
}

function numbersOf(tensor: StoredTensor, where: string, name: string): ReadArray {
  const { dtype, shape } = tensor;
  if (dtype === "U8") return { shape, values: tensor.data(), isBytes: true };
  if (dtype === "F32" || dtype === "F16" || dtype === "BF16" || dtype === "F64") {
    return { shape, values: tensor.toFloat32(), isBytes: false };
  }
  throw new FormatError(
    `${where}: tensor ${quote(name)}`,
    `features must be floating-point numbers, got ${dtype}`,
    { hint: "save the features as float32" },
  );
}

function parseNames(text: string | undefined, where: string): readonly string[] | undefined {
  if (text === undefined) return undefined;
  let names: unknown;
  try {
    names = JSON.parse(text);
  } catch {
    // What it is instead is said below.
    names = text;
  }
  if (Array.isArray(names) && names.every((name) => typeof name === "string")) return names;
  throw new FormatError(where, `the metadata names must be a JSON list of texts, got ${showValue(names)}`, {
    hint: 'save_file({"features": features}, path, metadata={"names": json.dumps(names)})',
  });
}

function arraysOf(
  { shape, values, isBytes }: ReadArray,
  names: readonly string[] | undefined,
  where: string,
): PictureArrays {
  const pictures =
    isBytes && shape.length === 4 ? pixelsOf(shape, values, where) : featuresOf(shape, [values], where);
  if (names !== undefined) checkNames(names, shape[0], where);
  return { names, count: shape[0], pictures };
}

/** @param parts all values of an array of this shape, in pieces */
function featuresOf(
  shape: readonly number[],
  parts: readonly ArrayLike<number>[],
  where: string,
): PictureValues {
  if (shape.length < 2 || shape.length > 4 || shape.includes(0)) {
    throw new FormatError(where, `has the axes [${shape.join(", ")}]`, HINT);
  }
  const places = shape.slice(1, -1).reduce((all, size) => all * size, 1);
  const features = shape.at(-1)!;
  const values = sharedFloats(shape[0] * places * features);
  let at = 0;
  for (const part of parts) {
    for (let index = 0; index < part.length; index++, at++) {
      values[at] = part[index];
      if (Number.isFinite(values[at])) continue;
      const [picture, number] = [Math.floor(at / (places * features)), at % (places * features)];
      throw new FormatError(
        where,
        `features must be finite in 32 bits; number ${number} of picture ${picture} is ${part[index]}`,
        { hint: "save the features as float32, without NaN" },
      );
    }
  }
  return { kind: "features", places, features, values };
}

/** `[pictures, side, side, 3]` with the channels first. */
function pixelsOf(shape: readonly number[], bytes: ArrayLike<number>, where: string): PictureValues {
  const [count, side, width, channels] = shape;
  if (channels !== 3 || side !== width || side < 1 || side > MOST_SIDE || count === 0) {
    throw new FormatError(
      where,
      `pictures must be squares of 1 to ${MOST_SIDE} pixels in red, green and blue, got [${shape.join(", ")}]`,
      HINT,
    );
  }
  const plane = side * side;
  const values = sharedBytes(count * 3 * plane);
  for (let picture = 0; picture < count; picture++) {
    const from = picture * 3 * plane;
    for (let at = 0; at < 3 * plane; at++) {
      values[from + (at % 3) * plane + Math.floor(at / 3)] = bytes[from + at];
    }
  }
  return { kind: "pixels", side, values };
}

/** @throws FormatError unless there is one for each of so many pictures, all different */
export function checkNames(names: readonly string[], count: number, where: string): void {
  const seen = new Set<string>();
  let problem = names.length === count ? undefined : `there are ${names.length} names for ${count} pictures`;
  for (const [at, name] of names.entries()) {
    if (name.trim() === "") problem ??= `picture ${at} has no name`;
    if (seen.has(name)) problem ??= `two pictures have the name ${quote(name)}`;
    seen.add(name);
  }
  if (problem === undefined) return;
  throw new FormatError(where, problem, { hint: "give each picture a name of its own" });
}
