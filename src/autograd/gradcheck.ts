import type { FloatArray } from "../backend/backend.ts";
import { scope } from "../backend/scope.ts";
import type { Tensor } from "../backend/tensor.ts";
import { ScopeError } from "../core/errors.ts";
import { Rng } from "../core/rng.ts";
import { backward, Tape, withTape } from "./tape.ts";

export interface GradientCheck {
  readonly name: string;
  /** max |analytic - numeric| / max(1, largest |numeric|) over the elements that were checked. */
  readonly error: number;
  readonly checked: number;
}

/**
 * The step size that balances truncation error (step^2) and rounding error (epsilon / step) of central differences in
 * float64.
 */
export const STEP = 1e-5;

/** @throws ScopeError unless the tensor is on the float64 reference backend: float32 is not precise enough */
function requireReference({ backend }: Tensor): void {
  if (backend.name === "reference") return;
  throw new ScopeError("gradients can be checked numerically on the reference backend only", {
    hint: "build the model with { backend: createReferenceBackend() }",
  });
}

/** Computes the gradient of a scalar function for each leaf with the tape; zeros if no gradient flows to a leaf. */
export async function analyticGradients(
  loss: () => Tensor,
  leaves: readonly Tensor[],
): Promise<FloatArray[]> {
  return Promise.all(
    scope(() => {
      const tape = new Tape();
      for (const leaf of leaves) leaf.needsGradient = true;
      const gradientOf = backward(tape, withTape(tape, loss));
      return leaves.map(async (leaf) => (await gradientOf(leaf)?.read()) ?? new Float64Array(leaf.size));
    }, leaves[0].backend),
  );
}

/**
 * Computes central differences (f(x + s) - f(x - s)) / 2s for each of the given elements of a leaf. Restores the leaf
 * afterwards.
 * @throws ScopeError on a backend other than the reference
 */
export async function numericGradients(
  loss: () => Tensor,
  leaf: Tensor,
  elements: readonly number[],
): Promise<number[]> {
  requireReference(leaf);
  const original = await leaf.read();
  const at = async (element: number, x: number) => {
    leaf.write(original.with(element, x));
    return (await scope(() => loss().read(), leaf.backend))[0];
  };
  const found: number[] = [];
  for (const element of elements) {
    const x = original[element];
    const [above, below] = [await at(element, x + STEP), await at(element, x - STEP)];
    found.push((above - below) / (2 * STEP));
  }
  leaf.write(original);
  return found;
}

/**
 * Compares the gradients of a scalar function with central differences, element by element (all elements, or `samples`
 * random ones). Requires the float64 reference backend.
 */
export async function checkGradients(
  loss: () => Tensor,
  leaves: Readonly<Record<string, Tensor>>,
  { samples = Number.POSITIVE_INFINITY, seed = 0 } = {},
): Promise<GradientCheck[]> {
  const tensors = Object.values(leaves);
  if (tensors.length === 0) return [];
  requireReference(tensors[0]);
  const analytic = await analyticGradients(loss, tensors);
  const rng = new Rng(seed);
  const results: GradientCheck[] = [];
  for (const [index, [name, leaf]] of Object.entries(leaves).entries()) {
    const all = Array.from({ length: leaf.size }, (_, element) => element);
    const elements =
      leaf.size <= samples ? all : Array.from({ length: samples }, () => rng.integer(leaf.size));
    const numeric = await numericGradients(loss, leaf, elements);
    let largest = 1;
    let worst = 0;
    for (const [position, element] of elements.entries()) {
      largest = Math.max(largest, Math.abs(numeric[position]));
      // Math.max propagates NaN, which must count as an error; a comparison would hide it.
      worst = Math.max(worst, Math.abs(analytic[index][element] - numeric[position]));
    }
    results.push({ name, error: worst / largest, checked: elements.length });
  }
  return results;
}
