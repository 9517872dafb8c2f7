/**
 * The name that a person may have meant: one that differs from the word by at most three letters and by less than half
 * of it, or else one that the word contains (`num_layers` contains `layers`). Case, `_` and `-` are ignored.
 * @returns undefined if no name is near enough
 */
export function nearest<Name extends string>(word: string, names: readonly Name[]): Name | undefined {
  let best: Name | undefined;
  let least = 3.5;
  const meant = letters(word);
  for (const name of names) {
    const distance = editDistance(meant, letters(name));
    if (distance < least && distance < Math.max(meant.length, name.length) / 2) {
      best = name;
      least = distance;
    }
  }
  return best ?? names.find((name) => name.length >= SHORTEST_CONTAINED && meant.includes(letters(name)));
}

/** Shorter names are part of many words by chance. */
const SHORTEST_CONTAINED = 4;

function letters(name: string): string {
  return name.toLowerCase().replace(/[_-]/g, "");
}

/** The number of letters to insert, remove, replace or swap with their neighbour (optimal string alignment). */
function editDistance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 3) return Number.POSITIVE_INFINITY;
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j] + 1, next[j - 1] + 1));
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) next[j] = Math.min(next[j], before[j - 2] + 1);
    }
    [before, row] = [row, next];
  }
  return row[b.length];
}
