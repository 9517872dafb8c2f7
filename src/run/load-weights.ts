import { isParameter, parameters } from "../autograd/parameter.ts";
import type { Tensor } from "../backend/tensor.ts";
import { escapeControl, FormatError, InputError } from "../core/errors.ts";
import { FLAG, OBJECT, settle, TEXT } from "../core/options.ts";
import { showValue } from "../core/show-value.ts";
import { compareTensors, describeMisfit, type TensorFit } from "../core/tensor-fit.ts";
import { isParameterName } from "../io/checkpoint-names.ts";
import { readSafetensors, type SafetensorsFile, type StoredTensor } from "../io/safetensors.ts";

/** The contents of a file, from Node's `readFile` or from a page's `response.arrayBuffer()`. */
export type FileBytes = Uint8Array | ArrayBuffer;

export interface LoadWeightsOptions {
  /**
   * Whether to refuse a file whose names or shapes are not those of the model. If false, the tensors that fit are
   * loaded, and missing, unexpected or misshaped ones are only reported. Default true.
   */
  readonly strict?: boolean;
  /** Names the file in errors; default "weights". */
  readonly where?: string;
}

const RANGES = { strict: FLAG, where: TEXT };
const DEFAULTS = { strict: true, where: "weights" };

/**
 * Overwrites the parameters of `model` with the tensors of a safetensors file, like PyTorch's `load_state_dict`. The
 * tensors have the names that `parameters(model)` gives, which are PyTorch's (`rnn.weight_ih_l0`). F32 and F64 are read
 * as they are, F16 and BF16 are widened. A tied parameter may have any of its names in the file. Of a checkpoint of this
 * package, only the parameters are read.
 *
 * If anything fails, no parameter has changed.
 * @param model a module, or an object or array of modules
 * @param file the bytes of the file, or the result of `readSafetensors`
 * @returns what does not fit; all lists are empty with `strict`
 * @throws FormatError for a damaged file, for a tensor that is not of floating-point numbers, and with `strict` if
 * anything does not fit; InputError for a model without parameters
 */
export function loadWeights(
  model: object,
  file: FileBytes | SafetensorsFile,
  options: LoadWeightsOptions = {},
): TensorFit {
  const { strict, where } = settle("loadWeights", RANGES, DEFAULTS, options);
  if (!OBJECT.fits(model)) {
    throw new InputError(
      `loadWeights: model must be a module or an object of modules, got ${showValue(model)}`,
    );
  }
  const found = parameters(model);
  if (found.length === 0) {
    throw new InputError("loadWeights: the model has no parameters", {
      hint: "give the modules themselves: loadWeights({ rnn, head }, file)",
    });
  }
  const targets = new Map(found.map(({ name, tensor }) => [name, tensor]));
  const stored = underFirstNames(model, targets, storedWeights(file, where), where);
  const fit = compareTensors(targets, stored);
  const misfit = strict ? describeMisfit(fit) : undefined;
  if (misfit !== undefined) {
    throw new FormatError(escapeControl(where), misfit, {
      hint: "strict: false loads what fits and returns the rest",
    });
  }
  const unfit = new Set([...fit.missing, ...fit.misshaped.map(({ name }) => name)]);
  const fitting = [...targets].filter(([name]) => !unfit.has(name));
  // All values are read before the first one is written, because reading may fail.
  const writes = fitting.map(([name, tensor]) => ({ tensor, values: valuesOf(stored.get(name)!) }));
  for (const { tensor, values } of writes) tensor.write(values);
  return fit;
}

/** Returns the bytes of a file. @throws InputError for any other value; the hint says how to read a file */
export function checkBytes(where: string, bytes: FileBytes): Uint8Array {
  // By tag, since the frames of a page and the contexts of Node have different classes.
  const tag = Object.prototype.toString.call(bytes);
  if (ArrayBuffer.isView(bytes)) return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (tag === "[object ArrayBuffer]" || tag === "[object SharedArrayBuffer]") return new Uint8Array(bytes);
  throw new InputError(`${where} must be a Uint8Array or an ArrayBuffer, got ${showValue(bytes)}`, {
    hint: "read the file first: await readFile(path), or await (await fetch(url)).arrayBuffer()",
  });
}

function storedWeights(file: FileBytes | SafetensorsFile, where: string): SafetensorsFile["tensors"] {
  const isParsed = OBJECT.fits(file) && "tensors" in file && file.tensors instanceof Map;
  const { metadata, tensors } = isParsed
    ? (file as SafetensorsFile)
    : readSafetensors(checkBytes("loadWeights: file", file as FileBytes), where);
  for (const [name, tensor] of tensors) {
    const { shape, bytes, toFloat32 } = Object(tensor) as Partial<StoredTensor>;
    if (Array.isArray(shape) && bytes instanceof Uint8Array && typeof toFloat32 === "function") continue;
    throw new InputError(`loadWeights: file.tensors: ${escapeControl(String(name))} is no tensor of a file`, {
      hint: "give what readSafetensors returns, or the bytes of the file",
    });
  }
  if (metadata?.format !== "unrolled") return tensors;
  return new Map([...tensors].filter(([name]) => isParameterName(name)));
}

/** The tensors of a file, where a tied parameter has the name that `parameters()` gives it. */
function underFirstNames(
  model: object,
  targets: ReadonlyMap<string, Tensor>,
  stored: SafetensorsFile["tensors"],
  where: string,
): Map<string, StoredTensor> {
  const names = new Map([...targets].map(([name, tensor]) => [tensor, name]));
  const renamed = new Map<string, StoredTensor>();
  for (const [name, tensor] of stored) {
    const alias = targets.has(name) ? undefined : parameterAt(model, name);
    const first = (alias && names.get(alias)) ?? name;
    const before = renamed.get(first);
    if (before !== undefined && !sameBytes(before.bytes, tensor.bytes)) {
      throw new FormatError(
        escapeControl(where),
        `tensors ${first} and ${name} must be equal, the model has one parameter for both`,
      );
    }
    renamed.set(first, tensor);
  }
  return renamed;
}

/** The parameter at a path such as `head.weight`, by the rule of `parameters()`. */
function parameterAt(model: object, path: string): Tensor | undefined {
  let value: unknown = model;
  for (const key of path.split(".")) {
    const isWalked = OBJECT.fits(value) && !key.startsWith("_") && Object.hasOwn(value as object, key);
    if (!isWalked || isParameter(value)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return isParameter(value) ? value : undefined;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

/** The numbers of a tensor, with all the precision that is stored. */
function valuesOf(tensor: StoredTensor): Float32Array | Float64Array {
  return tensor.dtype === "F64" ? tensor.data() : tensor.toFloat32();
}
