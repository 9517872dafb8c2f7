/** What follows from logits: the label that is predicted, its loss, the probabilities of all. */

/** The place of the largest of the numbers from `at` on, the first one if there are several. */
export function largestOf(logits: ArrayLike<number>, at: number, classes: number): number {
  let best = 0;
  for (let k = 1; k < classes; k++) if (logits[at + k] > logits[at + best]) best = k;
  return best;
}

/** -ln p of a label, in nats. */
export function lossAt(logits: ArrayLike<number>, at: number, classes: number, label: number): number {
  const most = logits[at + largestOf(logits, at, classes)];
  let total = 0;
  for (let k = 0; k < classes; k++) total += Math.exp(logits[at + k] - most);
  return Math.log(total) + most - logits[at + label];
}

/** The probabilities of all labels: the softmax of the numbers from `at` on. */
export function probabilitiesAt(logits: ArrayLike<number>, at: number, classes: number): number[] {
  const most = logits[at + largestOf(logits, at, classes)];
  const powers = Array.from({ length: classes }, (_, k) => Math.exp(logits[at + k] - most));
  const total = powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => power / total);
}
