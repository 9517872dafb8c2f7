import type { Tensor } from "../../backend/tensor.ts";
import { requireTensors } from "../check.ts";

/** The same values, through which no gradient flows: to what comes before it they are constants. Nothing is copied. */
export function stopGradient(x: Tensor): Tensor {
  requireTensors("stopGradient", { x });
  return x.view(x.shape);
}
