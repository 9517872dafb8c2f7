import {
  broadcastTo,
  concat,
  embedding,
  gatherRows,
  ids,
  linear,
  logSoftmax,
  matmul,
  max,
  mean,
  pad,
  permute,
  reshape,
  reverse,
  select,
  slice,
  softmax,
  split,
  splitRows,
  stack,
  sum,
  swapAxes,
  takeAlong,
  transpose,
  unstack,
  where,
} from "../../../src/nn/index.ts";
import { type Case, normal, use } from "./case.ts";

const block = { x: normal(2, 3, 4) };
const five = { x: normal(2, 3, 1, 4, 2) };
const keepDims = true;

const axesCases: [string, number | readonly number[] | undefined, boolean][] = [
  ["over everything", undefined, false],
  ["over everything, axes kept", undefined, true],
  ["over the last axis", -1, false],
  ["over the first axis", 0, false],
  ["over a middle axis, kept", [1], true],
  ["over the outer axes", [0, 2], false],
  ["over no axis", [], false],
];

const reductions = Object.entries({ sum, mean, max }).flatMap(([op, f]) => [
  ...axesCases.map(([what, axes, keepDims]) => use(op, what, block, (t) => f(t.x, axes, { keepDims }))),
  use(op, "over axes that alternate", five, (t) => f(t.x, [0, 2, -1], { keepDims })),
  use(op, "of a long row", { x: normal(3, 301) }, (t) => f(t.x, 1)),
  use(op, "of a tall column", { x: normal(67, 9) }, (t) => f(t.x, 0)),
  use(op, "of a scalar", { x: normal() }, (t) => f(t.x)),
]);

const products: [string, number[], number[], boolean, boolean][] = [
  ["of two matrices", [3, 4], [4, 5], false, false],
  ["a transposed", [4, 3], [4, 5], true, false],
  ["b transposed", [3, 4], [5, 4], false, true],
  ["both transposed", [4, 3], [5, 4], true, true],
  ["of two batches", [2, 3, 4], [2, 4, 5], false, false],
  ["of two batches, both transposed", [2, 4, 3], [2, 5, 4], true, true],
  ["of a batch and a matrix", [6, 3, 4], [4, 5], false, false],
  ["of a batch and a matrix, transposed", [6, 3, 4], [5, 4], false, true],
  ["of a transposed batch and a matrix", [6, 4, 3], [4, 5], true, false],
  ["of a matrix and a batch", [3, 4], [6, 4, 5], false, false],
  ["with leading axes on both sides", [2, 1, 3, 4], [5, 4, 2], false, false],
  ["with a leading axis of 1", [1, 3, 4], [3, 2, 4], false, true],
  ["of one row", [4, 1, 33], [4, 33, 17], false, false],
  ["with nothing to add up", [3, 0], [0, 2], false, false],
  ["of no rows", [0, 3], [3, 2], false, false],
  ["of an empty batch", [0, 2, 3], [3, 2], false, false],
];

