/** A toy: lines through points, with rows of unequal weight, some of them padding; and its workers. */
import { parameters } from "../../src/autograd/parameter.ts";
import { scope } from "../../src/backend/scope.ts";
import { tensor } from "../../src/backend/tensor.ts";
import { Rng } from "../../src/core/rng.ts";
import { add, dropout, Linear, mean, mul, sub, sum, tanh } from "../../src/nn/index.ts";
import { adam, clipNorm } from "../../src/optim/index.ts";
import { type BackendChoice, chooseEngine, type Engine, openBackend } from "../../src/tasks/engine.ts";
import type { Learner, LearnerSource } from "../../src/train/learner.ts";
import { shardsOf } from "../../src/train/shards.ts";

export interface RaggedSpec extends Engine {
  /** The rows of each shard in each step that there is: their weights are 1 and 2 in turn, those of padding 0. */
  readonly steps: readonly (readonly number[])[];
  /** From this step on the first shard throws. */
  readonly dropout: number;
}

const FEATURES = 5;
const PARTS = 7;

export function raggedSpec(backend: BackendChoice, steps: RaggedSpec["steps"], dropout = 0): RaggedSpec {
  return { ...chooseEngine(backend), steps, dropout };
}

export const sourceOf = (spec: RaggedSpec): LearnerSource<RaggedSpec> => ({ module: import.meta.url, spec });

/** Weights of a shard's rows. */
function weightsOf(rows: number, first: number): number[] {
  return Array.from({ length: rows }, (_, row) => (first + row) % 3);
}

export function createLearner(spec: RaggedSpec, replica: number, replicas: number): Learner {
  const backend = openBackend(spec);
  const rng = new Rng(3);
  const model = {
    one: new Linear(FEATURES, 6, { rng, backend }),
    two: new Linear(6, 2, { rng, backend }),
  };
  const shards = spec.steps[0].length;
  const own = shardsOf(replica, replicas, shards);
  const firstOf = (step: number, shard: number) =>
    spec.steps[step].slice(0, shard).reduce((total, rows) => total + rows, 0);
  const rowsOf = (step: number, shard: number) => {
    const first = firstOf(step, shard);
    return { first, weights: weightsOf(spec.steps[step][shard], first) };
  };
  return {
    optimizer: adam(parameters(model), { lr: 0.01 }),
    clip: clipNorm(0.5),
    shards,
    parts: ["error", "size"],
    weights: (step) =>
      Array.from({ length: shards }, (_, shard) =>
        rowsOf(step, shard).weights.reduce((total, weight) => total + weight, 0),
      ),
    loss(step, shard) {
      if (!own.includes(shard)) throw new Error(`shard ${shard} is not one of replica ${replica}`);
      const { first, weights } = rowsOf(step, shard);
      const batch = spec.steps[step].reduce((total, rows) => total + rows, 0);
      const value = (row: number, column: number) => Math.sin(step + 3 * (first + row) + 7 * column);
      const rows = weights.length;
      const x = tensor(
        Array.from({ length: rows * FEATURES }, (_, at) => value(Math.floor(at / FEATURES), at % FEATURES)),
        [rows, FEATURES],
      );
      const masks = new Rng(4).fork(step).forRows(
        weights.map((_, row) => first + row),
        batch,
      );
      const hidden = dropout(tanh(model.one.forward(x)), spec.dropout, masks);
      const target = tensor(
        Array.from({ length: rows * 2 }, (_, at) => value(at >> 1, 50 + (at & 1))),
        [rows, 2],
      );
      const total = weights.reduce((all, weight) => all + weight, 0);
      const scale = tensor(
        weights.map((weight) => weight / total),
        [rows, 1],
      );
      const difference = sub(model.two.forward(hidden), target);
      const error = sum(mul(mul(difference, difference), scale));
      const size = mul(mean(mul(model.one.weight, model.one.weight)), tensor([0.1], []));
      return { loss: add(error, size), parts: { error, size } };
    },
    carried: { size: shards, tensors: [{ name: "state", shape: [shards] }] },
    async readCarried(into) {
      for (const shard of own) into[shard] = shard === 0 ? -0 : 10 + shard;
    },
    writeCarried() {},
    evaluation: { parts: PARTS, width: 2 },
    async evaluate(index, count, sums) {
      for (let part = index; part < PARTS; part += count) {
        sums[part * 2] += part + 1;
        sums[part * 2 + 1] += scope(() => model.two.weight.size, backend) / (part + 1);
      }
    },
  };
}
