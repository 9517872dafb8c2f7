/** Scores of labels at every step, as sums: those of parts of the data add up. */
import {
  areEntityTags,
  countEqual,
  editScore,
  entitiesOf,
  matchSegments,
  segmentsOf,
} from "./segment-scores.ts";

/** Places of the sums before those of the labels. */
const Sum = {
  loss: 0,
  steps: 1,
  sequences: 2,
  edit: 3,
  found: 4,
  spurious: 5,
  missed: 6,
  entitiesRight: 7,
  entitiesPredicted: 8,
  entities: 9,
} as const;
const FIRST_LABEL = 10;

/** All from 0 to 1. */
export interface TagScores {
  /** Share of the labelled steps that are right. */
  readonly accuracy: number;
  /** Mean over all labels that occur or are predicted of the F1 of their steps. */
  readonly macroF1: number;
  /** Mean over the sequences of the segmental edit score. */
  readonly edit: number;
  /** Segmental F1 at an overlap of .5. */
  readonly segmentF1: number;
  /** F1 of whole entities, as conlleval has it; undefined where the labels are no entity tags. */
  readonly entityF1: number | undefined;
}

/** Adds up the scores of sequences. */
export class TagScorer {
  readonly labels: readonly string[];
  /** Whether whole entities are counted, too. */
  readonly hasEntities: boolean;

  constructor(labels: readonly string[]) {
    this.labels = labels;
    this.hasEntities = areEntityTags(labels);
  }

  /** The number of sums. */
  get width(): number {
    return FIRST_LABEL + 3 * this.labels.length;
  }

  /** Adds the loss of a labelled step in nats. */
  addLoss(sums: Float64Array, loss: number): void {
    sums[Sum.loss] += loss;
  }

  /**
   * Adds the scores of one sequence.
   * @param sums [width]
   * @param truth the label of each step, negative for a step without one, which counts nothing
   * @param predicted the label of each step
   */
  add(sums: Float64Array, truth: ArrayLike<number>, predicted: ArrayLike<number>): void {
    const own = Array.from(truth, (label, t) => (label < 0 ? -1 : predicted[t]));
    let steps = 0;
    for (let t = 0; t < truth.length; t++) {
      const label = truth[t];
      if (label < 0) continue;
      steps++;
      sums[FIRST_LABEL + 3 * label + 1]++;
      sums[FIRST_LABEL + 3 * own[t] + 2]++;
      if (own[t] === label) sums[FIRST_LABEL + 3 * label]++;
    }
    if (steps === 0) return;
    sums[Sum.steps] += steps;
    sums[Sum.sequences]++;
    const [segments, others] = [segmentsOf(truth), segmentsOf(own)];
    sums[Sum.edit] += editScore(segments, others);
    const { found, spurious, missed } = matchSegments(segments, others);
    sums[Sum.found] += found;
    sums[Sum.spurious] += spurious;
    sums[Sum.missed] += missed;
    if (!this.hasEntities) return;
    const [entities, predictedOnes] = [entitiesOf(truth, this.labels), entitiesOf(own, this.labels)];
    sums[Sum.entitiesRight] += countEqual(entities, predictedOnes);
    sums[Sum.entitiesPredicted] += predictedOnes.length;
    sums[Sum.entities] += entities.length;
  }

  /** Mean loss of the labelled steps, in nats. */
  loss(sums: Float64Array): number {
    return ratio(sums[Sum.loss], sums[Sum.steps]);
  }

  /** The labelled steps. */
  steps(sums: Float64Array): number {
    return sums[Sum.steps];
  }

  score(sums: Float64Array): TagScores {
    let [right, f1, present] = [0, 0, 0];
    for (let label = 0; label < this.labels.length; label++) {
      const [both, labelled, predicted] = sums.subarray(FIRST_LABEL + 3 * label, FIRST_LABEL + 3 * label + 3);
      right += both;
      if (labelled + predicted === 0) continue;
      present++;
      f1 += (2 * both) / (labelled + predicted);
    }
    const { found, spurious, missed } = {
      found: sums[Sum.found],
      spurious: sums[Sum.spurious],
      missed: sums[Sum.missed],
    };
    const all = sums[Sum.entitiesPredicted] + sums[Sum.entities];
    return {
      accuracy: ratio(right, sums[Sum.steps]),
      macroF1: ratio(f1, present),
      edit: ratio(sums[Sum.edit], sums[Sum.sequences]),
      segmentF1: ratio(2 * found, 2 * found + spurious + missed),
      entityF1: this.hasEntities ? ratio(2 * sums[Sum.entitiesRight], all) : undefined,
    };
  }
}

const ratio = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);
