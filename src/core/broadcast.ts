import { InputError, ShapeError } from "./errors.ts";
import { checkValue, OPTIONS, TEXT } from "./options.ts";
import { checkSizes, type Shape, showShape } from "./shape.ts";
import { showValue } from "./show-value.ts";

/**
 * The shape of an elementwise result by NumPy's rules: axes are matched from the last, and an axis of 1 (or a missing
 * one) is repeated.
 * @param op the function that errors name, as `add`
 * @param operands shapes by name, in order, for the error: `add: b must be broadcastable to [3, 4] of a, got [3, 5]`
 * @throws ShapeError if two shapes do not fit each other
 */
export function broadcastShape(op: string, operands: Readonly<Record<string, Shape>>): Shape {
  checkValue("broadcastShape: op", TEXT, op);
  checkValue(`${op}: operands`, OPTIONS, operands);
  const names = Object.keys(operands);
  if (names.length === 0) throw new InputError(`${op}: operands must be one shape or more, got none`);
  for (const name of names) checkSizes(`${op}: ${name}`, operands[name]);
  let result: Shape = operands[names[0]];
  for (let i = 1; i < names.length; i++) {
    const shape = operands[names[i]];
    const next: number[] = [];
    for (let back = Math.max(result.length, shape.length); back > 0; back--) {
      const [m, n] = [result[result.length - back] ?? 1, shape[shape.length - back] ?? 1];
      if (m !== n && m !== 1 && n !== 1) {
        const expected = `broadcastable to ${showShape(result)} of ${names.slice(0, i).join(" and ")}`;
        throw new ShapeError(`${op}: ${names[i]}`, expected, showShape(shape));
      }
      next.push(m === 1 ? n : m);
    }
    result = next;
  }
  return result;
}

/**
 * The index of an axis, counted from the front.
 * @param axis negative values count from the last axis
 * @throws ShapeError if the shape has no such axis
 */
export function axisOf(op: string, axis: number, shape: Shape): number {
  checkValue("axisOf: op", TEXT, op);
  checkSizes(`${op}: shape`, shape);
  const rank = shape.length;
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
    throw new ShapeError(`${op}: axis`, `in [${-rank}, ${rank}) for ${showShape(shape)}`, showValue(axis));
  }
  return axis < 0 ? axis + rank : axis;
}

/** Several axes counted from the front, in ascending order. @throws ShapeError if one does not exist or occurs twice */
export function axesOf(op: string, axes: readonly number[], shape: Shape): number[] {
  checkValue("axesOf: op", TEXT, op);
  checkSizes(`${op}: shape`, shape);
  if (!Array.isArray(axes)) throw new ShapeError(`${op}: axes`, "an array of axes", showValue(axes));
  // Array.from, because map skips the holes of a sparse array.
  const sorted = Array.from(axes, (axis) => axisOf(op, axis, shape)).toSorted((a, b) => a - b);
  if (new Set(sorted).size !== sorted.length) {
    throw new ShapeError(`${op}: axes`, "different from each other", showValue(axes));
  }
  return sorted;
}

/** For each axis of a dense row-major tensor, the distance between neighbours in 4-byte words. */
export function denseStrides(shape: Shape): number[] {
  checkSizes("denseStrides: shape", shape);
  const strides = new Array<number>(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1] * shape[axis + 1];
  return strides;
}

/** Strides that read a dense tensor of `shape` as if it were broadcast to `target`: 0 along repeated axes. */
export function broadcastStrides(shape: Shape, target: Shape): number[] {
  checkSizes("broadcastStrides: shape", shape);
  checkSizes("broadcastStrides: target", target);
  const missing = target.length - shape.length;
  const strides = denseStrides(shape);
  return target.map((_, axis) => {
    const own = axis - missing;
    return own < 0 || shape[own] === 1 ? 0 : strides[own];
  });
}
