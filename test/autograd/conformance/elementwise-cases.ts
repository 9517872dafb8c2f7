import {
  abs,
  add,
  clamp,
  div,
  dropout,
  exp,
  ids,
  log,
  maximum,
  minimum,
  mul,
  neg,
  pow,
  Rng,
  relu,
  sigmoid,
  softplus,
  sqrt,
  square,
  stopGradient,
  sub,
  type Tensor,
  tanh,
  tensor,
  where,
} from "../../../src/nn/index.ts";
import { type Case, normal, positive, use, values } from "./case.ts";

const binaries: Record<string, (a: Tensor | number, b: Tensor | number) => Tensor> = {
  add,
  sub,
  mul,
  div,
  maximum,
  minimum,
};

const unaries: Record<string, (x: Tensor) => Tensor> = {
  neg,
  exp,
  abs,
  relu,
  sigmoid,
  softplus,
  square,
  tanh,
};

const broadcasts: [string, number[], number[]][] = [
  ["of one shape", [3, 5], [3, 5]],
  ["with a row", [3, 5], [5]],
  ["with a column", [4, 6], [4, 1]],
  ["of a column and a row", [3, 1], [1, 9]],
  ["with a scalar", [2, 3], []],
  ["with a middle axis repeated", [2, 3, 5], [2, 1, 5]],
  ["over five axes that alternate", [2, 1, 3, 1, 5], [1, 3, 1, 2, 1]],
  ["over six axes that alternate", [2, 1, 2, 1, 2, 1], [1, 3, 1, 2, 1, 5]],
  ["with nothing in it", [0, 3], [1, 3]],
];

/** Bounded away from zero, so that a quotient's gradient fits float32's tolerance. */
const divisor = (shape: number[]) => positive(...shape);

export const elementwiseCases: Case[] = [
  ...Object.entries(binaries).flatMap(([op, f]) => [
    ...broadcasts.map(([what, a, b]) =>
      use(op, what, { a: normal(...a), b: op === "div" ? divisor(b) : normal(...b) }, (t) => f(t.a, t.b)),
    ),
    ...broadcasts
      .filter(([, a]) => a.length !== 0)
      .slice(1, 6)
      .map(([what, b, a]) =>
        use(op, `${what}, turned round`, { a: normal(...a), b: positive(...b) }, (t) => f(t.a, t.b)),
      ),
    use(op, "with a number on the right", { a: normal(3, 7) }, (t) => f(t.a, 1.5)),
    use(op, "with a number on the left", { b: positive(3, 7) }, (t) => f(-2.5, t.b)),
    use(op, "of a tensor and itself", { a: positive(2, 9) }, (t) => f(t.a, t.a)),
  ]),
  ...Object.entries(unaries).flatMap(([op, f]) => [
    use(op, "of a matrix", { x: normal(3, 7) }, (t) => f(t.x)),
    use(op, "of a scalar", { x: normal() }, (t) => f(t.x)),
    use(op, "of nothing", { x: normal(0, 4) }, (t) => f(t.x)),
  ]),
  use("softplus", "far from zero", { x: values([8], [-60, -20, -9, -1e-3, 1e-3, 9, 21, 90]) }, (t) =>
    softplus(t.x),
  ),
  use("exp", "far from zero", { x: values([6], [-80, -30, -4, 1e-6, 2, 3]) }, (t) => exp(t.x)),
  use("log", "of positive numbers", { x: positive(4, 9) }, (t) => log(t.x)),
  use("log", "of numbers near 1", { x: values([5], [0.999, 1.001, 0.99, 1.01, 1.2]) }, (t) => log(t.x)),
  use("sqrt", "of positive numbers", { x: positive(4, 9) }, (t) => sqrt(t.x)),
  ...[2, 3, -1, 0.5, -1.5, 0, 1].map((p) =>
    use("pow", `to the power ${p}`, { x: positive(3, 5) }, (t) => pow(t.x, p)),
  ),
  use("pow", "of negative numbers to a whole power", { x: normal(3, 5) }, (t) => pow(t.x, 3)),
  use("clamp", "on both sides", { x: normal(3, 7) }, (t) => clamp(t.x, -0.5, 0.75)),
  use("clamp", "on one side", { x: normal(3, 7) }, (t) => clamp(t.x, Number.NEGATIVE_INFINITY, 0.3)),
  use("where", "of tensors, all repeated", { a: normal(2, 3), b: normal(4, 1, 1) }, (t) =>
    where(ids([1, 0, 5, -1, 0, 0, 1, 1], [4, 2, 1]), t.a, t.b),
  ),
  use("where", "of a tensor and a number", { a: normal(2, 5) }, (t) =>
    where(ids([1, 0, 1, 1, 0], [5]), t.a, -3),
  ),
  use("where", "of a number and a tensor, each repeated", { b: normal(3, 1, 9) }, (t) =>
    where(ids([1, 0], [2, 1]), 7, t.b),
  ),
  use("stopGradient", "of a factor that is constant", { x: normal(2, 3) }, (t) =>
    mul(t.x, stopGradient(tensor([3, -2, 0.5]))),
  ),
  ...[
    ["of every element", undefined],
    ["with one mask for all steps", [0]],
    ["with one mask for all rows and features", [1, 2]],
    ["with one draw for everything", [0, 1, -1]],
  ].map(([what, sharedAxes]) =>
    use("dropout", what as string, { x: normal(4, 3, 5) }, (t) =>
      dropout(t.x, 0.4, new Rng(3), { sharedAxes: sharedAxes as number[] | undefined }),
    ),
  ),
  use("dropout", "of a part of a mask", { x: normal(4, 3, 5) }, (t) =>
    dropout(t.x, 0.4, new Rng(3), { start: 2 ** 40 + 7 }),
  ),
  use("dropout", "of rows of a batch", { x: normal(4, 3, 5) }, (t) =>
    dropout(t.x, 0.4, new Rng(3).forRows([5, 1, 2], 7), { batchAxis: 1 }),
  ),
  use("dropout", "of rows of a batch, one mask along an axis", { x: normal(4, 3, 5) }, (t) =>
    dropout(t.x, 0.4, new Rng(3).forRows([5, 1, 2], 7), { batchAxis: 1, sharedAxes: [0] }),
  ),
  use("dropout", "with probability 0", { x: normal(2, 3) }, (t) => dropout(t.x, 0, new Rng(3))),
];
