import type { TextCorpus } from "../data/index.ts";

const LOOKED_AT = 200_000;

/** A word to begin with: what most lines of the text begin with. Undefined when there is no such word. */
export function suggestPrime(corpus: TextCorpus): string | undefined {
  const text = corpus.text(0, Math.min(LOOKED_AT, corpus.characters));
  const times = new Map<string, number>();
  for (const [, word] of text.matchAll(/^[ \t]*([\p{L}\p{M}]{3,12} )/gmu)) {
    times.set(word, (times.get(word) ?? 0) + 1);
  }
  const [commonest] = [...times].sort(([, a], [, b]) => b - a);
  return commonest?.[0];
}
