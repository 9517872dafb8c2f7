import { describe, expect, test } from "vitest";
import { checkGradients } from "../../src/autograd/gradcheck.ts";
import { scope, tensor } from "../../src/backend/index.ts";
import { createReferenceBackend } from "../../src/backend/reference/reference.ts";
import { Forecaster, type ForecastInputs } from "../../src/models/forecaster.ts";
import {
  completeForecasterConfig,
  type ForecasterSettings,
  forecasterParameterCount,
  forecasterTrainingBytes,
  parseForecasterConfig,
} from "../../src/models/forecaster-config.ts";
import { type CreateCell, LSTMCell, parameters, Rng } from "../../src/nn/index.ts";
import { backends, firstDifference } from "../support/backends.ts";

const reference = createReferenceBackend();
const [B, T, I, F, L, O] = [3, 5, 2, 2, 4, 2];
const rng = new Rng(5);
const numbers = (size: number) => Array.from({ length: size }, () => rng.uniform() * 2 - 1);
const WINDOW = numbers(T * B * I);
const FUTURE = numbers(B * F);
const LINEAR = numbers(B * L);
const TARGETS = numbers(B * O);
const MASK = [1, 1, 1, 0, 1, 1];

const createCell: CreateCell<never> = (inputs, hidden, options) =>
  new LSTMCell(inputs, hidden, options) as never;

function make(settings: Partial<ForecasterSettings>, backend = reference): Forecaster {
  const all = { inputs: I, outputs: O, hidden: 3, future: F, linear: L, ...settings };
  const model = new Forecaster(all, { rng: new Rng(2), backend, createCell });
  // The linear part starts at zero, which says nothing.
  if (model.skip !== undefined)
    model.skip.weight.write(Array.from({ length: model.skip.weight.size }, (_, at) => Math.sin(at) / 2));
  return model;
}

const inputsOf = ({ config }: Forecaster): ForecastInputs => ({
  window: tensor(WINDOW, [T, B, I]),
  ...(config.future > 0 && { future: tensor(FUTURE, [B, F]) }),
  ...(config.linear > 0 && { linear: tensor(LINEAR, [B, L]) }),
});

const CASES: readonly [string, Partial<ForecasterSettings>][] = [
  ["an LSTM with quantiles", {}],
  ["two layers of GRU, squared errors", { cell: "gru", layers: 2, loss: "mse", quantiles: [] }],
  [
    "an RNN without future and linear part, absolute errors",
    { cell: "rnn", future: 0, linear: 0, loss: "mae", quantiles: [] },
  ],
  ["no cell, Huber's loss", { cell: "none", loss: "huber", quantiles: [] }],
  ["a cell of one's own", { cell: "own", quantiles: [0.2, 0.5] }],
];

