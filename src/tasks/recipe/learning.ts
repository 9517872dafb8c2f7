/** Checks by short trainings: a few rows can be overfitted, and a copy that sees no input is beaten. */

import type { BatchPlan } from "../task.ts";
import { changeBatches, firstRows, type HeldOutPlan, holdOut, rowsIn } from "./plans.ts";
import { type CheckHead, type CheckResult, showLoss, skip } from "./result.ts";
import { type Budget, type Checked, ShortTraining, weightedMean } from "./training.ts";

/** Rows that are overfitted, in so many updates at most, down to this share of their loss at the start. */
const FEW_ROWS = 8;
const OVERFIT_STEPS = 400;
const OVERFIT_SHARE = 0.1;

/** As many updates are made as the time allows; with less than these a check says nothing. */
export const LEAST_STEPS = 20;

/** A handful of rows is overfitted: whatever cannot do that has an error in it. */
export async function checkOverfit(
  checked: Checked,
  plan: BatchPlan<unknown>,
  budget: Budget,
): Promise<CheckResult> {
  const rows = Math.min(FEW_ROWS, rowsIn(plan, 0));
  const head: CheckHead = {
    check: "overfit",
    title: "a few rows can be overfitted",
    expected: `the loss of ${rows} rows falls to a tenth within ${OVERFIT_STEPS} updates`,
  };
  const until = performance.now() + 200 * budget.left;
  const training = await ShortTraining.start(checked, { plan: firstRows(plan, rows), isPlain: true });
  try {
    const start = await training.lossOf(plan.batch(0, 0, rows));
    let [steps, loss] = [0, start];
    let least = start;
    const hasNumbers = await training.run(OVERFIT_STEPS, (now) => {
      steps++;
      loss = now;
      least = Math.min(least, now);
      if (steps % 10 === 0) checked.hooks.onProgress("overfitting a few rows", steps, OVERFIT_STEPS);
      return loss > OVERFIT_SHARE * start && (steps < LEAST_STEPS || performance.now() < until);
    });
    const values = { start, loss, steps };
    const found = `from ${showLoss(start)} to ${showLoss(loss)} after ${steps} updates`;
    if (hasNumbers && loss <= OVERFIT_SHARE * start) return { ...head, verdict: "passed", found, values };
    if (hasNumbers && steps < OVERFIT_STEPS && loss < 0.7 * start) {
      const more = { advice: "give it more time: --max-seconds" };
      return { ...head, verdict: "warning", found: `${found}, when the time was over`, ...more, values };
    }
    const advice =
      !hasNumbers || loss > 2 * least
        ? `the loss jumps: try a lower rate than --lr ${checked.settings.lr}`
        : "compare the inputs with their targets, see that gradients reach every parameter, and try another --lr";
    return {
      ...head,
      verdict: "failed",
      found: hasNumbers ? found : `${found}, then no number`,
      advice,
      values,
    };
  } finally {
    await training.dispose();
  }
}

/** Updates by whose time the number of all is chosen. */
export const WARM_UP = 4;

/** Updates of the trainings that are compared, and how often they are measured on their way. */
const COMPARED_STEPS = 400;
const MEASUREMENTS = 8;

/** A gain of less than this share of the loss is none. */
const LEAST_GAIN = 0.01;

/**
 * What a training reached on the rows that were held out, where that was best: before the first update, where it only got
 * worse.
 */
interface Reached {
  readonly loss: number;
  readonly losses: Float64Array;
  /** The mean of its last losses on the rows that it was trained on. */
  readonly training: number;
  readonly steps: number;
}

/** The model beats a copy that was trained in the same way on inputs that say nothing. */
export async function checkInputs(
  checked: Checked,
  plan: BatchPlan<unknown>,
  budget: Budget,
): Promise<CheckResult> {
  const { task } = checked;
  const head: CheckHead = {
    check: "inputs",
    title: "inputs are made use of",
    expected: "a lower loss on rows that were held out than a copy trained on zeroed inputs",
  };
  const zero = task.probe?.zeroInputs?.bind(task.probe);
  if (zero === undefined) return skip(head, `the task ${task.name} cannot zero the inputs of a batch`);
  const split = holdOut(plan);
  if (split.held.length === 0) return skip(head, "the first batch has a single row");
  const without = {
    plan: changeBatches(plan, zero),
    train: changeBatches(split.train, zero),
    held: split.held,
  };
  const seconds = budget.left / 4;
  const own = await trainAndMeasure(
    checked,
    { ...split, plan },
    { seconds, activity: "training on the inputs" },
  );
  if (own === undefined)
    return skip(head, `there is no time for ${LEAST_STEPS} updates: raise --max-seconds`);
  const limits = { seconds, steps: own.steps, activity: "training on zeroed inputs" };
  const blind = (await trainAndMeasure(checked, without, limits))!;
  return compareReached(head, { own, blind }, split);
}

