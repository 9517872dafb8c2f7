import { describe, expect, it } from "vitest";
import { createReferenceBackend } from "../../src/backend/reference/reference.ts";
import { scope } from "../../src/backend/scope.ts";
import { UnrolledError } from "../../src/core/errors.ts";
import {
  add,
  avgPool2d,
  binaryCrossEntropyWithLogits,
  broadcastTo,
  clamp,
  concat,
  conv2d,
  crossEntropy,
  div,
  dropout,
  embedding,
  exp,
  gatherRows,
  ids,
  layerNorm,
  linear,
  linearCrossEntropy,
  logSoftmax,
  matmul,
  max,
  maximum,
  maxPool2d,
  mean,
  minimum,
  mseLoss,
  mul,
  neg,
  nllLoss,
  pad,
  permute,
  pow,
  type Reduction,
  Rng,
  reshape,
  reverse,
  select,
  slice,
  softmax,
  split,
  stack,
  sub,
  sum,
  swapAxes,
  takeAlong,
  transpose,
  unstack,
  where,
  zeros,
} from "../../src/nn/index.ts";
import { backends } from "../support/backends.ts";

const f = (...shape: number[]) => zeros(shape);
const i = (...shape: number[]) => ids(new Int32Array(shape.reduce((a, b) => a * b, 1)), shape);

const binaries = Object.entries({ add, sub, mul, div, maximum, minimum }).flatMap(
  ([op, run]): [() => unknown, string][] => [
    [() => run(f(3, 4), f(3, 5)), `${op}: b must be broadcastable to [3, 4] of a, got [3, 5]`],
    [() => run(f(2), f(3, 1, 4)), `${op}: b must be broadcastable to [2] of a, got [3, 1, 4]`],
    [() => run(i(2), f(2)), `${op}: a must be of floats (dtype f32), got dtype i32`],
    [() => run(f(2), i(2)), `${op}: b must be of floats (dtype f32), got dtype i32`],
    [() => run(1, 2), `${op}: one of the operands must be a tensor, got 1 and 2`],
  ],
);

