/** What a caller brings along: functions that throw, iterables, signals, a generator of another copy of the package. */
import { describe, expect, it } from "vitest";
import { Vocabulary, WordTokenizer } from "../../src/data/index.ts";
import { generate, sampleLogits } from "../../src/decode/index.ts";
import { traceModel } from "../../src/inspect/index.ts";
import { LanguageModel } from "../../src/models/index.ts";
import {
  dropout,
  LSTM,
  mapState,
  mul,
  normal_,
  orthogonal_,
  parameters,
  Recurrent,
  Rng,
  scope,
  sum,
  tensor,
  zeros,
} from "../../src/nn/index.ts";
import { sgd, step } from "../../src/optim/index.ts";
import { ReplicaGroup, trainLoop } from "../../src/train/index.ts";
import { backends } from "../support/backends.ts";

const { backend } = backends[0];
const made = { rng: new Rng(1), backend };
const mine = new Error("mine");
const fails = (): never => {
  throw mine;
};

/** What a call throws, or rejects with. */
async function thrown(call: () => unknown): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    return error;
  }
  return "nothing";
}

describe("an error of the caller's own arrives as it was thrown", () => {
  const lstm = new LSTM(3, 4, made);
  const optimizer = sgd(parameters(lstm));
  const model = new LanguageModel({ vocabulary: 5, hidden: 4 }, made);
  function* broken() {
    yield "a";
    fails();
  }
  const getter = Object.defineProperty({}, "lr", { enumerable: true, get: fails });
  const proxy = new Proxy({}, { get: fails, ownKeys: fails });
  const calls: Record<string, () => unknown> = {
    "from a loss": () => step(fails, optimizer),
    "from a clip": () => step(() => sum(lstm.weight_ih_l0), optimizer, fails),
    "from a getter of the options": () => sgd(parameters(lstm), getter),
    "from a proxy of options": () => new LSTM(3, 4, proxy as never),
    "from a callback for progress": () => traceModel(model, [1, 2], fails),
    "from mapState's change": () => mapState(tensor([1]), fails),
    "from an iterable of characters": () => new Vocabulary(broken()),
    "from an iterable of pieces": () => WordTokenizer.train(broken(), 8),
    "from somebody's stream": () =>
      generate({ stream: fails }, { prime: [1], length: 1, rng: made.rng }).next(),
  };
  it.each(Object.entries(calls))("%s", async (_, call) => expect(await thrown(call)).toBe(mine));

  it("and the next step is as if nothing had been", async () => {
    const loss = () => sum(mul(lstm.weight_ih_l0, lstm.weight_ih_l0));
    expect(await thrown(() => step(fails, optimizer))).toBe(mine);
    expect(await step(loss, optimizer).loss).toBeGreaterThan(0);
  });

  it("but for a cell, whose place in the sequence is told", async () => {
    const cell = { zeroState: (batch: number) => zeros([batch, 1], backend), step: fails };
    const error = await thrown(() => scope(() => new Recurrent(cell).forward(zeros([1, 2, 3])), backend));
    expect(error).toMatchObject({
      name: "InputError",
      cause: mine,
      message: expect.stringMatching(/^step of the cell at time 0 failed: mine/),
    });
  });
});

it("a step whose loss comes as a promise is refused, and the promise is not left behind", async () => {
  const optimizer = sgd(parameters(new LSTM(3, 4, made)));
  const late = (async () => fails()) as never;
  const error = await thrown(() => step(() => (late as () => never)(), optimizer));
  expect(error).toMatchObject({
    name: "InputError",
    problem: "step: fn must return the loss, got a promise",
  });
});

it("a generator of another copy of the package draws the same", async () => {
  const copy = "../../src/core/rng.ts?another-copy";
  const { Rng: Other } = (await import(copy)) as { Rng: typeof Rng };
  expect(new Other(1)).not.toBeInstanceOf(Rng);
  const drawsOf = async (rng: Rng) => {
    const lstm = new LSTM(3, 4, { rng, backend, layers: 2, dropout: 0.5 });
    orthogonal_(normal_(lstm.weight_hh_l0, 0, 1, rng), rng);
    const outputs = await scope(() => {
      const x = dropout(tensor(new Float32Array(6).fill(1), [1, 2, 3]), 0.5, rng);
      return lstm.forward(x, { rng }).output.read();
    }, backend);
    return [...outputs, sampleLogits([1, 2, 3], {}, rng)];
  };
  expect(await drawsOf(new Other(1))).toEqual(await drawsOf(new Rng(1)));
});

it("a loop with a signal that is aborted saves and ends; what is no signal is refused", async () => {
  const weight = parameters(new LSTM(1, 1, made));
  const learner = {
    ...{ optimizer: sgd(weight), clip: () => {}, shards: 1, parts: [] },
    ...{ weights: () => [1], loss: () => ({ loss: sum(weight[0].tensor) }) },
    ...{ carried: { size: 0, tensors: [] }, readCarried: async () => {}, writeCarried: () => {} },
    ...{ evaluation: { parts: 1, width: 1 }, evaluate: async () => {} },
  };
  const group = await ReplicaGroup.start(learner);
  const run = async (signal: unknown) => {
    const events: string[] = [];
    const loop = trainLoop({
      ...{ group, limits: { steps: 5 }, learningRate: 0.1, stepsPerEpoch: 5, unitsPerStep: 1 },
      ...{ startStep: 0, startSeconds: 0, score: () => ({ loss: 1, metrics: {} }), save: async () => "path" },
      signal: signal as AbortSignal,
    });
    for await (const { event } of loop) events.push(event);
    return events;
  };
  expect(await run(AbortSignal.abort())).toEqual(["checkpoint"]);
  const message = "trainLoop: signal must be an AbortSignal, got an AbortController";
  expect(await thrown(() => run(new AbortController()))).toMatchObject({ name: "InputError", message });
  await group.dispose();
});
