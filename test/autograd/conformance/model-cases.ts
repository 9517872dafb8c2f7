import {
  type Attention,
  additiveAttention,
  avgPool2d,
  binaryCrossEntropyWithLogits,
  type CrossEntropyOptions,
  conv2d,
  crossEntropy,
  dotAttention,
  ids,
  layerNorm,
  linearCrossEntropy,
  maxPool2d,
  mseLoss,
  nllLoss,
  type Reduction,
  tensor,
} from "../../../src/nn/index.ts";
import { type Case, normal, positive, use, values } from "./case.ts";

const REDUCTIONS: Reduction[] = ["mean", "sum", "none"];

const weights = () => tensor([0.5, 2, 1, 0, 1.5]);
const targets = () => ids([1, 4, -100, 0, 4, 2], [2, 3]);
const crossEntropyOptions: [string, () => CrossEntropyOptions][] = [
  ["with an ignored row", () => ({})],
  ["with class weights", () => ({ classWeights: weights() })],
  ["with smoothed labels", () => ({ labelSmoothing: 0.1 })],
  ["with everything", () => ({ classWeights: weights(), labelSmoothing: 0.3, ignoreIndex: -100 })],
];

const images = { x: normal(2, 3, 5, 6) };
const filters = { weight: normal(4, 3, 3, 2), bias: normal(4) };

/** A linear layer over [2, 3] rows of 4 features, to 5 classes. */
const head = { x: normal(2, 3, 4), weight: normal(5, 4), bias: normal(5) };
const BLOCKS = [1, 2, 4, 5, 100];

const both = ({ context, weights }: Attention) => [context, weights];
const memory = { keys: normal(2, 5, 3), values: normal(2, 5, 4) };