const cases: [() => unknown, string][] = [
  ...binaries,
  [() => where(f(2), f(2), 0), "where: mask must be integers (dtype i32), got dtype f32"],
  [() => where(i(2), i(2), 0), "where: a must be of floats (dtype f32), got dtype i32"],
  [() => where(i(3), f(2), 0), "where: a must be broadcastable to [3] of mask, got [2]"],
  [() => where(i(3), f(2, 1), f(4)), "where: b must be broadcastable to [2, 3] of mask and a, got [4]"],
  [() => exp(i(2)), "exp: x must be of floats (dtype f32), got dtype i32"],
  [() => neg(i(2)), "neg: x must be of floats (dtype f32), got dtype i32"],
  [() => pow(f(2), Number.NaN), "pow: exponent must be finite, got NaN"],
  [() => clamp(f(2), 2, 1), "clamp: low must be at most high=1, got 2"],

  [() => matmul(f(3, 4), f(3, 5)), "matmul: b must be [k=4, n], got [3, 5]"],
  [() => matmul(f(3, 4), f(5, 3), { transposeB: true }), "matmul: b must be [n, k=4], got [5, 3]"],
  [() => matmul(f(3, 4), f(4, 5), { transposeA: true }), "matmul: b must be [k=3, n], got [4, 5]"],
  [() => matmul(f(2, 3, 4), f(2, 5, 6)), "matmul: b must be [..., k=4, n], got [2, 5, 6]"],
  [
    () => matmul(f(2, 3, 4), f(3, 4, 5)),
    "matmul: leading axes: b must be broadcastable to [2] of a, got [3]",
  ],
  [() => matmul(f(4), f(4, 5)), "matmul: a must be a matrix or a batch of them, got [4]"],
  [() => matmul(f(3, 4), f(4)), "matmul: b must be a matrix or a batch of them, got [4]"],
  [() => matmul(i(3, 4), f(4, 2)), "matmul: a must be of floats (dtype f32), got dtype i32"],
  [() => linear(f(2, 3), f(5, 4)), "linear: x must be [axis0=2, features=4], got [2, 3]"],
  [() => linear(f(2, 4), f(5, 4), f(4)), "linear: bias must be [outputs=5], got [4]"],

  [() => sum(f(2, 3), 2), "sum: axis must be in [-2, 2) for [2, 3], got 2"],
  [() => mean(f(2, 3), -3), "mean: axis must be in [-2, 2) for [2, 3], got -3"],
  [() => sum(f(2, 3), [1, -1]), "sum: axes must be different from each other, got [1, -1]"],
  [() => sum(i(2)), "sum: x must be of floats (dtype f32), got dtype i32"],
  [() => max(f(2, 0), 1), "max: x must be one element or more along the reduced axes, got [2, 0]"],
  [() => softmax(f(2, 3), 2), "softmax: axis must be in [-2, 2) for [2, 3], got 2"],
  [() => logSoftmax(f(), 0), "logSoftmax: axis must be in [0, 0) for [], got 0"],

  [() => reshape(f(2, 3), [4]), "reshape: shape must be of 6 elements, as [2, 3], got [4]"],
  [() => permute(f(2, 3), [0]), "permute: order must be every axis of [2, 3] once, got [0]"],
  [() => permute(f(2, 3), [0, 0]), "permute: order must be every axis of [2, 3] once, got [0, 0]"],
  [() => permute(f(2, 3), [0, 2]), "permute: axis must be in [-2, 2) for [2, 3], got 2"],
  [() => transpose(f(2)), "transpose: x must be a matrix or a batch of them, got [2]"],
  [() => swapAxes(f(2)), "swapAxes: x must be a tensor with two axes or more, got [2]"],
  [() => swapAxes(f(2, 3), 0, 2), "swapAxes: axis must be in [-2, 2) for [2, 3], got 2"],
  [() => reverse(f(2, 3), 2), "reverse: axis must be in [-2, 2) for [2, 3], got 2"],
  [() => pad(f(2), [[1, -1]]), "pad: pads must be pairs of whole numbers for axes of [2], got [1, -1]"],
  [
    () =>
      pad(f(2), [
        [1, 1],
        [0, 0],
      ]),
    "pad: pads must be pairs of whole numbers for axes of [2], got [1, 1], [0, 0]",
  ],
  [() => broadcastTo(f(2, 3), [3]), "broadcastTo: x must be broadcastable to [3], got [2, 3]"],
  [() => broadcastTo(f(2), [3]), "broadcastTo: x must be broadcastable to [3] of shape, got [2]"],
  [() => concat([]), "concat: parts must be at least one tensor, got none"],
  [() => concat([f(2, 3), f(3, 3)]), "concat: part 1 must be [2, n] f32, got [3, 3] f32"],
  [() => concat([f(2, 3), f(2)], 0), "concat: part 1 must be [n, 3] f32, got [2] f32"],
  [() => concat([f(2), i(2)]), "concat: part 1 must be [n] f32, got [2] i32"],
  [
    () => split(f(2, 3), [1, 1]),
    "split: sizes must be whole numbers from 1 up that add up to axis 1 of [2, 3]",
  ],
  [
    () => split(f(4), [4.5, -0.5]),
    "split: sizes must be whole numbers from 1 up that add up to axis 0 of [4]",
  ],
  [() => slice(f(2, 3), 1, 2, 4), "slice: [2, 4) must be inside axis 1 of [2, 3], got [2, 4)"],
  [() => slice(f(2, 3), 2, 0, 1), "slice: axis must be in [-2, 2) for [2, 3], got 2"],
  [() => select(f(2, 3), 2), "select: index must be in [0, 2), got 2"],
  [() => stack([]), "stack: parts must be at least one tensor, got none"],
  [() => stack([f(2), f(3)]), "stack: parts must be all [2], got [3]"],
  [() => unstack(f()), "unstack: x must be a tensor with one axis or more, got []"],
  [() => unstack(f(2, 3), 2), "unstack: axis must be in [-2, 2) for [2, 3], got 2"],
  [() => unstack([f(2)] as never), "unstack: x must be a tensor, got [a tensor [2]]"],
  [() => stack([f(2)], 2), "stack: axis must be in [-2, 2) for [1, 2], got 2"],

  [() => gatherRows(f(), i(1)), "gatherRows: x must be [rows, ...], got []"],
  [() => gatherRows(f(2, 3), f(1)), "gatherRows: ids must be integer ids (dtype i32), got dtype f32"],
  [() => gatherRows(f(2, 3), ids([0, 2])), "gatherRows: ids must be in [0, 2) or -1, got 2 at position 1"],
  [() => gatherRows(f(2, 3), ids([-2])), "gatherRows: ids must be in [0, 2) or -1, got -2 at position 0"],
  [() => takeAlong(f(2, 3), i(2)), "takeAlong: ids must be [2, k], got [2]"],
  [() => takeAlong(f(2, 3), i(3, 1)), "takeAlong: ids must be [2, k], got [3, 1]"],
  [() => takeAlong(f(), i()), "takeAlong: x must be a tensor with one axis or more, got []"],
  [() => takeAlong(f(1, 2), ids([2], [1, 1])), "takeAlong: ids must be in [0, 2) or -1, got 2 at position 0"],
  [() => embedding(ids([-1]), f(2, 3)), "embedding: ids must be in [0, 2), got -1 at position 0"],

  [() => dropout(f(2), 1, new Rng(1)), "dropout: p must be in [0, 1), got 1"],
  [
    () => dropout(f(2), 0.5, new Rng(1), { start: 0.5 }),
    "dropout: start must be an integer from 0 to 2^52, got 0.5",
  ],
  [
    () => dropout(f(2), 0.5, new Rng(1), { sharedAxes: [1] }),
    "dropout: axis must be in [-1, 1) for [2], got 1",
  ],
  [() => layerNorm(f(2, 3), f(2)), "layerNorm: gain must be [features=3], got [2]"],
  [() => layerNorm(f(2, 3), undefined, f(3, 1)), "layerNorm: bias must be [features=3], got [3, 1]"],
  [() => layerNorm(f(2, 0)), "layerNorm: x must be a tensor with one feature or more, got [2, 0]"],
  [
    () => layerNorm(f(2, 3), undefined, undefined, { epsilon: -1 }),
    "layerNorm: epsilon must be 0 or more, got -1",
  ],

  [() => crossEntropy(f(2, 3), i(3)), "crossEntropy: targets must be [2] for logits [2, 3], got [3]"],
  [() => crossEntropy(f(2, 3), ids([0, 3])), "crossEntropy: targets must be in [0, 3) or -100, got 3"],
  [
    () => crossEntropy(f(2, 3), i(2), { classWeights: f(2) }),
    "crossEntropy: classWeights must be [classes=3], got [2]",
  ],
  [
    () => crossEntropy(f(2, 3), i(2), { labelSmoothing: 1.5 }),
    "crossEntropy: labelSmoothing must be from 0 to 1, got 1.5",
  ],
  [
    () => crossEntropy(f(2, 3), i(2), { reduction: "average" as Reduction }),
    'crossEntropy: reduction must be "mean", "sum" or "none", got "average"',
  ],
  [
    () => linearCrossEntropy(f(2, 3), f(5, 4), f(5), i(2)),
    "linearCrossEntropy: weight must be [classes, features=3], got [5, 4]",
  ],
  [
    () => linearCrossEntropy(f(2, 3), f(5, 3), f(4), i(2)),
    "linearCrossEntropy: bias must be [classes=5], got [4]",
  ],
  [
    () => linearCrossEntropy(f(2, 4, 3), f(5, 3), f(5), i(2, 3)),
    "linearCrossEntropy: targets must be [2, 4] for x [2, 4, 3], got [2, 3]",
  ],
  [
    () => linearCrossEntropy(f(2, 3), f(5, 3), f(5), ids([4, 5])),
    "linearCrossEntropy: targets must be in [0, 5) or -100, got 5",
  ],
  [
    () => linearCrossEntropy(f(2, 3), f(5, 3), f(5), f(2)),
    "linearCrossEntropy: targets must be integer ids (dtype i32), got dtype f32",
  ],
  [
    () => linearCrossEntropy(f(2, 3), f(5, 3), f(5), i(2), { classWeights: f(3) }),
    "linearCrossEntropy: classWeights must be [classes=5], got [3]",
  ],
  [
    () => linearCrossEntropy(f(2, 3), f(5, 3), f(5), i(2), { blockRows: 0 }),
    "linearCrossEntropy: blockRows must be an integer of at least 1, got 0",
  ],
  [() => nllLoss(f(2, 3), i(3)), "nllLoss: targets must be [2] for logProbabilities [2, 3], got [3]"],
  [
    () => nllLoss(f(2, 3), i(2), { classWeights: f(4) }),
    "nllLoss: classWeights must be [classes=3], got [4]",
  ],
  [() => mseLoss(f(2), f(2, 1)), "mseLoss: target must be [2] like the first, got [2, 1]"],
  [
    () => binaryCrossEntropyWithLogits(f(2), f(1)),
    "binaryCrossEntropyWithLogits: targets must be [2] like the first, got [1]",
  ],

  [
    () => conv2d(f(3, 5, 5), f(4, 3, 3, 3)),
    "conv2d: x must be [batch, channels, height, width], got [3, 5, 5]",
  ],
  [
    () => conv2d(f(2, 3, 5, 5), f(4, 2, 3, 3)),
    "conv2d: weight must be [outputs, channels=3, kernelHeight, kernelWidth], got [4, 2, 3, 3]",
  ],
  [() => conv2d(f(2, 3, 5, 5), f(4, 3, 3, 3), f(3)), "conv2d: bias must be [outputs=4], got [3]"],
  [
    () => conv2d(f(2, 3, 5, 2), f(4, 3, 3, 3)),
    "conv2d: x must be [batch, channels, height >= 3, width >= 3], got [2, 3, 5, 2]",
  ],
  [
    () => conv2d(f(2, 3, 5, 5), f(4, 3, 3, 3), undefined, { stride: 0 }),
    "conv2d: stride must be a whole number from 1 up, or two, got [0, 0]",
  ],
  [
    () => conv2d(f(2, 3, 5, 5), f(4, 3, 3, 3), undefined, { padding: [0, -1] }),
    "conv2d: padding must be a whole number from 0 up, or two, got [0, -1]",
  ],
  [() => maxPool2d(f(2, 3), 2), "maxPool2d: x must be [batch, channels, height, width], got [2, 3]"],
  [
    () => avgPool2d(f(1, 1, 4, 4), 2, { padding: 2 }),
    "avgPool2d: padding must be at most half of the kernel [2, 2], got [2, 2]",
  ],
  [
    () => maxPool2d(f(1, 1, 4, 1), 2),
    "maxPool2d: x must be [batch, channels, height >= 2, width >= 2], got [1, 1, 4, 1]",
  ],
];

describe.each(backends)("on $name", ({ backend }) => {
  it.each(cases.map(([work, message], n) => [`${n}: ${message}`, work, message] as const))(
    "what does not fit is refused: %s",
    (_name, work, message) => {
      const caught = scope(() => {
        try {
          work();
        } catch (error) {
          return error;
        }
        return undefined;
      }, backend);
      expect(caught).toBeInstanceOf(UnrolledError);
      expect((caught as Error).message).toContain(message);
    },
  );
});

it("tensors of two backends are refused", () => {
  const [a, b] = [backends.at(-1)!.backend, createReferenceBackend()].map((one) => zeros([2], one));
  expect(() => scope(() => add(a, b), a.backend)).toThrow("add: all tensors must be on one backend");
});
