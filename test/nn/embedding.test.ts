import { describe, expect, test } from "vitest";
import { Embedding, embedding, ids, mul, Rng, sum, tensor } from "../../src/nn/index.ts";
import { adamw, differentiate, sgd, step } from "../../src/optim/index.ts";
import { backends } from "../support/backends.ts";

const numbers = [0, 2, 1, 2, 3, 2];
const weights = Float32Array.from({ length: 12 }, (_, i) => (i * 7) % 5);

describe.each(backends)("an embedding with a padding id on $name", ({ backend }) => {
  const make = (paddingIdx?: number) => new Embedding(4, 2, { rng: new Rng(1), backend, paddingIdx });
  const loss = (table: Embedding) =>
    sum(mul(table.forward(ids(numbers, [2, 3])), tensor(weights, [2, 3, 2], "f32", backend)));
  const read = async (table: Embedding) => Array.from(await table.weight.read());

  test.each([0, 2, 3, -1, -4])(
    "of %d has a row of zeros there, and the other rows of one without",
    async (id) => {
      const row = (id + 4) % 4;
      const expected = await read(make());
      expected.fill(0, 2 * row, 2 * row + 2);
      const table = make(id);
      expect(await read(table)).toEqual(expected);
      expect(table.paddingIdx).toBe(row);
    },
  );

  test("gets the gradient of one without, but for zeros at that row", async () => {
    const gradientOf = async (table: Embedding) => {
      const optimizer = sgd([{ name: "weight", tensor: table.weight }]);
      await differentiate(() => loss(table), optimizer);
      const gradient = Array.from(await table.weight.grad!.read());
      optimizer.dispose();
      return gradient;
    };
    const whole = await gradientOf(make());
    expect(whole.slice(4, 6).every((value) => value !== 0)).toBe(true);
    expect(await gradientOf(make(2))).toEqual([...whole.slice(0, 4), 0, 0, ...whole.slice(6)]);
  });

  test("keeps its zeros in training, and a row that was written there too", async () => {
    const table = make(2);
    const optimizer = adamw([{ name: "weight", tensor: table.weight }], { lr: 0.1, weightDecay: 0 });
    for (let update = 0; update < 3; update++) step(() => loss(table), optimizer);
    expect((await read(table)).slice(4, 6)).toEqual([0, 0]);
    table.weight.view([2], 4).write([5, 6]);
    step(() => loss(table), optimizer);
    expect((await read(table)).slice(4, 6)).toEqual([5, 6]);
    optimizer.dispose();
  });

  test("refuses an id that is none of its own", () => {
    for (const id of [4, -5, 0.5, Number.NaN, "0", null]) {
      expect(() => make(id as number), String(id)).toThrow("Embedding: paddingIdx must be ");
      const { weight } = make();
      expect(() => embedding(ids([0], [1], backend), weight, { paddingIdx: id as number })).toThrow(
        "embedding: paddingIdx must be an integer from -4 to 3, got",
      );
    }
    const misspelt: object = { padding_idx: 0 };
    expect(() => embedding(ids([0], [1], backend), make().weight, misspelt)).toThrow(
      "embedding: unknown option padding_idx",
    );
  });
});
