/** Attention made of general ops: the same numbers as the fused op, with every tensor between them. */
import type { Attention } from "../../src/nn/index.ts";
import { add, matmul, mul, reshape, softmax, sum, type Tensor, tanh, where } from "../../src/nn/index.ts";

/** query [B, T, A], keys [B, S, A], values [B, S, H], v [A]; `counts` [B, 1, S] is 0 at padding. */
export function composedAdditiveAttention(
  query: Tensor,
  keys: Tensor,
  values: Tensor,
  v: Tensor,
  counts: Tensor,
): Attention {
  const [[B, T, A], S] = [query.shape, keys.shape[1]];
  const both = add(reshape(query, [B, T, 1, A]), reshape(keys, [B, 1, S, A]));
  return attentionOf(sum(mul(tanh(both), v), -1), values, counts);
}

/** query [B, T, A], keys [B, S, A], values [B, S, H]; `counts` [B, 1, S] is 0 at padding. */
export function composedDotAttention(
  query: Tensor,
  keys: Tensor,
  values: Tensor,
  scale: number,
  counts: Tensor,
): Attention {
  return attentionOf(mul(matmul(query, keys, { transposeB: true }), scale), values, counts);
}

function attentionOf(scores: Tensor, values: Tensor, counts: Tensor): Attention {
  const weights = softmax(where(counts, scores, Number.NEGATIVE_INFINITY));
  return { context: matmul(weights, values), weights };
}
