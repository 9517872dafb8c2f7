import type { CharacterIds } from "../../data/id-store.ts";
import type { EvalSegments } from "../../data/index.ts";
import type { Stepper } from "../../nn/stream.ts";

/** The event loop gets a turn at least this often, in milliseconds, so that signals arrive. */
const TURN = 50;

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
  let lastTurn = performance.now();
  for (const [index, { start, lead, scored }] of segments.entries()) {
    onDone(index);
    stream.reset();
    for (let t = start; t < start + lead + scored; t++) {
      const logits = stream.step(ids[t]);
      if (t >= start + lead) sums[index] += crossEntropy(logits, ids[t + 1]);
      if (performance.now() - lastTurn < TURN) continue;
      await new Promise((resolve) => setTimeout(resolve, 0));
      lastTurn = performance.now();
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
