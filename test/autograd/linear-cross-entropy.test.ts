import { describe, expect, it } from "vitest";
import { backward, Tape, withTape } from "../../src/autograd/tape.ts";
import { heapOf } from "../../src/backend/heap.ts";
import {
  crossEntropy,
  ids,
  linear,
  linearCrossEntropy,
  Rng,
  scope,
  type Tensor,
  uniform,
} from "../../src/nn/index.ts";
import { sgd } from "../../src/optim/index.ts";
import { differentiate } from "../../src/optim/step.ts";
import { backends, firstDifference } from "../support/backends.ts";

describe.each(backends)("on $name, linearCrossEntropy", ({ name, backend, tolerance }) => {
  const rng = new Rng(1);
  const make = (rows: number, features: number, classes: number) => ({
    x: uniform([rows, features], 1, rng, backend),
    weight: uniform([classes, features], 1, rng, backend),
    bias: uniform([classes], 1, rng, backend),
  });
  type Tensors = ReturnType<typeof make>;

  /** The loss, the gradients, and the bytes that computing them took on the heap. */
  async function run(tensors: Tensors, loss: (tensors: Tensors) => Tensor) {
    const named = Object.entries(tensors).map(([key, tensor]) => ({ name: key, tensor }));
    const optimizer = sgd(named);
    const before = heapOf(backend).usedBytes;
    const value = await differentiate(() => loss(tensors), optimizer);
    // What the first step took in several blocks, the next one keeps in one.
    await differentiate(() => loss(tensors), optimizer);
    const bytes = heapOf(backend).usedBytes - before;
    const gradients = await Promise.all(named.map(({ tensor }) => optimizer.gradients.of(tensor)!.read()));
    optimizer.dispose();
    return { value, bytes, gradients };
  }

  it("gives the same bits of loss, dx and dW whatever the blocks are", async () => {
    const tensors = make(37, 9, 21);
    const targets = Int32Array.from({ length: 37 }, (_, row) => (row * 5) % 21);
    const inBlocks = (blockRows: number) =>
      run(tensors, ({ x, weight, bias }) => linearCrossEntropy(x, weight, bias, ids(targets), { blockRows }));
    const whole = await inBlocks(37);
    for (const blockRows of [1, 8, 13, 36]) {
      const { value, gradients } = await inBlocks(blockRows);
      expect(value).toBe(whole.value);
      if (backend.instructions !== "amx") {
        expect(gradients.slice(0, 2)).toEqual(whole.gradients.slice(0, 2));
        continue;
      }
      // AMX adds the products of 32 rows at a time, so dW depends on where they are cut.
      expect(gradients[0]).toEqual(whole.gradients[0]);
      expect(firstDifference(gradients[1], whole.gradients[1], tolerance)).toBeUndefined();
    }
  });

  it("leaves the gradients of ignored rows 0 when no row counts, and the mean NaN", async () => {
    const { value, gradients } = await run(make(3, 4, 5), ({ x, weight, bias }) =>
      linearCrossEntropy(x, weight, bias, ids([-100, -100, -100]), { blockRows: 2 }),
    );
    expect(value).toBeNaN();
    for (const gradient of gradients) expect(gradient.every((each) => Math.abs(each) === 0)).toBe(true);
  });

  it("refuses a second gradient of one loss, because the first was scaled in place", () => {
    const { x, weight } = make(3, 4, 5);
    scope(() => {
      const tape = new Tape();
      const loss = withTape(tape, () =>
        linearCrossEntropy(x, weight, undefined, ids([1, 2, 0]), { blockRows: 2 }),
      );
      backward(tape, loss);
      expect(() => backward(tape, loss)).toThrow("linearCrossEntropy: its gradient was taken already");
    }, backend);
  });

  // The reference has no heap to measure.
  it.skipIf(name === "reference")("never has the logits of a large vocabulary whole", async () => {
    const [rows, classes] = [300, 30_000];
    const tensors = make(rows, 4, classes);
    const targets = Int32Array.from({ length: rows }, (_, row) => (row * 31) % classes);
    const fused = await run(tensors, ({ x, weight, bias }) =>
      linearCrossEntropy(x, weight, bias, ids(targets)),
    );
    const composed = await run(tensors, ({ x, weight, bias }) =>
      crossEntropy(linear(x, weight, bias), ids(targets)),
    );
    const logits = rows * classes * 4;
    expect(composed.bytes).toBeGreaterThan(2 * logits);
    expect(fused.bytes).toBeLessThan(logits / 2);
    expect(Math.abs(fused.value - composed.value)).toBeLessThan(1e-5);
  });
});
