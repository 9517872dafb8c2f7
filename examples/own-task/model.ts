/**
 * A task of one's own: the next value of a sequence, from a CSV file. `unrolled train ./examples/own-task/model.ts
 * table.csv` trains it, with run folders, resume, replicas, eval and predict as for every task.
 */

import { type Backend, FormatError, scope, type Tensor, tensor } from "unrolled";
import { ItemBatches, Items, keyOfNumbers } from "unrolled/data";
import { Linear, LSTM, mean, mul, type Rng, reshape, sub } from "unrolled/nn";
import type { Task } from "unrolled/tasks";
import {
  describeFacts,
  loadTable,
  loadTestTable,
  parseRow,
  type TrendData,
  type TrendFacts,
} from "./data.ts";
import { DEFAULTS, OPTIONS, type TrendSettings, WORDS } from "./defaults.ts";
import { measureMean, planEvaluation, scoreTrend } from "./metrics.ts";
import { HELP, VIEW } from "./view.ts";

export interface TrendConfig {
  readonly hidden: number;
}

export class TrendModel {
  readonly rnn: LSTM;
  readonly head: Linear;

  constructor({ hidden }: TrendConfig, options: { rng: Rng; backend: Backend }) {
    this.rnn = new LSTM(1, hidden, options);
    this.head = new Linear(hidden, 1, options);
  }

  /** Sequences [B, T, 1] of these lengths -> the standardised next values, [B]. */
  forward(values: Float32Array, lengths: Int32Array, time: number, backend: Backend) {
    const x = tensor(values, [lengths.length, time, 1], "f32", backend);
    const { state } = this.rnn.forward(x, { lengths });
    return reshape(this.head.forward(reshape(state.hidden as Tensor, [lengths.length, -1])), [
      lengths.length,
    ]);
  }
}

interface TrendBatch {
  readonly values: Float32Array;
  readonly lengths: Int32Array;
  readonly time: number;
  /** Standardised. */
  readonly targets: Float32Array;
}

const task: Task<TrendSettings, TrendData, TrendConfig, TrendFacts, TrendModel, TrendBatch> = {
  name: "trend",
  summary: "the next value of each row of a table",
  words: WORDS,
  help: HELP,
  options: OPTIONS,
  complete: (given, brought) => ({ ...DEFAULTS, ...brought, ...given }),
  unit: () => "row",
  load: loadTable,
  loadTest: loadTestTable,
  facts: describeFacts,
  configure: ({ hidden }) => ({ hidden }),
  settingsOf: ({ hidden }) => ({ hidden }),
  parse(read, where) {
    const { hidden } = Object(read("model")) as TrendConfig;
    const [mean, deviation] = [read("mean") as number, read("deviation") as number];
    if (!Number.isInteger(hidden) || hidden < 1 || hidden > 1024) {
      throw new FormatError(where, "model.hidden must be an integer from 1 to 1024");
    }
    if (!Number.isFinite(mean) || !Number.isFinite(deviation)) {
      throw new FormatError(where, "mean and deviation must be numbers");
    }
    return { config: { hidden }, facts: { mean, deviation } };
  },
  build: (config, { rng, backend }) => new TrendModel(config, { rng, backend }),

  plan({ train, facts }, { batchSize, seed }) {
    const batches = new ItemBatches(new Items(train.items), { batchSize, seed });
    return {
      stepsPerEpoch: batches.stepsPerPass,
      rows: batchSize,
      weights: (step) =>
        Float64Array.from({ length: batchSize }, (_, row) => batches.batch(step).weights[row] ?? 0),
      batch(step, from, to) {
        const { indices } = batches.batch(step);
        const own = indices.slice(from, to);
        const { values, lengths, time } = batches.fill(
          step,
          Math.min(from, indices.length),
          from + own.length,
        );
        const targets = Float32Array.from(own, (i) => (train.targets[i] - facts.mean) / facts.deviation);
        return { values, lengths, time, targets };
      },
    };
  },
  loss(model, { values, lengths, time, targets }) {
    const { backend } = model.head.weight;
    const error = sub(
      model.forward(values, lengths, time, backend),
      tensor(targets, [targets.length], "f32", backend),
    );
    return { loss: mean(mul(error, error)) };
  },

  evaluation: planEvaluation,
  score: (sums, data, { items }) => scoreTrend(sums, data, items),
  baselines: async (data) => measureMean(data),
  async *predict({ model, facts, backend }, inputs) {
    for await (const { name, text } of inputs) {
      const row = Float32Array.from(parseRow(text, name));
      const lengths = Int32Array.of(row.length);
      const [y] = await scope(() => model.forward(row, lengths, row.length, backend).read(), backend);
      const next = y * facts.deviation + facts.mean;
      yield { text: `${text}\t${next.toFixed(3)}`, json: { input: text, next } };
    }
  },
  // What `unrolled check` asks of a task: other inputs, and what the model says of each row.
  probe: {
    zeroInputs: (batch) => ({ ...batch, values: new Float32Array(batch.values.length) }),
    disturbInputs(batch, row, step) {
      const values = batch.values.slice();
      for (let at = row * batch.time + step; at < (row + 1) * batch.time; at++) values[at] += 1;
      return { ...batch, values };
    },
    lengths: ({ lengths }) => lengths,
    outputs: (model, { values, lengths, time }) =>
      model.forward(values, lengths, time, model.head.weight.backend),
    *keys(data, part) {
      const items = new Items(data[part].items);
      for (let row = 0; row < items.count; row++) {
        yield keyOfNumbers([...items.item(row), data[part].targets[row]]);
      }
    },
  },
  view: VIEW,
};

export default task;
