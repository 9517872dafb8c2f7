import type { Window } from "../kernel-arguments.ts";
import type { Kernels } from "../kernels.generated.ts";
import type { ReferenceMemory } from "./memory.ts";

interface Visit {
  /** Index in the matrix of patches: (plane, kernel row, kernel column) by (output row, output column). */
  readonly column: number;
  /** Index of the element in its plane; undefined if the window extends beyond the edge. */
  readonly pixel: number | undefined;
  readonly plane: number;
  readonly output: number;
}

/** Every (plane, kernel position, output) of a sliding window. */
function* slide(window: Window): Generator<Visit> {
  const [planes, height, width, kh, kw, sh, sw, ph, pw, oh, ow] = window;
  for (let plane = 0; plane < planes; plane++) {
    for (let k = 0; k < kh * kw; k++) {
      for (let output = 0; output < oh * ow; output++) {
        const y = Math.floor(output / ow) * sh - ph + Math.floor(k / kw);
        const x = (output % ow) * sw - pw + (k % kw);
        const inside = y >= 0 && y < height && x >= 0 && x < width;
        const column = (plane * kh * kw + k) * oh * ow + output;
        yield { column, pixel: inside ? y * width + x : undefined, plane, output };
      }
    }
  }
}

/** Patches of images as a matrix, and maximum pooling. */
export function imageKernels(memory: ReferenceMemory): Pick<Kernels, "im2col" | "col2im" | "max_pool"> {
  const sizes = ([planes, height, width, kh, kw, , , , , oh, ow]: Window) => ({
    area: height * width,
    image: planes * height * width,
    columns: planes * kh * kw * oh * ow,
    outputs: oh * ow,
    planes,
  });

  return {
    im2col(columns, x, ...window) {
      const { area, image, columns: n } = sizes(window);
      const [to, from] = [memory.at(columns, n), memory.at(x, image)];
      for (const { column, pixel, plane } of slide(window)) {
        to[column] = pixel === undefined ? 0 : from[plane * area + pixel];
      }
    },
    col2im(x, columns, ...window) {
      const { area, image, columns: n } = sizes(window);
      const [to, from] = [memory.at(x, image), memory.at(columns, n)];
      for (const { column, pixel, plane } of slide(window)) {
        if (pixel !== undefined) to[plane * area + pixel] += from[column];
      }
    },
    max_pool(y, argmax, x, ...window) {
      const { area, image, outputs, planes } = sizes(window);
      const [to, where] = [memory.at(y, planes * outputs), memory.at(argmax, planes * outputs)];
      const from = memory.at(x, image);
      where.fill(-1);
      for (const { pixel, plane, output } of slide(window)) {
        if (pixel === undefined) continue;
        const [value, at] = [from[plane * area + pixel], plane * outputs + output];
        // The first of equal elements wins; a NaN always wins.
        if (where[at] < 0 || value > to[at] || Number.isNaN(value)) {
          to[at] = value;
          where[at] = pixel;
        }
      }
    },
  };
}
