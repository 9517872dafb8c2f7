/** Measuring a tagger: the loss, scores of steps, segments and entities, and the predictions that a picture shows. */
import { Frames } from "../../backend/scope.ts";
import { ids, tensor } from "../../backend/tensor.ts";
import type { LoadHooks } from "../../core/hooks.ts";
import { runJobInTurns, Turns } from "../../core/job.ts";
import { Items } from "../../data/items.ts";
import { largestOf, lossAt } from "../../data/logits.ts";
import { type PaddedItems, padItems } from "../../data/padded-items.ts";
import {
  labelledSteps,
  labelsOf,
  linearGuessJob,
  majorityGuess,
  type StepGuess,
  wordGuess,
} from "../../data/step-guesses.ts";
import { TagScorer, type TagScores } from "../../data/tag-scores.ts";
import type { SequenceTagger } from "../../models/sequence-tagger.ts";
import type { Timeline } from "../../render/timeline.ts";
import type { Baseline, EvaluationOptions, EvaluationPlan, Score } from "../task.ts";
import type { TagData, TagPart } from "./data.ts";

/** Sequences of an evaluation batch, which is one part. */
const ROWS = 64;
/** Numbers of a batch that its steps may have in all, so that it fits in memory; one sequence is always a batch. */
const MOST_NUMBERS = 2 ** 19;
const MOST_STEPS = 2 ** 14;

/** What the picture of an evaluation shows. */
const SHOWN = { sequences: 6, steps: 600 };

/** A step whose prediction is not in the sums. */
const NOT_THERE = 0;

/** The batch as the model reads it. */
export function inputOf({ values, rows, time, features }: PaddedItems) {
  return values instanceof Int32Array ? ids(values, [rows, time]) : tensor(values, [rows, time, features]);
}

/** Indices of the sequences of each part, in their order. */
function partsOf({ items }: TagPart, rows: number): number[][] {
  const { lengths, features } = items;
  const most = Math.min(MOST_STEPS, MOST_NUMBERS / features);
  const parts: number[][] = [];
  let [part, longest]: [number[], number] = [[], 0];
  for (const [index, length] of lengths.entries()) {
    const next = Math.max(longest, length);
    if (part.length > 0 && (part.length === rows || next * (part.length + 1) > most)) {
      parts.push(part);
      part = [];
    }
    longest = part.length === 0 ? length : next;
    part.push(index);
  }
  return [...parts, part];
}

/** Where the predictions of the shown sequences stand behind the scores: [sequences + 1]. */
function shownPlaces({ items }: TagPart, from: number): number[] {
  const places = [from];
  for (const length of items.lengths.slice(0, SHOWN.sequences)) {
    places.push(places.at(-1)! + Math.min(length, SHOWN.steps));
  }
  return places;
}

/**
 * Batches of the validation sequences in their order. Each part has the sums of `TagScorer`, and then, for the first
 * sequences, 1 + the predicted label of each of their first steps, in the part that they are in.
 */
export function planEvaluation(
  { validation, facts }: TagData,
  { rows = ROWS }: EvaluationOptions,
): EvaluationPlan<SequenceTagger> {
  const scorer = new TagScorer(facts.labels);
  const items = new Items(validation.items);
  const parts = partsOf(validation, rows);
  const places = shownPlaces(validation, scorer.width);
  const width = places.at(-1)!;
  return {
    parts: parts.length,
    width,
    items: labelledSteps(validation),
    async run(model, { backend, replica, replicas, onDone }, sums) {
      const frames = new Frames(backend);
      const turns = new Turns();
      for (let part = replica; part < parts.length; part += replicas) {
        onDone?.(part);
        const batch = padItems(items, parts[part]);
        const logits = await frames.run(() =>
          model.forward(inputOf(batch), { lengths: batch.lengths }).read(),
        );
        const own = sums.subarray(part * width, (part + 1) * width);
        for (const [row, index] of parts[part].entries()) {
          const truth = labelsOf(validation, index);
          const from = row * batch.time * facts.labels.length;
          const predicted = addSequence(own, scorer, truth, logits.subarray(from));
          if (index >= SHOWN.sequences) continue;
          const length = places[index + 1] - places[index];
          for (let t = 0; t < length; t++) own[places[index] + t] = 1 + predicted[t];
        }
        if (turns.isDue) await turns.take();
      }
      onDone?.(parts.length);
      frames.dispose();
    },
  };
}

