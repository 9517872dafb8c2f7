import { checkGradients } from "../../autograd/gradcheck.ts";
import type { Backend } from "../../backend/backend.ts";
import { createReferenceBackend } from "../../backend/reference/reference.ts";
import type { Tensor } from "../../backend/tensor.ts";
import { Rng } from "../../core/rng.ts";

/** A scalar function and the tensors whose gradients are compared. */
export interface Checkable {
  loss(): Tensor;
  readonly leaves: Readonly<Record<string, Tensor>>;
}

/** A layer, by a name that fits in 40 columns, and how to build it on a backend. */
export interface LayerCheck {
  readonly name: string;
  build(backend: Backend, rng: Rng): Checkable;
}

export interface CheckResult {
  readonly name: string;
  /** Elements of all leaves; every one is checked. */
  readonly checked: number;
  /** The largest difference between analytic and numeric gradient, beside the largest of its leaf or 1. */
  readonly error: number;
  /** The leaf that it is in. */
  readonly worst: string;
  readonly passed: boolean;
}

/**
 * In float64 a central difference is itself off by about 1e-10 at numbers of this size: its step squared, and the
 * rounding of the loss over the step. A wrong term is off by a hundredth or more.
 */
export const TOLERANCE = 1e-7;

const SEED = 1;

/** Compare the gradients of each layer with central differences, on the float64 reference backend. */
export async function* runChecks(checks: readonly LayerCheck[]): AsyncGenerator<CheckResult> {
  for (const { name, build } of checks) {
    const { loss, leaves } = build(createReferenceBackend(), new Rng(SEED));
    const found = await checkGradients(loss, leaves);
    // NaN counts as the largest of all.
    const worst = found.reduce((a, b) => (b.error <= a.error ? a : b));
    yield {
      name,
      error: worst.error,
      worst: worst.name,
      checked: found.reduce((total, { checked }) => total + checked, 0),
      passed: worst.error <= TOLERANCE,
    };
  }
}
