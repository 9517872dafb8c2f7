import { oneOf, type Settled, settle } from "../core/options.ts";
import {
  RECURRENT_DEFAULTS,
  RECURRENT_RANGES,
  RecurrentLayer,
  type RecurrentOptions,
} from "./recurrent-layer.ts";

export interface RNNOptions extends RecurrentOptions {
  /** The nonlinearity f. Default "tanh". */
  nonlinearity?: "tanh" | "relu";
}

export const NONLINEARITY = oneOf("tanh", "relu");
const RANGES = { ...RECURRENT_RANGES, nonlinearity: NONLINEARITY };
const DEFAULTS = { ...RECURRENT_DEFAULTS, nonlinearity: "tanh" as const };

/**
 * The simple recurrent network (Elman 1990), like torch.nn.RNN: `weight_ih_l0` [H, I], `weight_hh_l0` [H, H], biases
 * [H]. Equation: backend/reference/cells/rnn.ts. An integer input is treated as one-hot.
 */
export class RNN extends RecurrentLayer {
  constructor(inputs: number, hidden: number, options: RNNOptions) {
    const { nonlinearity, ...settings } = settle<Settled<RNNOptions, "backend">>(
      "RNN",
      RANGES,
      DEFAULTS,
      options,
    );
    super(nonlinearity === "tanh" ? "rnn-tanh" : "rnn-relu", "RNN", inputs, hidden, settings);
  }
}
