/** Every kernel at the tails of every vector, and with infinities and NaN: the values that the reference gives. */
import { describe, test } from "vitest";
import { createReferenceBackend } from "../../src/backend/reference/reference.ts";
import { LONG } from "../support/long.ts";
import { agrees, type Call } from "./against-reference.ts";
import { Machine, MODULES, noise } from "./harness.ts";
import { callsOf, type Draw, type Sizes } from "./kernel-calls.ts";

/** Below, at and above one and two vectors of 4, 8 and 16, and none at all. */
const WIDTHS = [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 65];

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
/** Within what float32 holds after a square, so that only what is infinite in float64 is infinite in it. */
const SPECIAL = [nan, inf, -inf, 0, -0, 1, -1, 100, -100, 0.5];

function finite(seed: number): Draw {
  const next = noise(seed);
  const small = (count: number) => next(count, 1.5);
  return { any: small, small, above: (count) => next(count).map((x) => Math.fround(Math.abs(x) + 0.25)) };
}

/** One value in three is special. */
function special(seed: number): Draw {
  const draw = finite(seed);
  let turn = seed;
  const any = (count: number) =>
    draw.small(count).map((x) => (turn++ % 3 === 0 ? SPECIAL[(turn * 7) % SPECIAL.length] : x));
  return { ...draw, any };
}

const names = [...new Set(callsOf({ rows: 1, n: 1, inner: 1 }, finite(1)).map(({ kernel }) => kernel))];
const of = (name: string, sizes: Sizes, draw: Draw): Call[] =>
  callsOf(sizes, draw).filter(({ kernel }) => kernel === name);

/** Sums of up to 65 products, and exp of up to 100. */
const ROUNDED = 4e-5;

describe.each(MODULES)("kernels of %s", (file) => {
  const reference = createReferenceBackend();

  test.each(names)("%s agrees with the reference at every width, aligned and not", (name) => {
    const machine = new Machine(file);
    // In turns: below, at and above a vector one of the three is aligned otherwise than its neighbours.
    for (const [index, n] of WIDTHS.entries())
      for (const misaligned of LONG ? [false, true] : [index % 2 === 0])
        for (const call of of(name, { rows: 1 + (index % 4), n, inner: 1 + (index % 3) }, finite(n + 1)))
          agrees(machine, reference, call, { misaligned, absolute: ROUNDED });
  });

  test.each(names)("%s gives infinities and NaN where the reference does", (name) => {
    const machine = new Machine(file);
    for (const n of [1, 3, 8, 17, 33])
      for (const seed of LONG ? [1, 2, 3] : [1])
        for (const call of of(name, { rows: 3, n, inner: 2 }, special(seed)))
          agrees(machine, reference, call, { absolute: ROUNDED });
  });
});
