/** Options as they are mistyped, and nested arrays: what people bring along from PyTorch. */
import { describe, expect, it } from "vitest";
import { generate } from "../../src/decode/index.ts";
import { LanguageModel } from "../../src/models/index.ts";
import {
  avgPool2d,
  binaryCrossEntropyWithLogits,
  conv2d,
  crossEntropy,
  dropout,
  Embedding,
  GRU,
  GRUCell,
  ids,
  LayerNormLSTMCell,
  Linear,
  LSTM,
  LSTMCell,
  layerNorm,
  matmul,
  maxPool2d,
  mean,
  mseLoss,
  nllLoss,
  Recurrent,
  RecurrentStack,
  RNN,
  RNNCell,
  Rng,
  scope,
  type Tensor,
  tensor,
  xavierUniform_,
} from "../../src/nn/index.ts";
import { backends } from "../support/backends.ts";

const { backend } = backends[0];
const rng = new Rng(1);
/** As JavaScript sees them, where no compiler looks. */
type Make = (options?: unknown) => unknown;
const loose = (make: (options: never) => unknown) => make as Make;

const modules: Record<string, Make> = {
  LSTM: loose((options) => new LSTM(3, 4, options)),
  GRU: loose((options) => new GRU(3, 4, options)),
  RNN: loose((options) => new RNN(3, 4, options)),
  LSTMCell: loose((options) => new LSTMCell(3, 4, options)),
  GRUCell: loose((options) => new GRUCell(3, 4, options)),
  RNNCell: loose((options) => new RNNCell(3, 4, options)),
  LayerNormLSTMCell: loose((options) => new LayerNormLSTMCell(3, 4, options)),
  Linear: loose((options) => new Linear(3, 4, options)),
  Embedding: loose((options) => new Embedding(3, 4, options)),
  LanguageModel: loose((options) => new LanguageModel({ vocabulary: 3, hidden: 4 }, options)),
};

describe.each(Object.entries(modules))("%s", (name, make) => {
  it("without a generator says so", () => {
    const missing = {
      code: "INPUT",
      message: `${name}: rng must be a generator, as new Rng(1), got undefined`,
    };
    for (const options of [undefined, {}, { rng: undefined }])
      expect(() => make(options)).toThrow(expect.objectContaining(missing));
    expect(() => make({ rng: Math.random })).toThrow(`${name}: rng must be a generator, as new Rng(1), got`);
    expect(() => make(2)).toThrow(`${name}: options must be an object, got 2`);
  });

  it("refuses an option that it has not", () => {
    expect(() => make({ rng, backend, seed: 3 })).toThrow(
      expect.objectContaining({ code: "INPUT", problem: `${name}: unknown option seed` }),
    );
  });
});

describe("an option under another name is refused with the right one", () => {
  const cell = new LSTMCell(3, 4, { rng, backend });
  const layer = new LSTM(3, 4, { rng, backend });
  const languageModel = new LanguageModel({ vocabulary: 3, hidden: 4 }, { rng, backend });
  const inScope = (work: (x: Tensor, targets: Tensor, options: never) => unknown) =>
    loose((options) => scope(() => work(tensor(new Float32Array(6), [2, 3]), ids([0, 1]), options), backend));
  const image = (work: (x: Tensor, options: never) => unknown) =>
    loose((options) => scope(() => work(tensor(new Float32Array(16), [1, 1, 4, 4]), options), backend));
  const cases: [string, string, string, Make, object?][] = [
    ["LSTM", "num_layers", "layers", modules.LSTM, { rng }],
    ["LSTM", "proj_size", "projSize", modules.LSTM, { rng }],
    ["GRU", "batch_first", "batchFirst", modules.GRU, { rng }],
    ["GRU", "bidirectonal", "bidirectional", modules.GRU, { rng }],
    ["RNN", "non_linearity", "nonlinearity", modules.RNN, { rng }],
    ["Linear", "biass", "bias", modules.Linear, { rng }],
    [
      "LanguageModel settings",
      "num_layers",
      "layers",
      loose((settings) => new LanguageModel(settings, { rng })),
      {
        vocabulary: 3,
        hidden: 4,
      },
    ],
    ["lstm.forward", "length", "lengths", inScope((x, _, o) => layer.forward(x, o))],
    ["lstm.stream", "weight", "weights", loose((o) => layer.stream(o))],
    ["lstm.streamIds", "embeding", "embedding", loose((o) => layer.streamIds(o))],
    ["languageModel.stream", "weight", "weights", loose((o) => languageModel.stream(o))],
    ["Recurrent", "batch_first", "batchFirst", loose((o) => new Recurrent(cell, o))],
    ["recurrent.forward", "lenghts", "lengths", inScope((x, _, o) => new Recurrent(cell).forward(x, o))],
    ["RecurrentStack", "drop_out", "dropout", loose((o) => new RecurrentStack([cell], o))],
    [
      "recurrentStack.forward",
      "states",
      "state",
      inScope((x, _, o) => new RecurrentStack([cell]).forward(x, o)),
    ],
    ["crossEntropy", "label_smoothing", "labelSmoothing", inScope((x, t, o) => crossEntropy(x, t, o))],
    ["crossEntropy", "ignore_index", "ignoreIndex", inScope((x, t, o) => crossEntropy(x, t, o))],
    ["nllLoss", "reducton", "reduction", inScope((x, t, o) => nllLoss(x, t, o))],
    ["mseLoss", "reducton", "reduction", inScope((x, _, o) => mseLoss(x, x, o))],
    [
      "binaryCrossEntropyWithLogits",
      "weights",
      "weight",
      inScope((x, _, o) => binaryCrossEntropyWithLogits(x, x, o)),
    ],
    ["layerNorm", "epsilom", "epsilon", inScope((x, _, o) => layerNorm(x, undefined, undefined, o))],
    ["dropout", "shared_axes", "sharedAxes", inScope((x, _, o) => dropout(x, 0.5, rng, o))],
    ["mean", "keepdim", "keepDims", inScope((x, _, o) => mean(x, 0, o))],
    ["matmul", "transpose_b", "transposeB", inScope((x, _, o) => matmul(x, x, o))],
    ["conv2d", "strides", "stride", image((x, o) => conv2d(x, x, undefined, o))],
    ["maxPool2d", "pading", "padding", image((x, o) => maxPool2d(x, 2, o))],
    ["avgPool2d", "stide", "stride", image((x, o) => avgPool2d(x, 2, o))],
    [
      "xavierUniform_",
      "gains",
      "gain",
      loose((o) => xavierUniform_(new Linear(3, 4, { rng, backend }).weight, rng, o)),
    ],
    [
      "generate",
      "top_k",
      "topK",
      loose((o) => generate({} as never, o).next()),
      { prime: [0], length: 1, rng },
    ],
  ];
  it.each(cases)("%s: %s is %s", async (where, wrong, right, make, others = {}) => {
    const error = expect.objectContaining({
      code: "INPUT",
      problem: `${where}: unknown option ${wrong}`,
      hint: `did you mean ${right}?`,
    });
    await expect((async () => make({ ...others, [wrong]: 1 }))()).rejects.toEqual(error);
  });

  it("and with all that there are where none is near", () => {
    expect(() => modules.Embedding({ rng, xyz: 0 })).toThrow(
      expect.objectContaining({ hint: "its options are rng, backend, bound, paddingIdx" }),
    );
  });
});

