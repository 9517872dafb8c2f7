import { InputError, ShapeError } from "../core/errors.ts";
import { type DType, type Shape, sameShape, showShape } from "../core/shape.ts";
import { showValue } from "../core/show-value.ts";

/** A number, numbers in row-major order, or nested arrays with one level per axis. */
export type Values = number | ArrayLike<number> | readonly Values[];

/**
 * Values in row-major order, and their shape: that of the nested arrays, or the given shape for flat values.
 * @throws ShapeError for nested arrays that differ in shape; InputError that names an element that is not a number
 */
export function flatten(
  where: string,
  values: Values,
  shape: Shape | undefined,
  dtype: DType,
): { values: ArrayLike<number>; shape: Shape } {
  if (typeof values === "number") {
    checkNumbers(`${where}: values`, [values], dtype);
    return { values: [values], shape: shape ?? [] };
  }
  if (!isList(values)) {
    throw new InputError(`${where}: values must be numbers, got ${showValue(values)}`);
  }
  if (!isList(values[0])) {
    checkValues(`${where}: values`, values, dtype);
    return { values: values as ArrayLike<number>, shape: shape ?? [values.length] };
  }
  const flat: number[] = [];
  const found = append(flat, `${where}: values`, values, dtype, 1);
  if (shape !== undefined && !sameShape(shape, found)) {
    throw new ShapeError(`${where}: values`, showShape(shape), showShape(found));
  }
  return { values: flat, shape: found };
}

/** The deepest nesting that is accepted, to protect the stack: an array may contain itself. */
const DEEPEST = 64;

/** Appends the values of a list to `flat`. @returns the shape of the list */
function append(flat: number[], where: string, list: ArrayLike<unknown>, dtype: DType, depth: number): Shape {
  if (depth > DEEPEST) {
    throw new InputError(`${where.slice(0, where.indexOf("["))} must be nested at most ${DEEPEST} deep`);
  }
  if (!isList(list[0])) {
    checkNumbers(where, list, dtype);
    for (let i = 0; i < list.length; i++) flat.push(list[i] as number);
    return [list.length];
  }
  let first: Shape = [];
  for (let i = 0; i < list.length; i++) {
    const part = list[i];
    const shape = isList(part) ? append(flat, `${where}[${i}]`, part, dtype, depth + 1) : undefined;
    if (i === 0) first = shape!;
    else if (shape === undefined || !sameShape(shape, first)) {
      throw new ShapeError(
        `${where}[${i}]`,
        `${showShape(first)} as ${where.slice(where.indexOf(": ") + 2)}[0]`,
        shape === undefined ? "a number" : showShape(shape),
      );
    }
  }
  return [list.length, ...first];
}

/**
 * Typed arrays whose type guarantees valid values. They are not checked one by one, because a batch of ids may be long.
 */
const INTEGERS = [Int32Array, Int16Array, Int8Array, Uint16Array, Uint8Array, Uint8ClampedArray];
const NUMBERS = [Float32Array, Float64Array, Uint32Array, ...INTEGERS];

/**
 * Checks that a tensor can hold the values.
 * @param where names the list in errors, such as `write: values`
 * @throws InputError if it is not a list, or for an element that is not a number (for i32, not a 32-bit integer)
 */
export function checkValues(where: string, list: unknown, dtype: DType): asserts list is ArrayLike<number> {
  if (!isList(list)) throw new InputError(`${where} must be an array of numbers, got ${showValue(list)}`);
  const fitting = dtype === "f32" ? NUMBERS : INTEGERS;
  if (!fitting.some((type) => list instanceof type)) checkNumbers(where, list, dtype);
}

function checkNumbers(where: string, list: ArrayLike<unknown>, dtype: DType): void {
  for (let i = 0; i < list.length; i++) {
    const value = list[i];
    if (typeof value === "number" && (dtype === "f32" || (value | 0) === value)) continue;
    const integer = Number.isInteger(value) ? "an integer of 32 bits" : "an integer";
    const expected = dtype === "f32" ? "a number" : integer;
    const got = isList(value) ? showShape([value.length]) : showValue(value);
    throw new InputError(`${where}[${i}] must be ${expected}, got ${got}`);
  }
}

function isList(value: unknown): value is ArrayLike<unknown> {
  return typeof value === "object" && typeof (value as ArrayLike<unknown> | null)?.length === "number";
}