/** Add the losses and scores of one sequence. @returns the predicted labels */
function addSequence(
  sums: Float64Array,
  scorer: TagScorer,
  truth: Int32Array,
  logits: ArrayLike<number>,
): Int32Array {
  const classes = scorer.labels.length;
  const predicted = new Int32Array(truth.length);
  for (let t = 0; t < truth.length; t++) {
    const at = t * classes;
    predicted[t] = largestOf(logits, at, classes);
    if (truth[t] >= 0) scorer.addLoss(sums, lossAt(logits, at, classes, truth[t]));
  }
  scorer.add(sums, truth, predicted);
  return predicted;
}

/** The scores of all parts together. */
function addParts(sums: Float64Array, width: number, scorer: TagScorer): Float64Array {
  const all = new Float64Array(scorer.width);
  for (let at = 0; at < sums.length; at += width) {
    for (let k = 0; k < all.length; k++) all[k] += sums[at + k];
  }
  return all;
}

function metricsOf({ accuracy, macroF1, edit, segmentF1, entityF1 }: TagScores): Record<string, number> {
  return { accuracy, macroF1, edit, segmentF1, ...(entityF1 !== undefined && { entityF1 }) };
}

export function scoreSequences(
  sums: Float64Array,
  { facts }: TagData,
  plan: EvaluationPlan<SequenceTagger>,
): Score {
  const scorer = new TagScorer(facts.labels);
  const all = addParts(sums, plan.width, scorer);
  const scores = scorer.score(all);
  // Where most steps have one label, accuracy says little: the field chooses by F1.
  return {
    loss: scorer.loss(all),
    metrics: metricsOf(scores),
    choose: 1 - (scores.entityF1 ?? scores.macroF1),
  };
}

/** The first validation sequences with what was predicted for them. */
export function timelineOf(sums: Float64Array, { validation, facts }: TagData): Timeline {
  const { width: scores } = new TagScorer(facts.labels);
  const places = shownPlaces(validation, scores);
  const width = places.at(-1)!;
  const sequences = places.slice(0, -1).map((from, index) => {
    const length = places[index + 1] - from;
    const predicted = new Int32Array(length).fill(-1);
    for (let at = 0; at < sums.length; at += width) {
      if (sums[at + from] === NOT_THERE) continue;
      for (let t = 0; t < length; t++) predicted[t] = sums[at + from + t] - 1;
    }
    return {
      name: validation.names[index],
      truth: labelsOf(validation, index).subarray(0, length),
      predicted,
      words: wordsOf(validation, facts, index)?.slice(0, length),
    };
  });
  return { labels: facts.labels, sequences };
}

function wordsOf({ items }: TagPart, { input }: TagData["facts"], index: number): string[] | undefined {
  if (input.kind !== "words") return undefined;
  const own = new Items(items).item(index);
  return Array.from(own, (id) => input.vocabulary[id] ?? "?");
}

/** The commonest label, and what the step alone says: the commonest label of each word, or a linear softmax. */
export async function measureBaselines(data: TagData, hooks: LoadHooks): Promise<Baseline[]> {
  const { train, validation, facts } = data;
  if (train.items.lengths.length === 0) return [];
  hooks.onProgress("counting for the baseline", 0, null);
  const classes = facts.labels.length;
  const guesses = [await stepGuess(data, hooks), majorityGuess(train, validation, classes)];
  return guesses.map((guess) => measureGuess(guess, validation, facts.labels));
}

function measureGuess({ name, guess }: StepGuess, validation: TagPart, labels: readonly string[]): Baseline {
  const scorer = new TagScorer(labels);
  const sums = new Float64Array(scorer.width);
  let hasLoss = true;
  for (const index of validation.items.lengths.keys()) {
    const truth = labelsOf(validation, index);
    const { predicted, logits } = guess(index);
    scorer.add(sums, truth, predicted);
    if (logits === undefined) hasLoss = false;
    else {
      for (const [t, label] of truth.entries()) {
        if (label >= 0) scorer.addLoss(sums, lossAt(logits, t * labels.length, labels.length, label));
      }
    }
  }
  return { name, loss: hasLoss ? scorer.loss(sums) : null, metrics: metricsOf(scorer.score(sums)) };
}

async function stepGuess(data: TagData, hooks: LoadHooks): Promise<StepGuess> {
  const { train, validation, facts } = data;
  const classes = facts.labels.length;
  return facts.input.kind === "words"
    ? wordGuess(train, validation, { classes, words: facts.input.vocabulary.length + 1 })
    : runJobInTurns(linearGuessJob(train, validation, classes), hooks.signal);
}
