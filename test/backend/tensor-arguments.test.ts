import { describe, expect, it } from "vitest";
import { add, embedding, reshape } from "../../src/autograd/ops/index.ts";
import { recurrent } from "../../src/autograd/ops/recurrent.ts";
import { BoundWeights } from "../../src/autograd/ops/recurrent-weights.ts";
import { parameter } from "../../src/autograd/parameter.ts";
import { backward, Tape, withTape } from "../../src/autograd/tape.ts";
import { ids, scope, tensor, zeros } from "../../src/backend/index.ts";
import { InputError, OutOfMemoryError, ShapeError } from "../../src/core/errors.ts";
import { LayerNormLSTMCell, LSTM, Rng, sum } from "../../src/nn/index.ts";
import { backends } from "../support/backends.ts";

describe.each(backends)("on $name", ({ backend }) => {
  it.each([
    [[-1]],
    [[1.5]],
    [[Number.NaN]],
    [[2, Infinity]],
    ["2"],
    [2],
    [null],
    [{ length: 1 }],
    [new Array(1)],
  ])("the shape %j is refused wherever a tensor is made", (given) => {
    const shape = given as number[];
    const x = zeros([4], backend);
    const where = (name: string) =>
      expect.stringMatching(new RegExp(`^${name}: shape must be an array of whole`));
    const makers: Record<string, () => unknown> = {
      zeros: () => zeros(shape, backend),
      tensor: () => tensor([1, 2, 3], shape, "f32", backend),
      parameter: () => parameter([1, 2, 3], shape, backend),
      view: () => x.view(shape),
    };
    for (const [name, make] of Object.entries(makers)) {
      expect(make).toThrow(ShapeError);
      expect(make).toThrow(expect.objectContaining({ message: where(name) }));
    }
  });

  it("a shape of negative sizes whose product is right is refused", () => {
    expect(() => tensor([1, 2, 3], [-1, -3], "f32", backend)).toThrow(ShapeError);
    expect(() => scope(() => reshape(zeros([6]), [1.5, 4]), backend)).toThrow(ShapeError);
  });

  it("reshape fills in one -1, as PyTorch does", () => {
    scope(() => {
      const x = zeros([2, 3, 4]);
      expect(reshape(x, [-1, 4]).shape).toEqual([6, 4]);
      expect(reshape(x, [2, -1]).shape).toEqual([2, 12]);
      expect(() => reshape(x, [-1, 5])).toThrow("reshape: shape must be an array of whole numbers");
      expect(() => reshape(x, [-1, -1])).toThrow(ShapeError);
      expect(() => reshape(zeros([0]), [0, -1])).toThrow(ShapeError);
    }, backend);
  });

  it.each([Number.NaN, 1.5, -1, 3, Infinity, "1"])("a view from element %j on is refused", (offset) => {
    expect(() => zeros([4], backend).view([2], offset as number)).toThrow(ShapeError);
  });

  it("an array that changes after it was given as a shape changes no tensor", async () => {
    const shape = [2];
    const x = zeros(shape, backend);
    shape[0] = 2 ** 20;
    expect([...(await scope(() => add(x, 1).read(), backend))]).toEqual([1, 1]);
  });

  it("more weights than the heap holds are a matter of memory, with their size", () => {
    const options = { rng: new Rng(1), backend };
    const tooLarge = /: 149\.0 GiB wanted/;
    expect(() => new LSTM(3, 1e5, options)).toThrow(OutOfMemoryError);
    expect(() => new LSTM(3, 1e5, options)).toThrow(tooLarge);
    expect(() => new LayerNormLSTMCell(3, 1e5, options)).toThrow(tooLarge);
    expect(() => zeros([2 ** 31, 2 ** 31], backend)).toThrow(OutOfMemoryError);
  });

  it("floats are not read or written as what they are not", () => {
    const x = zeros([2], backend);
    expect(() => x.readIntsSync()).toThrow(ShapeError);
    expect(() => x.write(["1", "2"] as unknown as number[])).toThrow(InputError);
    expect(() => ids([0], [1], backend).write([2 ** 31])).toThrow(/\[0\] must be an integer of 32 bits/);
  });

  it("ids that are overwritten after the forward pass do not send the backward pass beyond its table", () => {
    const [index, table] = [ids([0, 1], [2], backend), parameter([1, 2, 3, 4], [2, 2], backend)];
    expect(() =>
      scope(() => {
        const tape = new Tape();
        const loss = withTape(tape, () => sum(embedding(index, table)));
        index.write([0, 2 ** 30]);
        backward(tape, loss);
      }, backend),
    ).toThrow("embedding: ids must be in [0, 2), got 1073741824 at position 1");
  });

  describe("packed rows", () => {
    const weights = { weightIh: zeros([8, 2], backend), weightHh: zeros([8, 2], backend) };
    const x = zeros([5, 2], backend);
    const run = (counts: number[], last: number[]) =>
      scope(() => {
        const rows = { counts: ids(counts), last: ids(last) };
        return recurrent(new BoundWeights("lstm", weights), x, {}, rows).hidden.read();
      }, backend);

    it("of the right counts are taken", async () => {
      expect((await run([2, 2, 1], [4, 3])).length).toBe(4);
    });

    it.each([
      ["that rise", [2, 1, 2], [4, 4]],
      ["that are negative", [2, 4, -1], [4, 3]],
      ["of another batch", [3, 2], [4, 3]],
      ["that add up to fewer rows than there are", [2, 2], [2, 3]],
      ["that add up to more", [2, 2, 2, 2, 2], [8, 9]],
      ["of a step without a sequence", [2, 2, 1, 0], [4, 3]],
      ["whose product would wrap", [2, 2 ** 30], [4, 3]],
      ["with last rows elsewhere", [2, 2, 1], [3, 4]],
      ["with last rows beyond all rows", [2, 2, 1], [4, 2 ** 30]],
    ])("counts %s are refused", (_, counts, last) => {
      expect(() => run(counts, last)).toThrow(InputError);
      expect(() => run(counts, last)).toThrow(/^lstm: rows\.(counts|last) must be/);
    });

    it("floats as counts are refused", () => {
      expect(() =>
        scope(
          () =>
            recurrent(
              new BoundWeights("lstm", weights),
              x,
              {},
              { counts: tensor([2, 2, 1]), last: ids([4, 3]) },
            ),
          backend,
        ),
      ).toThrow(/rows.counts must be integers/);
    });
  });
});
