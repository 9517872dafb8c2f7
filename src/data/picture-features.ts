/** Features of pictures that another program has computed, such as the last layer of a convolutional network. */
import { escapeControl, FormatError } from "../core/errors.ts";
import { BYTES, checkValue, TEXT } from "../core/options.ts";
import { showValue } from "../core/show-value.ts";
import { type NpyArray, parseNpy } from "../io/npy.ts";
import { readSafetensors, type StoredTensor } from "../io/safetensors.ts";
import { quote } from "../io/table-columns.ts";
import { sharedFloats } from "./shared-arrays.ts";

/** Features of pictures, each of which has the same number of places with the same number of features. */
export interface PictureFeatures {
  /** The pictures' names, where the file has them. */
  readonly names: readonly string[] | undefined;
  readonly count: number;
  /** Parts of a picture, row by row: 49 for a grid of 7 x 7; 1 where the features are of the whole picture. */
  readonly places: number;
  readonly features: number;
  /** `[count, places, features]`, in shared memory where there is any. */
  readonly values: Float32Array;
}

/** Names of the array of all pictures, and of their names. */
const ARRAY = "features";
const NAMES = "names";

/**
 * Read the features of pictures. An array of all pictures is `[N, features]`, `[N, places, features]` or
 * `[N, rows, columns, features]`, of which rows and columns become places.
 *
 * - .npy: one such array.
 * - .npz: such an array `features`, and the pictures' `names` as texts, which may be left out.
 * - .safetensors: one such tensor `features`, with the names as a JSON list in the metadata `names`, which may be left out;
 *   or a tensor for each picture, under its name: `[features]`, `[places, features]` or `[rows, columns, features]`.
 * @param bytes the whole file
 * @param name of the file: its extension says what it is; and for errors
 * @throws FormatError for arrays of another shape, numbers that are not finite in 32 bits, and names that are not one for
 * each picture
 */
export async function parsePictureFeatures(bytes: Uint8Array, name: string): Promise<PictureFeatures> {
  checkValue("parsePictureFeatures: bytes", BYTES, bytes);
  checkValue("parsePictureFeatures: name", TEXT, name);
  const where = escapeControl(name);
  if (/\.safetensors$/i.test(name)) return fromSafetensors(bytes, where);
  if (/\.npz$/i.test(name)) return fromNpz(bytes, name, where);
  return fromArray(parseNpy(bytes, name), undefined, where);
}

async function fromNpz(bytes: Uint8Array, name: string, where: string): Promise<PictureFeatures> {
  // Loaded with its package only where there is such a file.
  const { parseNpz } = await import("../io/npz.ts");
  const arrays = parseNpz(bytes, name);
  const array = arrays.get(ARRAY);
  if (array === undefined) {
    throw new FormatError(
      where,
      `there must be an array features; the arrays are ${[...arrays.keys()].map(quote).join(", ")}`,
      {
        hint: "numpy.savez(path, features=features, names=names)",
      },
    );
  }
  const names = arrays.get(NAMES);
  if (names !== undefined && (!Array.isArray(names.values) || names.shape.length !== 1)) {
    throw new FormatError(
      where,
      `names must be a list of texts, got ${names.dtype} [${names.shape.join(", ")}]`,
      {
        hint: "numpy.savez(path, features=features, names=numpy.array(list_of_names))",
      },
    );
  }
  return fromArray(array, names?.values as readonly string[] | undefined, where);
}

function fromArray(
  { shape, dtype, values }: NpyArray,
  names: readonly string[] | undefined,
  where: string,
): PictureFeatures {
  if (Array.isArray(values)) {
    throw new FormatError(where, `features must be numbers, got ${dtype}`, {
      hint: "save the features as an array of float32, and the names as one of their own",
    });
  }
  const sizes = sizesOf(shape.slice(1), where, shape);
  return fill(where, names, shape[0], sizes, [values as ArrayLike<number>]);
}

function fromSafetensors(bytes: Uint8Array, where: string): PictureFeatures {
  const { tensors, metadata } = readSafetensors(bytes, where);
  const [first] = tensors.values();
  if (first === undefined) throw new FormatError(where, "the file has no tensor");
  const all = tensors.size === 1 ? tensors.get(ARRAY) : undefined;
  if (all !== undefined) {
    const names = parseNames(metadata[NAMES], where);
    const sizes = sizesOf(all.shape.slice(1), where, all.shape);
    return fill(where, names, all.shape[0], sizes, [valuesOf(all, where, ARRAY)]);
  }
  const sizes = sizesOf(first.shape, where, first.shape);
  // Tensors lie in the file by the order of their data, which says nothing: by name the order is the same everywhere.
  const names = [...tensors.keys()].sort();
  const parts = names.map((name) => {
    const tensor = tensors.get(name)!;
    if (tensor.shape.join() !== first.shape.join()) {
      throw new FormatError(
        `${where}: tensor ${quote(name)}`,
        `all pictures must have features of one shape, [${first.shape.join(", ")}], got [${tensor.shape.join(", ")}]`,
      );
    }
    return valuesOf(tensor, where, name);
  });
  return fill(where, names, names.length, sizes, parts);
}

function valuesOf(tensor: StoredTensor, where: string, name: string): ArrayLike<number> {
  const { dtype } = tensor;
  if (dtype === "F32" || dtype === "F16" || dtype === "BF16" || dtype === "F64") return tensor.toFloat32();
  throw new FormatError(
    `${where}: tensor ${quote(name)}`,
    `features must be floating-point numbers, got ${dtype}`,
    {
      hint: "save the features as float32",
    },
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

interface Sizes {
  readonly places: number;
  readonly features: number;
}

/** @param shape of one picture, which is a part of `whole` */
function sizesOf(shape: readonly number[], where: string, whole: readonly number[]): Sizes {
  if (shape.length >= 1 && shape.length <= 3 && !whole.includes(0)) {
    return { places: shape.slice(0, -1).reduce((all, size) => all * size, 1), features: shape.at(-1)! };
  }
  throw new FormatError(
    where,
    `features of a picture must be [features], [places, features] or [rows, columns, features], got an array [${whole.join(", ")}]`,
    { hint: "save all pictures as one array, [pictures, features] or [pictures, places, features]" },
  );
}

/** @param parts all values, in pieces */
function fill(
  where: string,
  names: readonly string[] | undefined,
  count: number,
  sizes: Sizes,
  parts: readonly ArrayLike<number>[],
): PictureFeatures {
  const size = sizes.places * sizes.features;
  if (names !== undefined) checkNames(names, count, where);
  const values = sharedFloats(count * size);
  let at = 0;
  for (const part of parts) {
    for (let index = 0; index < part.length; index++, at++) {
      values[at] = part[index];
      if (Number.isFinite(values[at])) continue;
      const [picture, feature] = [Math.floor(at / size), at % size];
      throw new FormatError(
        where,
        `picture ${picture}, number ${feature} must be finite in 32 bits, got ${part[index]}`,
      );
    }
  }
  return { names, count, ...sizes, values };
}

/** @throws FormatError unless there is one for each of so many pictures, all different */
export function checkNames(names: readonly string[], count: number, where: string): void {
  if (names.length !== count) {
    throw new FormatError(
      where,
      `there must be a name for each of the ${count} pictures, got ${names.length}`,
    );
  }
  const seen = new Set<string>();
  for (const [at, name] of names.entries()) {
    if (name.trim() === "") throw new FormatError(where, `picture ${at} has no name`);
    if (seen.has(name)) throw new FormatError(where, `two pictures have the name ${quote(name)}`);
    seen.add(name);
  }
}
