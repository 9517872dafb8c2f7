import { Turns } from "../../core/job.ts";
import type { CharacterIds } from "../../data/id-store.ts";
import type { EvalSegments } from "../../data/index.ts";
import type { Stepper } from "../../nn/stream.ts";

/**
 * Sum of the losses in nats of each segment of a text, read one symbol at a time.
 * @param ids what the segments were cut from
 */
export async function streamLosses(
  stream: Stepper<number>,
  { segments }: EvalSegments,
  ids: CharacterIds,
  onDone: (segments: number) => void,
): Promise<Float64Array> {
  const sums = new Float64Array(segments.length);
  const turns = new Turns();
  for (const [index, { start, lead, scored }] of segments.entries()) {
    onDone(index);
    stream.reset();
    for (let t = start; t < start + lead + scored; t++) {
      const logits = stream.step(ids[t]);
      if (t >= start + lead) sums[index] += crossEntropy(logits, ids[t + 1]);
      if (turns.isDue) await turns.take();
    }
  }
  onDone(segments.length);
  return sums;
}

/** -ln softmax(logits)[target] */
function crossEntropy(logits: ArrayLike<number>, target: number): number {
  let most = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < logits.length; i++) most = Math.max(most, logits[i]);
  let total = 0;
  for (let i = 0; i < logits.length; i++) total += Math.exp(logits[i] - most);
  return Math.log(total) + most - logits[target];
}
