export { sigmoid, tanh } from "./activations.ts";
export { argmax } from "./argmax.ts";
export {
  type Attention,
  type AttentionMemory,
  type AttentionOptions,
  additiveAttention,
  bindAdditiveMemory,
  bindDotMemory,
  type DotAttentionOptions,
  dotAttention,
} from "./attention.ts";
export { broadcastTo } from "./broadcast-to.ts";
export { concat, type Pieces, split } from "./concat.ts";
export { conv2d } from "./conv2d.ts";
export { type CrossEntropyOptions, crossEntropy } from "./cross-entropy.ts";
export { type DropoutOptions, dropout } from "./dropout.ts";
export { add, div, maximum, minimum, mul, type Operand, sub } from "./elementwise.ts";
export { checkIds, type EmbeddingLookupOptions, embedding } from "./embedding.ts";
export { equal } from "./equal.ts";
export { abs, clamp, exp, log, neg, pow, relu, softplus, sqrt, square } from "./functions.ts";
export { gatherRows, NO_ROW } from "./gather-rows.ts";
export { type LayerNormOptions, layerNorm } from "./layer-norm.ts";
export { linear } from "./linear.ts";
export { type LinearCrossEntropyOptions, linearCrossEntropy } from "./linear-cross-entropy.ts";
export {
  type BinaryCrossEntropyOptions,
  binaryCrossEntropyWithLogits,
  mseLoss,
  type Reduction,
} from "./losses.ts";
export { type MatmulOptions, matmul } from "./matmul.ts";
export { nllLoss } from "./nll-loss.ts";
export { pad } from "./pad.ts";
export { permute, transpose } from "./permute.ts";
export { avgPool2d, maxPool2d } from "./pool.ts";
export { type RandomNormalOptions, randomNormal } from "./random-normal.ts";
export { max, mean, type ReduceOptions, sum } from "./reduce.ts";
export { reshape } from "./reshape.ts";
export { reverse } from "./reverse.ts";
export { slice } from "./slice.ts";
export { logSoftmax, softmax } from "./softmax.ts";
export { splitRows } from "./split-rows.ts";
export { stopGradient } from "./stop-gradient.ts";
export { takeAlong } from "./take-along.ts";
export { select, stack, swapAxes, unstack } from "./time.ts";
export { where } from "./where.ts";
export type { Pair, WindowOptions } from "./window.ts";
