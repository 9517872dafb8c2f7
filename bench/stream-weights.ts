import { Rng } from "../src/nn/index.ts";
import type { LstmWeights } from "./peers/onnx-lstm.ts";

/** An LSTM on one-hot ids and a linear layer, uniform within 1 / sqrt(H): the same for all who take weights. */
export function drawLstm(vocab: number, hidden: number): LstmWeights {
  const rng = new Rng(1);
  const bound = 1 / Math.sqrt(hidden);
  const draw = (n: number) => Float32Array.from({ length: n }, () => (2 * rng.uniform() - 1) * bound);
  return {
    ...{ vocab, hidden },
    weightIh: draw(4 * hidden * vocab),
    weightHh: draw(4 * hidden * hidden),
    bias: draw(4 * hidden),
    head: draw(vocab * hidden),
    headBias: draw(vocab),
  };
}
