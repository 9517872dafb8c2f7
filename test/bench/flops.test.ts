import { describe, expect, it } from "vitest";
import { charLmFlops, drawFlops, layerFlops } from "../../bench/flops.ts";
import type { Workload } from "../../bench/protocol.ts";
import { backward, Tape, withTape } from "../../src/autograd/tape.ts";
import { type Backend, createWasmBackend, scope, type Tensor, tensor } from "../../src/index.ts";
import { add, matmul, sum } from "../../src/nn/index.ts";

const SIZES = { time: 3, batch: 2, hidden: 5, vocab: 7, learningRate: 0, clip: 0, seed: 1 };
const GATES = { rnn: 1, lstm: 4, gru: 3 } as const;

/** A backend that counts the operations of its matrix products. */
function counting() {
  const backend = createWasmBackend()!;
  let flops = 0;
  const gemm: Backend["kernels"]["gemm"] = (...args) => {
    const [, , , , m, n, k] = args;
    flops += 2 * m * n * k;
    backend.kernels.gemm(...args);
  };
  return { backend: { ...backend, kernels: { ...backend.kernels, gemm } }, count: () => flops };
}

/** The products of a layer, made one by one with the ops of the tape: what the fused kernels do in one. */
function productsOfLayer({ time, batch, hidden }: Workload, gates: number, train: boolean, head = 0): number {
  const { backend, count } = counting();
  const zeros = (shape: number[]) => {
    const made = tensor(new Float32Array(shape[0] * shape[1]), shape, "f32", backend);
    made.needsGradient = true;
    return made;
  };
  scope(() => {
    const tape = new Tape();
    const loss = withTape(tape, () => {
      const weightHh = zeros([hidden, gates * hidden]);
      const weightIh = head > 0 ? undefined : zeros([hidden, gates * hidden]);
      const output = head > 0 ? zeros([hidden, head]) : undefined;
      let total: Tensor | undefined;
      for (let t = 0; t < time; t++) {
        const h = zeros([batch, hidden]);
        const products = [matmul(h, weightHh)];
        if (weightIh !== undefined) products.push(matmul(zeros([batch, hidden]), weightIh));
        if (output !== undefined) products.push(matmul(zeros([batch, hidden]), output));
        for (const product of products) total = total === undefined ? sum(product) : add(total, sum(product));
      }
      return total!;
    });
    if (train) backward(tape, loss);
  }, backend);
  return count();
}

describe("the operations of a workload", () => {
  for (const cell of ["rnn", "lstm", "gru"] as const) {
    it(`of a layer of ${cell} are those of its products, forward and with backward`, () => {
      const workload = { ...SIZES, cell };
      const forward = productsOfLayer(workload, GATES[cell], false);
      const all = productsOfLayer(workload, GATES[cell], true);
      expect(layerFlops({ ...workload, mode: "infer" })).toBe(forward);
      expect(layerFlops({ ...workload, mode: "train" })).toBe(all);
    });
  }

  it("of the character model are those of its recurrent and its output products", () => {
    expect(charLmFlops(SIZES)).toBe(productsOfLayer(SIZES, GATES.lstm, true, SIZES.vocab));
    expect(charLmFlops({ ...SIZES, cell: "rnn" })).toBe(productsOfLayer(SIZES, 1, true, SIZES.vocab));
  });

  it("of DRAW are those of its two cells and two linear layers", () => {
    const { time, batch, hidden: H, vocab: pixels } = SIZES;
    const matrices = 4 * H * (2 * pixels + 2 * H) + 4 * H * (100 + H) + 200 * H + pixels * H;
    expect(drawFlops(SIZES)).toBe(3 * 2 * time * batch * matrices);
  });
});
