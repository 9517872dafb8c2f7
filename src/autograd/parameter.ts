import type { Backend } from "../backend/backend.ts";
import { defaultBackend } from "../backend/default.ts";
import { checkValues } from "../backend/nested.ts";
import { persistent, Tensor } from "../backend/tensor.ts";
import { InputError, ShapeError } from "../core/errors.ts";
import { checkSizes, type Shape, showShape, sizeOf } from "../core/shape.ts";
import { showValue } from "../core/show-value.ts";

/** A persistent tensor that training changes. Its name is its path in the tree of modules. */
export interface NamedParameter {
  readonly name: string;
  readonly tensor: Tensor;
}

const parameterTensors = new WeakSet<Tensor>();

/**
 * Makes a trainable tensor with the given values.
 * @param values numbers in row-major order, as many as the shape has elements
 * @param shape sizes of the axes
 * @throws ShapeError for an invalid shape or another number of values; InputError that names an element that is not a
 * number
 */
export function parameter(
  values: ArrayLike<number>,
  shape: Shape,
  backend: Backend = defaultBackend(),
): Tensor {
  checkSizes("parameter: shape", shape);
  checkValues("parameter: values", values, "f32");
  if (values.length !== sizeOf(shape)) {
    const expected = `${sizeOf(shape)} for shape ${showShape(shape)}`;
    throw new ShapeError("parameter: values", expected, `${values.length}`);
  }
  const tensor = emptyParameter(shape, backend);
  tensor.write(values);
  return tensor;
}

/** Makes a trainable tensor without initial values. @throws ShapeError, OutOfMemoryError */
export function emptyParameter(shape: Shape, backend?: Backend): Tensor {
  const tensor = persistent(shape, "f32", backend);
  tensor.needsGradient = true;
  parameterTensors.add(tensor);
  return tensor;
}

export function isParameter(value: unknown): value is Tensor {
  return parameterTensors.has(value as Tensor);
}

/**
 * All parameters of a module, or of an array or object of modules, with PyTorch's names: `parameters({ rnn, head })`
 * has `rnn.weight_ih_l0`, ..., `head.bias`. Fields whose name starts with `_` or `#` are ignored. A parameter that
 * occurs twice (tied weights) has the first of its names.
 */
export function parameters(tree: object): NamedParameter[] {
  if (typeof tree !== "object" || tree === null) {
    throw new InputError(
      `parameters: module must be a module, an array or an object of them, got ${showValue(tree)}`,
    );
  }
  const found: NamedParameter[] = [];
  const seen = new Set<unknown>();
  const walk = (value: unknown, path: string): void => {
    if (typeof value !== "object" || value === null || seen.has(value)) return;
    seen.add(value);
    if (isParameter(value)) {
      found.push({ name: path, tensor: value });
      return;
    }
    if (ArrayBuffer.isView(value) || value instanceof Map || Tensor.isTensor(value)) return;
    for (const [key, child] of Object.entries(value)) {
      if (!key.startsWith("_")) walk(child, path === "" ? key : `${path}.${key}`);
    }
  };
  walk(tree, "");
  return found;
}

/**
 * Freezes the parameters of a module, or a single parameter: an optimizer does not change them, and ops skip their
 * gradients where possible. If a parameter is frozen before the optimizer is made, the optimizer allocates no memory
 * for it; if it is frozen afterwards, it can be unfrozen again.
 */
export function freeze(module: object): void {
  for (const { tensor } of parameters(module)) tensor.needsGradient = false;
}

/** Makes the parameters of a module trainable again. */
export function unfreeze(module: object): void {
  for (const { tensor } of parameters(module)) tensor.needsGradient = true;
}
