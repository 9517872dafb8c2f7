import type { Tensor } from "../backend/tensor.ts";
import type { Rng } from "../core/rng.ts";
import { layerDropout } from "./layer-dropout.ts";
import { denseTimeline } from "./timeline.ts";

/**
 * Dropout on a sequence [T, B, F]: a new mask at each step, or with `variational` one mask for all steps of a sequence
 * (Gal and Ghahramani 2016).
 */
export function sequenceDropout(x: Tensor, p: number, rng: Rng, variational = false): Tensor {
  return layerDropout(x, p, rng, denseTimeline(false, x.shape), variational);
}
