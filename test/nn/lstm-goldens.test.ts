import { describe, expect, it } from "vitest";
import { backward, Tape, withTape } from "../../src/autograd/tape.ts";
import type { FloatArray } from "../../src/backend/backend.ts";
import type { Tensor } from "../../src/backend/tensor.ts";
import {
  add,
  crossEntropy,
  Embedding,
  ids,
  Linear,
  LSTM,
  mul,
  parameters,
  Rng,
  scope,
  sum,
  tensor,
} from "../../src/nn/index.ts";
import { LSTMState } from "../../src/nn/lstm.ts";
import { backends, firstDifference } from "../support/backends.ts";
import { type Case, cases, type Golden, golden, goldensUnder, optionalGolden } from "../support/goldens.ts";

const load = (module: object, prefix: string) => {
  const found = parameters(module);
  const stored = goldensUnder(prefix);
  expect(found.map(({ name }) => name).sort()).toEqual([...stored.keys()].sort());
  for (const { name, tensor } of found) {
    expect(tensor.shape).toEqual(stored.get(name)!.shape);
    tensor.write(stored.get(name)!.values);
  }
  return found;
};

const leaf = ({ values, shape }: Golden) => {
  const made = tensor(values, shape);
  made.needsGradient = true;
  return made;
};

type Computed = Record<string, Tensor>;

/** Run forward and backward in one scope and read everything that has a golden. */
function run(build: () => { loss: Tensor; outputs: Computed; inputs: Computed }, parameters: Computed) {
  const tape = new Tape();
  const { loss, outputs, inputs } = withTape(tape, build);
  const gradientOf = backward(tape, loss);
  const reads: [string, Promise<FloatArray>][] = [["out.loss", loss.read()]];
  for (const [name, value] of Object.entries(outputs)) reads.push([`out.${name}`, value.read()]);
  for (const [name, value] of Object.entries({ ...inputs, ...parameters })) {
    const gradient = gradientOf(value);
    if (gradient === undefined) throw new Error(`no gradient for ${name}`);
    reads.push([`grad.${name}`, gradient.read()]);
  }
  return reads;
}

function layer(one: Case, backend: (typeof backends)[number]["backend"]) {
  const { I, H, layers, bias, batchFirst } = one;
  const lstm = new LSTM(I, H, { rng: new Rng(1), layers, bias, batchFirst, backend });
  const found = load(lstm, `${one.name}.param`);
  return scope(() => {
    const x = leaf(golden(`${one.name}.in.x`));
    const [h0, c0] = ["h0", "c0"].map((name) => optionalGolden(`${one.name}.in.${name}`));
    const state = h0 && c0 ? { hidden: leaf(h0), cell: leaf(c0) } : undefined;
    const weigh = (value: Tensor, name: string) =>
      sum(mul(value, tensor(golden(`${one.name}.in.${name}`).values, value.shape)));
    return run(
      () => {
        const { output, state: last } = lstm.forward(x, {
          state: state && new LSTMState(state.hidden, state.cell),
        });
        const [hn, cn] = [last.hidden!, last.cell!];
        const loss = add(add(weigh(output, "weight_output"), weigh(hn, "weight_hn")), weigh(cn, "weight_cn"));
        return {
          loss,
          outputs: { output, hn, cn },
          inputs: { x, ...(state && { h0: state.hidden, c0: state.cell }) },
        };
      },
      Object.fromEntries(found.map(({ name, tensor }) => [name, tensor])),
    );
  }, backend);
}

function model(one: Case, backend: (typeof backends)[number]["backend"]) {
  const { V, E, H, layers } = one;
  const rng = new Rng(1);
  const modules = {
    rnn: new LSTM(E || V, H, { rng, layers, backend }),
    head: new Linear(H, V, { rng, backend }),
    ...(E ? { embedding: new Embedding(V, E, { rng, backend }) } : {}),
  };
  const found = load(modules, `${one.name}.param`);
  return scope(() => {
    const [h0, c0] = ["h0", "c0"].map((name) => leaf(golden(`${one.name}.in.${name}`)));
    const [inputs, targets] = ["ids", "targets"].map((name) => {
      const { values, shape } = golden(`${one.name}.in.${name}`);
      return ids(values, shape);
    });
    return run(
      () => {
        const x = modules.embedding ? modules.embedding.forward(inputs) : inputs;
        const { output, state } = modules.rnn.forward(x, { state: new LSTMState(h0, c0) });
        const logits = modules.head.forward(output);
        return {
          loss: crossEntropy(logits, targets),
          outputs: { logits, hn: state.hidden!, cn: state.cell! },
          inputs: { h0, c0 },
        };
      },
      Object.fromEntries(found.map(({ name, tensor }) => [name, tensor])),
    );
  }, backend);
}

describe.each(backends)("on $name", ({ backend, tolerance }) => {
  const compare = async (one: Case, reads: [string, Promise<FloatArray>][]) => {
    const expected =
      [...goldensUnder(`${one.name}.out`).keys()].length +
      [...goldensUnder(`${one.name}.grad`).keys()].length;
    expect(reads.length).toBe(expected);
    for (const [name, values] of reads) {
      expect(
        firstDifference(await values, golden(`${one.name}.${name}`).values, tolerance),
        name,
      ).toBeUndefined();
    }
  };

  it.each(cases("lstm"))("the LSTM layer has PyTorch's values, states and gradients: $name", async (one) => {
    await compare(one, layer(one, backend));
  });

  it.each(cases("model"))(
    "the character model has PyTorch's loss, logits, states and gradients: $name",
    async (one) => {
      await compare(one, model(one, backend));
    },
  );
});
