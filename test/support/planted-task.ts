/** A small task for `unrolled check`: a label for every step of a sequence of numbers, with defects on demand. */
import { bestInstructions } from "../../src/backend/wasm/wasm.ts";
import { frameItems, ItemBatches, type Items } from "../../src/data/index.ts";
import { keyOfNumbers } from "../../src/data/item-keys.ts";
import { crossEntropy, ids, Linear, LSTM, mean, Rng, sub, type Tensor, tensor } from "../../src/nn/index.ts";
import { type Engine, openBackend } from "../../src/tasks/engine.ts";
import type { Checked } from "../../src/tasks/recipe/recipe.ts";
import type { Task } from "../../src/tasks/task.ts";
import type { TaskProbe } from "../../src/tasks/task-probe.ts";
import { disturbNumbers } from "../../src/tasks/task-probe.ts";
import type { TrainingSettings } from "../../src/tasks/training-options.ts";

export interface Defects {
  /** What is read is centred over all rows of a batch. */
  readonly mixesRows?: boolean;
  /** It reads from both ends and says that it is causal. */
  readonly looksAhead?: boolean;
  /** It reads from both ends and does not know where rows end. */
  readonly readsPadding?: boolean;
  /** It never reads the numbers. */
  readonly ignoresInputs?: boolean;
  /** Initial weights of the output layer that are far too large. */
  readonly isSure?: boolean;
  /** No defect: initial weights of the output layer that are 0. */
  readonly beginsWithZeros?: boolean;
  readonly labels?: "shuffled" | "one class";
  /** So many of the validation items also stand in the training part. */
  readonly copies?: number;
  readonly lr?: number;
  /** Items to train on; default 160. */
  readonly items?: number;
}

interface Part {
  readonly items: Items<Float32Array>;
  /** Of each step of all items. */
  readonly labels: readonly Int32Array[];
}

interface Batch {
  readonly values: Float32Array;
  readonly lengths: Int32Array;
  readonly labels: Int32Array;
  readonly rows: number;
  readonly time: number;
}

const FEATURES = 2;
const HIDDEN = 8;
const ROWS = 8;

/** The label of a step is the sign of a sum of its numbers and the last ones. */
function makePart(count: number, rng: Rng, kind: Defects["labels"]): Part {
  const lists: Float32Array[] = [];
  const labels: Int32Array[] = [];
  for (let item = 0; item < count; item++) {
    const steps = 3 + rng.integer(6);
    const values = Float32Array.from({ length: steps * FEATURES }, () => 2 * rng.uniform() - 1);
    const own = Int32Array.from({ length: steps }, (_, t) => {
      if (kind === "one class") return 1;
      if (kind === "shuffled") return rng.integer(2);
      return values[t * FEATURES] + (t > 0 ? 0.5 * values[(t - 1) * FEATURES] : 0) > 0 ? 1 : 0;
    });
    lists.push(values);
    labels.push(own);
  }
  return { items: frameItems(lists, FEATURES), labels };
}

class PlantedModel {
  readonly lstm: LSTM;
  readonly head: Linear;
  private readonly _defects: Defects;

  constructor(defects: Defects, options: { rng: Rng; backend: Checked["backend"] }) {
    const { looksAhead = false, readsPadding = false, isSure, beginsWithZeros } = defects;
    const bidirectional = looksAhead || readsPadding;
    this._defects = defects;
    this.lstm = new LSTM(FEATURES, HIDDEN, { ...options, bidirectional });
    this.head = new Linear(bidirectional ? 2 * HIDDEN : HIDDEN, 2, options);
    if (beginsWithZeros) this.head.weight.write(new Float32Array(this.head.weight.size));
    if (isSure) this.head.bias!.write([20, -20]);
  }

  /** [rows, time, 2] */
  forward({ values, lengths, rows, time }: Batch): Tensor {
    const { mixesRows, readsPadding, ignoresInputs } = this._defects;
    const read = ignoresInputs ? new Float32Array(values.length) : values;
    const x = tensor(read, [rows, time, FEATURES], "f32", this.head.weight.backend);
    const centred = mixesRows ? sub(x, mean(x)) : x;
    const { output } = this.lstm.forward(centred, readsPadding ? {} : { lengths });
    return this.head.forward(output);
  }
}

