import { describe, expect, it, test } from "vitest";
import { checkGradients } from "../../src/autograd/gradcheck.ts";
import type { Backend } from "../../src/backend/backend.ts";
import { createReferenceBackend } from "../../src/backend/reference/reference.ts";
import type { Tensor } from "../../src/backend/tensor.ts";
import { beamSearch } from "../../src/decode/index.ts";
import {
  captionerParameterCount,
  completeCaptionerConfig,
  parseCaptionerConfig,
} from "../../src/models/captioner-config.ts";
import { Captioner, type CaptionerSettings } from "../../src/models/index.ts";
import { ids, parameters, Rng, scope, tensor } from "../../src/nn/index.ts";
import { backends } from "../support/backends.ts";

const reference = createReferenceBackend();
const [V, H, E] = [7, 4, 3];
const LENGTHS = [2, 0, 3];
const [B, T] = [LENGTHS.length, 3];
const rng = new Rng(5);
const CAPTIONS = LENGTHS.map((length) => Array.from({ length }, () => 3 + rng.integer(V - 3)));
const IMAGE = [2, 16, 8] as const;
const PIXELS = 2 * 16 * 8;
const VALUES = Array.from({ length: B * PIXELS }, () => rng.uniform());

const CASES: readonly (readonly [string, Partial<CaptionerSettings>])[] = [
  ["an image read once by an LSTM", { image: IMAGE, filters: 2 }],
  ["an image attended by an LSTM", { image: IMAGE, filters: 2, attention: "additive" }],
  [
    "an image attended by a GRU of two layers, dot",
    { image: IMAGE, filters: 2, attention: "dot", cell: "gru", layers: 2 },
  ],
  [
    "an image read once by an RNN with tied weights",
    { image: IMAGE, filters: 2, cell: "rnn", tieWeights: true },
  ],
  ["a given vector", { features: 5, cell: "gru" }],
  ["given places, attended", { features: 3, places: 4, attention: "additive", attentionUnits: 2 }],
];

const settingsOf = (settings: Partial<CaptionerSettings>): CaptionerSettings => ({
  vocabulary: V,
  hidden: H,
  embedding: E,
  ...settings,
});

const sizeOf = ({ image, features = 0, places = 1 }: Partial<CaptionerSettings>) =>
  image ? PIXELS : features * places;

/** @param filler what stands behind the end of a caption */
const padded = (rows: readonly number[], time = T, filler = V - 1) =>
  Int32Array.from(rows.flatMap((b) => Array.from({ length: time }, (_, t) => CAPTIONS[b][t] ?? filler)));

/** The first number of what `make` makes. */
const firstOf = async (make: () => Tensor, backend: Backend = reference): Promise<number> =>
  (await scope(() => make().read(), backend))[0];

function lossOf(
  model: Captioner,
  backend: Backend,
  { rows = [0, 1, 2], time = T, filler = V - 1 }: { rows?: number[]; time?: number; filler?: number } = {},
) {
  const size = sizeOf(model.config);
  const pictures = tensor(
    rows.flatMap((b) => VALUES.slice(b * size, (b + 1) * size)),
    [rows.length, size],
    "f32",
    backend,
  );
  return model.loss(pictures, ids(padded(rows, time, filler), [rows.length, time], backend), {
    lengths: rows.map((b) => LENGTHS[b]),
    reduction: "sum",
  });
}

describe.each(CASES)("%s", (_, given) => {
  const settings = settingsOf(given);
  const make = (backend: Backend) => new Captioner(settings, { rng: new Rng(3), backend });

  it("has gradients that agree with numeric ones", async () => {
    const model = make(reference);
    const leaves = Object.fromEntries(parameters(model).map(({ name, tensor: leaf }) => [name, leaf]));
    for (const { name, error } of await checkGradients(() => lossOf(model, reference).loss, leaves, {
      samples: 3,
    })) {
      expect(error, name).toBeLessThan(1e-6);
    }
  });

  it("has as many parameters as are announced", () => {
    const count = parameters(make(reference)).reduce((sum, { tensor: { size } }) => sum + size, 0);
    expect(count).toBe(captionerParameterCount(completeCaptionerConfig(settings)));
  });

  it("has a loss that depends neither on padding nor on the other captions of a batch", async () => {
    const model = make(reference);
    const value = (options?: Parameters<typeof lossOf>[2]) =>
      firstOf(() => lossOf(model, reference, options).loss);
    const whole = await value();
    expect(await value({ time: 6, filler: 0 })).toBeCloseTo(whole, 12);
    const alone = [await value({ rows: [0] }), await value({ rows: [1] }), await value({ rows: [2] })];
    expect(alone.reduce((a, b) => a + b)).toBeCloseTo(whole, 12);
  });

  it("says how likely each caption is", async () => {
    const model = make(reference);
    const size = sizeOf(settings);
    const pictures = () => tensor(VALUES.slice(0, B * size), [B, size], "f32", reference);
    const captions = () => ids(padded([0, 1, 2]), [B, T], reference);
    const found = await scope(
      () => model.logProbabilities(pictures(), captions(), LENGTHS).read(),
      reference,
    );
    const alone = async (b: number) => firstOf(() => lossOf(model, reference, { rows: [b] }).loss);
    for (let b = 0; b < B; b++) expect(found[b]).toBeCloseTo(-(await alone(b)), 12);
  });

  it("is the same on every backend", async () => {
    const expected = await firstOf(() => lossOf(make(reference), reference).loss);
    for (const { backend } of backends) {
      const found = await firstOf(() => lossOf(make(backend), backend).loss, backend);
      expect(Math.abs(found - expected)).toBeLessThan(1e-4);
    }
  });

  it("writes for several pictures what it writes for each alone", async () => {
    const model = make(reference);
    const size = sizeOf(settings);
    const write = async (rows: readonly number[]) => {
      const pictures = rows.flatMap((b) => VALUES.slice(b * size, (b + 1) * size));
      const decoder = scope(
        () => model.decoder(model.encode(tensor(pictures, [rows.length, size], "f32", reference))),
        reference,
      );
      const found = await beamSearch(decoder, { width: 3, maxLength: 6 });
      decoder.close();
      return found.map(({ hypotheses }) => [Array.from(hypotheses[0].symbols), hypotheses[0].score]);
    };
    const together = await write([0, 1, 2]);
    for (const b of [0, 1, 2]) expect((await write([b]))[0]).toEqual(together[b]);
  });

  it("comes back from a file as it was", () => {
    const config = completeCaptionerConfig(settings);
    expect(parseCaptionerConfig(JSON.parse(JSON.stringify(config)), "run.json")).toEqual(config);
  });
});

