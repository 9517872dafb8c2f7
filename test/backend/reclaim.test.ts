/** What the backward pass takes back of the open scope's memory, and what lives on. */
import { describe, expect, it } from "vitest";
import { heapOf } from "../../src/backend/heap.ts";
import { createReferenceBackend } from "../../src/backend/reference/reference.ts";
import { Frames, reclaim, scope, withScratch } from "../../src/backend/scope.ts";
import { empty, persistent, type Tensor } from "../../src/backend/tensor.ts";
import { StaleTensorError } from "../../src/index.ts";

const MIB = 2 ** 18; // words

/** In a scope of an arena of its own. */
function inScope<Result>(work: () => Result): Result {
  const frames = new Frames(createReferenceBackend());
  return frames.run(work);
}

const filled = (size: number, value: number): Tensor => {
  const tensor = empty([size]);
  tensor.backend.kernels.fill(tensor.address, value, size);
  return tensor;
};
const first = (tensor: Tensor) => tensor.backend.memory.readSync!(tensor.address, 1)[0];

describe("reclaim", () => {
  it("gives out anew what nothing keeps, and nobody can use it any more", () =>
    inScope(() => {
      const before = filled(16, 1);
      let gone = before;
      reclaim(() => {
        gone = filled(100, 2);
        return [];
      });
      expect(() => gone.address).toThrow(StaleTensorError);
      expect(first(before)).toBe(1);
      expect(empty([1]).address - before.address).toBe(64);
    }));

  it("keeps what is named, with all that was made before it", () => {
    const [kept] = inScope(() => {
      const outside = filled(16, 1);
      let [scratch, kept, behind] = [outside, outside, outside];
      reclaim(() => {
        [scratch, kept, behind] = [filled(32, 2), filled(16, 3), filled(64, 4)];
        return [kept, outside];
      });
      const next = filled(64, 5);
      expect([first(outside), first(scratch), first(kept)]).toEqual([1, 2, 3]);
      expect(next.address).toBe(behind.address);
      expect(next.address - kept.address).toBe(64);
      return [kept];
    });
    expect(() => kept.address).toThrow(StaleTensorError);
  });

  it("keeps a view by the place of its elements", () =>
    inScope(() => {
      let view = empty([1]);
      reclaim(() => {
        view = filled(64, 7).view([16], 16);
        return [view];
      });
      expect(empty([1]).address - view.address).toBe(64);
      expect(first(view)).toBe(7);
    }));

  it("goes back over blocks of the arena, and none of them is given out twice", () =>
    inScope(() => {
      const all = [filled(MIB - 64, 1)];
      reclaim(() => {
        const [large, small] = [filled(2 * MIB, 2), filled(16, 3)];
        void filled(5 * MIB, 4);
        all.push(large, small);
        return [small, large];
      });
      all.push(filled(2 * MIB, 5), filled(16, 6));
      reclaim(() => [all[3]]);
      all.push(filled(16, 7));
      expect(all.map(first)).toEqual([1, 2, 3, 5, 6, 7]);
    }));

  it("what is kept in one that is inside another lives as long as the outer one keeps it", () =>
    inScope(() => {
      let [kept, dropped] = [empty([1]), empty([1])];
      reclaim(() => {
        reclaim(() => {
          kept = filled(16, 1);
          return [kept];
        });
        return [kept];
      });
      reclaim(() => {
        reclaim(() => {
          dropped = filled(16, 2);
          return [dropped];
        });
        return [];
      });
      expect(first(kept)).toBe(1);
      expect(() => dropped.address).toThrow(StaleTensorError);
    }));

  it("takes everything back after an error", () =>
    inScope(() => {
      const before = empty([1]);
      const failing = () =>
        reclaim(() => {
          filled(100, 1);
          throw new RangeError("of the op");
        });
      expect(failing).toThrow("of the op");
      expect(empty([1]).address - before.address).toBe(64);
      expect(scope(() => first(filled(1, 3)))).toBe(3);
    }));
});

describe("withScratch", () => {
  it("takes its words back", () =>
    inScope(() => {
      const before = empty([1]);
      withScratch(1000, (scratch) => expect(scratch - before.address).toBe(64));
      expect(empty([1]).address - before.address).toBe(64);
    }));

  it("is refused outside all scopes", () => {
    expect(() => withScratch(1, () => {})).toThrow("scratch has no scope to live in");
  });
});

it("an arena's block grows in place, and the next generation has one block of what was in use", () => {
  const backend = createReferenceBackend();
  const heap = heapOf(backend);
  const frames = new Frames(backend);
  const before = heap.usedBytes;
  heap.restartPeak();
  const words = 3 * 2 ** 18;
  for (let round = 0; round < 2; round++) {
    frames.run(() => {
      for (let i = 0; i < 8; i++) empty([words]);
    });
  }
  expect(heap.peakBytes - before).toBe(8 * 4 * words);
  // Something else behind the block: the rest goes to another one, and the next round has both in one.
  frames.run(() => {
    for (let i = 0; i < 8; i++) empty([words]);
    persistent([16], "f32", backend);
    for (let i = 0; i < 4; i++) empty([words]);
  });
  frames.run(() => empty([1]));
  expect(heap.usedBytes - before).toBe(12 * 4 * words + 64);
  frames.dispose();
});
