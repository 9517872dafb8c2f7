/**
 * Numbers of a text: the loss in other words. `trigramLoss` is what triples of symbols reach on it; `natsPerChar` is there
 * when symbols are no characters, so that different kinds can be compared; `unknownShare`, from 0 to 1, where some of the
 * text may be unknown to the model: words that are `<unk>`, or what was left out.
 */
export interface TextMetrics extends Record<string, number> {
  bitsPerChar: number;
  /** Of a symbol. */
  perplexity: number;
}

/** Mean loss in nats over `scored` symbols from the sums of parts, added in their order. */
export function scoreText(
  sums: Float64Array,
  scored: number,
  {
    trigramLoss,
    charactersPerSymbol = 1,
    unknownShare,
  }: { trigramLoss?: number; charactersPerSymbol?: number; unknownShare?: number } = {},
): { loss: number; metrics: TextMetrics } {
  const loss = sums.reduce((total, part) => total + part, 0) / scored;
  const natsPerChar = loss / charactersPerSymbol;
  const metrics: TextMetrics = { bitsPerChar: natsPerChar / Math.LN2, perplexity: Math.exp(loss) };
  if (charactersPerSymbol !== 1) metrics.natsPerChar = natsPerChar;
  if (trigramLoss !== undefined) metrics.trigramLoss = trigramLoss;
  if (unknownShare !== undefined) metrics.unknownShare = unknownShare;
  return { loss, metrics };
}
