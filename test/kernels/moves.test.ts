import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Machine, MODULES, noise, worst } from "./harness.ts";

const size = fc.integer({ min: 1, max: 20 });

describe.each(MODULES)("moving and reducing kernels of %s", (file) => {
  test("copy_rows touches the rows' columns and nothing between them", () => {
    fc.assert(
      fc.property(size, size, fc.nat(5), fc.nat(5), (rows, cols, gapY, gapX) => {
        const machine = new Machine(file);
        const [strideY, strideX] = [cols + gapY, cols + gapX];
        const next = noise(rows * 31 + cols);
        const [before, from] = [next(rows * strideY), next(rows * strideX)];
        const inside = (i: number) => i % strideY < cols;
        const source = (i: number) => from[Math.floor(i / strideY) * strideX + (i % strideY)];
        const x = machine.floats(from, true);
        const y = machine.floats(before);
        machine.kernels.copy_rows(y, strideY, x, strideX, rows, cols);
        expect([...machine.read(y, before.length)]).toEqual(
          before.map((v, i) => (inside(i) ? source(i) : v)),
        );
        expect(machine.intact).toBe(true);
      }),
    );
  });

  test("swap_axes exchanges two axes of words, whatever the words mean", () => {
    fc.assert(
      fc.property(size, fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 6 }), (a, b, inner) => {
        const machine = new Machine(file);
        /* Bit patterns of signalling NaNs among them: a move through float arithmetic would change those. */
        const words = Array.from({ length: a * b * inner }, (_, i) => 0x7f800001 + i);
        const y = machine.room(words.length, true);
        machine.kernels.swap_axes(y, machine.ints(words), a, b, inner);
        const got = new Int32Array(machine.memory.buffer, y, words.length);
        const expected = words.map((_, i) => {
          const [j, rest] = [Math.floor(i / (a * inner)), i % (a * inner)];
          return words[(Math.floor(rest / inner) * b + j) * inner + (rest % inner)];
        });
        expect([...got]).toEqual(expected);
        expect(machine.intact).toBe(true);
      }),
    );
  });

  test("gather_rows takes table rows and scatter_add_rows adds to them, ids repeated or below 0 included", () => {
    fc.assert(
      fc.property(size, fc.array(fc.integer({ min: -2, max: 6 }), { maxLength: 30 }), (width, ids) => {
        const machine = new Machine(file);
        const next = noise(width);
        const [table, dy] = [next(7 * width), next(ids.length * width)];
        const [at, idsAt] = [machine.floats(table, true), machine.ints(ids)];
        const y = machine.room(ids.length * width, true);
        machine.kernels.gather_rows(y, at, idsAt, ids.length, width);
        expect([...machine.read(y, ids.length * width)]).toEqual(
          ids.flatMap((id) =>
            id < 0 ? new Array<number>(width).fill(0) : table.slice(id * width, (id + 1) * width),
          ),
        );
        machine.kernels.scatter_add_rows(at, machine.floats(dy), idsAt, ids.length, width);
        const sums = table.slice();
        for (const [i, id] of ids.entries())
          for (let j = 0; j < width && id >= 0; j++) sums[id * width + j] += dy[i * width + j];
        expect(worst(machine.read(at, 7 * width), sums)).toBeLessThanOrEqual(1);
        expect(machine.intact).toBe(true);
      }),
    );
  });

  test("sum and sum_rows agree with float64 at any length", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 1, max: 40 }), (rows, cols) => {
        const machine = new Machine(file);
        const values = noise(rows * 50 + cols)(rows * cols, 4);
        const x = machine.floats(values, true);
        const y = machine.room(cols, true);
        machine.kernels.sum(y, x, values.length);
        expect(machine.read(y, 1)[0]).toBeCloseTo(
          values.reduce((a, b) => a + b, 0),
          4,
        );
        machine.kernels.sum_rows(y, x, rows, cols);
        const sums = Array.from({ length: cols }, (_, c) => {
          let total = 0;
          for (let r = 0; r < rows; r++) total += values[r * cols + c];
          return total;
        });
        /* Up to 40 roundings of sums up to 160. */
        expect(worst(machine.read(y, cols), sums, 1e-4)).toBeLessThanOrEqual(1);
        expect(machine.intact).toBe(true);
      }),
    );
  });

  test("adds a million small numbers without losing them", () => {
    const machine = new Machine(file);
    const n = 1 << 20;
    const x = machine.floats(new Float32Array(n).fill(0.1));
    const y = machine.room(1);
    machine.kernels.sum(y, x, n);
    expect(machine.read(y, 1)[0]).toBe(Math.fround(n * Math.fround(0.1)));
  });
});
