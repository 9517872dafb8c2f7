import { describe, expect, test } from "vitest";
import { freeze, mul, parameter, scope, sum, tensor, unfreeze } from "../../src/nn/index.ts";
import { clipNorm, clipValue, differentiate, sgd, step } from "../../src/optim/index.ts";
import { backends } from "../support/backends.ts";

describe.each(backends)("grad of a parameter on $name", ({ backend }) => {
  const make = () => {
    const [w, b] = [parameter([1, 2], [2], backend), parameter([3], [1], backend)];
    const parameters = [
      { name: "w", tensor: w },
      { name: "b", tensor: b },
    ];
    return { w, b, parameters, optimizer: sgd(parameters, { lr: 0.5 }) };
  };
  const loss = (w: ReturnType<typeof parameter>, factors: number[]) =>
    sum(mul(w, tensor(factors, [2], "f32", backend)));

  test("is undefined at first and while the loss is computed, then the gradient of its shape, zero where none flows", async () => {
    const { w, b, optimizer } = make();
    expect([w.grad, b.grad]).toEqual([undefined, undefined]);
    const seen: unknown[] = [];
    const compute = () => {
      seen.push(w.grad);
      return loss(w, [4, 5]);
    };
    await differentiate(compute, optimizer);
    expect(w.grad?.shape).toEqual([2]);
    expect(Array.from(await w.grad!.read())).toEqual([4, 5]);
    expect(Array.from(await b.grad!.read())).toEqual([0]);
    await differentiate(compute, optimizer);
    expect(seen).toEqual([undefined, undefined]);
    optimizer.dispose();
  });

  test("is seen by a clip before clipping, and is clipped after the step", async () => {
    const { w, optimizer } = make();
    let before: Promise<ArrayLike<number>> | undefined;
    step(
      () => loss(w, [30, 40]),
      optimizer,
      (gradients) => {
        before = w.grad!.read();
        clipNorm(5)(gradients);
      },
    );
    expect(Array.from(await before!)).toEqual([30, 40]);
    const after = Array.from(await w.grad!.read());
    expect(after[0]).toBeCloseTo(3, 5);
    expect(after[1]).toBeCloseTo(4, 5);
    const moved = Array.from(await w.read());
    expect(moved[0]).toBeCloseTo(1 - 0.5 * 3, 5);
    optimizer.dispose();
  });

  test("may be looked at between a clip and the update, which it does not change", async () => {
    const [one, other] = [make(), make()];
    for (const [{ w, optimizer }, isSeen] of [
      [one, true],
      [other, false],
    ] as const) {
      await differentiate(() => loss(w, [7, -9]), optimizer);
      clipValue(1)(optimizer.gradients);
      if (isSeen) expect(Array.from(await w.grad!.read())).toEqual([1, -1]);
      optimizer.update();
    }
    expect(await one.w.read()).toEqual(await other.w.read());
  });

  test("is the mean of all parts with accumulation", async () => {
    const { w, optimizer } = make();
    await differentiate((part) => loss(w, [part, 2]), optimizer, { accumulate: 3 });
    const found = Array.from(await w.grad!.read());
    expect(found[0]).toBeCloseTo(1, 6);
    expect(found[1]).toBeCloseTo(2, 6);
    optimizer.dispose();
  });

  test("is absent of what is frozen, of what is no parameter, and when the optimizer is disposed of", async () => {
    const { w, b, optimizer } = make();
    await differentiate(() => loss(w, [4, 5]), optimizer);
    freeze(w);
    expect(w.grad).toBeUndefined();
    unfreeze(w);
    expect(w.grad).toBeDefined();
    scope(() => expect(loss(w, [1, 1]).grad).toBeUndefined(), backend);
    optimizer.dispose();
    expect([w.grad, b.grad]).toEqual([undefined, undefined]);
  });

  test("is that of the optimizer which was used last", async () => {
    const { w, parameters, optimizer } = make();
    const other = sgd(parameters);
    const grad = async () => Array.from(await w.grad!.read());
    await differentiate(() => loss(w, [1, 1]), other);
    expect(await grad()).toEqual([1, 1]);
    await differentiate(() => loss(w, [2, 2]), optimizer);
    expect(await grad()).toEqual([2, 2]);
    await differentiate(() => loss(w, [3, 3]), other);
    expect(await grad()).toEqual([3, 3]);
    other.dispose();
    expect(await grad()).toEqual([2, 2]);
    optimizer.dispose();
  });
});
