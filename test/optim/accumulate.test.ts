import { describe, expect, it } from "vitest";
import type { Tensor } from "../../src/backend/tensor.ts";
import { crossEntropy, ids, Linear, LSTM, parameters, Rng, sum } from "../../src/nn/index.ts";
import { adam, clipNorm, differentiate, step } from "../../src/optim/index.ts";
import { backends, firstDifference } from "../support/backends.ts";

const [VOCABULARY, HIDDEN, ROWS, TIME] = [5, 4, 6, 7];

describe.each(backends)("gradient accumulation on $name", ({ backend, tolerance }) => {
  const make = () => {
    const rng = new Rng(11);
    const rnn = new LSTM(VOCABULARY, HIDDEN, { rng, backend });
    const head = new Linear(HIDDEN, VOCABULARY, { rng, backend });
    return { rnn, head, optimizer: adam(parameters({ rnn, head }), { lr: 0.05 }) };
  };
  type Model = ReturnType<typeof make>;

  const draws = new Rng(5);
  const text = Array.from({ length: ROWS * (TIME + 1) }, () => draws.integer(VOCABULARY));
  const part = (from: number, to: number, shift: number) =>
    ids(
      Array.from({ length: to - from }, (_, row) =>
        text.slice((from + row) * (TIME + 1) + shift, (from + row) * (TIME + 1) + shift + TIME),
      ).flat(),
      [to - from, TIME],
    );
  /** Mean loss of some rows, from the carried state if there is one. */
  const loss = ({ rnn, head }: Model, from: number, to: number, state = rnn.zeroState(to - from)) => {
    const run = rnn.forward(part(from, to, 0), { state });
    return { loss: crossEntropy(head.forward(run.output), part(from, to, 1)), state: run.state };
  };
  const snapshot = ({ optimizer }: Model) =>
    Promise.all(optimizer.parameters.map(async ({ tensor }) => tensor.read()));

  const compare = async (one: Model, other: Model) => {
    const expected = await snapshot(one);
    for (const [index, values] of (await snapshot(other)).entries()) {
      expect(firstDifference(values, expected[index], tolerance)).toBeUndefined();
    }
  };

  it("equal parts make the update of one batch of all of them, with its loss and norm", async () => {
    const [whole, parts] = [make(), make()];
    for (let index = 0; index < 5; index++) {
      const one = step(() => loss(whole, 0, ROWS).loss, whole.optimizer, clipNorm(0.5));
      const three = step((p) => loss(parts, 2 * p, 2 * p + 2).loss, parts.optimizer, clipNorm(0.5), {
        accumulate: 3,
      });
      for (const name of ["loss", "gradientNorm"] as const) {
        expect(firstDifference([await three[name]], [await one[name]], tolerance), name).toBeUndefined();
      }
    }
    expect(parts.optimizer.stepCount).toBe(5);
    await compare(whole, parts);
  });

  it("unequal parts do with their shares", async () => {
    const [whole, parts] = [make(), make()];
    const bounds = [0, 3, 4, 6];
    for (let index = 0; index < 3; index++) {
      step(() => loss(whole, 0, ROWS).loss, whole.optimizer);
      step((p) => loss(parts, bounds[p], bounds[p + 1]).loss, parts.optimizer, undefined, {
        accumulate: [3 / 6, 1 / 6, 2 / 6],
      });
    }
    await compare(whole, parts);
  });

  it("each part's carried state lives until the same part of the next step", async () => {
    const [whole, parts] = [make(), make()];
    let state = whole.rnn.zeroState(ROWS);
    const states = [parts.rnn.zeroState(3), parts.rnn.zeroState(3)];
    for (let index = 0; index < 4; index++) {
      step(() => {
        const run = loss(whole, 0, ROWS, state);
        state = run.state.detach();
        return run.loss;
      }, whole.optimizer);
      const halves = (p: number): Tensor => {
        const run = loss(parts, 3 * p, 3 * p + 3, states[p]);
        states[p] = run.state.detach();
        return run.loss;
      };
      step(halves, parts.optimizer, undefined, { accumulate: 2 });
    }
    await compare(whole, parts);
  });

  it("a parameter that only some parts reach gets their gradients, and nothing of an earlier step", async () => {
    const { rnn, head, optimizer } = make();
    const read = async () => [...(await optimizer.gradients.of(head.bias!)!.read())];
    await differentiate((p) => (p === 1 ? sum(head.bias!) : sum(rnn.bias_ih_l0!)), optimizer, {
      accumulate: [1, 3],
    });
    expect(await read()).toEqual(new Array(VOCABULARY).fill(3));
    await differentiate(() => sum(rnn.bias_ih_l0!), optimizer);
    expect(await read()).toEqual(new Array(VOCABULARY).fill(0));
  });

  it.each<[number | number[], string]>([
    [0, "an integer of at least 1 or a list, got 0"],
    [1.5, "an integer of at least 1 or a list, got 1.5"],
    [[], "must list shares, each finite and above 0, got []"],
    [[0.5, Number.NaN], "must list shares, each finite and above 0, got [0.5, NaN]"],
  ])("accumulate: %j is refused before anything runs", (accumulate, message) => {
    const { optimizer } = make();
    const run = () => step(() => expect.unreachable(), optimizer, undefined, { accumulate });
    expect(run).toThrow(message);
  });
});
