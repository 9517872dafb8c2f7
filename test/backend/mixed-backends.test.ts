/** Operands decide where a result lives: a mixture is refused by name, and never answered with zeros or old memory. */
import { describe, expect, it } from "vitest";
import { add, linear } from "../../src/autograd/ops/index.ts";
import { recurrent } from "../../src/autograd/ops/recurrent.ts";
import { BoundWeights } from "../../src/autograd/ops/recurrent-weights.ts";
import { backward, Tape, withTape } from "../../src/autograd/tape.ts";
import { Frames, ids, scope, tensor, zeros } from "../../src/backend/index.ts";
import { createReferenceBackend } from "../../src/backend/reference/reference.ts";
import { ScopeError } from "../../src/core/errors.ts";
import { LSTM, Rng } from "../../src/nn/index.ts";
import { backends } from "../support/backends.ts";

const other = createReferenceBackend();

describe.each(backends.filter(({ name }) => name !== "reference"))("on $name", ({ backend }) => {
  const open = `must be on the backend of the open scope, reference, got ${backend.name}`;
  const x = () => tensor([1, 2, 3, 4], [2, 2], "f32", backend);

  it("a model and its input in a scope of another backend are refused, not answered with zeros", () => {
    const lstm = new LSTM(2, 3, { rng: new Rng(1), backend });
    const inputs = tensor([1, 2, 3, 4], [1, 2, 2], "f32", backend);
    expect(() => scope(() => lstm.forward(inputs).output.read(), other)).toThrow(open);
    expect(() => scope(() => linear(x(), x()), other)).toThrow(ScopeError);
  });

  it("the error says how to open the scope where the operands are, and that works", async () => {
    const [a, b] = [x(), x()];
    expect(() => scope(() => add(a, b), other)).toThrow(
      expect.objectContaining({ hint: expect.stringMatching(/scope\(work, backend\)/) }),
    );
    expect([...(await scope(() => add(a, b).read(), backend))]).toEqual([2, 4, 6, 8]);
  });

  it("a scope on another backend nests, and the outer one goes on", async () => {
    const a = x();
    const [inner, outer] = scope(() => {
      const here = tensor([1, 1], [2]);
      const there = scope(() => add(a, 1).read(), backend);
      return [there, add(here, 1).read()];
    }, other);
    expect([[...(await inner)], [...(await outer)]]).toEqual([
      [2, 3, 4, 5],
      [2, 2],
    ]);
  });

  it("tensors that are asked for on another backend than the scope's are refused", () => {
    for (const make of [() => zeros([2], backend), () => ids([1], [1], backend), x]) {
      expect(() => scope(make, other)).toThrow(open);
    }
  });

  it("a recurrent layer compares inputs, states and rows with its weights", () => {
    const weights = { weightIh: zeros([8, 2], backend), weightHh: zeros([8, 2], backend) };
    const one = (where: typeof backend) => zeros([1, 1, 2], where);
    const at = (where: typeof backend) => ({ hidden: zeros([1, 2], where), cell: zeros([1, 2], backend) });
    const rows = { counts: ids([1], [1], other), last: ids([0], [1], backend) };
    const [mine, theirs, packed] = [one(backend), one(other), zeros([1, 2], backend)];
    const [right, wrong] = [at(backend), at(other)];
    const run = (work: (bound: BoundWeights) => unknown) => () =>
      scope(() => void work(new BoundWeights("lstm", weights)), backend);
    const mixed = `lstm: all tensors must be on one backend (${backend.name}), got reference`;
    expect(run((bound) => recurrent(bound, theirs))).toThrow(mixed);
    expect(run((bound) => recurrent(bound, mine, wrong))).toThrow(mixed);
    expect(run((bound) => recurrent(bound, packed, {}, rows))).toThrow(mixed);
    expect(run((bound) => recurrent(bound, mine, right))).not.toThrow();
  });

  it("a state is carried over where it lives, also by a step of another backend", async () => {
    const a = x();
    const carried = new Frames(other).run(() => a.detach());
    expect(carried.backend).toBe(backend);
    expect([...(await carried.read())]).toEqual([1, 2, 3, 4]);
  });

  it("a gradient is not taken in a scope of another backend", () => {
    const a = x();
    a.needsGradient = true;
    scope(() => {
      const tape = new Tape();
      const loss = withTape(tape, () => add(a, 1).view([4]).view([1]));
      loss.needsGradient = true;
      expect(() => scope(() => backward(tape, loss), other)).toThrow(`backward: the loss ${open}`);
    }, backend);
  });
});
