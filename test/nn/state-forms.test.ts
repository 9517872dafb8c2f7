/** A state in another form than a layer's own is refused by name: passed over, the sequence would start from zeros. */
import { describe, expect, it } from "vitest";
import { LanguageModel } from "../../src/models/index.ts";
import {
  add,
  type Cell,
  ForwardStream,
  GRU,
  GRUCell,
  ids,
  LayerNormLSTMCell,
  LSTM,
  LSTMCell,
  Recurrent,
  RecurrentStack,
  RecurrentState,
  RNN,
  RNNCell,
  Rng,
  scope,
  type Tensor,
  tensor,
  zeros,
} from "../../src/nn/index.ts";
import { backends } from "../support/backends.ts";

const { backend } = backends[0];
const options = { rng: new Rng(1), backend };
const filled = (...shape: number[]) =>
  tensor(new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(0.7), shape);

/** Adds what it reads to h. */
const sum: Cell<{ h: Tensor }> = {
  zeroState: (batch) => ({ h: zeros([batch, 3], backend) }),
  step: (x, { h }) => ({ output: h, state: { h: h === undefined ? x : add(h, x) } }),
};

type Run = (state: never) => unknown;
const loose = (run: Run) => run as (state: unknown) => unknown;

const lstm = new LSTM(3, 4, options);
const gru = new GRU(3, 4, { ...options, batchFirst: false });
const rnn = new RNN(3, 4, options);
const model = new LanguageModel({ vocabulary: 5, hidden: 4 }, options);
const x = () => filled(2, 5, 3);
const layers: Record<string, (state: unknown) => unknown> = {
  LSTM: loose((state) => lstm.forward(x(), { state })),
  "LSTM without a batch": loose((state) => lstm.forward(filled(5, 3), { state })),
  GRU: loose((state) => gru.forward(filled(5, 2, 3), { state })),
  RNN: loose((state) => rnn.forward(x(), { state })),
  LSTMCell: loose((state) => new LSTMCell(3, 4, options).step(filled(2, 3), state)),
  GRUCell: loose((state) => new GRUCell(3, 4, options).step(filled(2, 3), state)),
  RNNCell: loose((state) => new RNNCell(3, 4, options).step(filled(2, 3), state)),
  LayerNormLSTMCell: loose((state) => new LayerNormLSTMCell(3, 4, options).step(filled(2, 3), state)),
  Recurrent: loose((state) => new Recurrent(new LSTMCell(3, 4, options)).forward(x(), { state })),
  "Recurrent of an own cell": loose((state) => new Recurrent(sum).forward(x(), { state })),
  RecurrentStack: loose((state) => new RecurrentStack([sum]).forward(x(), { state: [state] as never })),
  "RecurrentStack as a whole": loose((state) => new RecurrentStack([sum]).forward(x(), { state })),
  "LanguageModel.forward": loose((state) => model.forward(ids([[1, 2]]), { state })),
  "LanguageModel.loss": loose((state) => model.loss(ids([[1, 2]]), ids([[1, 2]]), { state })),
  "LanguageModel.losses": loose((state) => model.losses(ids([[1, 2]]), ids([[1, 2]]), { state })),
  "Stream.state": (state) => {
    const stream = lstm.stream();
    stream.state = state as never;
  },
};

const forms: Record<string, () => unknown> = {
  "a tensor": () => filled(1, 2, 4),
  "[h, c]": () => [filled(1, 2, 4), filled(1, 2, 4)],
  "{ h, c } of other sizes": () => ({ h: filled(1, 2, 4), c: filled(1, 2, 4) }),
  "a misspelt key": () => ({ hiden: filled(2, 4) }),
  "a part that is no tensor": () => ({ hidden: 1, h: 1 }),
  null: () => null,
  "a number": () => 0,
  "another width": () => new RecurrentState(filled(1, 2, 9), filled(1, 2, 9)),
};

describe.each(Object.entries(layers))("%s", (_, run) => {
  it.each(Object.entries(forms))("refuses a state that is %s", (_form, make) => {
    const error = expect.objectContaining({ kind: "input", message: expect.stringMatching(/state/) });
    expect(() => scope(() => run(make()), backend)).toThrow(error);
  });
});

describe("a state of the right parts", () => {
  it("counts, also as a plain object", async () => {
    const outputs = await scope(() => {
      const [h, c] = [filled(1, 2, 4), filled(1, 2, 4)];
      const states = [undefined, new RecurrentState(h, c), { hidden: h, cell: c }];
      return Promise.all(states.map((state) => lstm.forward(x(), { state }).output.read()));
    }, backend);
    expect(outputs[1]).not.toEqual(outputs[0]);
    expect(outputs[2]).toEqual(outputs[1]);
  });

  it("of an own cell may come from zeroState and from forward, at any batch", () => {
    scope(() => {
      const layer = new Recurrent(sum);
      const { state } = layer.forward(x());
      expect(layer.forward(x(), { state }).state.h.shape).toEqual([2, 3]);
      expect(layer.forward(filled(1, 5, 3), { state: layer.zeroState(1) }).state.h.shape).toEqual([1, 3]);
      const fresh = new Recurrent(sum);
      expect(() => fresh.forward(x(), { state: { hiden: filled(2, 3) } as never })).toThrow(
        "recurrent.forward: state must have the parts of zeroState of the cell (h), got hiden",
      );
    }, backend);
  });
});

it("a language model refuses targets that are not at the places of the inputs", () => {
  const [inputs, targets] = [ids([[1, 2, 3]]), ids([[1], [2], [3]])];
  const message = "targets must be [1, 3] as inputs, got [3, 1]";
  expect(() => scope(() => model.loss(inputs, targets), backend)).toThrow(`languageModel.loss: ${message}`);
  expect(() => scope(() => model.losses(inputs, targets), backend)).toThrow(
    `languageModel.losses: ${message}`,
  );
});

it("a stream that was disposed of is not used again", () => {
  for (const stream of [lstm.stream(), new ForwardStream(model as never)]) {
    stream.dispose();
    expect(() => stream.step(1 as never)).toThrow(expect.objectContaining({ code: "SCOPE" }));
    expect(() => stream.reset()).toThrow(expect.objectContaining({ code: "SCOPE" }));
  }
});
