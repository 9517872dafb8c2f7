import { describe, expect, it } from "vitest";
import { parameter } from "../../src/autograd/parameter.ts";
import { Rng } from "../../src/nn/index.ts";
import { adagrad, clipValue } from "../../src/optim/index.ts";
import { backends, firstDifference } from "../support/backends.ts";

/**
 * The update of Karpathy's min-char-rnn.py:
 *
 *     np.clip(dparam, -5, 5, out=dparam)
 *     mem += dparam * dparam
 *     param += -learning_rate * dparam / np.sqrt(mem + 1e-8)
 */
function karpathy(param: number[], mem: number[], dparam: number[]): void {
  for (let i = 0; i < param.length; i++) {
    const d = Math.min(Math.max(dparam[i], -5), 5);
    mem[i] += d * d;
    param[i] += (-0.1 * d) / Math.sqrt(mem[i] + 1e-8);
  }
}

describe.each(backends)("on $name", ({ backend, tolerance }) => {
  it("Adagrad with epsilon inside the root, after clipping to 5, is the update of min-char-rnn", async () => {
    const rng = new Rng(2);
    const draw = (scale: number) => Array.from({ length: 33 }, () => Math.fround(scale * rng.normal()));
    const param = draw(0.01);
    const mem = new Array<number>(param.length).fill(0);
    const tensor = parameter(param, [3, 11], backend);
    const optimizer = adagrad([{ name: "Wxh", tensor }], { lr: 0.1, eps: 1e-8, epsInsideRoot: true });
    for (let step = 0; step < 50; step++) {
      // Gradients of all sizes, down to where the epsilon is most of the root.
      const gradient = draw([10, 1, 1e-4, 1e-6][step % 4]);
      gradient[step % 33] = 0;
      optimizer.gradients.zero();
      optimizer.gradients.of(tensor)!.write(gradient);
      clipValue(5)(optimizer.gradients);
      optimizer.update();
      karpathy(param, mem, gradient);
    }
    expect(firstDifference(await tensor.read(), param, tolerance)).toBeUndefined();
    expect(
      firstDifference(await optimizer.state().get("sum.Wxh")!.read(), mem, {
        absolute: tolerance.absolute,
        relative: 1e-5,
      }),
    ).toBeUndefined();
  });
});
