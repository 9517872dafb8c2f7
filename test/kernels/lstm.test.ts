import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bits, Machine, MODULES, noise, worst } from "./harness.ts";
import { type LstmInputs, type LstmSizes, lstmBackward, lstmForward } from "./plain.ts";

function problem(
  sizes: LstmSizes,
  seed: number,
  options: { states?: boolean; biases?: boolean } = {},
): LstmInputs {
  const { t, b, inputs, hidden } = sizes;
  const next = noise(seed);
  const scale = 1 / Math.sqrt(hidden);
  return {
    ...sizes,
    x: next(t * b * inputs),
    weightIh: next(4 * hidden * inputs, scale),
    weightHh: next(4 * hidden * hidden, scale),
    biasIh: options.biases === false ? undefined : next(4 * hidden),
    biasHh: options.biases === false ? undefined : next(4 * hidden),
    h0: options.states === false ? undefined : next(b * hidden),
    c0: options.states === false ? undefined : next(b * hidden),
  };
}

interface Upstream {
  dh?: number[];
  dhLast?: number[];
  dcLast?: number[];
}

/** Forward and, with upstream gradients, backward; everything comes back by name. */
function run(
  machine: Machine,
  p: LstmInputs,
  ids?: number[],
  upstream?: Upstream,
): Record<string, Float32Array> {
  const { t, b, inputs, hidden } = p;
  const k = machine.kernels;
  const hasIds = ids ? 1 : 0;
  const weightIh = machine.floats(p.weightIh);
  const weightHh = machine.floats(p.weightHh);
  const packed = machine.room(k.lstm_pack_size(inputs, hidden, hasIds));
  const [biasIh, biasHh] = [machine.floats(p.biasIh), machine.floats(p.biasHh)];
  k.lstm_pack(packed, weightIh, weightHh, biasIh, biasHh, inputs, hidden, hasIds);
  const x = ids ? 0 : machine.floats(p.x, true);
  const idsAt = machine.ints(ids);
  const [h0, c0] = [machine.floats(p.h0, true), machine.floats(p.c0)];
  const sizes = { h: t * b * hidden, c: t * b * hidden, gates: t * b * 4 * hidden };
  const [h, c, gates] = [machine.room(sizes.h, true), machine.room(sizes.c), machine.room(sizes.gates)];
  const scratch = machine.room(k.lstm_forward_scratch(t, b, inputs, hidden, hasIds));
  k.lstm_forward(h, c, gates, x, idsAt, h0, c0, packed, t, b, inputs, hidden, scratch);
  const result: Record<string, Float32Array> = {
    h: machine.read(h, sizes.h),
    c: machine.read(c, sizes.c),
    gates: machine.read(gates, sizes.gates),
  };
  if (upstream) {
    const outputs = {
      dx: t * b * inputs,
      dweightIh: 4 * hidden * inputs,
      dweightHh: 4 * hidden * hidden,
      dbias: 4 * hidden,
      dh0: b * hidden,
      dc0: b * hidden,
    };
    const at = Object.fromEntries(Object.entries(outputs).map(([name, n]) => [name, machine.room(n, true)]));
    const [dh, dhLast, dcLast] = [upstream.dh, upstream.dhLast, upstream.dcLast].map((v) =>
      machine.floats(v, true),
    );
    const work = machine.room(k.lstm_backward_scratch(t, b, inputs, hidden, hasIds));
    const dx = ids ? 0 : at.dx;
    k.lstm_backward(
      ...[dx, at.dweightIh, at.dweightHh, at.dbias, at.dh0, at.dc0, dh, dhLast, dcLast, h, c, gates],
      ...[x, idsAt, h0, c0, weightIh, weightHh, t, b, inputs, hidden, work],
    );
    for (const [name, n] of Object.entries(outputs))
      if (name !== "dx" || !ids) result[name] = machine.read(at[name], n);
  }
  expect(machine.intact).toBe(true);
  return result;
}

function upstreamOf(p: LstmInputs, seed: number, what = 7): Upstream {
  const next = noise(seed);
  const [dh, dhLast, dcLast] = [next(p.t * p.b * p.hidden), next(p.b * p.hidden), next(p.b * p.hidden)];
  return {
    dh: what & 1 ? dh : undefined,
    dhLast: what & 2 ? dhLast : undefined,
    dcLast: what & 4 ? dcLast : undefined,
  };
}

function oneHot(ids: number[], classes: number): number[] {
  return ids.flatMap((id) => Array.from({ length: classes }, (_, j) => (j === id ? 1 : 0)));
}

function someIds(n: number, classes: number): number[] {
  return Array.from({ length: n }, (_, i) => (i * 7 + (i >> 2)) % classes);
}

/** A row of a [rows, ...] array stacked as [t, b, width]: what belongs to batch element r. */
function rowOf(values: ArrayLike<number>, t: number, b: number, width: number, r: number): number[] {
  return Array.from(
    { length: t * width },
    (_, i) => values[(Math.floor(i / width) * b + r) * width + (i % width)],
  );
}

