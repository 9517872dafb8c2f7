import { tanh } from "../autograd/ops/activations.ts";
import { concat, split } from "../autograd/ops/concat.ts";
import { add, div, maximum, mul, sub } from "../autograd/ops/elementwise.ts";
import { exp } from "../autograd/ops/functions.ts";
import { gatherRows } from "../autograd/ops/gather-rows.ts";
import { matmul } from "../autograd/ops/matmul.ts";
import { pad } from "../autograd/ops/pad.ts";
import { max, mean, sum } from "../autograd/ops/reduce.ts";
import { reshape } from "../autograd/ops/reshape.ts";
import { slice } from "../autograd/ops/slice.ts";
import { softmax } from "../autograd/ops/softmax.ts";
import { select } from "../autograd/ops/time.ts";
import { where } from "../autograd/ops/where.ts";
import type { Backend } from "../backend/backend.ts";
import { ids, type Tensor, tensor } from "../backend/tensor.ts";
import type { Rng } from "../core/rng.ts";
import { Linear } from "../nn/linear.ts";
import { RecurrentState } from "../nn/recurrent-state.ts";
import type { Pooling } from "./sequence-classifier-config.ts";

/** What recurrent layers make of a batch of sequences. */
export interface LayerOutputs {
  /** Of the top layer at every step, [T, B, D]; 0 behind the end of a sequence. */
  readonly output: Tensor;
  /** After the last step of each sequence. */
  readonly state: unknown;
  /** Undefined where all sequences have T steps. */
  readonly lengths: ArrayLike<number> | undefined;
}

/** The output at the last step of each sequence, of both directions the one of the step that they read last: [B, D]. */
export function poolLast({ output, state, lengths }: LayerOutputs, directions: number): Tensor {
  if (state instanceof RecurrentState && state.hidden !== undefined) {
    const { hidden } = state;
    const [all] = hidden.shape;
    const top = Array.from({ length: directions }, (_, index) => select(hidden, all - directions + index));
    return top.length === 1 ? top[0] : concat(top);
  }
  const [steps, batch, features] = output.shape;
  if (lengths === undefined) return select(output, steps - 1);
  const rows = ids(Int32Array.from({ length: batch }, (_, b) => (lengths[b] - 1) * batch + b));
  return gatherRows(reshape(output, [steps * batch, features]), rows);
}

/** The mean of the outputs of each sequence: [B, D]. */
export function poolMean({ output, lengths }: LayerOutputs): Tensor {
  if (lengths === undefined) return mean(output, 0);
  const shares = Float64Array.from(lengths, (length) => 1 / length);
  return mul(sum(output, 0), tensor(shares, [shares.length, 1]));
}

/** The largest output of each feature over the steps of each sequence: [B, D]. */
export function poolMax(outputs: LayerOutputs): Tensor {
  return max(withoutPadding(outputs.output, outputs), 0);
}

/**
 * A mean whose weights depend on the outputs themselves (Yang et al. 2016, "Hierarchical attention networks for document
 * classification", equations 5 to 7):
 *
 *     u_t = tanh(W h_t + b),  a = softmax over t of v . u_t,  s = sum of a_t h_t
 */
export class AttentionPooling {
  readonly project: Linear;
  readonly score: Linear;

  constructor(features: number, options: { rng: Rng; backend?: Backend }) {
    this.project = new Linear(features, features, options);
    this.score = new Linear(features, 1, { ...options, bias: false });
  }

  /** [B, D] */
  forward(outputs: LayerOutputs): Tensor {
    const scores = this.score.forward(tanh(this.project.forward(outputs.output)));
    const weights = softmax(withoutPadding(scores, outputs), 0);
    return sum(mul(weights, outputs.output), 0);
  }
}

/**
 * One sequence pooled after each of its steps, as if it ended there.
 * @param output of all steps, [T, D]
 * @param attention for the pooling `attention`
 * @returns [T, D]
 */
export function poolPrefixes(
  output: Tensor,
  pooling: Pooling,
  attention: AttentionPooling | undefined,
): Tensor {
  const [steps, features] = output.shape;
  if (pooling === "last") return output;
  if (pooling === "max") return runningMaximum(output);
  if (pooling === "mean" || attention === undefined) {
    const shares = Float64Array.from({ length: steps }, (_, step) => 1 / (step + 1));
    return mul(sumPrefixes(output), tensor(shares, [steps, 1], "f32", output.backend));
  }
  const scores = attention.score.forward(tanh(attention.project.forward(output)));
  // One maximum for all: the scores are sums of weighted tanh, which do not differ by so much that sums vanish.
  const weights = exp(sub(scores, max(scores)));
  const sums = sumPrefixes(concat([mul(weights, output), weights]));
  const [values, totals] = split(sums, [features, 1]);
  return div(values, totals);
}

/** Steps that are summed by one product. */
const BLOCK = 512;

/** The sum of the rows up to each row of x [T, D]: a product for each block, so that memory grows with T and not its square. */
function sumPrefixes(x: Tensor): Tensor {
  const [steps] = x.shape;
  const pieces: Tensor[] = [];
  for (let from = 0; from < steps; from += BLOCK) {
    const rows = Math.min(BLOCK, steps - from);
    const own = matmul(lowerTriangle(rows, x.backend), slice(x, 0, from, from + rows));
    const before = pieces.at(-1);
    pieces.push(before === undefined ? own : add(own, slice(before, 0, BLOCK - 1, BLOCK)));
  }
  return pieces.length === 1 ? pieces[0] : concat(pieces, 0);
}

/** [n, n]: 1 at and below the diagonal. */
function lowerTriangle(n: number, backend: Backend): Tensor {
  const rows = new Float64Array(n * n);
  for (let row = 0; row < n; row++) rows.fill(1, row * n, row * n + row + 1);
  return tensor(rows, [n, n], "f32", backend);
}

/** The largest value of each feature up to each step, by doubling: after n rounds over the last 2^n steps. */
function runningMaximum(x: Tensor): Tensor {
  const [steps] = x.shape;
  let y = x;
  for (let shift = 1; shift < steps; shift *= 2) {
    const before = pad(
      slice(y, 0, 0, steps - shift),
      [
        [shift, 0],
        [0, 0],
      ],
      Number.NEGATIVE_INFINITY,
    );
    y = maximum(y, before);
  }
  return y;
}

/** x [T, B, ...] with minus infinity behind the end of each sequence. */
function withoutPadding(x: Tensor, { lengths }: LayerOutputs): Tensor {
  if (lengths === undefined) return x;
  return where(stepMask(lengths, x.shape[0]), x, Number.NEGATIVE_INFINITY);
}

/** 1 at every step of a sequence and 0 behind its end: integers [T, B, 1]. */
export function stepMask(lengths: ArrayLike<number>, steps: number): Tensor {
  const batch = lengths.length;
  const isStep = new Int32Array(steps * batch);
  for (let b = 0; b < batch; b++) for (let t = 0; t < lengths[b]; t++) isStep[t * batch + b] = 1;
  return ids(isStep, [steps, batch, 1]);
}
