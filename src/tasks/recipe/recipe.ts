/**
 * The checks before a training that Karpathy's "A recipe for training neural networks" (2019) advises, on the data and the
 * model that would be trained: what the data is, then the model as it begins, then what it learns in short trainings.
 */
import { checkBaselines, checkDuplicates } from "./data.ts";
import { checkInputs, checkOverfit } from "./learning.ts";
import { checkInitialLoss, checkLookAhead, checkPadding, checkRows } from "./model.ts";
import type { CheckResult } from "./result.ts";
import { checkLearningRate } from "./sweep.ts";
import { Budget, type Checked, ShortTraining } from "./training.ts";

export type { CheckName, CheckResult, Verdict } from "./result.ts";
export type { Checked } from "./training.ts";

/**
 * Run all checks, the cheap ones first. Each result comes as soon as it is there.
 * @param maxSeconds that all take together, but for reading the data and counting its baselines; with less time the
 * trainings are shorter, and what they say is less sure
 * @throws InputError for a task whose probe does not keep its word; what the task itself throws; the reason of an aborted
 * signal
 */
export async function* checkRecipe(
  checked: Checked,
  maxSeconds: number,
): AsyncGenerator<CheckResult, void, undefined> {
  const { task, data, settings, hooks } = checked;
  yield await checkDuplicates(checked);
  yield await checkBaselines(checked);
  const budget = new Budget(maxSeconds);
  const plan = task.plan(data, settings);
  const training = await ShortTraining.start(checked, { plan });
  try {
    for (const check of [checkInitialLoss, checkRows, checkPadding, checkLookAhead]) {
      hooks.signal.throwIfAborted();
      yield await check(checked, training, plan);
    }
  } finally {
    await training.dispose();
  }
  for (const check of [checkOverfit, checkInputs, checkLearningRate]) {
    hooks.signal.throwIfAborted();
    yield await check(checked, plan, budget);
  }
}