const PROBE: TaskProbe<{ train: Part; validation: Part }, Defects, PlantedModel, Batch> = {
  zeroInputs: (batch) => ({ ...batch, values: new Float32Array(batch.values.length) }),
  disturbInputs: (batch, row, step) => ({
    ...batch,
    values: disturbNumbers(batch.values, { time: batch.time, features: FEATURES }, row, step),
  }),
  lengths: ({ lengths }) => lengths,
  outputs: (model, batch) => model.forward(batch),
  lookAhead: ({ readsPadding }) => (readsPadding ? Number.POSITIVE_INFINITY : 0),
  *keys(data, part) {
    const { items } = data[part];
    for (let index = 0; index < items.count; index++) yield keyOfNumbers(items.item(index));
  },
};

const SETTINGS: TrainingSettings = {
  batchSize: ROWS,
  optimizer: "adam",
  lr: 0.02,
  lrDecay: null,
  lrDecayAfter: 1,
  initUniform: null,
  clipNorm: 5,
  clipValue: null,
  weightDecay: 0,
  valSplit: 0.2,
  seed: 1,
};

const ENGINE: Engine = { backend: "wasm", instructions: bestInstructions() };
const BACKEND = openBackend(ENGINE);

/** What `checkRecipe` is given of a task with these defects. @param without members of its probe that it lacks */
export function planted(defects: Defects = {}, without: readonly (keyof TaskProbe)[] = []): Checked {
  const rng = new Rng(5);
  const train = makePart(defects.items ?? 160, rng.fork(0), defects.labels);
  const fresh = makePart(40, rng.fork(1), defects.labels);
  const copies = defects.copies ?? 0;
  const lists = Array.from({ length: 40 }, (_, index) => (index < copies ? train : fresh).items.item(index));
  const validation = { items: frameItems(lists, FEATURES), labels: fresh.labels };
  const settings = { ...SETTINGS, ...(defects.lr !== undefined && { lr: defects.lr }) };
  const probe = Object.fromEntries(
    Object.entries(PROBE).filter(([name]) => !without.includes(name as never)),
  );
  return {
    task: { ...taskOf(train, defects), probe } as unknown as Task,
    data: { train, validation },
    settings,
    config: defects,
    engine: ENGINE,
    backend: BACKEND,
    cell: {},
    hooks: { signal: new AbortController().signal, onProgress() {}, onNote() {} },
  };
}

function taskOf(train: Part, defects: Defects) {
  return {
    name: "planted",
    build: (_: unknown, options: { rng: Rng; backend: Checked["backend"] }) =>
      new PlantedModel(defects, options),
    plan(_: unknown, { batchSize, seed }: TrainingSettings) {
      const batches = new ItemBatches(train.items, { batchSize, seed });
      const stepsOf = (index: number) => train.labels[index].length;
      return {
        stepsPerEpoch: batches.stepsPerPass,
        rows: batchSize,
        weights: (step: number) => Float64Array.from(batches.batch(step).indices, stepsOf),
        batch(step: number, from: number, to: number): Batch {
          const padded = batches.fill(step, from, to);
          const labels = new Int32Array(padded.rows * padded.time).fill(-100);
          const { indices } = batches.batch(step);
          for (let row = 0; row < padded.rows; row++) {
            labels.set(train.labels[indices[from + row]], row * padded.time);
          }
          return { ...padded, labels };
        },
      };
    },
    loss: (model: PlantedModel, batch: Batch) => ({
      loss: crossEntropy(model.forward(batch), ids(batch.labels, [batch.rows, batch.time])),
    }),
    evaluation: () => ({ parts: 1, width: 1, items: 1, run: async () => {} }),
    baselines: async () => [
      defects.labels === "one class"
        ? { name: "the commonest label", loss: 0, metrics: { accuracy: 1 } }
        : { name: "the commonest label", loss: Math.LN2, metrics: { accuracy: 0.5 } },
    ],
    guess: () => ({ loss: Math.LN2, among: "2 equally likely labels" }),
  };
}
