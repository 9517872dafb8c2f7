import { InputError } from "../core/errors.ts";
import { COUNT, type Settled, settle } from "../core/options.ts";
import { checkSize } from "./options.ts";
import {
  RECURRENT_DEFAULTS,
  RECURRENT_RANGES,
  RecurrentLayer,
  type RecurrentOptions,
} from "./recurrent-layer.ts";

export interface LSTMOptions extends RecurrentOptions {
  /** Projects the hidden state to this number of features, below `hidden` (Sak et al. 2014). Default: no projection. */
  projSize?: number;
}

const RANGES = { ...RECURRENT_RANGES, projSize: COUNT };
const DEFAULTS = { ...RECURRENT_DEFAULTS, projSize: 0 };

/**
 * A stacked LSTM, like torch.nn.LSTM: `weight_ih_l0` [4H, I] (in higher layers [4H, S * directions]), `weight_hh_l0`
 * [4H, S], biases [4H], gates in the order i, f, g, o; with a projection `weight_hr_l0` [P, H] and S = P, else S = H.
 * Equations: backend/reference/cells/lstm.ts. An integer input (ids in [0, inputs)) is treated as one-hot, at the cost
 * of a gather.
 */
export class LSTM extends RecurrentLayer {
  constructor(inputs: number, hidden: number, options: LSTMOptions) {
    const { projSize, ...settings } = settle<Settled<LSTMOptions, "backend">>(
      "LSTM",
      RANGES,
      DEFAULTS,
      options,
    );
    checkSize("LSTM: hidden", hidden);
    if (projSize !== 0 && projSize >= hidden) {
      throw new InputError(`LSTM: projSize must be below hidden=${hidden}, got ${projSize}`);
    }
    super("lstm", "LSTM", inputs, hidden, settings, projSize);
  }
}
