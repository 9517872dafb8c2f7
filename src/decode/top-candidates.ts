/** A continuation of a hypothesis by one symbol. */
export interface Candidate {
  /** Of the hypothesis with its new symbol: the sum of the logarithms of the probabilities. */
  readonly logProbability: number;
  /** Which of the hypotheses it continues. */
  readonly row: number;
  readonly symbol: number;
}

/**
 * The k most probable of many candidates, in a binary heap whose root is the least probable of those kept. Of equal ones
 * those of the earlier row are kept, and in a row those with the lower id, so that the result does not depend on how
 * numbers are compared or sorted.
 */
export class TopCandidates {
  private readonly capacity: number;
  private readonly values: number[] = [];
  private readonly rows: number[] = [];
  private readonly symbols: number[] = [];

  /** @param capacity k, at least 1 */
  constructor(capacity: number) {
    this.capacity = capacity;
  }

  /**
   * Offers all continuations of a hypothesis. Rows must come in ascending order. What has no probability is never kept.
   * @param row which of the hypotheses it is
   * @param base the log-probability of the hypothesis
   * @param logProbabilities [V] of the next symbol
   * @param forbidden [V]: 1 for symbols that are passed over
   */
  add(row: number, base: number, logProbabilities: Float64Array, forbidden: Uint8Array | undefined): void {
    const count = logProbabilities.length;
    let least = this.least();
    let symbol = firstAbove(least, base, logProbabilities, 0);
    while (symbol < count) {
      if (forbidden === undefined || forbidden[symbol] === 0) {
        this.push(base + logProbabilities[symbol], row, symbol);
        least = this.least();
      }
      symbol = firstAbove(least, base, logProbabilities, symbol + 1);
    }
  }

  /** All that are kept, the most probable first; and none any more. */
  take(): Candidate[] {
    const { values, rows, symbols } = this;
    const order = values.map((_, at) => at).sort((a, b) => (this.isWorse(a, b) ? 1 : -1));
    const taken = order.map((at) => ({ logProbability: values[at], row: rows[at], symbol: symbols[at] }));
    for (const list of [values, rows, symbols]) list.length = 0;
    return taken;
  }

  /** What a candidate has to exceed. */
  private least(): number {
    return this.values.length < this.capacity ? Number.NEGATIVE_INFINITY : this.values[0];
  }

  private push(value: number, row: number, symbol: number): void {
    if (this.values.length < this.capacity) {
      this.values.push(value);
      this.rows.push(row);
      this.symbols.push(symbol);
      this.rise(this.values.length - 1);
      return;
    }
    this.values[0] = value;
    this.rows[0] = row;
    this.symbols[0] = symbol;
    this.sink();
  }

  private rise(from: number): void {
    for (let at = from; at > 0; ) {
      const above = (at - 1) >> 1;
      if (!this.isWorse(at, above)) return;
      this.swap(at, above);
      at = above;
    }
  }

  private sink(): void {
    const count = this.values.length;
    for (let at = 0; ; ) {
      let worst = at;
      for (let below = 2 * at + 1; below <= 2 * at + 2 && below < count; below++) {
        if (this.isWorse(below, worst)) worst = below;
      }
      if (worst === at) return;
      this.swap(at, worst);
      at = worst;
    }
  }

  private isWorse(a: number, b: number): boolean {
    const { values, rows, symbols } = this;
    if (values[a] !== values[b]) return values[a] < values[b];
    return rows[a] !== rows[b] ? rows[a] > rows[b] : symbols[a] > symbols[b];
  }

  private swap(a: number, b: number): void {
    swap(this.values, a, b);
    swap(this.rows, a, b);
    swap(this.symbols, a, b);
  }
}

/**
 * The first index from `from` on with base + values[i] > least; values.length if there is none. Of equals, the earlier
 * candidate stays. A loop of its own without calls: V8 makes it eight times as fast as one that also keeps candidates.
 */
function firstAbove(least: number, base: number, values: Float64Array, from: number): number {
  const count = values.length;
  for (let i = from; i < count; i++) if (base + values[i] > least) return i;
  return count;
}

function swap(list: number[], a: number, b: number): void {
  const kept = list[a];
  list[a] = list[b];
  list[b] = kept;
}
