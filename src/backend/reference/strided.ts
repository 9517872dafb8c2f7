import { type Address, WORD } from "../backend.ts";
import type { Four } from "../kernel-arguments.ts";
import { BINARY, type Kernels, TERNARY } from "../kernels.generated.ts";
import type { ReferenceMemory } from "./memory.ts";

const BINARY_FORMULAS: Record<keyof typeof BINARY, (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  maximum: (a, b) => Math.max(a, b),
  minimum: (a, b) => Math.min(a, b),
  equal: (a, b) => (a === b ? 1 : 0),
  equalIntegers: (a, b) => (a === b ? 1 : 0),
};

const TERNARY_FORMULAS: Record<keyof typeof TERNARY, (a: number, b: number, c: number) => number> = {
  select: (chosen, b, c) => (chosen !== 0 ? b : c),
  // If both are equal, each gets half of the gradient, as in PyTorch.
  maximumGrad: (dy, b, c) => (b < c ? 0 : b === c ? dy / 2 : dy),
  minimumGrad: (dy, b, c) => (b > c ? 0 : b === c ? dy / 2 : dy),
  divGrad: (dy, quotient, divisor) => (-dy * quotient) / divisor,
};

const binaryByKind = new Map<number, (a: number, b: number) => number>(
  Object.entries(BINARY).map(([name, kind]) => [kind, BINARY_FORMULAS[name as keyof typeof BINARY]]),
);
const ternaryByKind = new Map<number, (a: number, b: number, c: number) => number>(
  Object.entries(TERNARY).map(([name, kind]) => [kind, TERNARY_FORMULAS[name as keyof typeof TERNARY]]),
);

/** Visits every index of four axes in row-major order. */
function walk(sizes: Four, visit: (index: Four) => void): void {
  const [n0, n1, n2, n3] = sizes;
  for (let i = 0; i < n0; i++)
    for (let j = 0; j < n1; j++)
      for (let k = 0; k < n2; k++) for (let l = 0; l < n3; l++) visit([i, j, k, l]);
}

const place = (index: Four, strides: Four): number =>
  index[0] * strides[0] + index[1] * strides[1] + index[2] * strides[2] + index[3] * strides[3];

/** The four numbers of operand `which` in a kernel's layout: sizes first, then strides. */
const four = (layout: readonly number[], which: number): Four =>
  layout.slice(4 * which, 4 * which + 4) as unknown as Four;

export function stridedKernels(
  memory: ReferenceMemory,
): Pick<Kernels, "binary" | "ternary" | "move_strided"> {
  // Strides may be negative, so each element is read at its own address.
  const get = (x: Address, offset: number) => memory.at(x + offset * WORD, 1)[0];
  const set = (y: Address, offset: number, value: number) => {
    memory.at(y + offset * WORD, 1)[0] = value;
  };

  return {
    binary(kind, y, a, b, ...layout) {
      const value = binaryByKind.get(kind)!;
      const [sizes, sa, sb] = [four(layout, 0), four(layout, 1), four(layout, 2)];
      let next = 0;
      walk(sizes, (at) => set(y, next++, value(get(a, place(at, sa)), get(b, place(at, sb)))));
    },
    ternary(kind, y, a, b, c, ...layout) {
      const value = ternaryByKind.get(kind)!;
      const [sizes, sa, sb, sc] = [four(layout, 0), four(layout, 1), four(layout, 2), four(layout, 3)];
      let next = 0;
      walk(sizes, (at) => {
        set(y, next++, value(get(a, place(at, sa)), get(b, place(at, sb)), get(c, place(at, sc))));
      });
    },
    move_strided(y, x, ...layout) {
      const [sizes, sy, sx] = [four(layout, 0), four(layout, 1), four(layout, 2)];
      walk(sizes, (at) => set(y, place(at, sy), get(x, place(at, sx))));
    },
  };
}
