import { Tensor } from "../backend/tensor.ts";
import { InputError } from "../core/errors.ts";
import { GENERATOR, OBJECT, optional, type Range } from "../core/options.ts";

export const TENSOR: Range = { text: "a tensor", fits: (value) => Tensor.isTensor(value) };

/** Of the options that every module with weights has. */
export const MODULE_RANGES = { rng: GENERATOR, backend: optional(OBJECT) };

/** A size: an integer from 1 up. @throws InputError naming the option */
export function checkSize(where: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new InputError(`${where} must be an integer of at least 1, got ${value}`);
  }
}