describe.each(backends)("tensor on $name", ({ backend }) => {
  const shown = async (values: Parameters<typeof tensor>[0], shape?: number[]) => {
    const x = tensor(values, shape, "f32", backend);
    return { shape: x.shape, values: [...(await x.read())] };
  };

  it("takes the shape of nested arrays", async () => {
    expect(
      await shown([
        [1, 2, 3],
        [4, 5, 6],
      ]),
    ).toEqual({ shape: [2, 3], values: [1, 2, 3, 4, 5, 6] });
    expect(await shown([Float32Array.of(1, 2), [3, 4]])).toEqual({ shape: [2, 2], values: [1, 2, 3, 4] });
    expect(await shown([[[1]], [[2]]])).toEqual({ shape: [2, 1, 1], values: [1, 2] });
    expect(await shown([[], []])).toEqual({ shape: [2, 0], values: [] });
    expect(await shown(7)).toEqual({ shape: [], values: [7] });
    expect(await shown([[1, 2]], [1, 2])).toEqual({ shape: [1, 2], values: [1, 2] });
    const words = ids(
      [
        [1, 2],
        [3, 4],
      ],
      undefined,
      backend,
    );
    expect([words.dtype, words.shape, [...words.readIntsSync()!]]).toEqual(["i32", [2, 2], [1, 2, 3, 4]]);
  });

  it.each<[unknown, RegExp]>([
    [[[1, 2], [3]], /^tensor: values\[1\] must be \[2\] as values\[0\], got \[1\]$/],
    [[[1], 2], /^tensor: values\[1\] must be \[1\] as values\[0\], got a number$/],
    [[1, [2]], /^tensor: values\[1\] must be a number, got \[1\]$/],
    [
      [
        [[1], [2]],
        [[1], [2, 3]],
      ],
      /^tensor: values\[1\]\[1\] must be \[1\] as values\[1\]\[0\], got \[2\]$/,
    ],
    [[1, "2"], /^tensor: values\[1\] must be a number, got "2"$/],
    [
      [
        [1, 2],
        [3, undefined],
      ],
      /^tensor: values\[1\]\[1\] must be a number, got undefined$/,
    ],
    ["12", /^tensor: values must be numbers, got "12"$/],
    [undefined, /^tensor: values must be numbers, got undefined$/],
  ])("refuses %j", (values, message) => {
    expect(() => tensor(values as number[], undefined, "f32", backend)).toThrow(message);
  });

  it("refuses nested arrays of another shape than the one that is given", () => {
    expect(() => tensor([[1, 2]], [2], "f32", backend)).toThrow("tensor: values must be [2], got [1, 2]");
  });

  it("refuses ids that are no integers", () => {
    expect(() => ids([0, 1.5], undefined, backend)).toThrow("tensor: values[1] must be an integer, got 1.5");
  });
});
