import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkGradients } from "../../src/autograd/gradcheck.ts";
import { createReferenceBackend } from "../../src/backend/reference/reference.ts";
import type { Tensor } from "../../src/backend/tensor.ts";
import {
  add,
  GRU,
  GRUCell,
  ids,
  LSTM,
  LSTMCell,
  mul,
  parameters,
  Recurrent,
  type RecurrentLayer,
  type RecurrentOptions,
  RecurrentState,
  RNN,
  RNNCell,
  Rng,
  scope,
  sum,
  tensor,
} from "../../src/nn/index.ts";
import { layerDropout } from "../../src/nn/layer-dropout.ts";
import { denseTimeline, packedTimeline } from "../../src/nn/timeline.ts";
import { backends, firstDifference } from "../support/backends.ts";
import { composedCell } from "../support/composed-cells.ts";
import { type Computed, recorded } from "../support/recorded.ts";

type Make = (inputs: number, hidden: number, options: RecurrentOptions) => RecurrentLayer;

const LAYERS: Record<string, Make> = {
  "RNN tanh": (i, h, options) => new RNN(i, h, options),
  "RNN relu": (i, h, options) => new RNN(i, h, { ...options, nonlinearity: "relu" }),
  LSTM: (i, h, options) => new LSTM(i, h, options),
  "LSTM with a projection": (i, h, options) => new LSTM(i, h, { ...options, projSize: h - 1 }),
  GRU: (i, h, options) => new GRU(i, h, options),
  "GRU, reset before": (i, h, options) => new GRU(i, h, { ...options, resetGate: "before" }),
};

const rng = new Rng(5);
const random = (n: number) => Float64Array.from({ length: n }, () => Math.fround(rng.normal()));
/** Weights for a loss in which no gradient can hide. */
const weigh = (y: Tensor) =>
  sum(
    mul(
      y,
      tensor(
        Float64Array.from({ length: y.size }, (_, i) => Math.fround(Math.sin(i + 1) + 0.3)),
        y.shape,
      ),
    ),
  );
const named = (module: object): Computed =>
  Object.fromEntries(parameters(module).map(({ name, tensor }) => [name, tensor]));
const reference = createReferenceBackend();

