/** What a classifier takes for what, whatever it is drawn with. */
import { InputError } from "../core/errors.ts";

export interface ConfusionMatrix {
  /** The name of each class. */
  readonly labels: readonly string[];
  /** `[classes, classes]`: element `label * classes + prediction` counts the items of this label predicted so. */
  readonly counts: ArrayLike<number>;
}

/** One element of a matrix. */
export interface ConfusionCell {
  readonly label: number;
  readonly prediction: number;
  readonly count: number;
  /** Of the items of this label, from 0 to 1; 0 where there are none. */
  readonly share: number;
  readonly isRight: boolean;
}

/** The rows of a matrix. @throws InputError for counts that are not one for each pair of labels */
export function confusionRows({ labels, counts }: ConfusionMatrix): ConfusionCell[][] {
  const size = labels.length;
  if (counts.length !== size * size) {
    throw new InputError(
      `a confusion matrix of ${size} labels has ${size ** 2} counts, got ${counts.length}`,
    );
  }
  return labels.map((_, label) => {
    const row = Array.from({ length: size }, (_, prediction) => counts[label * size + prediction]);
    const total = row.reduce((sum, count) => sum + count, 0);
    return row.map((count, prediction) => ({
      label,
      prediction,
      count,
      share: total === 0 ? 0 : count / total,
      isRight: label === prediction,
    }));
  });
}

/** The number of items of each label. */
export function rowTotals(rows: readonly (readonly ConfusionCell[])[]): number[] {
  return rows.map((row) => row.reduce((sum, { count }) => sum + count, 0));
}

/** The most frequent mistakes, the largest count first. */
export function largestConfusions(matrix: ConfusionMatrix, most: number): ConfusionCell[] {
  return confusionRows(matrix)
    .flat()
    .filter(({ isRight, count }) => !isRight && count > 0)
    .sort((a, b) => b.count - a.count || a.label - b.label || a.prediction - b.prediction)
    .slice(0, most);
}

/**
 * The same matrix with at most so many classes: those with most items and predictions stay, in their order; all others
 * become one class at the end, in which what was mistaken for another of them counts as right.
 * @param most at least 2
 */
export function foldClasses(matrix: ConfusionMatrix, most: number): ConfusionMatrix {
  const { labels } = matrix;
  if (labels.length <= most) return matrix;
  const rows = confusionRows(matrix);
  const totals = rowTotals(rows);
  for (const { prediction, count } of rows.flat()) totals[prediction] += count;
  const kept = [...labels.keys()]
    .sort((a, b) => totals[b] - totals[a] || a - b)
    .slice(0, most - 1)
    .sort((a, b) => a - b);
  const placeOf = labels.map((_, label) => (kept.includes(label) ? kept.indexOf(label) : most - 1));
  const counts = new Float64Array(most * most);
  for (const { label, prediction, count } of rows.flat()) {
    counts[placeOf[label] * most + placeOf[prediction]] += count;
  }
  const others = `others (${labels.length - kept.length})`;
  return { labels: [...kept.map((label) => labels[label]), others], counts };
}

/** A share in at most three characters: `100` only for all, `<1` for what would be rounded to none. */
export function percentText(share: number): string {
  const percent = Math.round(100 * share);
  if (share > 0 && percent === 0) return "<1";
  return String(share < 1 ? Math.min(99, percent) : percent);
}
