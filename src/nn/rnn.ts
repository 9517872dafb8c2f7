import { InputError } from "../core/errors.ts";
import { RecurrentLayer, type RecurrentOptions } from "./recurrent-layer.ts";

export interface RNNOptions extends RecurrentOptions {
  /** Default "tanh". */
  nonlinearity?: "tanh" | "relu";
}

/**
 * The simple recurrent network (Elman 1990) as torch.nn.RNN: `weight_ih_l0` [H, I], `weight_hh_l0` [H, H], biases [H].
 * Equation: backend/reference/cells/rnn.ts. An integer input counts as one-hot.
 */
export class RNN extends RecurrentLayer {
  constructor(inputs: number, hidden: number, options: RNNOptions) {
    const { nonlinearity = "tanh" } = options;
    if (nonlinearity !== "tanh" && nonlinearity !== "relu") {
      throw new InputError(`RNN: nonlinearity must be "tanh" or "relu", got ${JSON.stringify(nonlinearity)}`);
    }
    super(nonlinearity === "tanh" ? "rnn-tanh" : "rnn-relu", "RNN", inputs, hidden, options);
  }
}
