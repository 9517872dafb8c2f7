/**
 * The metadata that every checkpoint contains besides its tensors, for any task. It is untrusted, so all of it is
 * checked.
 */
import { FormatError } from "../core/errors.ts";
import { AT_LEAST_0, COUNT } from "../core/options.ts";
import { sizeOf } from "../core/shape.ts";
import { isParameterName } from "../io/checkpoint-names.ts";
import type { SafetensorsFile } from "../io/safetensors.ts";

/** The file that contained the user's own code for a model. It is not loaded here. */
export interface CodeFile {
  /** The path as it was given, relative to the working directory of the program. */
  readonly path: string;
  /** SHA-256 of the bytes of the file, without its imports. */
  readonly sha256: string;
}

/** The progress of a training. */
export interface CheckpointPosition {
  readonly step: number;
  /** Training time in seconds, over all runs that continued it. */
  readonly seconds: number;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** @throws FormatError */
export function parseCodeFile(value: unknown, field: string, where: string): CodeFile {
  if (!isObject(value) || typeof value.path !== "string" || !/^[0-9a-f]{64}$/.test(`${value.sha256}`)) {
    throw new FormatError(where, `${field} must hold the path and the SHA-256 of a file`);
  }
  return { path: value.path, sha256: `${value.sha256}` };
}

/** The JSON in a field of the metadata; undefined for a field that is not there. @throws FormatError */
export function metadataReader({ metadata }: SafetensorsFile, where: string): (name: string) => unknown {
  return (name) => {
    if (!Object.hasOwn(metadata, name)) return undefined;
    try {
      return JSON.parse(metadata[name]);
    } catch (cause) {
      throw new FormatError(where, `metadata ${name} must be JSON`, { cause });
    }
  };
}

/** @throws FormatError */
export function parsePosition({ metadata }: SafetensorsFile, where: string): CheckpointPosition {
  const [step, seconds] = [metadata.step, metadata.seconds].map((text) => (text ? Number(text) : Number.NaN));
  if (!COUNT.fits(step) || !AT_LEAST_0.fits(seconds)) {
    throw new FormatError(where, "metadata step and seconds must be numbers");
  }
  return { step, seconds };
}

/**
 * Limits the memory that a small file can make the program allocate: the tensors of the model must be in the file.
 * @throws FormatError
 */
export function checkStoredSize(
  least: { readonly numbers: number; readonly tensors: number },
  tensors: SafetensorsFile["tensors"],
  where: string,
): void {
  const stored = [...tensors].filter(([name]) => isParameterName(name));
  const numbers = stored.reduce((sum, [, { shape }]) => sum + sizeOf(shape), 0);
  if (least.numbers <= numbers && least.tensors <= stored.length) return;
  throw new FormatError(where, `holds ${numbers} numbers, which is less than its model has`);
}
