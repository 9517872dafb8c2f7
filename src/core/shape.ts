import { InputError, ShapeError } from "./errors.ts";
import { showValue } from "./show-value.ts";

/** Sizes of the axes, outermost first; `[]` is a scalar. */
export type Shape = readonly number[];

/** The type of the elements. Both take one 4-byte word on the heap (see backend/backend.ts). */
export type DType = "f32" | "i32";

/** The number of elements. */
export function sizeOf(shape: Shape): number {
  checkSizes("sizeOf: shape", shape);
  let size = 1;
  for (const length of shape) size *= length;
  return size;
}

/** Whether two shapes have the same axes. */
export function sameShape(a: Shape, b: Shape): boolean {
  checkSizes("sameShape: a", a);
  checkSizes("sameShape: b", b);
  return a.length === b.length && a.every((length, axis) => length === b[axis]);
}

/** A shape for messages: `[32, 64]`. */
export function showShape(shape: Shape): string {
  if (!Array.isArray(shape)) throw new ShapeError("showShape: shape", "an array", showValue(shape));
  return `[${Array.from(shape, (length) => (typeof length === "number" ? length : showValue(length))).join(", ")}]`;
}

/**
 * Refuses values that are not shapes. The shape of every tensor is checked here before the tensor is made.
 * @param where the operation and its argument, such as `zeros: shape`
 * @throws ShapeError unless `shape` is an array of integers of at least 0
 */
export function checkSizes(where: string, shape: unknown): asserts shape is Shape {
  if (typeof where !== "string")
    throw new InputError(`checkSizes: where must be a text, got ${showValue(where)}`);
  let size = Number.NaN;
  if (Array.isArray(shape)) {
    size = 1;
    for (let axis = 0; axis < shape.length; axis++) {
      const length: unknown = shape[axis];
      size = Number.isInteger(length) && (length as number) >= 0 ? size * (length as number) : Number.NaN;
    }
  }
  // An infinite size is allowed here: no heap has so much memory, and the error will say that.
  if (Number.isNaN(size))
    throw new ShapeError(where, "an array of whole numbers from 0 up", showValue(shape));
}

/**
 * Checks a shape against a pattern of named axes; a size of `null` matches any size.
 *
 * `checkShape("lstm.forward: inputs", x.shape, [["batch", null], ["time", null], ["features", 128]])` throws
 * `lstm.forward: inputs must be [batch, time, features=128], got [32, 64]`.
 */
export function checkShape(
  where: string,
  shape: Shape,
  pattern: readonly (readonly [string, number | null])[],
): void {
  if (typeof where !== "string")
    throw new InputError(`checkShape: where must be a text, got ${showValue(where)}`);
  checkSizes(where, shape);
  if (!isPattern(pattern)) {
    throw new InputError(
      `${where}: pattern must be a list of [name, size or null], got ${showValue(pattern)}`,
    );
  }
  const fits =
    shape.length === pattern.length &&
    pattern.every(([, size], axis) => size === null || size === shape[axis]);
  if (fits) return;
  const expected = pattern.map(([name, size]) => (size === null ? name : `${name}=${size}`)).join(", ");
  throw new ShapeError(where, `[${expected}]`, showShape(shape));
}

function isPattern(pattern: unknown): boolean {
  if (!Array.isArray(pattern)) return false;
  for (let axis = 0; axis < pattern.length; axis++) {
    const named: unknown = pattern[axis];
    if (!Array.isArray(named) || typeof named[0] !== "string") return false;
    if (named[1] !== null && typeof named[1] !== "number") return false;
  }
  return true;
}
