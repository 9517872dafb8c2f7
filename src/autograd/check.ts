import { Tensor } from "../backend/tensor.ts";
import { ShapeError } from "../core/errors.ts";
import { checkValue, type Range } from "../core/options.ts";

/** Arithmetic is for float tensors. @throws ShapeError that names the argument which holds integers */
export function requireFloats(op: string, tensors: Readonly<Record<string, Tensor | undefined>>): void {
  for (const [name, tensor] of Object.entries(tensors)) {
    if (tensor !== undefined && tensor.dtype !== "f32") {
      throw new ShapeError(`${op}: ${name}`, "of floats (dtype f32)", `dtype ${tensor.dtype}`);
    }
  }
}

/** Ids, masks and targets are integers. */
export function requireIntegers(where: string, tensor: Tensor): void {
  if (tensor.dtype !== "i32") throw new ShapeError(where, "integers (dtype i32)", `dtype ${tensor.dtype}`);
}

export const TENSOR: Range = { text: "a tensor", fits: (value) => value instanceof Tensor };

/** @param tensors by the names of the arguments @throws InputError naming the one that is no tensor */
export function requireTensors(op: string, tensors: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(tensors)) checkValue(`${op}: ${name}`, TENSOR, value);
}
