import type { Backend } from "../../backend/backend.ts";
import { inScopeOrPersistent, type Tensor } from "../../backend/tensor.ts";
import { checkValue, GENERATOR, type Names, refuseOthers } from "../../core/options.ts";
import type { Rng } from "../../core/rng.ts";
import { checkSizes, type Shape } from "../../core/shape.ts";
import { MASK_START } from "./dropout.ts";

export interface RandomNormalOptions {
  /**
   * Index of the first number in the sequence that the draw gives, 0 if not given: a tensor that is the part of a larger
   * one from element `start` on (row-major) gets that part of its numbers, for the same draw of the generator.
   */
  readonly start?: number;
  /** Where the tensor lives outside all scopes; inside a scope it has to be the scope's. */
  readonly backend?: Backend;
}

const OPTIONS: Names<RandomNormalOptions> = { start: 0, backend: 0 };

/**
 * Standard normal numbers, as torch.randn, from one draw of `rng`: in the innermost open scope, or persistent outside all
 * scopes. They are made in pairs by Box and Muller's method (1958) from the words that Threefry (Salmon et al. 2011)
 * gives for the draw and the element's index, so they do not depend on how a tensor is cut into parts, and are the same
 * float32 numbers on WebAssembly and every processor. (`rng.normal()` gives other numbers, one by one.)
 * @param shape sizes of the axes
 * @throws ShapeError for what is no shape; InputError for what is no generator and for a `start` that is no index;
 * ScopeError when the open scope is on another backend
 */
export function randomNormal(shape: Shape, rng: Rng, options: RandomNormalOptions = {}): Tensor {
  refuseOthers("randomNormal", OPTIONS, options);
  const { start = 0, backend } = options;
  checkSizes("randomNormal: shape", shape);
  checkValue("randomNormal: rng", GENERATOR, rng);
  checkValue("randomNormal: start", MASK_START, start);
  const y = inScopeOrPersistent("randomNormal", shape, "f32", backend);
  const [seed0, seed1] = rng.words();
  y.backend.kernels.random_normal(y.address, seed0, seed1, start, y.size);
  return y;
}
