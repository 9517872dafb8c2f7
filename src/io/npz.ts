import { type UnzipFileFilter, unzipSync, zipSync } from "fflate";
import { escapeControl, FormatError, formatBytes, InputError } from "../core/index.ts";
import { BYTES, checkValue, OBJECT, type Ranges, SIZE, settle, TEXT } from "../core/options.ts";
import { DAMAGED } from "./damaged.ts";
import { type NpyArray, parseNpy, writeNpy } from "./npy.ts";
import { crc32, readChecksums } from "./zip-checksums.ts";

export interface NpzOptions {
  /** The most bytes that all arrays together may have when they are unpacked; default 2 GiB. */
  maxBytes?: number;
}

const RANGES: Ranges<NpzOptions> = { maxBytes: SIZE };
const MAX_MEMBERS = 10_000;
/** Deflate makes 1032 bytes of one at most; what claims more is not what it says. */
const HIGHEST_RATIO = 1032;

/**
 * Parse an npz file, as numpy.savez and numpy.savez_compressed write it.
 * @param bytes the whole file
 * @param name of the file, for errors
 * @returns the arrays by their names
 * @throws FormatError for what is no zip file, a member that is no npy file or an array of objects (a pickle), two
 * members of one name, and arrays that are larger in all than `maxBytes`
 */
export function parseNpz(bytes: Uint8Array, name: string, options: NpzOptions = {}): Map<string, NpyArray> {
  checkValue("parseNpz: bytes", BYTES, bytes);
  checkValue("parseNpz: name", TEXT, name);
  const { maxBytes } = settle<Required<NpzOptions>>("parseNpz", RANGES, { maxBytes: 2 ** 31 }, options);
  const where = escapeControl(name);
  const members = unzip(bytes, where, maxBytes);
  const arrays = new Map<string, NpyArray>();
  for (const [file, content] of members) {
    const array = file.replace(/\.npy$/, "");
    arrays.set(array, parseNpy(content, `${where}: ${array}`));
  }
  if (arrays.size === 0) throw new FormatError(where, "the file has no arrays");
  return arrays;
}

/** The members, each compared with its checksum. */
function unzip(bytes: Uint8Array, where: string, maxBytes: number): Map<string, Uint8Array> {
  const checksums = readChecksums(bytes, MAX_MEMBERS);
  const members = new Map<string, Uint8Array>();
  try {
    if (checksums === undefined) throw new Error("no directory of a zip file");
    const files = unzipSync(bytes, { filter: makeFilter(where, maxBytes) });
    for (const [name, content] of Object.entries(files)) {
      if (crc32(content) !== checksums[members.size]) {
        throw new FormatError(`${where}: ${escapeControl(name)}`, "the checksum is wrong", DAMAGED);
      }
      members.set(name, content);
    }
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw new FormatError(where, "this is no zip file, or it is damaged", {
      hint: "write it with numpy.savez, or get it again",
      cause: error,
    });
  }
  return members;
}

/** Asked before each member is unpacked. Refuses what is no array, and more than `maxBytes` in all. */
function makeFilter(where: string, maxBytes: number): UnzipFileFilter {
  const names = new Set<string>();
  let total = 0;
  return ({ name, size, originalSize, compression }) => {
    const member = `${where}: ${escapeControl(name)}`;
    if (names.has(name) || names.size === MAX_MEMBERS) {
      throw new FormatError(member, "the file has two members of this name, or more than 10,000");
    }
    names.add(name);
    if (!name.endsWith(".npy")) {
      throw new FormatError(member, "a member that is no .npy file", {
        hint: "write the file with numpy.savez, and nothing else into it",
      });
    }
    total += compression === 0 ? size : originalSize;
    if (total > maxBytes || originalSize > HIGHEST_RATIO * size + 1024) {
      throw new FormatError(member, `the arrays would need more than ${formatBytes(maxBytes)}`, {
        hint: "save fewer or smaller arrays, such as float32",
      });
    }
    return true;
  };
}

/**
 * The bytes of an npz file, compressed; the same arrays give the same bytes.
 * @param arrays by name
 * @throws InputError as writeNpy does, and for a name that is empty or has a slash
 */
export function writeNpz(arrays: ReadonlyMap<string, Parameters<typeof writeNpy>[0]>): Uint8Array {
  checkValue(
    "writeNpz: arrays",
    { text: "a map of arrays by name", fits: (value) => value instanceof Map },
    arrays,
  );
  const files: Record<string, Uint8Array> = {};
  for (const [name, array] of arrays) {
    checkValue("writeNpz: arrays: a name", TEXT, name);
    checkValue(`writeNpz: array ${escapeControl(name)}`, OBJECT, array);
    if (!/^[^/\\\0]{1,200}$/.test(name)) {
      throw new InputError(`writeNpz: arrays: '${escapeControl(name)}' is no name for an array`);
    }
    files[`${name}.npy`] = writeNpy(array);
  }
  // The earliest time that a zip file can hold, so that the bytes do not depend on the clock.
  return zipSync(files, { mtime: new Date(1980, 0, 1) });
}
