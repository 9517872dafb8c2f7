import { Tensor } from "../backend/tensor.ts";
import { InputError, ShapeError } from "../core/errors.ts";
import type { Range } from "../core/options.ts";
import { showValue } from "../core/show-value.ts";

/** Arguments of an op by name. Optional arguments are passed separately. */
type Arguments = Readonly<Record<string, unknown>>;

export const TENSOR: Range = { text: "a tensor", fits: (value) => Tensor.isTensor(value) };

/** @throws InputError that names the argument that is not a tensor */
export function requireTensors(op: string, given: Arguments, optional?: Arguments): void {
  for (const name in given) requireTensor(`${op}: ${name}`, given[name]);
  for (const name in optional) {
    if (optional[name] !== undefined) requireTensor(`${op}: ${name}`, optional[name]);
  }
}

/** @throws InputError if the value is not a tensor */
export function requireTensor(where: string, value: unknown): asserts value is Tensor {
  if (!Tensor.isTensor(value)) throw new InputError(`${where} must be a tensor, got ${showValue(value)}`);
}

/** Checks that all arguments are float tensors. @throws InputError, ShapeError that names the argument that is not */
export function requireFloats(op: string, given: Arguments, optional?: Arguments): void {
  for (const name in given) requireFloat(op, name, given[name]);
  for (const name in optional) if (optional[name] !== undefined) requireFloat(op, name, optional[name]);
}

function requireFloat(op: string, name: string, value: unknown): void {
  if (Tensor.isTensor(value) && value.dtype === "f32") return;
  requireTensor(`${op}: ${name}`, value);
  throw new ShapeError(`${op}: ${name}`, "of floats (dtype f32)", `dtype ${value.dtype}`);
}

/** Checks that ids, masks or targets are an integer tensor. @throws InputError, ShapeError if they are not */
export function requireIntegers(where: string, value: unknown): void {
  requireTensor(where, value);
  if (value.dtype !== "i32") throw new ShapeError(where, "integers (dtype i32)", `dtype ${value.dtype}`);
}

/**
 * Checks a list of tensors, as for concat and stack. @throws InputError that names an element that is not a tensor;
 * ShapeError for an empty list
 */
export function requireTensorList(where: string, parts: unknown): void {
  if (!Array.isArray(parts)) {
    throw new InputError(`${where} must be an array of tensors, got ${showValue(parts)}`);
  }
  if (parts.length === 0) throw new ShapeError(where, "at least one tensor", "none");
  for (let i = 0; i < parts.length; i++) requireTensor(`${where}[${i}]`, parts[i]);
}
