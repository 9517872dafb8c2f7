import { oneOf, type Settled, settle } from "../core/options.ts";
import {
  RECURRENT_DEFAULTS,
  RECURRENT_RANGES,
  RecurrentLayer,
  type RecurrentOptions,
} from "./recurrent-layer.ts";

export interface GRUOptions extends RecurrentOptions {
  /**
   * What the reset gate multiplies: the recurrent product, as in PyTorch and cuDNN ("after", the default), or the state
   * before the product, as in the paper and the lecture ("before"). The results differ.
   */
  resetGate?: "after" | "before";
}

export const RESET_GATE = oneOf("after", "before");
const RANGES = { ...RECURRENT_RANGES, resetGate: RESET_GATE };
const DEFAULTS = { ...RECURRENT_DEFAULTS, resetGate: "after" as const };

/**
 * A stacked GRU (Cho et al. 2014), like torch.nn.GRU: `weight_ih_l0` [3H, I], `weight_hh_l0` [3H, H], biases [3H],
 * gates in the order r, z, n. Equations: backend/reference/cells/gru.ts. An integer input is treated as one-hot.
 */
export class GRU extends RecurrentLayer {
  readonly resetGate: "after" | "before";

  constructor(inputs: number, hidden: number, options: GRUOptions) {
    const { resetGate, ...settings } = settle<Settled<GRUOptions, "backend">>(
      "GRU",
      RANGES,
      DEFAULTS,
      options,
    );
    super(resetGate === "after" ? "gru" : "gru-before", "GRU", inputs, hidden, settings);
    this.resetGate = resetGate;
  }
}
