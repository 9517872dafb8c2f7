import { InputError, ShapeError } from "./errors.ts";
import { showValue } from "./show-value.ts";

/** Sizes of the axes, outermost first; `[]` is a scalar. */
export type Shape = readonly number[];

/** Both take one 4-byte word on the heap (see backend/backend.ts). */
export type DType = "f32" | "i32";

export function sizeOf(shape: Shape): number {
  checkSizes("sizeOf: shape", shape);
  let size = 1;
  for (const length of shape) size *= length;
  return size;
}

export function sameShape(a: Shape, b: Shape): boolean {
  checkSizes("sameShape: a", a);
  checkSizes("sameShape: b", b);
  return a.length === b.length && a.every((length, axis) => length === b[axis]);
}

export function showShape(shape: Shape): string {
  if (!Array.isArray(shape)) throw new ShapeError("showShape: shape", "an array", showValue(shape));
  return `[${Array.from(shape, (length) => (typeof length === "number" ? length : showValue(length))).join(", ")}]`;
}

/**
 * Refuse what is no shape. Every tensor is made of one that has passed here, whoever gives it.
 * @param where the operation and its argument, as `zeros: shape`
 * @throws ShapeError unless `shape` is an array of whole numbers from 0 up
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
  // An infinite size is more than any heap has, and refused as that.
  if (Number.isNaN(size))
    throw new ShapeError(where, "an array of whole numbers from 0 up", showValue(shape));
}

/**
 * Check a shape against a pattern of named axes; a `null` size matches anything.
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
