import { empty, type Tensor } from "../../backend/tensor.ts";
import { ShapeError } from "../../core/errors.ts";
import { showShape, sizeOf } from "../../core/shape.ts";
import { kernelsOf, record } from "../tape.ts";
import { slice } from "./slice.ts";

/** Tensors one after another along an axis; all other axes agree. Each gets its part of dy. */
export function concat(parts: readonly Tensor[], axis = -1): Tensor {
  const [first] = parts;
  if (first === undefined) throw new ShapeError("concat: parts", "at least one tensor", "none");
  const at = axis < 0 ? axis + first.shape.length : axis;
  const others = first.shape.filter((_, index) => index !== at);
  for (const part of parts) {
    const same =
      part.shape.length === first.shape.length &&
      part.shape.filter((_, index) => index !== at).every((length, index) => length === others[index]);
    if (!same) {
      throw new ShapeError(
        "concat: parts",
        `${showShape(first.shape)} except along axis ${at}`,
        showShape(part.shape),
      );
    }
  }
  const kernels = kernelsOf("concat", ...parts);
  const rows = sizeOf(first.shape.slice(0, at));
  const widths = parts.map((part) => part.size / rows);
  const width = widths.reduce((a, b) => a + b, 0);
  const length = parts.reduce((total, part) => total + part.shape[at], 0);
  const y = empty(first.shape.with(at, length), first.dtype);
  let offset = 0;
  for (const [index, part] of parts.entries()) {
    const to = y.view([y.size - offset], offset).address;
    kernels.copy_rows(to, width, part.address, widths[index], rows, widths[index]);
    offset += widths[index];
  }
  return record("concat", parts, y, (dy) => {
    let start = 0;
    return parts.map((part) => {
      start += part.shape[at];
      return slice(dy, at, start - part.shape[at], start);
    });
  });
}
