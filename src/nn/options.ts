import { InputError } from "../core/errors.ts";

/** A size: an integer from 1 up. @throws InputError naming the option */
export function checkSize(where: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new InputError(`${where} must be an integer of at least 1, got ${value}`);
  }
}

/** A dropout probability in [0, 1). */
export function checkDropout(where: string, value: number): void {
  if (!(value >= 0 && value < 1)) throw new InputError(`${where} must be in [0, 1), got ${value}`);
}
