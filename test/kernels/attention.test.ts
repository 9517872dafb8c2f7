/** The attention kernels: padding, steps and batches, bit for bit. Values are compared in tails.test.ts. */
import { describe, expect, test } from "vitest";
import { ATTENTION_SCORES } from "../../src/backend/kernels.generated.ts";
import { bits, Machine, MODULES, noise } from "./harness.ts";

const [B, T, S, A, H] = [3, 4, 7, 19, 21];
const LENGTHS = [5, 7, 1];

/** Values [B, S, n] with NaN where there is padding. */
function padded(n: number, seed: number): number[] {
  const values = noise(seed)(B * S * n);
  return values.map((value, i) => {
    const place = Math.floor(i / n);
    return place % S < LENGTHS[Math.floor(place / S)] ? value : Number.NaN;
  });
}

function inputs() {
  return {
    query: noise(1)(B * T * A),
    keys: padded(A, 2),
    values: padded(H, 3),
    v: noise(4)(A),
    dcontext: noise(5)(B * T * H),
    dweights: noise(6)(B * T * S),
  };
}

/** Room for what a kernel adds to. */
function zeros(machine: Machine, n: number): number {
  const address = machine.room(n);
  new Float32Array(machine.memory.buffer, address, n).fill(0);
  return address;
}

/** Forward and backward of `count` sequences from `first` on, and of `steps` steps from `step` on. */
function run(file: string, kind: number, [first, count]: number[], [step, steps]: number[]) {
  const machine = new Machine(file);
  const all = inputs();
  const rows = (x: number[], n: number) => x.slice(first * n, (first + count) * n);
  const some = (x: number[], n: number) =>
    Array.from({ length: count }, (_, b) => x.slice((b + first) * T * n).slice(step * n, (step + steps) * n));
  const [query, dcontext, dweights] = [some(all.query, A), some(all.dcontext, H), some(all.dweights, S)].map(
    (x) => machine.floats(x.flat()),
  );
  const [keys, values] = [rows(all.keys, S * A), rows(all.values, S * H)].map((x) => machine.floats(x));
  const v = machine.floats(all.v);
  const lengths = machine.ints(LENGTHS.slice(first, first + count));
  const sizes = { context: steps * H, weights: steps * S, dquery: steps * A, dkeys: S * A, dvalues: S * H };
  const at = Object.fromEntries(Object.entries(sizes).map(([name, n]) => [name, zeros(machine, count * n)]));
  const dv = zeros(machine, A);
  const last = [0.5, count, steps, S, A, H];
  machine.kernels.attention(kind, at.context, at.weights, query, keys, values, v, lengths, ...last);
  machine.kernels.attention_backward(
    ...([kind, at.dquery, at.dkeys, at.dvalues, dv, dcontext, dweights, query, keys, values, v] as const),
    ...[at.weights, lengths, ...last, machine.room(S)],
  );
  expect(machine.intact).toBe(true);
  const read = (name: keyof typeof sizes) => {
    const flat = [...machine.read(at[name], count * sizes[name])];
    return Array.from({ length: count }, (_, b) => flat.slice(b * sizes[name], (b + 1) * sizes[name]));
  };
  return {
    ...{ context: read("context"), weights: read("weights"), dquery: read("dquery") },
    ...{ dkeys: read("dkeys"), dvalues: read("dvalues"), dv: [...machine.read(dv, A)] },
  };
}

const bitsOf = (x: readonly number[]) => bits(Float32Array.from(x));

describe.each(MODULES)("attention of %s", (file) => {
  describe.each(Object.entries(ATTENTION_SCORES))("with %s scores", (_, kind) => {
    test("reads no padding, gives it no weight and no gradient", () => {
      const { context, weights, dquery, dkeys, dvalues, dv } = run(file, kind, [0, B], [0, T]);
      for (const values of [...context, ...weights, ...dquery, ...dkeys, ...dvalues, dv])
        expect(values.every(Number.isFinite)).toBe(true);
      for (const [b, length] of LENGTHS.entries()) {
        for (let t = 0; t < T; t++) {
          const row = weights[b].slice(t * S, (t + 1) * S);
          expect(row.slice(length)).toEqual(new Array(S - length).fill(0));
          expect(row.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 5);
        }
        expect(dkeys[b].slice(length * A).every((x) => x === 0)).toBe(true);
        expect(dvalues[b].slice(length * H).every((x) => x === 0)).toBe(true);
      }
    });

    test("gives a sequence alone the bits that it has in a batch", () => {
      const whole = run(file, kind, [0, B], [0, T]);
      for (let b = 0; b < B; b++) {
        const alone = run(file, kind, [b, 1], [0, T]);
        for (const name of ["context", "weights", "dquery", "dkeys", "dvalues"] as const)
          expect(bitsOf(alone[name][0]), name).toEqual(bitsOf(whole[name][b]));
      }
    });

    test("gives a step alone the bits that it has among all steps", () => {
      const whole = run(file, kind, [0, B], [0, T]);
      for (let t = 0; t < T; t++) {
        const alone = run(file, kind, [0, B], [t, 1]);
        for (const [name, n] of [["context", H] as const, ["weights", S] as const, ["dquery", A] as const])
          for (let b = 0; b < B; b++)
            expect(bitsOf(alone[name][b]), name).toEqual(bitsOf(whole[name][b].slice(t * n, (t + 1) * n)));
      }
    });
  });
});
