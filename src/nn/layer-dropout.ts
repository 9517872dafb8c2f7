import { dropout } from "../autograd/ops/dropout.ts";
import { mul } from "../autograd/ops/elementwise.ts";
import { gatherRows } from "../autograd/ops/gather-rows.ts";
import { reshape } from "../autograd/ops/reshape.ts";
import { empty, type Tensor } from "../backend/tensor.ts";
import type { Rng } from "../core/rng.ts";
import type { Timeline } from "./timeline.ts";

/**
 * Dropout on the output of one layer before the next.
 * @param x in the inner layout of `time`
 * @param p probability of dropping an element
 * @param variational whether one mask serves all steps of a sequence (Gal and Ghahramani 2016), or each step has its
 * own
 */
export function layerDropout(x: Tensor, p: number, rng: Rng, time: Timeline, variational: boolean): Tensor {
  if (!variational || p === 0) {
    const inside = time.generatorOfSteps(rng);
    return dropout(x, p, inside.rng, { batchAxis: inside.batchAxis });
  }
  const features = x.shape.at(-1)!;
  const ones = empty([time.batch, features]);
  ones.backend.kernels.fill(ones.address, 1, ones.size);
  const mask = dropout(ones, p, time.generatorOfSequences(rng, time.batch));
  return mul(x, reshape(gatherRows(mask, time.sequenceOfRow()), x.shape));
}