describe.each(backends)("on $name", ({ backend, tolerance }) => {
  const same = (actual: ArrayLike<number>, expected: ArrayLike<number>, what: string) =>
    expect(firstDifference(actual, expected, tolerance), what).toBeUndefined();

  describe.each(Object.entries(LAYERS))("%s", (_name, make) => {
    it("gives each sequence of a batch what it gets alone, whatever lies in the padding", async () => {
      const layer = make(3, 4, { rng, layers: 2, bidirectional: true, backend });
      const [B, T] = [4, 6];
      const lengths = [2, 6, 1, 4];
      const values = random(B * T * 3);
      const padded = values.map((value, i) =>
        Math.floor(i / 3) % T < lengths[Math.floor(i / (3 * T))] ? value : Number.NaN,
      );
      const all = scope(() => {
        const { output, state } = layer.forward(tensor(padded, [B, T, 3]), { lengths, training: false });
        return { output: output.read(), hidden: state.hidden!.read(), width: output.shape[2] };
      }, backend);
      const { width } = all;
      const [output, hidden] = [await all.output, await all.hidden];
      for (let b = 0; b < B; b++) {
        const own = values.subarray(b * T * 3, (b * T + lengths[b]) * 3);
        const alone = scope(() => {
          const run = layer.forward(tensor(own, [1, lengths[b], 3]), { training: false });
          return { output: run.output.read(), hidden: run.state.hidden!.read() };
        }, backend);
        const rows = output.slice(b * T * width, (b + 1) * T * width);
        same(rows.slice(0, lengths[b] * width), await alone.output, `outputs of sequence ${b}`);
        expect(rows.slice(lengths[b] * width).every((value) => value === 0)).toBe(true);
        const last = await alone.hidden;
        const size = layer.stateSize;
        for (let k = 0; k < 4; k++) {
          same(
            hidden.slice((k * B + b) * size, (k * B + b + 1) * size),
            last.slice(k * size, (k + 1) * size),
            `state ${k} of sequence ${b}`,
          );
        }
      }
    });

    it("reads a long sequence in chunks as it reads it whole", async () => {
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 3 }), async (cut, B) => {
          const layer = make(2, 5, { rng: new Rng(cut), layers: 2, backend });
          const T = 7;
          const values = random(B * T * 2);
          const chunk = (from: number, to: number) => {
            const rows = Array.from({ length: B }, (_, b) => [
              ...values.subarray((b * T + from) * 2, (b * T + to) * 2),
            ]);
            return tensor(rows.flat(), [B, to - from, 2]);
          };
          const whole = await scope(() => layer.forward(chunk(0, T)).state.hidden!.read(), backend);
          const parts = await scope(() => {
            const { state } = layer.forward(chunk(0, cut));
            return layer.forward(chunk(cut, T), { state }).state.hidden!.read();
          }, backend);
          same(parts, whole, `cut at ${cut}`);
        }),
        { numRuns: 10 },
      );
    });

    it("takes ids for one-hot rows, with the same values and gradients", async () => {
      const layer = make(5, 4, { rng, backend });
      const symbols = [0, 4, 4, 2, 1, 3];
      const run = (oneHot: boolean) =>
        scope(() => {
          const rows = symbols.flatMap((id) => [0, 1, 2, 3, 4].map((k) => (k === id ? 1 : 0)));
          const x = oneHot ? tensor(rows, [2, 3, 5]) : ids(symbols, [2, 3]);
          return recorded(() => {
            const { output } = layer.forward(x);
            return { loss: weigh(output), outputs: { output }, inputs: {} };
          }, named(layer));
        }, backend);
      const [expected, actual] = [run(true), run(false)];
      for (const [i, [name, values]] of actual.entries()) same(await values, await expected[i][1], name);
    });

    it("needs no batch axis", async () => {
      const layer = make(3, 4, { rng, bidirectional: true, backend });
      const values = random(5 * 3);
      const [alone, batch] = [
        [5, 3],
        [1, 5, 3],
      ].map((shape) =>
        scope(() => {
          const { output, state } = layer.forward(tensor(values, shape));
          return { shapes: [output.shape, state.hidden!.shape], values: output.read() };
        }, backend),
      );
      expect(alone.shapes).toEqual([
        [5, 2 * layer.stateSize],
        [2, layer.stateSize],
      ]);
      same(await alone.values, await batch.values, "outputs");
    });
  });

  it.each([
    ["RNN", "rnn-tanh", new RNNCell(3, 5, { rng, backend })],
    ["RNN with relu", "rnn-relu", new RNNCell(3, 5, { rng, backend, nonlinearity: "relu" })],
    ["LSTM", "lstm", new LSTMCell(3, 5, { rng, backend })],
    ["GRU", "gru", new GRUCell(3, 5, { rng, backend })],
    ["GRU, reset before", "gru-before", new GRUCell(3, 5, { rng, backend, resetGate: "before" })],
  ] as const)(
    "the fused %s agrees with the one made of ops, step by step and as a layer",
    async (_name, kind, cell) => {
      const values = random(2 * 4 * 3);
      const composed = composedCell(kind, cell, (batch) => cell.zeroState(batch));
      const options = { rng, backend };
      const layer =
        kind === "lstm"
          ? new LSTM(3, 5, options)
          : kind.startsWith("rnn")
            ? new RNN(3, 5, { ...options, nonlinearity: kind === "rnn-relu" ? "relu" : "tanh" })
            : new GRU(3, 5, { ...options, resetGate: kind === "gru" ? "after" : "before" });
      for (const { name, tensor: own } of parameters(layer)) {
        own.write(await named(cell)[name.replace("_l0", "")].read());
      }
      const run = (forward: (x: Tensor) => { output: Tensor; state: RecurrentState }, module: object) =>
        scope(() => {
          const x = tensor(values, [2, 4, 3]);
          x.needsGradient = true;
          return recorded(() => {
            const { output, state } = forward(x);
            const loss = [
              weigh(output),
              weigh(state.hidden!),
              ...(state.cell ? [weigh(state.cell)] : []),
            ].reduce(add);
            return { loss, outputs: { output }, inputs: { x } };
          }, named(module));
        }, backend);
      const expected = run((x) => new Recurrent(composed).forward(x), cell);
      const stepped = run((x) => new Recurrent(cell).forward(x), cell);
      const fused = run((x) => layer.forward(x), layer);
      expect(expected.length).toBe(fused.length);
      for (const [i, [name, values]] of expected.entries()) {
        same(await stepped[i][1], await values, `step by step: ${name}`);
        same(await fused[i][1], await values, `as a layer: ${name}`);
      }
    },
  );

  it("drops the same elements at every step with variational dropout, and others without", async () => {
    const [B, T, F] = [3, 5, 16];
    const timelines = {
      dense: () => denseTimeline(false, [T, B, F]),
      packed: () => packedTimeline(false, [T, B, F], [3, 5, 2], "lengths"),
    };
    for (const [name, timeline] of Object.entries(timelines)) {
      for (const variational of [true, false]) {
        const values = scope(() => {
          const time = timeline();
          const x = time.enter(tensor(new Float64Array(T * B * F).fill(1), [T, B, F]));
          return time.leave(layerDropout(x, 0.5, new Rng(4), time, variational)).read();
        }, backend);
        const row = (all: ArrayLike<number>, t: number) =>
          Array.from(all).slice((t * B + 1) * F, (t * B + 2) * F);
        const read = await values;
        expect(new Set(row(read, 0)), name).toEqual(new Set([0, 2]));
        for (let t = 1; t < T; t++)
          expect(row(read, t).join() === row(read, 0).join(), name).toBe(variational);
      }
    }
  });
});

