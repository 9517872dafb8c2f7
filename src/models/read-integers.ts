import type { Tensor } from "../backend/tensor.ts";
import { InputError } from "../core/errors.ts";

/**
 * The values of an integer tensor.
 * @param models names the kind of model in the hint
 * @throws InputError where its backend cannot give them at once
 */
export function readIntegers(where: string, tensor: Tensor, models: string): Int32Array {
  const values = tensor.readIntsSync();
  if (values !== undefined) return values;
  throw new InputError(`${where}: integers on the ${tensor.backend.name} backend cannot be read at once`, {
    hint: `${models} are for the CPU: use a wasm or native backend`,
  });
}