function compareReached(
  head: CheckHead,
  { own, blind }: { readonly own: Reached; readonly blind: Reached },
  { held }: HeldOutPlan,
): CheckResult {
  const gains = held.map((_, index) => blind.losses[index] - own.losses[index]);
  const gain = weightedMean(gains, held);
  const error = standardError(gains);
  const values = { loss: own.loss, zeroed: blind.loss, gain, error, steps: own.steps };
  const found = `${showLoss(own.loss)} with inputs, ${showLoss(blind.loss)} without, after ${own.steps} updates of each`;
  const least = LEAST_GAIN * Math.abs(blind.loss);
  if (gain > Math.max(2 * error, least)) return { ...head, verdict: "passed", found, values };
  const failed = { ...head, verdict: "failed" as const, found, values };
  if (Math.abs(blind.loss) < 0.01) {
    return { ...failed, advice: "the targets are the same whatever the inputs are: look for a second class" };
  }
  if (gain > least && gain > error) {
    return { ...failed, verdict: "warning", advice: "too few rows were held out to tell: give more data" };
  }
  const learnsByHeart = own.training < 0.8 * Math.min(own.loss, blind.training);
  const advice = learnsByHeart
    ? "it overfits its rows, and that helps with no other: see that every target stands beside its own input"
    : "nothing was learned from the inputs: see that targets stand beside their inputs, and give more time with --max-seconds";
  return { ...failed, advice };
}

/** Of the mean of some differences; infinite for a single one. */
function standardError(differences: readonly number[]): number {
  const n = differences.length;
  const mean = differences.reduce((sum, one) => sum + one, 0) / n;
  const squares = differences.reduce((sum, one) => sum + (one - mean) ** 2, 0);
  return n < 2 ? Number.POSITIVE_INFINITY : Math.sqrt(squares / (n - 1) / n);
}

/** @returns undefined where the time does not suffice */
async function trainAndMeasure(
  checked: Checked,
  { plan, train, held }: HeldOutPlan & { readonly plan: BatchPlan<unknown> },
  limits: { readonly seconds: number; readonly steps?: number; readonly activity: string },
): Promise<Reached | undefined> {
  const training = await ShortTraining.start(checked, { plan: train });
  try {
    const recent: number[] = [];
    let step = 0;
    const onStep = (loss: number) => {
      recent.push(loss);
      if (recent.length > 10) recent.shift();
      if (++step % 10 === 0) checked.hooks.onProgress(limits.activity, step, steps ?? COMPARED_STEPS);
      return undefined;
    };
    let steps = limits.steps;
    let best: Pick<Reached, "loss" | "losses"> = {
      loss: Number.POSITIVE_INFINITY,
      losses: new Float64Array(held.length).fill(Number.POSITIVE_INFINITY),
    };
    const measure = async () => {
      const losses = await training.measure(plan, held);
      const loss = weightedMean(losses, held);
      if (loss < best.loss) best = { loss, losses };
    };
    const began = performance.now();
    await measure();
    if (steps === undefined) {
      const measured = performance.now();
      if (!(await training.run(WARM_UP, onStep))) return { ...best, training: Number.NaN, steps: step };
      const perStep = (performance.now() - measured) / 1000 / WARM_UP;
      const left = limits.seconds - (MEASUREMENTS * (measured - began)) / 1000;
      steps = Math.min(COMPARED_STEPS, Math.floor(left / perStep));
      if (steps < LEAST_STEPS) return undefined;
    }
    for (let part = 1; part <= MEASUREMENTS; part++) {
      const until = Math.round((part * steps) / MEASUREMENTS);
      if (!(await training.run(until - step, onStep))) break;
      await measure();
    }
    return { ...best, training: recent.reduce((sum, loss) => sum + loss, 0) / recent.length, steps };
  } finally {
    await training.dispose();
  }
}