describe("gradients equal central differences", () => {
  it.each(Object.entries(LAYERS))(
    "of a bidirectional %s with lengths, state and dropout",
    async (_name, make) => {
      const layer = make(2, 3, {
        rng,
        layers: 2,
        bidirectional: true,
        dropout: 0.3,
        variational: true,
        backend: reference,
      });
      const make64 = (...shape: number[]) =>
        tensor(random(shape.reduce((a, b) => a * b)), shape, "f32", reference);
      const x = make64(3, 4, 2);
      const hidden = make64(4, 3, layer.stateSize);
      const cell = layer.kind === "lstm" ? make64(4, 3, 3) : undefined;
      const loss = () => {
        const run = layer.forward(x, {
          state: new RecurrentState(hidden, cell),
          lengths: [2, 4, 1],
          rng: new Rng(11),
        });
        return add(weigh(run.output), weigh(run.state.hidden!));
      };
      const leaves = { x, hidden, ...(cell && { cell }), ...named(layer) };
      for (const { name, error } of await checkGradients(loss, leaves))
        expect(error, name).toBeLessThan(1e-6);
    },
  );
});

describe("what does not fit is refused", () => {
  const options = { rng, backend: reference };
  const lstm = new LSTM(3, 4, options);
  const gru = new GRU(3, 4, { ...options, bidirectional: true });
  const x = tensor(random(2 * 5 * 3), [2, 5, 3], "f32", reference);
  const state = (...shape: number[]) =>
    tensor(new Float64Array(shape.reduce((a, b) => a * b)), shape, "f32", reference);
  const forward = (work: () => unknown) => () => scope(work, reference);

  it.each<[string, () => unknown, string]>([
    [
      "features",
      forward(() => lstm.forward(state(2, 5, 7))),
      "lstm.forward: inputs must be [batch, time, features=3], got [2, 5, 7]",
    ],
    [
      "empty batches",
      forward(() => lstm.forward(state(0, 5, 3))),
      "lstm.forward: inputs are empty, [0, 5, 3]",
    ],
    ["no steps", forward(() => lstm.forward(state(2, 0, 3))), "lstm.forward: inputs are empty, [2, 0, 3]"],
    [
      "a state of another batch",
      forward(() => lstm.forward(x, { state: new RecurrentState(state(1, 3, 4)) })),
      "lstm.forward: state.hidden must be [layers=1, batch=2, hidden=4], got [1, 3, 4]",
    ],
    [
      "a state of one direction",
      forward(() => gru.forward(x, { state: new RecurrentState(state(1, 2, 4)) })),
      "gru.forward: state.hidden must be [2 layers=2, batch=2, hidden=4], got [1, 2, 4]",
    ],
    [
      "a cell state for a GRU",
      forward(() => gru.forward(x, { state: new RecurrentState(undefined, state(2, 2, 4)) })),
      "gru.forward: state.cell must be absent, got [2, 2, 4]",
    ],
    [
      "ids outside the vocabulary",
      forward(() => lstm.forward(ids([0, 3], [1, 2]))),
      "lstm: ids must be in [0, 3), got 3 at position 1",
    ],
    [
      "length 0",
      forward(() => lstm.forward(x, { lengths: [5, 0] })),
      "lstm.forward: lengths must be integers from 1 to 5, got 0 at position 1",
    ],
    [
      "a length beyond the end",
      forward(() => lstm.forward(x, { lengths: [6, 1] })),
      "lstm.forward: lengths must be integers from 1 to 5, got 6 at position 0",
    ],
    [
      "a length that is no integer",
      forward(() => lstm.forward(x, { lengths: [1.5, 2] })),
      "lstm.forward: lengths must be integers from 1 to 5, got 1.5 at position 0",
    ],
    [
      "too few lengths",
      forward(() => lstm.forward(x, { lengths: [5] })),
      "lstm.forward: lengths must be [batch=2], got [1]",
    ],
    ["hidden 0", () => new LSTM(3, 0, options), "LSTM: hidden must be an integer of at least 1, got 0"],
    ["inputs 1.5", () => new GRU(1.5, 3, options), "GRU: inputs must be an integer of at least 1, got 1.5"],
    [
      "layers -1",
      () => new RNN(2, 3, { ...options, layers: -1 }),
      "RNN: layers must be an integer of at least 1, got -1",
    ],
    [
      "dropout 1",
      () => new RNN(2, 3, { ...options, dropout: 1 }),
      "RNN: dropout must be at least 0 and below 1, got 1",
    ],
    [
      "a projection as wide as the state",
      () => new LSTM(2, 3, { ...options, projSize: 3 }),
      "LSTM: projSize must be below hidden=3, got 3",
    ],
    [
      "an unknown nonlinearity",
      () => new RNN(2, 3, { ...options, nonlinearity: "sigmoid" as "tanh" }),
      'RNN: nonlinearity must be "tanh" or "relu", got "sigmoid"',
    ],
    [
      "an unknown reset gate",
      () => new GRU(2, 3, { ...options, resetGate: "both" as "after" }),
      'GRU: resetGate must be "after" or "before", got "both"',
    ],
  ])("%s", (_name, work, message) => {
    expect(work).toThrow(message);
  });

  it("a binding of the weights whose scope has ended", () => {
    const bound = scope(() => {
      const made = lstm.bind();
      lstm.forward(x, { bound: made });
      return made;
    }, reference);
    expect(forward(() => lstm.forward(x, { bound }))).toThrow("belongs to a scope that has ended");
  });
});
