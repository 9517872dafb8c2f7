import { InputError, ShapeError } from "../core/errors.ts";
import { type DType, type Shape, sameShape, showShape } from "../core/shape.ts";

/** A number, numbers in row-major order, or arrays of such arrays, an axis for each level. */
export type Values = number | ArrayLike<number> | readonly Values[];

/**
 * Values in row-major order and the shape in which they were nested; what is flat has the shape that is given.
 * @throws ShapeError for arrays that differ in shape; InputError naming what is no number
 */
export function flatten(
  where: string,
  values: Values,
  shape: Shape | undefined,
  dtype: DType,
): { values: ArrayLike<number>; shape: Shape } {
  if (typeof values === "number") return { values: [values], shape: shape ?? [] };
  if (!isList(values)) {
    throw new InputError(`${where}: values must be numbers, got ${String(values)}`);
  }
  if (!isList(values[0])) {
    // What typed arrays hold are numbers, and a batch of ids may be long.
    if (!ArrayBuffer.isView(values)) checkNumbers(`${where}: values`, values, dtype);
    return { values: values as ArrayLike<number>, shape: shape ?? [values.length] };
  }
  const flat: number[] = [];
  const found = append(flat, `${where}: values`, values, dtype);
  if (shape !== undefined && !sameShape(shape, found)) {
    throw new ShapeError(`${where}: values`, showShape(shape), showShape(found));
  }
  return { values: flat, shape: found };
}

/** Adds what a list holds to `flat`. @returns its shape */
function append(flat: number[], where: string, list: ArrayLike<unknown>, dtype: DType): Shape {
  if (!isList(list[0])) {
    checkNumbers(where, list, dtype);
    for (let i = 0; i < list.length; i++) flat.push(list[i] as number);
    return [list.length];
  }
  let first: Shape = [];
  for (let i = 0; i < list.length; i++) {
    const part = list[i];
    const shape = isList(part) ? append(flat, `${where}[${i}]`, part, dtype) : undefined;
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

function checkNumbers(where: string, list: ArrayLike<unknown>, dtype: DType): void {
  for (let i = 0; i < list.length; i++) {
    const value = list[i];
    if (typeof value === "number" && (dtype === "f32" || Number.isInteger(value))) continue;
    const expected = dtype === "f32" ? "a number" : "an integer";
    throw new InputError(
      `${where}[${i}] must be ${expected}, got ${isList(value) ? showShape([value.length]) : String(value)}`,
    );
  }
}

function isList(value: unknown): value is ArrayLike<unknown> {
  return typeof value === "object" && typeof (value as ArrayLike<unknown> | null)?.length === "number";
}
