import { describe, expect, it } from "vitest";
import { freeze, Linear, mul, parameters, Rng, sum, tensor, unfreeze } from "../../src/nn/index.ts";
import { adam, clipNorm, type Optimizer, sgd, step } from "../../src/optim/index.ts";
import { backends, firstDifference } from "../support/backends.ts";

describe.each(backends)("on $name", ({ backend, tolerance }) => {
  const model = () => {
    const rng = new Rng(3);
    return { body: new Linear(4, 3, { rng, backend }), head: new Linear(3, 2, { rng, backend }) };
  };
  type Model = ReturnType<typeof model>;

  const train = ({ body, head }: Model, optimizer: Optimizer, steps: number) => {
    for (let index = 0; index < steps; index++) {
      step(
        () => {
          const x = tensor([1, -2, 0.5, index], [1, 4]);
          const y = head.forward(body.forward(x));
          return sum(mul(y, y));
        },
        optimizer,
        clipNorm(1),
      );
    }
  };
  const values = async (module: object) =>
    Promise.all(parameters(module).map(async ({ tensor }) => [...(await tensor.read())]));

  it("a group keeps the ratio of its rate to the optimizer's when a schedule changes that", async () => {
    const together = model();
    const groups = sgd(
      [
        { parameters: parameters({ body: together.body }), lr: 0.02 },
        { parameters: parameters({ head: together.head }) },
      ],
      { lr: 0.01, momentum: 0.9 },
    );
    const plain = model();
    const [body, head] = [
      sgd(parameters({ body: plain.body }), { momentum: 0.9 }),
      sgd(parameters({ head: plain.head }), { momentum: 0.9 }),
    ];
    for (const rate of [0.01, 0.005, 0.03]) {
      groups.learningRate = rate;
      [body.learningRate, head.learningRate] = [2 * rate, rate];
      for (const optimizer of [groups, body, head]) {
        optimizer.gradients.zero();
        for (const { tensor } of optimizer.parameters) {
          optimizer.gradients.of(tensor)!.write(Array.from({ length: tensor.size }, (_, i) => i - 2));
        }
        optimizer.update();
      }
    }
    for (const [index, expected] of (await values(plain)).entries()) {
      expect(firstDifference((await values(together))[index], expected, tolerance)).toBeUndefined();
    }
  });

  it("the state has the names that torch gives, in every group those of its settings", () => {
    const { body, head } = model();
    const optimizer = sgd(
      [{ parameters: parameters({ body }) }, { parameters: parameters({ head }), momentum: 0 }],
      { momentum: 0.5 },
    );
    expect([...optimizer.state().keys()]).toEqual([
      "momentum_buffer.body.weight",
      "momentum_buffer.body.bias",
    ]);
    expect(optimizer.parameters.map(({ name }) => name)).toEqual([
      "body.weight",
      "body.bias",
      "head.weight",
      "head.bias",
    ]);
  });

  it("what is frozen before costs no gradient and no state, and stays as it was to the bit", async () => {
    const trained = model();
    freeze(trained.body);
    const optimizer = adam(parameters(trained), { lr: 0.1, weightDecay: 0.1 });
    expect([...optimizer.state().keys()].some((name) => name.includes("body"))).toBe(false);
    expect(optimizer.gradients.of(trained.body.weight)).toBeUndefined();
    const [before, headBefore] = [await values(trained.body), await values(trained.head)];
    train(trained, optimizer, 3);
    expect(await values(trained.body)).toEqual(before);
    expect(await values(trained.head)).not.toEqual(headBefore);
    expect(optimizer.parameters.length).toBe(4);
  });

  it("what is frozen for a while stands still with its state, and counts only its own updates", async () => {
    const waited = model();
    const optimizer = adam(parameters(waited), { lr: 0.05, weightDecay: 0.01 });
    train(waited, optimizer, 2);
    freeze(waited.head);
    const [before, state] = [
      await values(waited.head),
      [...optimizer.state().values()].map((slot) => slot.read()),
    ];
    train(waited, optimizer, 4);
    expect(await values(waited.head)).toEqual(before);
    for (const [index, [name, slot]] of [...optimizer.state()].entries()) {
      if (name.includes("head")) expect(await slot.read(), name).toEqual(await state[index]);
    }
    unfreeze(waited.head);
    train(waited, optimizer, 1);
    expect(optimizer.stepCount).toBe(7);
    expect([...(await optimizer.state().get("step.head.bias")!.read())]).toEqual([3]);
    expect([...(await optimizer.state().get("step.body.bias")!.read())]).toEqual([7]);
    expect(await values(waited.head)).not.toEqual(before);
  });

  it("a frozen parameter takes no part in the norm of the gradient", async () => {
    const { body, head } = model();
    const optimizer = sgd(parameters({ body, head }));
    freeze(body);
    const { gradientNorm } = step(
      () => sum(head.forward(body.forward(tensor([1, 2, 3, 4], [1, 4])))),
      optimizer,
      clipNorm(Number.POSITIVE_INFINITY),
    );
    const squares = await Promise.all(
      parameters(head).map(async ({ tensor }) =>
        [...(await optimizer.gradients.of(tensor)!.read())].reduce((s, g) => s + g * g, 0),
      ),
    );
    expect(
      firstDifference([await gradientNorm], [Math.sqrt(squares[0] + squares[1])], tolerance),
    ).toBeUndefined();
  });

  it("a parameter that is thawed too late is named", () => {
    const late = model();
    freeze(late.body);
    const optimizer = sgd(parameters(late));
    unfreeze(late.body);
    expect(() => train(late, optimizer, 1)).toThrow(
      "sgd: body.weight was frozen when the optimizer was made",
    );
    expect(optimizer.stepCount).toBe(0);
  });

  it("no parameters, only frozen ones, one twice or two of a name are refused", () => {
    const { body, head } = model();
    expect(() => adam([])).toThrow("there are no parameters to train");
    expect(() => adam([{ parameters: [] }])).toThrow("there are no parameters to train");
    freeze(head);
    expect(() => adam(parameters(head))).toThrow("there are no parameters to train");
    const named = parameters({ body });
    expect(() => adam([{ parameters: named }, { parameters: parameters({ again: body }) }])).toThrow(
      "adam: the parameter again.weight is given twice, the first time as body.weight",
    );
    unfreeze(head);
    expect(() => adam([{ parameters: parameters(body) }, { parameters: parameters(head) }])).toThrow(
      "adam: two parameters have the name weight",
    );
  });
});
