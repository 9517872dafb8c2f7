import { backward, Tape, withTape } from "../../src/autograd/tape.ts";
import type { FloatArray } from "../../src/backend/backend.ts";
import type { Tensor } from "../../src/backend/tensor.ts";
import { parameters, tensor } from "../../src/nn/index.ts";
import type { Golden } from "./goldens.ts";

/** Tensors by the name of their golden. */
export type Computed = Record<string, Tensor>;

/** Run forward and backward in the open scope and read everything that has a golden: `out.*` and `grad.*`. */
export function recorded(
  build: () => { loss: Tensor; outputs: Computed; inputs: Computed },
  parameters: Computed,
): [string, Promise<FloatArray>][] {
  const tape = new Tape();
  const { loss, outputs, inputs } = withTape(tape, build);
  const gradientOf = backward(tape, loss);
  const reads: [string, Promise<FloatArray>][] = [["out.loss", loss.read()]];
  for (const [name, value] of Object.entries(outputs)) reads.push([`out.${name}`, value.read()]);
  for (const [name, value] of Object.entries({ ...inputs, ...parameters })) {
    const gradient = gradientOf(value);
    if (gradient === undefined) throw new Error(`no gradient for ${name}`);
    reads.push([`grad.${name}`, gradient.read()]);
  }
  return reads;
}

/** Write stored values into a module's parameters; both must have the same names and shapes. */
export function loadParameters(module: object, stored: Map<string, Golden>): Computed {
  const found = parameters(module);
  const names = found.map(({ name }) => name).sort();
  const wanted = [...stored.keys()].sort();
  if (names.join() !== wanted.join()) throw new Error(`parameters are ${names}, the goldens have ${wanted}`);
  for (const { name, tensor } of found) {
    const { shape, values } = stored.get(name)!;
    if (shape.join() !== tensor.shape.join()) throw new Error(`${name} is [${tensor.shape}], not [${shape}]`);
    tensor.write(values);
  }
  return Object.fromEntries(found.map(({ name, tensor }) => [name, tensor]));
}

/** A tensor that gets a gradient. */
export function leaf({ values, shape }: Golden): Tensor {
  const made = tensor(values, shape);
  made.needsGradient = true;
  return made;
}
