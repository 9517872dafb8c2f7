export { sigmoid, tanh } from "./activations.ts";
export { crossEntropy, crossEntropyPerRow } from "./cross-entropy.ts";
export { dropout } from "./dropout.ts";
export { add, mul } from "./elementwise.ts";
export { checkIds, embedding } from "./embedding.ts";
export { linear } from "./linear.ts";
export {
  type LSTMSequence,
  type LSTMWeights,
  lstmSequence,
  type PackedLSTM,
  packLSTM,
} from "./lstm-sequence.ts";
export { mean, sum } from "./reduce.ts";
export { reshape } from "./reshape.ts";
export { slice } from "./slice.ts";
export { select, stack, swapAxes } from "./time.ts";
