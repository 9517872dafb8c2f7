import type { Backend } from "../backend/backend.ts";
import { defaultBackend } from "../backend/default.ts";
import { persistent, type Tensor } from "../backend/tensor.ts";
import type { Shape } from "../core/shape.ts";

/** A tensor outside all scopes that training changes. Its name is its path in the tree of modules. */
export interface NamedParameter {
  readonly name: string;
  readonly tensor: Tensor;
}

const parameterTensors = new WeakSet<Tensor>();

/** A trainable tensor with the given values (row-major). */
export function parameter(
  values: ArrayLike<number>,
  shape: Shape,
  backend: Backend = defaultBackend(),
): Tensor {
  const tensor = persistent(shape, "f32", backend);
  tensor.write(values);
  tensor.needsGradient = true;
  parameterTensors.add(tensor);
  return tensor;
}

export function isParameter(value: unknown): value is Tensor {
  return parameterTensors.has(value as Tensor);
}

/**
 * All parameters of a module, an array or an object of them, under the names that PyTorch gives them:
 * `parameters({ rnn, head })` has `rnn.weight_ih_l0`, ..., `head.bias`. Fields whose name starts with `_` or `#`
 * are not walked. A parameter that occurs twice (tied weights) keeps its first name.
 */
export function parameters(tree: object): NamedParameter[] {
  const found: NamedParameter[] = [];
  const seen = new Set<unknown>();
  const walk = (value: unknown, path: string): void => {
    if (typeof value !== "object" || value === null || seen.has(value)) return;
    seen.add(value);
    if (isParameter(value)) {
      found.push({ name: path, tensor: value });
      return;
    }
    if (ArrayBuffer.isView(value) || value instanceof Map) return;
    for (const [key, child] of Object.entries(value)) {
      if (!key.startsWith("_")) walk(child, path === "" ? key : `${path}.${key}`);
    }
  };
  walk(tree, "");
  return found;
}

/**
 * Keep the parameters of a module (or a single one) as they are: an optimizer does not change them, and gradients are
 * not computed for them where an op can do without. Freeze before making the optimizer, and it spends no memory on
 * them; freeze afterwards, and they can be thawed again.
 */
export function freeze(module: object): void {
  for (const { tensor } of parameters(module)) tensor.needsGradient = false;
}

/** Let training change the parameters of a module again. */
export function unfreeze(module: object): void {
  for (const { tensor } of parameters(module)) tensor.needsGradient = true;
}
