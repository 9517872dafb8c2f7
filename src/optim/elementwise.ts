/** Arithmetic on arrays of n numbers, for rules that are composed of several kernels. */
import type { Address, Kernels } from "../backend/backend.ts";
import { BINARY, UNARY } from "../backend/kernels.generated.ts";
import type { Update } from "./rule.ts";

/** y = a kind b, elementwise; y must not be a or b. */
export function combine(
  kernels: Kernels,
  kind: keyof typeof BINARY,
  y: Address,
  [a, b]: readonly [Address, Address],
  n: number,
): void {
  kernels.binary(BINARY[kind], y, a, b, ...([1, 1, 1, n, 0, 0, 0, 1, 0, 0, 0, 1] as const));
}

/** y = a kind b for a single number b; y must not be a or b. */
export function combineWithOne(
  kernels: Kernels,
  kind: keyof typeof BINARY,
  y: Address,
  [a, b]: readonly [Address, Address],
  n: number,
): void {
  kernels.binary(BINARY[kind], y, a, b, ...([1, 1, 1, n, 0, 0, 0, 1, 0, 0, 0, 0] as const));
}

/** y = f(x); y may be x. */
export function apply(
  kernels: Kernels,
  kind: "abs" | "sqrt" | "square",
  y: Address,
  x: Address,
  n: number,
): void {
  kernels.unary(UNARY[kind], y, x, 0, 0, n);
}

/** y = max(y, x); `spare` is scratch memory. */
export function raise(kernels: Kernels, y: Address, x: Address, spare: Address, n: number): void {
  combine(kernels, "maximum", spare, [y, x], n);
  kernels.copy(y, spare, n);
}

/** d = gradient + weightDecay parameter: the clipped gradient with its L2 penalty. */
export function penalise(
  { kernels, parameter, gradient, clip, size }: Omit<Update<never>, "slot" | "read">,
  weightDecay: number,
  d: Address,
  spare: Address,
): void {
  kernels.copy(d, gradient, size);
  if (clip !== 0) kernels.clip_gradient(d, clip, size);
  if (weightDecay === 0) return;
  kernels.scale(spare, parameter, weightDecay, size);
  kernels.accumulate(d, spare, size);
}

/** mean = keep mean + (1 - keep) x; x is overwritten. */
export function average(kernels: Kernels, mean: Address, keep: number, x: Address, n: number): void {
  kernels.scale(x, x, 1 - keep, n);
  kernels.scale(mean, mean, keep, n);
  kernels.accumulate(mean, x, n);
}
