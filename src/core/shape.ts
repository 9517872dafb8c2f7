import { ShapeError } from "./errors.ts";

/** Sizes of the axes, outermost first; `[]` is a scalar. */
export type Shape = readonly number[];

/** Both take one 4-byte word on the heap (see backend/backend.ts). */
export type DType = "f32" | "i32";

export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const length of shape) size *= length;
  return size;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((length, axis) => length === b[axis]);
}

export function showShape(shape: Shape): string {
  return `[${shape.join(", ")}]`;
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
  const fits =
    shape.length === pattern.length &&
    pattern.every(([, size], axis) => size === null || size === shape[axis]);
  if (fits) return;
  const expected = pattern.map(([name, size]) => (size === null ? name : `${name}=${size}`)).join(", ");
  throw new ShapeError(where, `[${expected}]`, showShape(shape));
}
