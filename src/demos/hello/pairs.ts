/** One letter and what follows it in a text. */
export interface LetterPairs {
  readonly letter: string;
  /** Each continuation once, in order of appearance, with how often it occurs. */
  readonly next: readonly { readonly letter: string; readonly times: number }[];
}

/** What follows each letter of a text. */
export function letterPairs(text: string): LetterPairs[] {
  const letters = [...text];
  const found = new Map<string, Map<string, number>>();
  for (const [at, letter] of letters.slice(0, -1).entries()) {
    const next = found.get(letter) ?? new Map<string, number>();
    next.set(letters[at + 1], (next.get(letters[at + 1]) ?? 0) + 1);
    found.set(letter, next);
  }
  return [...found].map(([letter, next]) => ({
    letter,
    next: [...next].map(([after, times]) => ({ letter: after, times })),
  }));
}

/**
 * The least mean cross-entropy, in nats per step, of any model that sees only the letter before: it does best when it
 * gives each continuation its share, and pays the entropy of the pairs,
 *
 *     - sum over pairs (a, b) of n(a b) ln(n(a b) / n(a)) / the number of pairs
 */
export function pairEntropy(text: string): number {
  let [sum, pairs] = [0, 0];
  for (const { next } of letterPairs(text)) {
    const total = next.reduce((n, { times }) => n + times, 0);
    for (const { times } of next) sum -= times * Math.log(times / total);
    pairs += total;
  }
  return sum / pairs;
}
