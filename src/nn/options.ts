import { InputError } from "../core/errors.ts";
import { GENERATOR, OBJECT, optional, type Range } from "../core/options.ts";
import { showValue } from "../core/show-value.ts";

export { TENSOR } from "../autograd/check.ts";

/** Checks for the members of a backend, not for a class. */
export const BACKEND: Range = {
  text: "a backend, as createWasmBackend()",
  fits: (value) => {
    const { memory, kernels } = (OBJECT.fits(value) ? value : {}) as Record<string, unknown>;
    return OBJECT.fits(memory) && OBJECT.fits(kernels);
  },
};

/** The ranges of the options that every module with weights has. */
export const MODULE_RANGES = { rng: GENERATOR, backend: optional(BACKEND) };

/** Checks a size. @throws InputError unless it is an integer of at least 1 */
export function checkSize(where: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new InputError(`${where} must be an integer of at least 1, got ${showValue(value)}`);
  }
}
