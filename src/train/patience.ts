import type { EvalEvent } from "./events.ts";
import { choiceOf } from "./history.ts";

/**
 * Ends a training whose validation has stopped improving: after so many evaluations in a row that were not better than
 * the best one before them (early stopping, as Keras and Lightning count it).
 *
 * The state is a function of the evaluations in the run's log, so a resumed run that is given the logged ones stops where
 * the uninterrupted run stops.
 */
export class Patience {
  private readonly most: number;
  private readonly every: number | undefined;
  private best = Number.POSITIVE_INFINITY;
  private lastStep = -1;
  private worse = 0;

  /**
   * @param most evaluations without improvement after which the run ends, at least 1
   * @param every the steps between evaluations, where they are fixed: an evaluation between two of them, which a run has
   *   that another limit stopped, does not count then
   */
  constructor(most: number, every?: number) {
    this.most = most;
    this.every = every;
  }

  /** Evaluations come in the order of their steps; one of a step that has been counted is not counted again. */
  add(evaluation: Pick<EvalEvent, "step" | "loss" | "choose">): void {
    const { step } = evaluation;
    if (step <= this.lastStep || (this.every !== undefined && step % this.every !== 0)) return;
    this.lastStep = step;
    const score = choiceOf(evaluation);
    if (score < this.best) {
      this.best = score;
      this.worse = 0;
    } else {
      this.worse++;
    }
  }

  get isOver(): boolean {
    return this.worse >= this.most;
  }
}