test("attention looks at each place with weights that add up to 1", async () => {
  const model = new Captioner(settingsOf({ image: IMAGE, filters: 2, attention: "additive" }), {
    rng: new Rng(3),
    backend: reference,
  });
  const weights = await scope(() => {
    const pictures = tensor(VALUES, [B, PIXELS], "f32", reference);
    const found = model.align(pictures, ids(padded([0, 1, 2]), [B, T], reference), LENGTHS);
    // 16 x 8 pixels, halved until a side would be below 4.
    expect(found.shape).toEqual([B, T + 1, 8 * 4]);
    return found.read();
  }, reference);
  const sum = (row: number) => Array.from(weights.slice(row * 32, (row + 1) * 32)).reduce((x, y) => x + y, 0);
  expect([0, 1, 2, 3].map((row) => sum(row).toFixed(9))).toEqual([
    "1.000000000",
    "1.000000000",
    "1.000000000",
    "0.000000000",
  ]);
});

test("dropout draws by row, so that rows on other replicas get the same", async () => {
  const settings = settingsOf({ image: IMAGE, filters: 2, attention: "additive", dropout: 0.4 });
  const model = new Captioner(settings, { rng: new Rng(3), backend: reference });
  const lossWith = (rows: readonly number[]) =>
    firstOf(() => {
      const pictures = tensor(
        rows.flatMap((b) => VALUES.slice(b * PIXELS, (b + 1) * PIXELS)),
        [rows.length, PIXELS],
        "f32",
        reference,
      );
      const options = {
        lengths: rows.map((b) => LENGTHS[b]),
        reduction: "sum",
        rng: new Rng(9).forRows(rows, B),
      } as const;
      return model.loss(pictures, ids(padded(rows), [rows.length, T], reference), options).loss;
    });
  const whole = await lossWith([0, 1, 2]);
  expect((await lossWith([0])) + (await lossWith([1, 2]))).toBeCloseTo(whole, 12);
  const without = await firstOf(() => lossOf(model, reference).loss);
  expect(Math.abs(whole - without)).toBeGreaterThan(1e-3);
});

describe("settings that make no captioner", () => {
  test.each([
    [{}, "one of image and features must be given, got none"],
    [{ image: IMAGE, features: 3 }, "one of image and features must be given, got both"],
    [{ image: IMAGE, places: 3 }, "places are of given features"],
    [{ features: 3, attention: "dot" }, "attention needs two places or more, and a picture has 1"],
    [{ features: 3, tieWeights: "yes" }, "tieWeights must be"],
    [{ features: 3, colour: 1 }, "unknown option colour"],
    [{ image: [3, 1, 5] }, "image must be"],
  ])("%j", (settings, message) => {
    expect(() => completeCaptionerConfig(settingsOf(settings as never))).toThrow(message);
  });

  test("a model of a file that is larger than any heap is refused", () => {
    const config = { ...completeCaptionerConfig(settingsOf({ features: 3 })), hidden: 2 ** 20 };
    expect(() => parseCaptionerConfig(config, "run.json")).toThrow("larger than the heap");
    for (const wrong of [null, [], "x", { ...config, cell: "own" }, { ...config, image: [1] }]) {
      expect(() => parseCaptionerConfig(wrong, "run.json")).toThrow(/^run\.json: /);
    }
  });
});

test("pictures of another size are refused", () => {
  const model = new Captioner(settingsOf({ features: 3 }), { rng: new Rng(3), backend: reference });
  scope(() => {
    expect(() => model.encode(tensor([1, 2], [1, 2], "f32", reference))).toThrow(
      "captioner.encode: pictures",
    );
    expect(() => model.encode("x" as never)).toThrow("captioner.encode");
  }, reference);
});
