/** What `unrolled check` finds. */

export type CheckName =
  | "baselines"
  | "duplicates"
  | "initial-loss"
  | "rows"
  | "padding"
  | "look-ahead"
  | "overfit"
  | "inputs"
  | "learning-rate";

/** `skipped`: it could not be tried, and `found` says why. */
export type Verdict = "passed" | "warning" | "failed" | "skipped";

/** One check: a line of `unrolled check --json` has these members. */
export interface CheckResult {
  readonly check: CheckName;
  /** What is checked, in a few words. */
  readonly title: string;
  readonly verdict: Verdict;
  readonly expected: string;
  readonly found: string;
  /** What to do about it; where there is nothing to do it is absent. */
  readonly advice?: string;
  /** The numbers behind the words. */
  readonly values: Readonly<Record<string, number>>;
  /** Of the learning rates: the loss after a short training at each, null where it was no number. */
  readonly sweep?: readonly { readonly lr: number; readonly loss: number | null }[];
}

/** What every check is, whatever it finds. */
export type CheckHead = Pick<CheckResult, "check" | "title" | "expected">;

/** A check that could not be tried. @param why as a sentence without its end */
export function skip(head: CheckHead, why: string): CheckResult {
  return { ...head, verdict: "skipped", found: why, values: {} };
}

/** A loss as people read it. */
export const showLoss = (loss: number): string =>
  Math.abs(loss) < 1000 ? loss.toFixed(3) : loss.toPrecision(4);
