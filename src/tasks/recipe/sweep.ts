/** A sweep of learning rates by short trainings. */

import type { BatchPlan } from "../task.ts";
import { LEAST_STEPS, WARM_UP } from "./learning.ts";
import { holdOut } from "./plans.ts";
import { type CheckHead, type CheckResult, showLoss, skip } from "./result.ts";
import { type Budget, type Checked, ShortTraining, weightedMean } from "./training.ts";

/** The rates of the sweep, as factors of that of the settings, and the updates at each. */
const FACTORS = [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30];
const SWEEP_STEPS = 80;

/** A fall by less than this share of the loss may be luck. */
const LEAST_FALL = 0.03;

/** Of the fall of the loss at the best rate, what a rate that fits has at least. */
const GOOD_SHARE = 0.7;

/** Short trainings at rates around the one of the settings. */
export async function checkLearningRate(
  checked: Checked,
  plan: BatchPlan<unknown>,
  budget: Budget,
): Promise<CheckResult> {
  const { lr } = checked.settings;
  const head: CheckHead = {
    check: "learning-rate",
    title: "the learning rate",
    expected: `--lr ${lr} lowers the loss about as fast as the best rate around it`,
  };
  const split = holdOut(plan);
  if (split.held.length === 0) return skip(head, "the first batch has a single row");
  const rates = FACTORS.map((factor) => Number((factor * lr).toPrecision(2)));
  const sweep: { lr: number; loss: number | null }[] = [];
  let [start, steps] = [Number.NaN, 0];
  for (const [index, rate] of rates.entries()) {
    const { onProgress } = checked.hooks;
    onProgress("trying learning rates", index, rates.length);
    const training = await ShortTraining.start(checked, { plan: split.train, lr: rate });
    try {
      if (index === 0) {
        start = weightedMean(await training.measure(plan, split.held), split.held);
        const began = performance.now();
        await training.run(WARM_UP);
        const perStep = (performance.now() - began) / 1000 / WARM_UP;
        steps = Math.min(SWEEP_STEPS, Math.floor(budget.left / rates.length / perStep));
        if (steps < LEAST_STEPS) {
          return skip(
            head,
            `there is no time for ${LEAST_STEPS} updates at ${rates.length} rates: raise --max-seconds`,
          );
        }
      }
      const hasNumbers = await training.run(index === 0 ? steps - WARM_UP : steps);
      const loss = hasNumbers
        ? weightedMean(await training.measure(plan, split.held), split.held)
        : Number.NaN;
      sweep.push({ lr: rate, loss: Number.isFinite(loss) ? loss : null });
    } finally {
      await training.dispose();
    }
  }
  return { ...judgeSweep(head, { lr, start, steps, sweep }), sweep };
}

function judgeSweep(
  head: CheckHead,
  {
    lr,
    start,
    steps,
    sweep,
  }: { lr: number; start: number; steps: number; sweep: readonly { lr: number; loss: number | null }[] },
): CheckResult {
  const fallAt = (loss: number | null) => (loss === null ? Number.NEGATIVE_INFINITY : start - loss);
  const best = sweep.reduce((one, other) => (fallAt(other.loss) > fallAt(one.loss) ? other : one));
  const own = sweep.find((tried) => tried.lr === Number(lr.toPrecision(2))) ?? best;
  const [most, fall] = [fallAt(best.loss), fallAt(own.loss)];
  const values = {
    lr: own.lr,
    start,
    steps,
    bestLr: best.lr,
    ...(best.loss !== null && { bestLoss: best.loss }),
    ...(own.loss !== null && { loss: own.loss }),
  };
  const at = (tried: { lr: number; loss: number | null }) =>
    `${tried.loss === null ? "no number" : showLoss(tried.loss)} at ${tried.lr}`;
  if (!(most > LEAST_FALL * Math.abs(start))) {
    const found = `no rate lowers the loss of ${showLoss(start)} by ${100 * LEAST_FALL}% in ${steps} updates`;
    const hasRisen = own.loss === null || own.loss > start + Math.abs(start) / 2;
    return hasRisen
      ? {
          ...head,
          verdict: "failed",
          found,
          advice: `--lr ${lr} is too large: try --lr ${Number((sweep[0].lr / 10).toPrecision(2))}`,
          values,
        }
      : { ...head, verdict: "warning", found, advice: "look at the other checks, or give more time", values };
  }
  const good = sweep.filter(({ loss }) => fallAt(loss) >= GOOD_SHARE * most).map((tried) => tried.lr);
  const range = good.length === 1 ? `${good[0]}` : `${Math.min(...good)} to ${Math.max(...good)}`;
  const found = `${at(own)}, best ${at(best)}, after ${steps} updates from ${showLoss(start)}; good are ${range}`;
  if (fall >= GOOD_SHARE * most) return { ...head, verdict: "passed", found, values };
  if (best.lr < own.lr) {
    return {
      ...head,
      verdict: "failed",
      found,
      advice: `--lr ${lr} is too large: try --lr ${best.lr}`,
      values,
    };
  }
  const advice = `--lr ${lr} is slow at the start: try --lr ${best.lr}, which may turn out too large in a long training`;
  return { ...head, verdict: "warning", found, advice, values };
}
