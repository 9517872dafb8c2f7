import { Tensor } from "../backend/tensor.ts";
import { InputError, ShapeError } from "../core/errors.ts";
import type { Range } from "../core/options.ts";
import { showValue } from "../core/show-value.ts";

/** Arguments of an op by their names; those that a caller may leave out are apart. */
type Arguments = Readonly<Record<string, unknown>>;

export const TENSOR: Range = { text: "a tensor", fits: (value) => Tensor.isTensor(value) };

/** @throws InputError that names the argument which is no tensor */
export function requireTensors(op: string, given: Arguments, optional?: Arguments): void {
  for (const name in given) requireTensor(`${op}: ${name}`, given[name]);
  for (const name in optional) {
    if (optional[name] !== undefined) requireTensor(`${op}: ${name}`, optional[name]);
  }
}

/** @throws InputError for what is no tensor */
export function requireTensor(where: string, value: unknown): asserts value is Tensor {
  if (!Tensor.isTensor(value)) throw new InputError(`${where} must be a tensor, got ${showValue(value)}`);
}

/** Arithmetic is for float tensors. @throws InputError, ShapeError naming the argument which is no tensor of floats */
export function requireFloats(op: string, given: Arguments, optional?: Arguments): void {
  for (const name in given) requireFloat(op, name, given[name]);
  for (const name in optional) if (optional[name] !== undefined) requireFloat(op, name, optional[name]);
}

function requireFloat(op: string, name: string, value: unknown): void {
  if (Tensor.isTensor(value) && value.dtype === "f32") return;
  requireTensor(`${op}: ${name}`, value);
  throw new ShapeError(`${op}: ${name}`, "of floats (dtype f32)", `dtype ${value.dtype}`);
}

/** Ids, masks and targets are integers. @throws InputError, ShapeError for what is no tensor of integers */
export function requireIntegers(where: string, value: unknown): void {
  requireTensor(where, value);
  if (value.dtype !== "i32") throw new ShapeError(where, "integers (dtype i32)", `dtype ${value.dtype}`);
}

/** A list of tensors, as concat and stack take. @throws InputError naming what is none; ShapeError for an empty list */
export function requireTensorList(where: string, parts: unknown): void {
  if (!Array.isArray(parts)) {
    throw new InputError(`${where} must be an array of tensors, got ${showValue(parts)}`);
  }
  if (parts.length === 0) throw new ShapeError(where, "at least one tensor", "none");
  for (let i = 0; i < parts.length; i++) requireTensor(`${where}[${i}]`, parts[i]);
}
