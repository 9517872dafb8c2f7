/** Learning the merges of byte-pair encoding (Sennrich, Haddow and Birch 2016). */

/** Two symbols as one number: ids stay below 2^16. */
export const pairKey = (a: number, b: number): number => a * 65_536 + b;

interface Word {
  /** Symbols of the word as merged so far. */
  symbols: number[];
  /** How often the word occurs. */
  readonly count: number;
}

/** How often each pair of neighbours occurs in all words, and in which words it has been. */
class PairCounts {
  private readonly counts = new Map<number, number>();
  private readonly places = new Map<number, Set<Word>>();

  add(word: Word, sign: 1 | -1): void {
    const { symbols, count } = word;
    for (let at = 0; at + 1 < symbols.length; at++) {
      const key = pairKey(symbols[at], symbols[at + 1]);
      this.counts.set(key, (this.counts.get(key) ?? 0) + sign * count);
      if (sign < 0) continue;
      const places = this.places.get(key);
      if (places === undefined) this.places.set(key, new Set([word]));
      else places.add(word);
    }
  }

  /** The most frequent pair, among equals the one with the smallest ids; undefined when none occurs twice. */
  best(): number | undefined {
    let [best, most] = [-1, 1];
    for (const [key, count] of this.counts) {
      if (count > most || (count === most && count > 1 && key < best)) [best, most] = [key, count];
    }
    return best < 0 ? undefined : best;
  }

  wordsWith(key: number): Word[] {
    const found = [...(this.places.get(key) ?? [])];
    this.places.delete(key);
    return found;
  }

  remove(key: number): void {
    this.counts.delete(key);
  }
}

/**
 * Merges in the order in which they were learned, each a pair of symbols: bytes are 0 to 255, the result of merge m is
 * 256 + m. The same words give the same merges, in whatever order they come.
 * @param words the bytes of each different word, as a Latin-1 string, and how often it occurs
 * @param merges how many at most; fewer when no pair occurs twice any more
 */
export function learnMerges(words: ReadonlyMap<string, number>, merges: number): [number, number][] {
  const pairs = new PairCounts();
  for (const [bytes, count] of words) {
    pairs.add({ symbols: Array.from(bytes, (byte) => byte.charCodeAt(0)), count }, 1);
  }
  const learned: [number, number][] = [];
  while (learned.length < merges) {
    const key = pairs.best();
    if (key === undefined) break;
    const [a, b] = [Math.floor(key / 65_536), key % 65_536];
    const merged = 256 + learned.push([a, b]) - 1;
    for (const word of pairs.wordsWith(key)) {
      pairs.add(word, -1);
      word.symbols = mergePair(word.symbols, a, b, merged);
      pairs.add(word, 1);
    }
    pairs.remove(key);
  }
  return learned;
}

/** Every a followed by b replaced, from the left. */
export function mergePair(symbols: readonly number[], a: number, b: number, merged: number): number[] {
  const result: number[] = [];
  for (let at = 0; at < symbols.length; at++) {
    if (symbols[at] === a && symbols[at + 1] === b) {
      result.push(merged);
      at++;
    } else result.push(symbols[at]);
  }
  return result;
}
