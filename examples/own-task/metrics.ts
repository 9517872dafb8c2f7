/** The error of the predictions beside that of the mean. */
import { scope } from "unrolled";
import { Items, padItems } from "unrolled/data";
import type { Baseline, EvaluationPlan, Score } from "unrolled/tasks";
import type { TrendData } from "./data.ts";
import type { TrendModel } from "./model.ts";

/** One part: the sum of the squared errors of all rows, in standard deviations. */
export function planEvaluation({ validation, facts }: TrendData): EvaluationPlan<TrendModel> {
  const items = new Items(validation.items);
  return {
    parts: 1,
    width: 1,
    items: items.count,
    async run(model, { backend, replica }, sums) {
      if (replica > 0) return;
      const every = Array.from({ length: items.count }, (_, index) => index);
      const { values, lengths, time } = padItems(items, every);
      const predicted = await scope(() => model.forward(values, lengths, time, backend).read(), backend);
      for (const [index, target] of validation.targets.entries()) {
        sums[0] += (predicted[index] - (target - facts.mean) / facts.deviation) ** 2;
      }
    },
  };
}

/** `rmse` is in the unit of the table. */
export function scoreTrend([sum]: Float64Array, { facts }: TrendData, items: number): Score {
  const loss = sum / items;
  return { loss, metrics: { rmse: Math.sqrt(loss) * facts.deviation }, choose: loss };
}

/** Always the mean of the rows that were trained on. */
export function measureMean({ validation, facts }: TrendData): Baseline[] {
  const squares = validation.targets.reduce((sum, y) => sum + ((y - facts.mean) / facts.deviation) ** 2, 0);
  const loss = squares / validation.targets.length;
  return [{ name: "the mean", loss, metrics: { rmse: Math.sqrt(loss) * facts.deviation } }];
}
