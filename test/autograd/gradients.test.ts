import { describe, expect, it } from "vitest";
import { checkGradients } from "../../src/autograd/gradcheck.ts";
import { record } from "../../src/autograd/tape.ts";
import { createReferenceBackend } from "../../src/backend/reference/reference.ts";
import { empty, type Tensor } from "../../src/backend/tensor.ts";
import { type Shape, sizeOf } from "../../src/core/shape.ts";
import {
  add,
  crossEntropy,
  Embedding,
  ids,
  Linear,
  LSTM,
  LSTMCell,
  mul,
  parameters,
  Recurrent,
  Rng,
  sum,
  tanh,
  tensor,
} from "../../src/nn/index.ts";
import { RecurrentState } from "../../src/nn/recurrent-state.ts";

const backend = createReferenceBackend();
const LIMIT = 1e-6;
const rng = new Rng(7);
const random = (...shape: number[]) =>
  tensor(
    Float64Array.from({ length: sizeOf(shape) }, () => rng.normal()),
    shape,
    "f32",
    backend,
  );

/** A scalar in which every element has a weight of its own, so that no gradient can hide in a sum. */
const weigh = (y: Tensor) => sum(mul(y, weightsOf(y.shape)));
const weightsOf = (shape: Shape) =>
  tensor(
    Float64Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(i + 1) + 0.3),
    shape,
  );

const x = random(3, 4);
describe("analytic gradients equal central differences", () => {
  it("of a stacked LSTM with dropout, initial state and every output in the loss", async () => {
    const lstm = new LSTM(3, 4, { rng, layers: 2, dropout: 0.3, backend });
    const [input, hidden, cell] = [random(2, 5, 3), random(2, 2, 4), random(2, 2, 4)];
    const loss = () => {
      const { output, state } = lstm.forward(input, {
        state: new RecurrentState(hidden, cell),
        rng: new Rng(11),
      });
      return add(weigh(output), add(weigh(state.hidden!), mul(weigh(state.cell!), weigh(state.cell!))));
    };
    const leaves = { input, hidden, cell, ...named(lstm) };
    for (const { name, error } of await checkGradients(loss, leaves)) expect(error, name).toBeLessThan(LIMIT);
  });

  it("of a whole character model: embedding, LSTM, linear, cross-entropy", async () => {
    const modules = {
      embedding: new Embedding(7, 3, { rng, backend }),
      rnn: new LSTM(3, 5, { rng, layers: 2, backend }),
      head: new Linear(5, 7, { rng, backend }),
    };
    const loss = () => {
      const x = modules.embedding.forward(ids([0, 1, 2, 6, 5, 4], [2, 3]));
      return crossEntropy(
        modules.head.forward(modules.rnn.forward(x).output),
        ids([1, 2, 3, 5, 4, 3], [2, 3]),
      );
    };
    for (const { name, error } of await checkGradients(loss, named(modules)))
      expect(error, name).toBeLessThan(LIMIT);
  });

  it("of an LSTM on character ids", async () => {
    const lstm = new LSTM(6, 4, { rng, backend });
    const loss = () => weigh(lstm.forward(ids([0, 5, 5, 2, 1, 0], [2, 3])).output);
    for (const { name, error } of await checkGradients(loss, named(lstm)))
      expect(error, name).toBeLessThan(LIMIT);
  });

  it("of a cell made of ops, run over time", async () => {
    const cell = new LSTMCell(3, 4, { rng, backend });
    const input = random(2, 3, 3);
    const recurrent = new Recurrent(cell);
    const loss = () => {
      const { output, state } = recurrent.forward(input);
      return add(weigh(output), weigh(state.cell!));
    };
    for (const { name, error } of await checkGradients(loss, { input, ...named(cell) })) {
      expect(error, name).toBeLessThan(LIMIT);
    }
  });

  it("and the check fails when a vector-Jacobian product is wrong by a tenth", async () => {
    const wrong = (input: Tensor) => {
      const output = empty(input.shape);
      input.backend.kernels.scale(output.address, input.address, 2, input.size);
      return record("wrong", [input], output, (dy) => {
        const dx = empty(input.shape);
        input.backend.kernels.scale(dx.address, dy.address, 2.2, dx.size);
        return [dx];
      });
    };
    const [result] = await checkGradients(() => weigh(wrong(x)), { x });
    expect(result.error).toBeGreaterThan(0.05);
  });
});

describe("checkGradients", () => {
  it("leaves the values of the leaves as they were", async () => {
    const before = await x.read();
    await checkGradients(() => weigh(tanh(x)), { x });
    expect(await x.read()).toEqual(before);
  });
});

function named(module: object): Record<string, Tensor> {
  return Object.fromEntries(parameters(module).map(({ name, tensor }) => [name, tensor]));
}
