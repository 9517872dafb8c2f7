/** What the products of bf16 parts promise beside the suites that all builds share: their parts, and special values. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { emulatedAmx } from "../support/emulated-amx.ts";
import { bits, casesFor, Machine, MODULES_WITH_PRODUCTS, noise } from "./harness.ts";
import { product } from "./plain.ts";

const AMX = MODULES_WITH_PRODUCTS.filter((file) => file.endsWith("amx"));

/** c [m, n] = a b. */
function multiply(file: string, a: readonly number[], b: readonly number[], m: number, n: number, k: number) {
  const machine = new Machine(file);
  const c = machine.room(m * n);
  const scratch = machine.room(machine.kernels.gemm_scratch(m, n, k));
  machine.kernels.gemm(c, machine.floats(a), machine.floats(b), 0, m, n, k, 0, 0, 0, scratch);
  expect(machine.intact).toBe(true);
  return machine.read(c, m * n);
}

/** From here on the nearest bf16 number is infinite. */
const LARGE = 2 ** 128 - 2 ** 119;

const identity = (n: number) => Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0));

test.runIf(emulatedAmx.reason)("AMX in software cannot be tested here", ({ skip }) => {
  skip(emulatedAmx.reason);
});

describe.each(AMX)("products of %s", (file) => {
  /** Its parts and their sum are normal numbers. */
  const finite = fc
    .float({ noNaN: true, noDefaultInfinity: true })
    .filter((x) => x === 0 || Math.abs(x) > 2 ** -100);
  const few = fc.array(finite, { minLength: 1, maxLength: 40 });

  test("take a number as two parts that sum up to it within 2^-17 of itself, the largest within 2^-16", () => {
    fc.assert(
      fc.property(few, (values) => {
        const n = values.length;
        const asLeft = multiply(file, values, identity(n), 1, n, n);
        const asRight = multiply(file, identity(n), values, n, 1, n);
        for (const got of [asLeft, asRight]) {
          values.forEach((x, i) => {
            expect(Math.abs(got[i] - x)).toBeLessThanOrEqual(
              Math.abs(x) * (Math.abs(x) < LARGE ? 2 ** -17 : 2 ** -16),
            );
          });
        }
      }),
    );
  });

  test("keep numbers of 16 significant bits exactly", () => {
    const values = noise(3)(64).map((x) => Math.round(x * 2 ** 15) / 2 ** 15);
    expect([...multiply(file, values, identity(64), 1, 64, 64)]).toEqual(values);
    expect([...multiply(file, identity(64), values, 64, 1, 64)]).toEqual(values);
  });

  test("keep the largest numbers finite", () => {
    const largest = 2 ** 128 - 2 ** 104;
    for (const x of [largest, -largest, LARGE, 2 ** 128 - 2 ** 118]) {
      const [got] = multiply(file, [x], [1], 1, 1, 1);
      expect(Math.abs(got - x)).toBeLessThanOrEqual(Math.abs(x) * 2 ** -16);
    }
  });

  test("take subnormal numbers for zeros", () => {
    expect([...multiply(file, [2 ** -130, 1], [2, 2 ** -140], 1, 1, 2)]).toEqual([0]);
  });

  const special = fc.constantFrom(
    0,
    -0,
    1,
    -1,
    0.5,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    Number.NaN,
  );
  const plain = fc.constantFrom(0, 1, -1, 0.5, 3);
  const mixed = fc.oneof({ weight: 1, arbitrary: special }, { weight: 12, arbitrary: plain });

  test("give infinities and NaN where float32 gives them, and exact sums beside them", () => {
    fc.assert(
      fc.property(
        fc
          .record({
            m: fc.integer({ min: 1, max: 36 }),
            n: fc.integer({ min: 1, max: 36 }),
            k: fc.integer({ min: 1, max: 40 }),
          })
          .chain(({ m, n, k }) =>
            fc.tuple(fc.constant({ m, n, k }), listOf(mixed, m * k), listOf(mixed, k * n)),
          ),
        ([{ m, n, k }, a, b]) => {
          const expected = product(a, b, m, n, k);
          expect([...multiply(file, a, b, m, n, k)].map(unsigned)).toEqual(expected.map(unsigned));
        },
      ),
      { numRuns: casesFor(file, 200) },
    );
  });

  test("do not let a NaN or an infinity change the bits of other rows and columns", () => {
    const [m, n, k] = [33, 40, 70];
    const next = noise(9);
    const [a, b] = [next(m * k), next(k * n)];
    const before = multiply(file, a, b, m, n, k);
    const after = multiply(
      file,
      a.with(5 * k + 3, Number.NaN),
      b.with(2 * n + 7, Number.NEGATIVE_INFINITY),
      m,
      n,
      k,
    );
    for (let r = 0; r < m; r++) {
      for (let j = 0; j < n; j++) {
        const at = r * n + j;
        if (r === 5) expect(after[at]).toBeNaN();
        else if (j === 7)
          expect(after[at]).toBe(a[r * k + 2] > 0 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY);
        else expect(bits(after.subarray(at, at + 1))).toEqual(bits(before.subarray(at, at + 1)));
      }
    }
  });
});

/** Zero of either sign is one value: which it is depends on the order of additions. */
const unsigned = (x: number) => (x === 0 ? 0 : x);

function listOf(element: fc.Arbitrary<number>, length: number): fc.Arbitrary<number[]> {
  return fc.array(element, { minLength: length, maxLength: length });
}

describe("the kept addon for Linux on x64", () => {
  const path = fileURLToPath(new URL("../../src/backend/native/unrolled-linux-x64.node", import.meta.url));

  test("holds the tile instructions: configured before they are used, three products for each pair of tiles", ({
    skip,
  }) => {
    const { stdout, error } = spawnSync("objdump", ["-d", "--no-show-raw-insn", path], {
      encoding: "utf8",
      maxBuffer: 2 ** 28,
    });
    if (error !== undefined) return skip("needs objdump");
    const found = [
      ...stdout.matchAll(/\t(ldtilecfg|sttilecfg|tilerelease|tileloadd|tilestored|tdp\w+) *(.*)$/gm),
    ];
    const count = (name: string) => found.filter(([, mnemonic]) => mnemonic === name).length;
    // One kernel each for 1, 2, 2 and 4 tiles of sums.
    const products = found.filter(([, name]) => name.startsWith("tdp"));
    expect(new Set(products.map(([, name]) => name))).toEqual(new Set(["tdpbf16ps"]));
    expect(products).toHaveLength(3 * (1 + 2 + 2 + 4));
    expect(count("tilestored")).toBe(1 + 2 + 2 + 4);
    // Its sums, then hi of a, lo and hi of b, lo of a.
    expect(count("tileloadd")).toBe(1 + 4 + (2 + 6) + (2 + 6) + (4 + 8));
    expect([count("ldtilecfg"), count("sttilecfg"), count("tilerelease")].every((n) => n > 0)).toBe(true);
    for (const [, , operands] of products) {
      const [b, a, c] = [...operands.matchAll(/%tmm(\d)/g)].map(([, number]) => Number(number));
      expect([c < 4, a === 4 || a === 5, b === 6 || b === 7], operands).toEqual([true, true, true]);
      expect([a - 4, b - 6], operands).toEqual([c >> 1, c & 1]);
    }
  });
});
