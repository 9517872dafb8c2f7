import { describe, expect, test } from "vitest";
import { traceModel } from "../../src/inspect/index.ts";
import { LanguageModel } from "../../src/models/index.ts";
import {
  ids,
  LayerNormLSTMCell,
  parameters,
  type RecurrentState,
  Rng,
  scope,
  select,
} from "../../src/nn/index.ts";
import { backends, FLOAT32_TOLERANCE, firstDifference } from "../support/backends.ts";

const V = 7;
const H = 6;
/** More than one chunk of the trace. */
const text = Int32Array.from({ length: 300 }, (_, at) => (at * at + 3 * at) % V);

// Traces are kept in float32 whatever the backend computes in.
const tolerance = FLOAT32_TOLERANCE;

describe.each(backends)("a trace on $name", ({ backend }) => {
  const model = (cell: "rnn" | "lstm" | "gru" | "own", layers = 2, embedding?: number) =>
    new LanguageModel(
      { cell, vocabulary: V, hidden: H, layers, embedding },
      {
        ...{ rng: new Rng(2), backend },
        createCell: (inputs, hidden, options) => new LayerNormLSTMCell(inputs, hidden, options),
      },
    );

  test.each(["rnn", "lstm", "gru", "own"] as const)(
    "of a %s is what its layers give to each other",
    async (cell) => {
      const traced = model(cell, 2, 4);
      const { layers, symbols } = await traceModel(traced, text);
      expect([symbols, layers.length]).toEqual([300, 2]);
      const [top, last] = await scope(() => {
        const run = traced.rnn.forward(traced.embedding!.forward(ids(text, [300, 1])), { training: false });
        const state = Array.isArray(run.state)
          ? run.state.map((one) => (one as RecurrentState).hidden!.read())
          : [0, 1].map((layer) => select((run.state as RecurrentState).hidden!, layer).read());
        return Promise.all([run.output.read(), Promise.all(state)]);
      }, backend);
      expect(firstDifference(layers[1].hidden, top, tolerance)).toBeUndefined();
      for (const layer of [0, 1]) {
        const found = layers[layer].hidden.slice(299 * H);
        expect(firstDifference(found, last[layer], tolerance)).toBeUndefined();
      }
      expect(layers.every((one) => (one.cell !== undefined) === (cell === "lstm"))).toBe(true);
    },
  );

  test("has the cell states of an LSTM: the last is that of its state", async () => {
    const traced = model("lstm", 1);
    const { layers } = await traceModel(traced, text);
    const state = await scope(() => {
      const { state } = traced.forward(ids(text, [1, 300]));
      return (state as RecurrentState).cell!.read();
    }, backend);
    expect(firstDifference(layers[0].cell!.slice(299 * H), state, tolerance)).toBeUndefined();
  });

  test("counts the gates that are nearly shut and nearly open", async () => {
    const traced = model("lstm", 1);
    const named = new Map(parameters(traced).map(({ name, tensor }) => [name, tensor]));
    // Input gates shut, forget gates open, output gates in between, whatever the input.
    for (const name of ["rnn.weight_ih_l0", "rnn.weight_hh_l0", "rnn.bias_hh_l0"]) {
      const tensor = named.get(name)!;
      tensor.write(new Float32Array(tensor.size));
    }
    named
      .get("rnn.bias_ih_l0")!
      .write(Float32Array.from({ length: 4 * H }, (_, at) => [-5, 5, 0, 0][Math.floor(at / H)]));
    expect((await traceModel(traced, text)).saturation).toEqual([
      { layer: 0, gate: "input", below: 1, above: 0 },
      { layer: 0, gate: "forget", below: 0, above: 1 },
      { layer: 0, gate: "output", below: 0, above: 0 },
    ]);
    const gates = async (cell: "gru" | "rnn" | "own") =>
      (await traceModel(model(cell, 2), text)).saturation.map(({ layer, gate }) => `${layer} ${gate}`);
    expect(await gates("gru")).toEqual(["0 reset", "0 update", "1 reset", "1 update"]);
    expect(await gates("rnn")).toEqual([]);
    expect(await gates("own")).toEqual([]);
  });

  test("finds the update gate of a GRU where the kernel keeps it", async () => {
    const traced = model("gru", 1);
    const named = new Map(parameters(traced).map(({ name, tensor }) => [name, tensor]));
    for (const name of ["rnn.weight_ih_l0", "rnn.weight_hh_l0", "rnn.bias_hh_l0"]) {
      const tensor = named.get(name)!;
      tensor.write(new Float32Array(tensor.size));
    }
    named
      .get("rnn.bias_ih_l0")!
      .write(Float32Array.from({ length: 3 * H }, (_, at) => [-5, 5, 0][Math.floor(at / H)]));
    expect((await traceModel(traced, text)).saturation).toEqual([
      { layer: 0, gate: "reset", below: 1, above: 0 },
      { layer: 0, gate: "update", below: 0, above: 1 },
    ]);
  });

  test("leaves the model as it was", async () => {
    const traced = model("gru");
    const values = async () =>
      (await Promise.all(parameters(traced).map(({ tensor }) => tensor.read()))).map((all) => [...all]);
    const before = await values();
    await traceModel(traced, text);
    expect(await values()).toEqual(before);
  });
});
