/** Numbers of a text: all three say the same; `trigramLoss` is what letter triples reach on it. */
export interface TextMetrics extends Record<string, number> {
  bitsPerChar: number;
  perplexity: number;
}

/** Mean loss in nats over `scored` characters from the sums of parts, added in their order. */
export function scoreText(
  sums: Float64Array,
  scored: number,
  trigramLoss?: number,
): { loss: number; metrics: TextMetrics } {
  const loss = sums.reduce((total, part) => total + part, 0) / scored;
  const metrics: TextMetrics = { bitsPerChar: loss / Math.LN2, perplexity: Math.exp(loss) };
  if (trigramLoss !== undefined) metrics.trigramLoss = trigramLoss;
  return { loss, metrics };
}
