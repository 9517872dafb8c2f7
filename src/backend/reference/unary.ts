import { type Kernels, UNARY } from "../kernels.generated.ts";
import { sigmoid } from "./cells/cell.ts";
import type { ReferenceMemory } from "./memory.ts";

interface Formula {
  value(x: number, p: number, q: number): number;
  /** dy * f'(x). z is y for exp and sqrt, and x for the others. */
  gradient(dy: number, z: number, p: number, q: number): number;
}

/** Math.max and Math.min propagate NaN, as these functions must. */
const FORMULAS: Record<keyof typeof UNARY, Formula> = {
  exp: { value: Math.exp, gradient: (dy, y) => dy * y },
  log: { value: Math.log, gradient: (dy, x) => dy / x },
  sqrt: { value: Math.sqrt, gradient: (dy, y) => dy / (2 * y) },
  abs: { value: Math.abs, gradient: (dy, x) => (x > 0 ? dy : x < 0 ? -dy : dy * 0) },
  relu: { value: (x) => Math.max(x, 0), gradient: (dy, x) => (x <= 0 ? 0 : dy) },
  softplus: {
    value: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
    gradient: (dy, x) => dy * sigmoid(x),
  },
  square: { value: (x) => x * x, gradient: (dy, x) => dy * 2 * x },
  clamp: {
    value: (x, low, high) => Math.min(Math.max(x, low), high),
    gradient: (dy, x, low, high) => (x >= low && x <= high ? dy : 0),
  },
  pow: {
    value: (x, p) => x ** p,
    gradient: (dy, x, p) => (p === 0 ? 0 : dy * p * x ** (p - 1)),
  },
};

const BY_KIND = new Map<number, Formula>(
  Object.entries(UNARY).map(([name, kind]) => [kind, FORMULAS[name as keyof typeof UNARY]]),
);

export function unaryKernels(memory: ReferenceMemory): Pick<Kernels, "unary" | "unary_backward"> {
  return {
    unary(kind, y, x, p, q, n) {
      const { value } = BY_KIND.get(kind)!;
      const [out, from] = [memory.at(y, n), memory.at(x, n)];
      for (let i = 0; i < n; i++) out[i] = value(from[i], p, q);
    },
    unary_backward(kind, dx, dy, z, p, q, n) {
      const { gradient } = BY_KIND.get(kind)!;
      const [out, from, saved] = [memory.at(dx, n), memory.at(dy, n), memory.at(z, n)];
      for (let i = 0; i < n; i++) out[i] = gradient(from[i], saved[i], p, q);
    },
  };
}
