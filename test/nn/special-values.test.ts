import { describe, expect, it } from "vitest";
import { GRU, LSTM, parameters, type RecurrentLayer, RNN, Rng, scope, tensor } from "../../src/nn/index.ts";
import { backends } from "../support/backends.ts";

// What PyTorch gives for unit 0 of row 0, step by step, when an input of ones holds one NaN or infinity:
//
//     for module in (nn.RNN(2, 3, batch_first=True), nn.RNN(2, 3, nonlinearity="relu", batch_first=True),
//                    nn.LSTM(2, 3, batch_first=True), nn.GRU(2, 3, batch_first=True)):
//         with torch.no_grad():
//             for p in module.parameters(): p.fill_(0.5)
//         for value in (nan, inf, -inf):
//             x = torch.ones(2, 3, 2); x[0, 1, 0] = value
//             print(module(x)[0][0, :, 0].tolist())
const [nan, inf] = [Number.NaN, Number.POSITIVE_INFINITY];
const rng = new Rng(1);
const cases: Record<string, [(options: { rng: Rng }) => RecurrentLayer, [number, number[]][]]> = {
  "RNN tanh": [
    (o) => new RNN(2, 3, o),
    [
      [nan, [0.9640275835990906, nan, nan]],
      [inf, [0.9640275835990906, 1, 0.9981778860092163]],
      [-inf, [0.9640275835990906, -1, 0.46211716532707214]],
    ],
  ],
  "RNN relu": [
    (o) => new RNN(2, 3, { ...o, nonlinearity: "relu" }),
    [
      [nan, [2, nan, nan]],
      [inf, [2, inf, inf]],
      [-inf, [2, 0, 2]],
    ],
  ],
  LSTM: [
    (o) => new LSTM(2, 3, o),
    [
      [nan, [0.6082834601402283, nan, nan]],
      [inf, [0.6082834601402283, 0.9516623020172119, 0.9607850909233093]],
      [-inf, [0.6082834601402283, 0, 0.6082834601402283]],
    ],
  ],
  GRU: [
    (o) => new GRU(2, 3, o),
    [
      [nan, [0.1143830418586731, nan, nan]],
      [inf, [0.1143830418586731, 0.1143830418586731, 0.20200347900390625]],
      [-inf, [0.1143830418586731, -1, -0.35622328519821167]],
    ],
  ],
};

describe.each(backends)("on $name", ({ backend }) => {
  describe.each(Object.entries(cases))("%s", (_name, [make, expected]) => {
    it.each(expected)(
      "carries %d in an input as PyTorch does, and the other row never sees it",
      async (value, row) => {
        const layer = make({ rng, backend } as { rng: Rng });
        for (const { tensor: weight } of parameters(layer))
          weight.write(new Float32Array(weight.size).fill(0.5));
        const forward = (first: number) =>
          scope(() => {
            const x = new Float32Array(12).fill(1);
            x[2] = first;
            return layer.forward(tensor(x, [2, 3, 2])).output.read();
          }, backend);
        const [output, clean] = [await forward(value), await forward(1)];
        for (const [t, wanted] of row.entries()) {
          const got = output[t * 3];
          if (Number.isFinite(wanted)) expect(got, `step ${t}`).toBeCloseTo(wanted, 5);
          else expect(got, `step ${t}`).toBe(wanted);
        }
        expect([...output.slice(9)]).toEqual([...clean.slice(9)]);
      },
    );
  });
});
