import type { Backend } from "../../backend/backend.ts";
import { inScopeOrPersistent, type Tensor } from "../../backend/tensor.ts";
import { checkValue, GENERATOR, type Names, refuseOthers } from "../../core/options.ts";
import type { Rng } from "../../core/rng.ts";
import { checkSizes, type Shape } from "../../core/shape.ts";
import { MASK_START } from "./dropout.ts";

export interface RandomNormalOptions {
  /**
   * Index of the first number in the sequence of the draw. Default: 0. A tensor that is the part of a larger tensor
   * starting at element `start` (row-major) gets the corresponding part of its numbers, for the same draw of the
   * generator.
   */
  readonly start?: number;
  /** The backend of the tensor outside all scopes; inside a scope it must be the scope's. */
  readonly backend?: Backend;
}

const OPTIONS: Names<RandomNormalOptions> = { start: 0, backend: 0 };

/**
 * Standard normal numbers, like torch.randn, from one draw of `rng`. The tensor is in the innermost open scope, or
 * persistent outside all scopes. The numbers are computed in pairs by the method of Box and Muller (1958) from the
 * words that Threefry (Salmon et al. 2011) gives for the draw and the index of the element. They therefore do not
 * depend on how a tensor is split into parts, and are the same float32 numbers on WebAssembly and every processor.
 * (`rng.normal()` gives other numbers, one at a time.)
 * @param shape sizes of the axes
 * @param rng the generator
 * @throws ShapeError for an invalid shape; InputError for an invalid generator or `start`; ScopeError if the open scope
 * is on another backend
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
