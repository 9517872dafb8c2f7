import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Machine, MODULES, noise, worst } from "./harness.ts";
import * as plain from "./plain-updates.ts";

const STEPS = 10;

/** None, or a factor and a limit. */
const CLIPS = [undefined, [0.75, 0.5]] as const;

/**
 * Ten updates by a kernel and by a plain loop, from the same gradients, some of them tiny, without a clip and with one.
 * The kernel gets the addresses of p, g, the clip and of each state that `uses` keeps (0 for the others), and of the
 * step counter.
 */
function compare(
  file: string,
  n: number,
  kernel: (
    machine: Machine,
    at: { p: number; g: number; clip: number; state: number[]; steps: number },
  ) => void,
  loop: (p: number[], g: number[], state: number[][], step: number) => void,
  { uses, allowed }: { uses: readonly boolean[]; allowed: number },
): void {
  for (const clip of CLIPS) {
    const machine = new Machine(file);
    const next = noise(n);
    const p = next(n);
    const state = uses.map(() => new Array<number>(n).fill(0));
    const at = {
      p: machine.floats(p, true),
      g: machine.room(n),
      clip: clip === undefined ? 0 : machine.floats(clip),
      state: uses.map((used, index) => (used ? machine.floats(state[index]) : 0)),
      steps: machine.floats([0]),
    };
    for (let step = 1; step <= STEPS; step++) {
      const g = next(n, step % 3 === 0 ? 1e-4 : 1);
      new Float32Array(machine.memory.buffer, at.g, n).set(g);
      kernel(machine, at);
      const [factor, limit] = clip ?? [1, Number.POSITIVE_INFINITY];
      const clipped = g.map((x) => Math.max(-limit, Math.min(limit, x * factor)));
      loop(p, clipped, state, step);
    }
    expect(worst(machine.read(at.p, n), p, allowed)).toBeLessThanOrEqual(1);
    for (const [index, used] of uses.entries()) {
      if (used) expect(worst(machine.read(at.state[index], n), state[index], allowed)).toBeLessThanOrEqual(1);
    }
    expect(machine.intact).toBe(true);
  }
}

const sizes = fc.integer({ min: 1, max: 40 });
const decays = fc.constantFrom(0, 0.01, 0.3);
const momenta = fc.constantFrom(0, 0.5, 0.9);

const ADAM = { lr: 2e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, decoupled: false };

function adam(machine: Machine, at: number[], o: plain.AdamOptions, n: number): void {
  const { lr, beta1, beta2, epsilon, weightDecay, decoupled } = o;
  machine.kernels.adam(...at, lr, beta1, beta2, epsilon, weightDecay, Number(decoupled), n);
}

describe.each(MODULES)("updates of %s", (file) => {
  test("adam follows PyTorch's formula over ten steps, with either decay", () => {
    fc.assert(
      fc.property(
        sizes,
        decays,
        fc.boolean(),
        fc.constantFrom(2e-3, 0.1),
        (n, weightDecay, decoupled, lr) => {
          const options = { ...ADAM, weightDecay, decoupled, lr };
          compare(
            file,
            n,
            (machine, { p, g, clip, state, steps }) =>
              adam(machine, [p, g, clip, ...state, steps], options, n),
            (p, g, state, step) => plain.adam(p, g, state, options, step),
            // Ten steps of size lr, each rounded to float32.
            { uses: [true, true], allowed: 1e-5 * (1 + lr * 10) },
          );
        },
      ),
    );
  });

  test("sgd follows PyTorch's formula over ten steps: momentum, dampening, Nesterov, decay", () => {
    const kinds = fc.constantFrom<[number, boolean]>([0, false], [0.3, false], [0, true]);
    fc.assert(
      fc.property(sizes, decays, momenta, kinds, (n, weightDecay, momentum, [dampening, nesterov]) => {
        const options = { lr: 0.05, momentum, dampening, weightDecay, nesterov };
        compare(
          file,
          n,
          (machine, { p, g, clip, state, steps }) =>
            machine.kernels.sgd(
              ...[p, g, clip, ...state, dampening === 0 ? 0 : steps],
              ...[options.lr, momentum, dampening, weightDecay, Number(nesterov), n],
            ),
          (p, g, state, step) => plain.sgd(p, g, state, options, step),
          { uses: [momentum !== 0], allowed: 1e-5 },
        );
      }),
    );
  });

  test("rmsprop follows PyTorch's formula over ten steps: momentum, centered, decay", () => {
    fc.assert(
      fc.property(sizes, decays, momenta, fc.boolean(), (n, weightDecay, momentum, centered) => {
        const options = { lr: 0.01, alpha: 0.9, epsilon: 1e-6, momentum, weightDecay, centered };
        compare(
          file,
          n,
          (machine, { p, g, clip, state }) =>
            machine.kernels.rmsprop(
              ...[p, g, clip, ...state, options.lr, options.alpha, options.epsilon, momentum, weightDecay, n],
            ),
          (p, g, state) => plain.rmsprop(p, g, state, options),
          // Quotients of up to ten, added up by momentum; centered, a difference of squares in the denominator.
          { uses: [true, centered, momentum !== 0], allowed: 1e-4 },
        );
      }),
    );
  });

  test("adagrad follows PyTorch's formula over ten steps: rate decay, epsilon outside and inside", () => {
    const rateDecays = fc.constantFrom(0, 0.1);
    fc.assert(
      fc.property(sizes, decays, rateDecays, fc.boolean(), (n, weightDecay, lrDecay, inside) => {
        const options = { lr: 0.1, lrDecay, epsilon: inside ? 1e-4 : 1e-10, weightDecay, inside };
        compare(
          file,
          n,
          (machine, { p, g, clip, state, steps }) =>
            machine.kernels.adagrad(
              ...[
                p,
                g,
                clip,
                ...state,
                steps,
                options.lr,
                lrDecay,
                options.epsilon,
                weightDecay,
                Number(inside),
                n,
              ],
            ),
          (p, g, state, step) => plain.adagrad(p, g, state, options, step),
          { uses: [true], allowed: 1e-5 },
        );
      }),
    );
  });

  test("adam's bias correction holds at a late step", () => {
    const machine = new Machine(file);
    const at = [[1], [0.5], [1, 9], [0.2], [0.1], [12_344]].map((values) => machine.floats(values));
    const [p, m, v] = [[1], [0.2], [0.1].map(Math.fround)];
    adam(machine, at, ADAM, 1);
    plain.adam(p, [0.5], [m, v], ADAM, 12_345);
    expect(worst(machine.read(at[0], 1), p, 1e-7)).toBeLessThanOrEqual(1);
    expect(machine.read(at[5], 1)[0]).toBe(12_345);
  });

  test("adam carries a NaN gradient into its own parameter only", () => {
    const machine = new Machine(file);
    const at = [[1, 1], [Number.NaN, 1], [1, 9], [0, 0], [0, 0], [0]].map((values) => machine.floats(values));
    adam(machine, at, ADAM, 2);
    expect([...machine.read(at[0], 2)].map(Number.isNaN)).toEqual([true, false]);
  });
});