const moves: Case[] = [
  use("reshape", "to a matrix", block, (t) => reshape(t.x, [4, 6])),
  use("permute", "of three axes", block, (t) => permute(t.x, [2, 0, 1])),
  use("permute", "of five axes", { x: normal(2, 3, 2, 4, 3) }, (t) => permute(t.x, [4, -4, 0, 3, 2])),
  use("permute", "that changes nothing", block, (t) => permute(t.x, [0, 1, 2])),
  use("transpose", "of a matrix", { x: normal(17, 5) }, (t) => transpose(t.x)),
  use("transpose", "of a batch", block, (t) => transpose(t.x)),
  use("swapAxes", "of the first two", block, (t) => swapAxes(t.x)),
  use("swapAxes", "of the last two", block, (t) => swapAxes(t.x, 1, -1)),
  use("swapAxes", "of an axis and itself", block, (t) => swapAxes(t.x, 1, 1)),
  use("reverse", "of time", block, (t) => reverse(t.x, 0)),
  use("reverse", "of two axes", block, (t) => reverse(t.x, [0, -1])),
  use("reverse", "of nothing", { x: normal(0, 2) }, (t) => reverse(t.x, 1)),
  use("pad", "on every side", { x: normal(2, 3) }, (t) =>
    pad(
      t.x,
      [
        [1, 2],
        [0, 3],
      ],
      0.5,
    ),
  ),
  use("pad", "of the last axis", block, (t) => pad(t.x, [[2, 1]])),
  use("broadcastTo", "of a column", { x: normal(3, 1) }, (t) => broadcastTo(t.x, [2, 3, 4])),
  use("broadcastTo", "of the same shape", { x: normal(3, 2) }, (t) => broadcastTo(t.x, [3, 2])),
  use("concat", "of the last axis", { x: normal(2, 3), y: normal(2, 5), z: normal(2, 1) }, (t) =>
    concat([t.x, t.y, t.z]),
  ),
  use("concat", "of the first axis, one twice", { x: normal(2, 3), y: normal(1, 3) }, (t) =>
    concat([t.x, t.y, t.x], 0),
  ),
  use("concat", "with an empty part", { x: normal(2, 0, 3), y: normal(2, 2, 3) }, (t) =>
    concat([t.x, t.y], 1),
  ),
  use("split", "of the last axis", { x: normal(3, 8) }, (t) => split(t.x, [3, 1, 4])),
  use("split", "of a middle axis", { x: normal(2, 5, 3) }, (t) => split(t.x, [2, 3], 1)),
  use("splitRows", "of several rows and of one", { x: normal(5, 2, 3) }, (t) => splitRows(t.x, [3, 1, 1])),
  use("splitRows", "when not all parts are used", { x: normal(4, 3) }, (t) => splitRows(t.x, [1, 2, 1])[1]),
  use("slice", "of the last axis", { x: normal(3, 4) }, (t) => slice(t.x, -1, 1, 3)),
  use("slice", "of the first axis", { x: normal(3, 4) }, (t) => slice(t.x, 0, 2, 3)),
  use("slice", "of a middle axis", block, (t) => slice(t.x, 1, 1, 3)),
  use("select", "of the first axis", block, (t) => select(t.x, 1)),
  use("stack", "with one part twice", { x: normal(2, 3), y: normal(2, 3, 1) }, (t) =>
    stack([t.x, reshape(t.y, [2, 3]), t.x]),
  ),
  use("stack", "along a middle axis", { x: normal(2, 3), y: normal(3, 2) }, (t) =>
    stack([t.x, transpose(t.y), t.x], 1),
  ),
  use("unstack", "along the first axis", { x: normal(3, 2, 2) }, (t) => unstack(t.x)),
  use("unstack", "along a middle axis", { x: normal(2, 5, 3) }, (t) => unstack(t.x, 1)),
  use("unstack", "along the last axis, some parts unused", { x: normal(2, 5, 4) }, (t) =>
    unstack(t.x, -1).filter((_, i) => i % 2 === 1),
  ),
  use("unstack", "of a vector", { x: normal(4) }, (t) => unstack(t.x)),
  use("unstack", "and stack again", { x: normal(3, 4, 2) }, (t) => stack(unstack(t.x, 1), 2)),
  use("stack", "along the last axis", { x: normal(2, 3), y: normal(3, 2) }, (t) =>
    stack([t.x, transpose(t.y)], -1),
  ),
  use("gatherRows", "with repeats and absent rows", { x: normal(4, 5) }, (t) =>
    gatherRows(t.x, ids([3, -1, 0, 3, 3, -1], [3, 2])),
  ),
  use("takeAlong", "with repeats and absent elements", { x: normal(2, 3, 4) }, (t) =>
    takeAlong(t.x, ids([0, 3, 3, -1, 1, 1, 2, 0, -1, -1, 3, 2], [2, 3, 2])),
  ),
  use("embedding", "of ids", { table: normal(6, 3) }, (t) => embedding(ids([1, 5, 1, 0], [2, 2]), t.table)),
];

const mask = () => ids([1, 1, 0, 1, 0, 1, 1, 0, 0, 0, 1, 0], [3, 4]);

export const shapeCases: Case[] = [
  ...reductions,
  ...products.map(([what, a, b, transposeA, transposeB]) =>
    use("matmul", what, { a: normal(...a), b: normal(...b) }, (t) =>
      matmul(t.a, t.b, { transposeA, transposeB }),
    ),
  ),
  ...moves,
  ...Object.entries({ softmax, logSoftmax }).flatMap(([op, f]) => [
    use(op, "of rows", { x: normal(3, 5) }, (t) => f(t.x)),
    use(op, "of long rows", { x: normal(2, 37) }, (t) => f(t.x)),
    use(op, "over the first axis", block, (t) => f(t.x, 0)),
    use(op, "over a middle axis", block, (t) => f(t.x, 1)),
    use(op, "of no rows", { x: normal(0, 3) }, (t) => f(t.x)),
  ]),
  use("softmax", "of masked scores", { x: normal(3, 4) }, (t) =>
    softmax(where(mask(), t.x, Number.NEGATIVE_INFINITY)),
  ),
  use("linear", "with a bias", { x: normal(3, 4), weight: normal(5, 4), bias: normal(5) }, (t) =>
    linear(t.x, t.weight, t.bias),
  ),
  use("linear", "over three axes, without bias", { x: normal(2, 3, 4), weight: normal(5, 4) }, (t) =>
    linear(t.x, t.weight),
  ),
];
