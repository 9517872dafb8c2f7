import { requireTensor } from "../autograd/check.ts";
import { persistent, Tensor } from "../backend/tensor.ts";
import { InputError, ShapeError } from "../core/errors.ts";
import { OBJECT } from "../core/options.ts";
import { showShape } from "../core/shape.ts";
import { showValue } from "../core/show-value.ts";
import { differentiatePart } from "../optim/step.ts";
import type { Learner, ShardLoss } from "./learner.ts";
import { halvesOf, isEmpty, type Stretch } from "./shards.ts";

/** Computes the gradients of one replica's shards, and adds them up along the tree of shards (shards.ts). */
export class ShardGradients {
  private readonly learner: Learner;
  private readonly subtrees: readonly Stretch[];
  /** Sums that wait for the other half of their node, by level. */
  private readonly waiting: Tensor[] = [];
  /** Sums of the subtrees before the last, which is left in the flat gradient. */
  private readonly finished: Tensor[] = [];

  /** @param subtrees that are this replica's */
  constructor(learner: Learner, subtrees: readonly Stretch[]) {
    this.learner = learner;
    this.subtrees = subtrees;
  }

  /**
   * Forward and backward of all shards of this replica that have something to do.
   * @param step from 0 on
   * @param weights of all shards, [shards]
   * @param numbers where the loss and its parts of each shard go, each times the shard's share of all weights,
   * [shards * (1 + parts)]
   * @returns the gradient of each subtree, [n] each
   */
  async run(step: number, weights: readonly number[], numbers: Float64Array): Promise<readonly Tensor[]> {
    const { learner, subtrees } = this;
    const { frames, gradients } = learner.optimizer;
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const values: { shard: number; share: number; values: Promise<number>[] }[] = [];
    const differentiate = (shard: number) => {
      const share = weights[shard] / total;
      values.push({ shard, share, values: this.differentiate(step, shard, share) });
    };
    // All shards are one frame: what any of them carries over with detach() lives until the end of the next step.
    const sums = frames.run(() => {
      gradients.zero();
      const sums = subtrees.map((node, index) => {
        this.add(node, weights, differentiate);
        return index === subtrees.length - 1 ? gradients.flat : this.copyTo(this.finished, index);
      });
      gradients.finish();
      return sums;
    });
    const size = 1 + learner.parts.length;
    for (const { shard, share, values: all } of values) {
      for (const [index, value] of (await Promise.all(all)).entries()) {
        numbers[shard * size + index] = share * value;
      }
    }
    return sums;
  }

  dispose(): void {
    for (const tensor of [...this.waiting, ...this.finished]) tensor.dispose();
  }

  /**
   * Leave the sum of a node's shards in the flat gradient, which stays as it is where they have nothing to do.
   * @param level of sums that wait
   */
  private add(
    node: Stretch,
    weights: readonly number[],
    differentiate: (shard: number) => void,
    level = 0,
  ): void {
    if (isEmpty(node, weights)) return;
    if (node.to - node.from === 1) {
      differentiate(node.from);
      return;
    }
    const [low, high] = halvesOf(node);
    this.add(low, weights, differentiate, level);
    if (isEmpty(low, weights) || isEmpty(high, weights)) {
      this.add(high, weights, differentiate, level);
      return;
    }
    const { profile, optimizer } = this.learner;
    const span = (work: () => void) => (profile === undefined ? work() : profile.span("exchange", work));
    let lower: Tensor | undefined;
    span(() => {
      lower = this.copyTo(this.waiting, level);
    });
    this.add(high, weights, differentiate, level + 1);
    span(() => {
      const { flat } = optimizer.gradients;
      flat.backend.kernels.accumulate(flat.address, lower!.address, flat.size);
    });
  }

  /** A copy of the flat gradient in one of some buffers. */
  private copyTo(buffers: Tensor[], index: number): Tensor {
    const { flat } = this.learner.optimizer.gradients;
    buffers[index] ??= persistent([flat.size], "f32", flat.backend);
    flat.backend.kernels.copy(buffers[index].address, flat.address, flat.size);
    return buffers[index];
  }

  /** Leave one shard's gradient, times its share, in the flat gradient. @returns its loss and the parts of it */
  private differentiate(step: number, shard: number, share: number): Promise<number>[] {
    const { learner } = this;
    const { gradients } = learner.optimizer;
    const parts: Promise<number>[] = [];
    // A buffer that has received something would add to it in an order that depends on the model.
    if (gradients.received.size > 0) gradients.zero();
    const lossOf = () => {
      const { loss, parts: named = {} } = checkResult(learner.loss(step, shard));
      for (const name of learner.parts) parts.push(readPart(name, named[name]));
      return loss;
    };
    return [differentiatePart(lossOf, gradients, share), ...parts];
  }
}

/** @throws InputError for a value that is not an object with a loss, such as a tensor or a promise */
function checkResult(result: unknown): ShardLoss {
  // What a promise may fail with later is not the error to tell of.
  if (result instanceof Promise) result.catch(() => {});
  if (OBJECT.fits(result) && Tensor.isTensor((result as Partial<ShardLoss>).loss)) return result as ShardLoss;
  throw new InputError(`the learner's loss must return { loss, parts }, got ${showValue(result)}`);
}

/** @throws InputError for a part that is missing or no tensor; ShapeError for one that is no scalar */
function readPart(name: string, part: Tensor | undefined): Promise<number> {
  const where = `part ${name} of the loss`;
  requireTensor(where, part);
  if (part.size !== 1) throw new ShapeError(where, "a scalar []", showShape(part.shape));
  return part.read().then(([value]) => value);
}