describe("a forecaster", () => {
  test.each(CASES)("has the gradients that differences have: %s", async (_, settings) => {
    const model = make(settings);
    const loss = () =>
      model.loss(inputsOf(model), tensor(TARGETS, [B, O]), { mask: tensor(MASK, [B, O]) }).loss;
    const leaves = Object.fromEntries(parameters(model).map(({ name, tensor: own }) => [name, own]));
    const results = await checkGradients(loss, leaves, { samples: 6 });
    expect(results.length).toBe(Object.keys(leaves).length);
    for (const { name, error } of results) expect(error, name).toBeLessThan(1e-6);
  });

  test.each(CASES.slice(0, 4))("has so many parameters: %s", (_, settings) => {
    const model = make(settings);
    const count = parameters(model).reduce((sum, { tensor: own }) => sum + own.size, 0);
    expect(forecasterParameterCount(model.config)).toBe(count);
    expect(forecasterTrainingBytes(model.config, 8, 20)).toBeGreaterThan(16 * count);
  });

  test("without a cell is a linear function of its lags: an autoregression", async () => {
    const model = make({ cell: "none", loss: "mse", quantiles: [] });
    const [weight, bias] = [await model.skip!.weight.read(), await model.skip!.bias!.read()];
    const said = await scope(() => model.forward(inputsOf(model)).read(), reference);
    for (let b = 0; b < B; b++) {
      for (let o = 0; o < O; o++) {
        let sum = bias[o];
        for (let k = 0; k < L; k++) sum += weight[o * L + k] * LINEAR[b * L + k];
        expect(said[b * O + o]).toBeCloseTo(sum, 9);
      }
    }
  });

  const lossOf = (error: number, loss: string, q = 0.5): number => {
    const size = Math.abs(error);
    if (loss === "mse") return error * error;
    if (loss === "mae") return size;
    if (loss === "huber") return size <= 1 ? size ** 2 / 2 : size - 0.5;
    return error >= 0 ? q * error : (q - 1) * error;
  };

  test.each(["pinball", "mse", "mae", "huber"] as const)(
    "has the loss %s of its definition",
    async (loss) => {
      const quantiles = loss === "pinball" ? [0.1, 0.5, 0.9] : [];
      const width = Math.max(1, quantiles.length);
      const model = make({ loss, quantiles });
      const far = TARGETS.map((target) => 4 * target);
      const [[value], said] = await scope(() => {
        const { loss: all, forecasts } = model.loss(inputsOf(model), tensor(far, [B, O]), {
          mask: tensor(MASK, [B, O]),
        });
        return Promise.all([all.read(), forecasts.read()]);
      }, reference);
      let expected = 0;
      for (let at = 0; at < B * O; at++) {
        for (let q = 0; q < width; q++) {
          expected += (MASK[at] * lossOf(far[at] - said[at * width + q], loss, quantiles[q])) / (O * width);
        }
      }
      expect(value).toBeCloseTo(expected, 9);
    },
  );

  test("drops units only where it is given random numbers", async () => {
    const model = make({ dropout: 0.5, layers: 2 });
    const run = (options: { rng?: Rng }) =>
      scope(() => model.forward(inputsOf(model), options).read(), reference);
    const [plain, again, dropped] = [await run({}), await run({}), await run({ rng: new Rng(1) })];
    expect(again).toEqual(plain);
    expect(dropped).not.toEqual(plain);
  });
});

test.each(backends)("says on $name what it says on the reference", async ({ backend, tolerance }) => {
  const [own, other] = [make({}, backend), make({})];
  const run = (model: Forecaster, on: typeof backend) =>
    scope(() => model.forward(inputsOf(model)).read(), on);
  expect(firstDifference(await run(own, backend), await run(other, reference), tolerance)).toBeUndefined();
});

describe("a forecaster refuses", () => {
  test.each([
    [{ quantiles: [0.9, 0.1] }, "quantiles must be a list of ascending numbers"],
    [{ quantiles: [] }, "the loss pinball needs at least one quantile"],
    [{ loss: "mse", quantiles: [0.5] }, "the loss mse needs no quantiles"],
    [{ cell: "none", linear: 0 }, "a model without a cell needs linear features"],
    [{ outputs: 0 }, "outputs must be an integer of at least 1"],
  ] as [Partial<ForecasterSettings>, string][])("settings that make no model: %j", (settings, message) => {
    expect(() => completeForecasterConfig({ inputs: 1, outputs: 1, hidden: 2, ...settings })).toThrow(
      message,
    );
  });

  test("inputs that it has not, and leaving out those that it has", () => {
    const model = make({ future: 0 });
    const refuses = (inputs: object, message: string) =>
      scope(() => expect(() => model.forward(inputs as ForecastInputs)).toThrow(message), reference);
    refuses({ window: tensor(WINDOW, [T, B, I], "f32", reference) }, "inputs.linear must be [batch, 4]");
    scope(() => {
      const window = tensor(WINDOW, [T, B, I]);
      expect(() =>
        model.forward({ window, linear: tensor(LINEAR, [B, L]), future: tensor(FUTURE, [B, F]) }),
      ).toThrow("inputs.future must be left out");
      expect(() => model.forward({ window, linear: tensor(LINEAR.slice(0, L), [1, L]) })).toThrow("linear");
    }, reference);
  });

  test("a description from a file that is none, or larger than any heap", () => {
    const config = completeForecasterConfig({ inputs: 2, outputs: 3, hidden: 4 });
    expect(parseForecasterConfig(JSON.parse(JSON.stringify(config)), "x")).toEqual(config);
    for (const wrong of [
      null,
      [],
      { ...config, hidden: "4" },
      { ...config, quantiles: [2] },
      { ...config, cell: "no" },
      { ...config, hidden: 1e6 },
    ]) {
      expect(() => parseForecasterConfig(wrong, "x.safetensors")).toThrow(/^x\.safetensors: /);
    }
  });
});