describe.each(MODULES)("lstm of %s", (file) => {
  test("agrees with plain loops for any small shape, values and all gradients", () => {
    fc.assert(
      fc.property(
        fc.record({
          t: fc.integer({ min: 1, max: 5 }),
          b: fc.integer({ min: 1, max: 20 }),
          inputs: fc.integer({ min: 1, max: 20 }),
          hidden: fc.integer({ min: 1, max: 24 }),
        }),
        fc.integer({ min: 1, max: 1e6 }),
        fc.boolean(),
        fc.boolean(),
        fc.integer({ min: 0, max: 7 }),
        (sizes, seed, states, biases, what) => {
          const p = problem(sizes, seed, { states, biases });
          const upstream = upstreamOf(p, seed + 1, what);
          const got = run(new Machine(file), p, undefined, upstream);
          const forward = lstmForward(p);
          const expected = { ...forward, ...lstmBackward(p, forward, upstream) };
          for (const [name, values] of Object.entries(expected))
            expect(worst(got[name], values), name).toBeLessThanOrEqual(1);
        },
      ),
      { numRuns: 60 },
    );
  });

  test.each([
    { t: 3, b: 33, inputs: 5, hidden: 40 },
    { t: 2, b: 7, inputs: 530, hidden: 9 },
    { t: 40, b: 14, inputs: 3, hidden: 8 },
    { t: 2, b: 3, inputs: 17, hidden: 140 },
  ])("agrees with plain loops across block edges: $t steps, batch $b, $inputs to $hidden", (sizes) => {
    const p = problem(sizes, 3);
    const upstream = upstreamOf(p, 5);
    const got = run(new Machine(file), p, undefined, upstream);
    const forward = lstmForward(p);
    const expected = { ...forward, ...lstmBackward(p, forward, upstream) };
    for (const [name, values] of Object.entries(expected))
      expect(worst(got[name], values), name).toBeLessThanOrEqual(1);
  });

  test("takes ids as it takes one-hot rows", () => {
    for (const sizes of [
      { t: 4, b: 5, inputs: 7, hidden: 19 },
      { t: 3, b: 1, inputs: 65, hidden: 16 },
    ]) {
      const p = problem(sizes, 11);
      const ids = someIds(sizes.t * sizes.b, sizes.inputs);
      const upstream = upstreamOf(p, 12);
      const got = run(new Machine(file), p, ids, upstream);
      const dense = run(new Machine(file), { ...p, x: oneHot(ids, sizes.inputs) }, undefined, upstream);
      for (const name of Object.keys(got)) expect(worst(got[name], dense[name]), name).toBeLessThanOrEqual(1);
    }
  });

  test.each([5, 13, 32])("gives a row of a batch of %i the bits it has alone", (b) => {
    const sizes = { t: 3, b, inputs: 6, hidden: 21 };
    const p = problem(sizes, 21);
    const upstream = upstreamOf(p, 22);
    const together = run(new Machine(file), p, undefined, upstream);
    for (let r = 0; r < b; r++) {
      const pick = (values: ArrayLike<number> | undefined, t: number, width: number) =>
        values && rowOf(values, t, b, width, r);
      const alone = run(
        new Machine(file),
        { ...p, b: 1, x: rowOf(p.x, 3, b, 6, r), h0: pick(p.h0, 1, 21), c0: pick(p.c0, 1, 21) },
        undefined,
        {
          dh: pick(upstream.dh, 3, 21),
          dhLast: pick(upstream.dhLast, 1, 21),
          dcLast: pick(upstream.dcLast, 1, 21),
        },
      );
      for (const [name, t, width] of [
        ["h", 3, 21],
        ["c", 3, 21],
        ["gates", 3, 84],
        ["dx", 3, 6],
        ["dh0", 1, 21],
        ["dc0", 1, 21],
      ] as const)
        expect(bits(new Float32Array(rowOf(together[name], t, b, width, r))), name).toEqual(
          bits(alone[name]),
        );
    }
  });

  test("gives the same bits in one call of 7 steps as in calls of 3 and 4 with the state carried", () => {
    const p = problem({ t: 7, b: 4, inputs: 5, hidden: 18 }, 31);
    const whole = run(new Machine(file), p);
    const first = run(new Machine(file), { ...p, t: 3, x: Array.from(p.x).slice(0, 3 * 4 * 5) });
    const last = (values: Float32Array) => values.slice(2 * 4 * 18);
    const second = run(new Machine(file), {
      ...p,
      t: 4,
      x: Array.from(p.x).slice(3 * 4 * 5),
      h0: last(first.h),
      c0: last(first.c),
    });
    for (const name of ["h", "c", "gates"])
      expect([...bits(first[name]), ...bits(second[name])], name).toEqual(bits(whole[name]));
  });

  test("carries a NaN in one row's input to that row's states alone, and to every weight", () => {
    const p = problem({ t: 3, b: 4, inputs: 5, hidden: 9 }, 41);
    const x = Array.from(p.x);
    x[1 * 5 + 2] = Number.NaN; // step 0, row 1
    const got = run(new Machine(file), { ...p, x }, undefined, upstreamOf(p, 42));
    for (let s = 0; s < 3; s++)
      for (let r = 0; r < 4; r++)
        for (let u = 0; u < 9; u++) expect(Number.isNaN(got.h[(s * 4 + r) * 9 + u])).toBe(r === 1);
    for (const name of ["dweightIh", "dweightHh", "dbias"])
      expect(
        got[name].every((v) => Number.isNaN(v)),
        name,
      ).toBe(true);
  });

  test("saturates exactly for sums far from zero", () => {
    const sizes = { t: 1, b: 1, inputs: 1, hidden: 4 };
    const p = {
      ...problem(sizes, 51, { states: false }),
      biasIh: new Array<number>(16).fill(1e30),
      biasHh: undefined,
    };
    const got = run(new Machine(file), p);
    expect([...got.gates]).toEqual(new Array(16).fill(1));
  });
});
