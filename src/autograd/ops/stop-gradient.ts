import type { Tensor } from "../../backend/tensor.ts";
import { requireTensors } from "../check.ts";

/** The same values without a gradient: no gradient flows to the ops before it. Nothing is copied. */
export function stopGradient(x: Tensor): Tensor {
  requireTensors("stopGradient", { x });
  return x.view(x.shape);
}
