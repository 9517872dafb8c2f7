import { describe, expect, it } from "vitest";
import type { Backend } from "../../src/backend/backend.ts";
import { crossEntropy, Embedding, ids, Linear, LSTM, Rng, scope } from "../../src/nn/index.ts";
import { RecurrentState } from "../../src/nn/recurrent-state.ts";
import { backends, firstDifference } from "../support/backends.ts";
import { type Case, cases, golden, goldensUnder } from "../support/goldens.ts";
import { leaf, loadParameters, recorded } from "../support/recorded.ts";

function model(one: Case, backend: Backend) {
  const { V, E, H, layers } = one;
  const rng = new Rng(1);
  const modules = {
    rnn: new LSTM(E || V, H, { rng, layers, backend }),
    head: new Linear(H, V, { rng, backend }),
    ...(E ? { embedding: new Embedding(V, E, { rng, backend }) } : {}),
  };
  const found = loadParameters(modules, goldensUnder(`${one.name}.param`));
  return scope(() => {
    const [h0, c0] = ["h0", "c0"].map((name) => leaf(golden(`${one.name}.in.${name}`)));
    const [inputs, targets] = ["ids", "targets"].map((name) => {
      const { values, shape } = golden(`${one.name}.in.${name}`);
      return ids(values, shape);
    });
    return recorded(() => {
      const x = modules.embedding ? modules.embedding.forward(inputs) : inputs;
      const { output, state } = modules.rnn.forward(x, { state: new RecurrentState(h0, c0) });
      const logits = modules.head.forward(output);
      return {
        loss: crossEntropy(logits, targets),
        outputs: { logits, hn: state.hidden!, cn: state.cell! },
        inputs: { h0, c0 },
      };
    }, found);
  }, backend);
}

describe.each(backends)("on $name", ({ backend, tolerance }) => {
  it.each(cases("model"))(
    "the character model has PyTorch's loss, logits, states and gradients: $name",
    async (one) => {
      const reads = model(one, backend);
      expect(reads.length).toBe(goldensUnder(`${one.name}.out`).size + goldensUnder(`${one.name}.grad`).size);
      for (const [name, values] of reads) {
        const expected = golden(`${one.name}.${name}`).values;
        expect(firstDifference(await values, expected, tolerance), name).toBeUndefined();
      }
    },
  );
});
