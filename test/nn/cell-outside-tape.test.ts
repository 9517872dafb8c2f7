/** Outside a tape a cell packs its weights once, and again when they have changed. */
import { describe, expect, it } from "vitest";
import { profiled } from "../../src/autograd/profile.ts";
import { Tape, withTape } from "../../src/autograd/tape.ts";
import { createReferenceBackend } from "../../src/backend/reference/reference.ts";
import { scope } from "../../src/backend/scope.ts";
import { ids, type Tensor, tensor } from "../../src/backend/tensor.ts";
import { StaleTensorError, step } from "../../src/index.ts";
import {
  constant_,
  GRUCell,
  LSTMCell,
  noGradient,
  parameters,
  RecurrentState,
  RNNCell,
  Rng,
  sum,
} from "../../src/nn/index.ts";
import { adam, sgd } from "../../src/optim/index.ts";
import { backends } from "../support/backends.ts";

type AnyCell = LSTMCell | GRUCell | RNNCell;

const cells: [string, (rng: Rng, backend: never) => AnyCell][] = [
  ["LSTMCell", (rng, backend) => new LSTMCell(3, 4, { rng, backend })],
  ["GRUCell", (rng, backend) => new GRUCell(3, 4, { rng, backend })],
  ["GRUCell, reset before", (rng, backend) => new GRUCell(3, 4, { rng, backend, resetGate: "before" })],
  ["RNNCell without biases", (rng, backend) => new RNNCell(3, 4, { rng, backend, bias: false })],
];

describe.each(backends)("on $name", ({ backend }) => {
  const make = (_name: string, create: (typeof cells)[number][1]) => create(new Rng(5), backend as never);
  const input = () => tensor([0.5, -1, 2, 0.25, 1.5, -0.75], [2, 3]);
  const symbols = () => ids([2, 0]);

  /** Two steps, outside every tape. */
  const outputs = (cell: AnyCell, x: () => Tensor = input) =>
    scope(() => {
      const first = cell.step(x(), new RecurrentState());
      return cell.step(x(), first.state).output.read();
    }, backend);
  /** The same with weights packed for this call alone. */
  const fresh = (cell: AnyCell, x: () => Tensor = input) =>
    scope(() => {
      const first = cell.step(x(), new RecurrentState(), { bound: cell.bind() });
      return cell.step(x(), first.state, { bound: cell.bind() }).output.read();
    }, backend);

  it.each(cells)("%s follows every change of its weights", async (name, create) => {
    const cell = make(name, create);
    const seen: unknown[] = [];
    const check = async (x: () => Tensor = input) => {
      const got = await outputs(cell, x);
      expect(got).toEqual(await fresh(cell, x));
      expect(seen).not.toContainEqual(got);
      seen.push(got);
    };
    await check();
    cell.weight_hh.write(new Float32Array(cell.weight_hh.size).fill(0.1));
    await check();
    constant_(cell.weight_ih.view([4], 4), 0.5);
    await check();
    await check(symbols);
    const optimizers = [adam(parameters(cell), { lr: 0.1 }), sgd(parameters(cell), { lr: 0.1 })];
    for (const optimizer of optimizers) {
      await step(() => sum(cell.step(input(), new RecurrentState()).output), optimizer).loss;
      await check();
      await check(symbols);
      optimizer.dispose();
    }
  });

  it("weights that were disposed of are refused", async () => {
    const cell = new LSTMCell(3, 4, { rng: new Rng(5), backend });
    await outputs(cell);
    cell.weight_hh.dispose();
    expect(() => outputs(cell)).toThrow(StaleTensorError);
  });
});

describe("how often weights are packed", () => {
  /** Steps in and out of a tape on a backend of their own, and how often its kernel packed for them. */
  async function packs(run: (cell: LSTMCell, x: Tensor) => void): Promise<number> {
    const { backend, profile } = profiled(createReferenceBackend());
    const cell = new LSTMCell(3, 4, { rng: new Rng(5), backend });
    const x = tensor([0.5, -1, 2, 0.25, 1.5, -0.75], [2, 3], "f32", backend);
    await profile.step(() => scope(() => run(cell, x), backend));
    const rows = profile.report().rows.filter(({ kernel }) => kernel === "recurrent_pack");
    return rows.reduce((total, { calls }) => total + calls, 0);
  }
  const steps = (cell: LSTMCell, x: Tensor) => {
    for (let i = 0; i < 5; i++) scope(() => void cell.step(x, new RecurrentState()));
  };

  it("once for many steps outside tapes, and where a tape does not record", async () => {
    expect(
      await packs((cell, x) => {
        steps(cell, x);
        withTape(new Tape(), () => noGradient(() => steps(cell, x)));
      }),
    ).toBe(1);
  });

  it("once for all steps of a tape in one scope", async () => {
    const run = (cell: LSTMCell, x: Tensor) => {
      for (let i = 0; i < 5; i++) cell.step(x, new RecurrentState());
    };
    expect(await packs((cell, x) => withTape(new Tape(), () => run(cell, x)))).toBe(1);
  });
});