export const modelCases: Case[] = [
  ...[undefined, [2, 5]].flatMap((lengths) => {
    const what = lengths === undefined ? "" : " with lengths";
    const options = () => (lengths === undefined ? {} : { lengths: ids(lengths) });
    return [
      use("additiveAttention", `of one step${what}`, { query: normal(2, 3), ...memory, v: normal(3) }, (t) =>
        both(additiveAttention(t.query, t.keys, t.values, t.v, options())),
      ),
      use("additiveAttention", `of all${what}`, { query: normal(2, 6, 3), ...memory, v: normal(3) }, (t) =>
        both(additiveAttention(t.query, t.keys, t.values, t.v, options())),
      ),
      use("dotAttention", `of one step${what}`, { query: normal(2, 3), ...memory }, (t) =>
        both(dotAttention(t.query, t.keys, t.values, options())),
      ),
      use("dotAttention", `of all, scaled${what}`, { query: normal(2, 6, 3), ...memory }, (t) =>
        both(dotAttention(t.query, t.keys, t.values, { ...options(), scale: 0.5 })),
      ),
    ];
  }),
  use("crossEntropy", "of plain rows", { x: normal(3, 4) }, (t) => crossEntropy(t.x, ids([0, 3, 2]))),
  use("crossEntropy", "over three axes", { x: normal(2, 3, 4) }, (t) =>
    crossEntropy(t.x, ids([0, 3, 2, 1, 1, 0], [2, 3])),
  ),
  use("crossEntropy", "that ignores a class that exists", { x: normal(3, 4) }, (t) =>
    crossEntropy(t.x, ids([0, 3, 2]), { ignoreIndex: 3 }),
  ),
  ...crossEntropyOptions.flatMap(([what, options]) =>
    REDUCTIONS.map((reduction) =>
      use("crossEntropy", `${what}, ${reduction}`, { x: normal(2, 3, 5) }, (t) =>
        crossEntropy(t.x, targets(), { ...options(), reduction }),
      ),
    ),
  ),
  use("linearCrossEntropy", "of plain rows", head, (t) =>
    linearCrossEntropy(t.x, t.weight, t.bias, ids([0, 3, 2, 4, 1, 1], [2, 3])),
  ),
  use("linearCrossEntropy", "of many classes", { x: normal(3, 2), weight: normal(1030, 2) }, (t) =>
    linearCrossEntropy(t.x, t.weight, undefined, ids([7, 1029, 0])),
  ),
  ...BLOCKS.map((blockRows) =>
    use("linearCrossEntropy", `in blocks of ${blockRows}`, head, (t) =>
      linearCrossEntropy(t.x, t.weight, t.bias, targets(), { blockRows }),
    ),
  ),
  use("linearCrossEntropy", "without a bias", { x: normal(6, 4), weight: normal(5, 4) }, (t) =>
    linearCrossEntropy(t.x, t.weight, undefined, ids([1, 1, 0, 2, 4, 3]), { blockRows: 4 }),
  ),
  use("linearCrossEntropy", "of a layer that is not trained", { x: normal(6, 4) }, (t) =>
    linearCrossEntropy(t.x, tensor(normal(5, 4).values, [5, 4]), undefined, ids([1, 1, 0, 2, 4, 3]), {
      blockRows: 4,
    }),
  ),
  use("linearCrossEntropy", "of one row", { x: normal(1, 4), weight: normal(5, 4), bias: normal(5) }, (t) =>
    linearCrossEntropy(t.x, t.weight, t.bias, ids([4]), { blockRows: 1 }),
  ),
  use("linearCrossEntropy", "where every row is ignored, sum", head, (t) =>
    linearCrossEntropy(t.x, t.weight, t.bias, ids(new Int32Array(6).fill(-100), [2, 3]), {
      reduction: "sum",
      blockRows: 4,
    }),
  ),
  use(
    "linearCrossEntropy",
    "of tails",
    { x: normal(19, 35), weight: normal(41, 35), bias: normal(41) },
    (t) =>
      linearCrossEntropy(t.x, t.weight, t.bias, ids(Array.from({ length: 19 }, (_, i) => (i * 7) % 41)), {
        blockRows: 8,
      }),
  ),
  ...crossEntropyOptions.flatMap(([what, options]) =>
    REDUCTIONS.map((reduction) =>
      use("linearCrossEntropy", `${what}, ${reduction}`, head, (t) =>
        linearCrossEntropy(t.x, t.weight, t.bias, targets(), { ...options(), reduction, blockRows: 4 }),
      ),
    ),
  ),
  ...REDUCTIONS.flatMap((reduction) => [
    use("nllLoss", `with an ignored row, ${reduction}`, { x: normal(2, 3, 5) }, (t) =>
      nllLoss(t.x, targets(), { reduction }),
    ),
    use("nllLoss", `with class weights, ${reduction}`, { x: normal(2, 3, 5) }, (t) =>
      nllLoss(t.x, targets(), { reduction, classWeights: weights() }),
    ),
    use("mseLoss", reduction, { prediction: normal(3, 4), target: positive(3, 4) }, (t) =>
      mseLoss(t.prediction, t.target, { reduction }),
    ),
    use(
      "binaryCrossEntropyWithLogits",
      reduction,
      { x: normal(3, 4), targets: values([3, 4], [0, 1, 0.25, 1, 0, 0, 1, 1, 0.5, 0, 1, 0]) },
      (t) => binaryCrossEntropyWithLogits(t.x, t.targets, { reduction }),
    ),
  ]),
  use("binaryCrossEntropyWithLogits", "with weights", { x: normal(2, 3), targets: positive(2, 3) }, (t) =>
    binaryCrossEntropyWithLogits(t.x, t.targets, {
      positiveWeight: tensor([0.5, 1, 3]),
      weight: tensor([2, 0.25], [2, 1]),
    }),
  ),
  use("binaryCrossEntropyWithLogits", "far from zero", { x: values([4], [-40, -12, 15, 60]) }, (t) =>
    binaryCrossEntropyWithLogits(t.x, tensor([0, 1, 1, 0])),
  ),
  use("layerNorm", "with gain and bias", { x: normal(3, 7), gain: normal(7), bias: positive(7) }, (t) =>
    layerNorm(t.x, t.gain, t.bias),
  ),
  use("layerNorm", "with gain only", { x: normal(2, 2, 33), gain: normal(33) }, (t) =>
    layerNorm(t.x, t.gain),
  ),
  use("layerNorm", "with bias only", { x: normal(2, 2, 5), bias: normal(5) }, (t) =>
    layerNorm(t.x, undefined, t.bias),
  ),
  use("layerNorm", "plain, another epsilon", { x: normal(4, 6) }, (t) =>
    layerNorm(t.x, undefined, undefined, { epsilon: 0.1 }),
  ),
  use("conv2d", "with bias", { ...images, ...filters }, (t) => conv2d(t.x, t.weight, t.bias)),
  use("conv2d", "without bias, with stride and padding", { ...images, weight: filters.weight }, (t) =>
    conv2d(t.x, t.weight, undefined, { stride: 2, padding: 1 }),
  ),
  use("conv2d", "with more stride one way and more padding the other", { ...images, ...filters }, (t) =>
    conv2d(t.x, t.weight, t.bias, { stride: [1, 3], padding: [2, 0] }),
  ),
  use("conv2d", "of one pixel", { x: normal(1, 2, 4, 4), weight: normal(3, 2, 1, 1) }, (t) =>
    conv2d(t.x, t.weight),
  ),
  use("conv2d", "of no image", { x: normal(0, 3, 5, 6), ...filters }, (t) => conv2d(t.x, t.weight, t.bias)),
  ...Object.entries({ maxPool2d, avgPool2d }).flatMap(([op, f]) => [
    use(op, "without overlap", { x: normal(2, 3, 4, 6) }, (t) => f(t.x, 2)),
    use(op, "with overlap and padding", images, (t) => f(t.x, [3, 2], { stride: [2, 1], padding: 1 })),
    use(op, "that leaves a rest", images, (t) => f(t.x, 2, { stride: 3 })),
  ]),
];
