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

/** The step that balances truncation (step^2) against rounding (epsilon / step) for central differences in float64. */
const STEP = 1e-5;

/**
 * Compare the gradients of a scalar function with central differences, (f(x + s) - f(x - s)) / 2s, element by
 * element (all of them, or `samples` chosen ones). Needs the float64 reference backend: float32 has too few digits.
 */
export async function checkGradients(
  loss: () => Tensor,
  leaves: Readonly<Record<string, Tensor>>,
  { samples = Number.POSITIVE_INFINITY, seed = 0 } = {},
): Promise<GradientCheck[]> {
  const tensors = Object.values(leaves);
  const backend = tensors[0]?.backend;
  if (backend === undefined) return [];
  if (backend.name !== "reference") {
    throw new ScopeError("gradients can be checked numerically on the reference backend only", {
      hint: "build the model with { backend: createReferenceBackend() }",
    });
  }
  const analytic = await Promise.all(
    scope(() => {
      const tape = new Tape();
      for (const leaf of tensors) leaf.needsGradient = true;
      const gradientOf = backward(tape, withTape(tape, loss));
      return tensors.map(async (leaf) => (await gradientOf(leaf)?.read()) ?? new Float64Array(leaf.size));
    }, backend),
  );
  const value = async () => (await scope(() => loss().read(), backend))[0];
  const rng = new Rng(seed);
  const results: GradientCheck[] = [];
  for (const [index, [name, leaf]] of Object.entries(leaves).entries()) {
    const original = await leaf.read();
    const all = Array.from({ length: leaf.size }, (_, element) => element);
    const elements =
      leaf.size <= samples ? all : Array.from({ length: samples }, () => rng.integer(leaf.size));
    let largest = 1;
    let worst = 0;
    for (const element of elements) {
      const at = async (x: number) => {
        leaf.write(original.with(element, x));
        return value();
      };
      const numeric =
        ((await at(original[element] + STEP)) - (await at(original[element] - STEP))) / (2 * STEP);
      largest = Math.max(largest, Math.abs(numeric));
      const difference = Math.abs(analytic[index][element] - numeric);
      // NaN must count as wrong, and Math.max would hide nothing but a comparison would.
      worst = Math.max(worst, difference);
    }
    leaf.write(original);
    results.push({ name, error: worst / largest, checked: elements.length });
  }
  return results;
}
