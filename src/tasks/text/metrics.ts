/** Measuring a model of text: the loss on a text, in several units, beside what counting triples reaches. */
import { Frames } from "../../backend/scope.ts";
import { ids } from "../../backend/tensor.ts";
import type { LoadHooks } from "../../core/hooks.ts";
import { runJobInTurns, Turns } from "../../core/job.ts";
import { type EvalBatch, EvalSegments } from "../../data/eval-segments.ts";
import { trigramBaselineJob } from "../../data/ngram.ts";
import { UNITS } from "../../data/symbol-text.ts";
import type { LanguageModel, LanguageModelState } from "../../models/language-model.ts";
import { detachState } from "../../nn/cell-state.ts";
import type { WeightFormat } from "../../nn/stream.ts";
import type { Baseline, EvaluationContext, EvaluationOptions, EvaluationPlan, Score } from "../task.ts";
import type { TextData } from "./data.ts";

/** Validation during training looks at no more than this many segments of 4096 characters, spread evenly. */
const MAXIMUM_SEGMENTS = 128;

/** Columns of an evaluation that run in one call; only memory depends on it. */
const WINDOW = 64;

/** Rows of an evaluation batch; only speed depends on it. */
const ROWS = 32;

/** The validation text in segments, each of which is a part. */
export function planEvaluation(
  { validation }: TextData,
  { isComplete, rows: rowsAsked = ROWS, weights = "f32" }: EvaluationOptions,
): EvaluationPlan<LanguageModel> {
  const plan = new EvalSegments(validation, isComplete ? {} : { maxSegments: MAXIMUM_SEGMENTS });
  const parts = plan.segments.length;
  return {
    parts,
    width: 1,
    items: plan.scored,
    async run(model, context, sums) {
      if (weights !== "f32") return streamLosses(model, weights, { plan, validation }, context, sums);
      const { backend, replica, replicas, onDone } = context;
      const rows = Math.min(rowsAsked, Math.ceil(parts / replicas));
      const frames = new Frames(backend);
      for (const [index, batch] of plan.batches(rows).entries()) {
        if (index % replicas !== replica) continue;
        onDone?.(index * rows);
        sums.set(await sumLosses(model, frames, batch), index * rows);
      }
      onDone?.(parts);
      frames.dispose();
    },
  };
}

/** Sum of the losses in nats of each row of a batch, added in order of time: one number whatever the window is. */
export async function sumLosses(
  model: LanguageModel,
  frames: Frames,
  batch: EvalBatch,
): Promise<Float64Array> {
  const sums = new Float64Array(batch.rows);
  let state: LanguageModelState | undefined;
  const turns = new Turns();
  for (let at = 0; at < batch.time; at += WINDOW) {
    const steps = Math.min(WINDOW, batch.time - at);
    const { inputs, targets, weights } = batch.window(at, at + steps);
    const shape = [batch.rows, steps];
    const losses = await frames.run(() => {
      const run = model.losses(ids(inputs, shape), ids(targets, shape), { state });
      state = detachState(run.state);
      return run.losses.read();
    });
    for (let t = 0; t < steps; t++) {
      for (let row = 0; row < batch.rows; row++) {
        sums[row] += weights[row * steps + t] * losses[t * batch.rows + row];
      }
    }
    if (turns.isDue) await turns.take();
  }
  return sums;
}

/** Sums of the losses of the segments with rounded weights, one symbol at a time as a stream reads them. */
async function streamLosses(
  model: LanguageModel,
  weights: WeightFormat,
  text: { readonly plan: EvalSegments; readonly validation: ArrayLike<number> },
  { replica, replicas, onDone }: EvaluationContext,
  sums: Float64Array,
): Promise<void> {
  const { segments } = text.plan;
  const stream = model.stream({ weights });
  const turns = new Turns();
  for (const [index, { start, lead, scored }] of segments.entries()) {
    if (index % replicas !== replica) continue;
    onDone?.(index);
    stream.reset();
    for (let at = start; at < start + lead + scored; at++) {
      const logits = stream.step(text.validation[at]);
      if (at >= start + lead) sums[index] += crossEntropy(logits, text.validation[at + 1]);
      if (turns.isDue) await turns.take();
    }
  }
  onDone?.(segments.length);
  stream.dispose();
}

/** -ln softmax(logits)[target] */
function crossEntropy(logits: ArrayLike<number>, target: number): number {
  let most = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < logits.length; i++) most = Math.max(most, logits[i]);
  let total = 0;
  for (let i = 0; i < logits.length; i++) total += Math.exp(logits[i] - most);
  return Math.log(total) + most - logits[target];
}

/**
 * The mean loss in nats from the sums of parts, added in their order, and the loss in other words: `bitsPerChar` and
 * `perplexity` (of a symbol); `trigramLoss`, what triples of symbols reach; `natsPerChar` where symbols are no characters,
 * so that different kinds can be compared; `unknownShare`, from 0 to 1, where some of the text may be unknown to the model:
 * words that are `<unk>`, or what was left out.
 */
export function scoreText(
  sums: Float64Array,
  { charactersPerSymbol, unknownShares }: TextData,
  items: number,
  [trigram]: readonly Baseline[],
): Score {
  const loss = sums.reduce((total, part) => total + part, 0) / items;
  const natsPerChar = loss / charactersPerSymbol;
  const metrics: Record<string, number> = { bitsPerChar: natsPerChar / Math.LN2, perplexity: Math.exp(loss) };
  if (charactersPerSymbol !== 1) metrics.natsPerChar = natsPerChar;
  if (trigram !== undefined) metrics.trigramLoss = trigram.loss ?? Number.NaN;
  if (unknownShares?.validation !== undefined) metrics.unknownShare = unknownShares.validation;
  return { loss, metrics, choose: loss };
}

/** What a model of triples reaches on the validation text; nothing where there is no text to count in. */
export async function countTrigrams(data: TextData, hooks: LoadHooks): Promise<Baseline[]> {
  const { train, validation, vocabularySize, tokens } = data;
  if (train.length === 0) return [];
  hooks.onProgress(`counting ${UNITS[tokens]}s for the baseline`, 0, null);
  const job = trigramBaselineJob(train, validation, vocabularySize);
  const { loss } = await runJobInTurns(job, hooks.signal);
  return [{ name: "interpolated trigram", loss }];
}
