/** Labels of the steps of sequences, as pictures show them: the truth and what a model predicted, one above the other. */
import { fitTo } from "./text-width.ts";

export interface TimelineSequence {
  readonly name: string;
  /** A place in the labels for each step; negative where a step has none. Undefined: the truth is not known. */
  readonly truth?: ArrayLike<number>;
  /** A place in the labels for each step. */
  readonly predicted: ArrayLike<number>;
  /** The words that are labelled, where the steps are words. */
  readonly words?: readonly string[];
}

export interface Timeline {
  readonly labels: readonly string[];
  readonly sequences: readonly TimelineSequence[];
}

/** A run of steps with one label. */
export interface Stretch {
  readonly label: number;
  readonly from: number;
  /** The step after the last one. */
  readonly to: number;
}

/** Runs of equal labels, those of steps without a label among them. */
export function stretchesOf(labels: ArrayLike<number>): Stretch[] {
  const stretches: Stretch[] = [];
  let from = 0;
  for (let to = 1; to <= labels.length; to++) {
    if (to < labels.length && labels[to] === labels[from]) continue;
    stretches.push({ label: labels[from], from, to });
    from = to;
  }
  return stretches;
}

/** Whether a step has a true label, and it was predicted. */
export function isRight({ truth, predicted }: TimelineSequence, step: number): boolean | undefined {
  if (truth === undefined || truth[step] < 0) return undefined;
  return truth[step] === predicted[step];
}

/** Share of the labelled steps that are right; undefined without any. */
export function shareRight(sequence: TimelineSequence): number | undefined {
  let [right, all] = [0, 0];
  for (let step = 0; step < sequence.predicted.length; step++) {
    const one = isRight(sequence, step);
    if (one === undefined) continue;
    all++;
    if (one) right++;
  }
  return all === 0 ? undefined : right / all;
}

/** Labels that mean "nothing in particular", which pictures show in grey. */
const NEUTRAL = /^(o|none|null|other|background|silence|sil|rest|_|-)$/iu;

export function isNeutral(label: string): boolean {
  return NEUTRAL.test(label);
}

/** The number of the colour of each label; -1 for a neutral one. */
export function coloursOf(labels: readonly string[]): number[] {
  let next = 0;
  return labels.map((label) => (isNeutral(label) ? -1 : next++));
}

/** The first sequences and steps, at most so many. */
export function shorten({ labels, sequences }: Timeline, most: number, steps: number): Timeline {
  return {
    labels,
    sequences: sequences.slice(0, most).map(({ name, truth, predicted, words }) => ({
      name: fitTo(name, 60),
      truth: truth && Array.from(truth).slice(0, steps),
      predicted: Array.from(predicted).slice(0, steps),
      words: words?.slice(0, steps),
    })),
  };
}

/** A sequence with the names of its labels; an empty name is no label. */
export interface NamedSequence {
  readonly name: string;
  readonly truth?: readonly string[];
  readonly predicted: readonly string[];
  readonly words?: readonly string[];
}

/** Sequences whose labels are known by their names alone. */
export function timelineOfNames(sequences: readonly NamedSequence[]): Timeline {
  const all = sequences.flatMap(({ truth = [], predicted }) => [...truth, ...predicted]);
  const labels = [...new Set(all)].filter((name) => name !== "").sort();
  const places = new Map(labels.map((label, place) => [label, place]));
  const placesOf = (names: readonly string[]) => names.map((name) => places.get(name) ?? -1);
  return {
    labels,
    sequences: sequences.map(({ name, truth, predicted, words }) => ({
      name,
      truth: truth && placesOf(truth),
      predicted: placesOf(predicted),
      words,
    })),
  };
}
