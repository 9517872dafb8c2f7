import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parameter } from "../../../src/autograd/parameter.ts";
import { mul, sum } from "../../../src/nn/index.ts";
import { clipNorm, sgd } from "../../../src/optim/index.ts";
import * as runStores from "../../../src/runs/index.ts";
import * as train from "../../../src/train/index.ts";
import { type ReplicaTask, WorkerStart } from "../../../src/train/serve-replica.ts";
import type { HostileContext, HostileTarget } from "../../support/hostile/calls.ts";
import * as arg from "./arguments.ts";

const root = mkdtempSync(join(tmpdir(), "hostile-train-"));
process.on("exit", () => rmSync(root, { recursive: true, force: true }));
// Folders that hostile names would make are in there, too.
process.chdir(root);

function learnerOn({ backend }: HostileContext): train.Learner {
  const weight = parameter([1, 2], [2], backend);
  return {
    optimizer: sgd([{ name: "w", tensor: weight }]),
    clip: clipNorm(1),
    shards: 1,
    parts: [],
    weights: () => [1],
    loss: () => ({ loss: sum(mul(weight, weight)) }),
    carried: { size: 0, tensors: [] },
    readCarried: async () => {},
    writeCarried: () => {},
    evaluation: { parts: 1, width: 1 },
    evaluate: async (_replica, _replicas, sums) => {
      sums[0] = 1;
    },
  };
}

const isObject = (value: unknown) => typeof value === "object" && value !== null;

function states(context: HostileContext): HostileTarget[] {
  const tensors = new arg.Tensors(context.backend);
  const learner = arg.only(() => learnerOn(context));
  const state = (rows: number) => ({ h: tensors.make(rows, 3) });
  const own = arg.required({ batch: arg.size(4), first: arg.count(0), rows: arg.count(2) });
  const layout = () =>
    new train.CarriedLayout(train.shapesOf(state(1)), state(2), { batch: 4, first: 0, rows: 2 });
  const buffer = arg.only(() => new Float64Array(12));
  const mayBeState = (value: unknown) =>
    value === undefined || typeof value === "function" || isObject(value);
  const snapshot = arg.record({
    step: arg.count(1),
    tensors: arg.only(() => new Map([["w", { shape: [2], data: Float32Array.of(1, 2) }]])),
  });
  return [
    {
      name: "shapesOf",
      args: { state: arg.such(() => state(2), mayBeState) },
      call: (state: never) => train.shapesOf(state),
    },
    {
      name: "CarriedLayout",
      args: {
        one: arg.such(
          () => train.shapesOf(state(1)),
          () => false,
        ),
        two: arg.such(() => state(2), mayBeState),
        own,
      },
      call: (one: never, two: never, own: never) => new train.CarriedLayout(one, two, own),
    },
    {
      name: "CarriedLayout#read",
      args: { state: arg.such(() => state(2), mayBeState), into: buffer },
      call: (state: never, into: never) => layout().read(state, into),
    },
    {
      name: "CarriedLayout#write",
      args: { from: buffer, backend: arg.only(() => context.backend) },
      call: (from: never, backend: never) => layout().write(from, backend),
    },
    {
      name: "takeSnapshot",
      args: { learner, step: arg.count(1), carried: arg.only(() => new Float64Array(0)) },
      call: (learner: never, step: never, carried: never) => train.takeSnapshot(learner, step, carried),
    },
    {
      name: "applySnapshot",
      args: { learner, snapshot, where: arg.text("file"), parametersOnly: arg.optional(arg.flag(true)) },
      call: (learner: never, snapshot: never, where: never, only: never) =>
        train.applySnapshot(learner, snapshot, where, only),
    },
  ];
}

function loops(context: HostileContext): HostileTarget[] {
  const group = () => train.ReplicaGroup.start(learnerOn(context));
  const source = arg.record({
    module: arg.optional(arg.text("none")),
    spec: arg.such(
      () => 0,
      () => true,
    ),
  });
  const horizon = arg.record({ by: arg.word("epochs", "none"), steps: arg.above0(10) });
  const options = arg.required({
    limits: arg.options({
      steps: arg.such(
        () => 2,
        (value) => value === undefined || (Number.isSafeInteger(value) && (value as number) >= 0),
      ),
      epochs: arg.optional(arg.above0(1)),
      maxSeconds: arg.optional(arg.atLeast0(1)),
    }),
    ...{ learningRate: arg.atLeast0(0.1), stepsPerEpoch: arg.above0(3) },
    unitsPerStep: arg.optional(arg.above0(1)),
    ...{ startStep: arg.count(0), startSeconds: arg.atLeast0(0) },
    ...{ evaluateEvery: arg.optional(arg.size(1)), saveEvery: arg.optional(arg.size(1)) },
    decay: arg.such(
      () => ({ factor: 0.5, after: 1 }),
      (value) => value === undefined,
    ),
    score: arg.fn(() => ({ loss: 1, metrics: {} })),
    save: arg.fn(async () => "path"),
    sample: arg.optional(arg.fn(async () => "text")),
    signal: arg.optional(arg.only(() => AbortSignal.abort())),
  });
  return [
    {
      name: "learningRateFactor",
      args: { horizon, step: arg.atLeast0(1), seconds: arg.atLeast0(1) },
      call: (horizon: never, step: number, seconds: number) =>
        train.learningRateFactor(horizon, step, seconds),
    },
    {
      name: "trainLoop",
      args: { options },
      call: async (options: object | undefined) => {
        const made = await group();
        try {
          const given = isObject(options) ? Object.assign(options as object, { group: made }) : options;
          let events = 0;
          // A hostile function may return what is no score: the first event is enough.
          for await (const _ of train.trainLoop(given as never)) if (++events === 1) break;
        } finally {
          await made.dispose();
        }
      },
    },
    {
      name: "ReplicaGroup.start",
      args: {
        learner: arg.only(() => learnerOn(context)),
        options: arg.options({
          replicas: arg.such(
            () => 1,
            (value) => value === undefined || value === 1,
          ),
          source: arg.optional(source),
          startWorker: arg.optional(arg.fn(() => ({ terminate() {} }))),
          exchange: arg.optional(arg.word("shared", "messages")),
          snapshot: arg.such(
            () => undefined,
            (value) => value === undefined || isObject(value),
          ),
        }),
      },
      call: async (learner: never, options: never) => {
        const made = await train.ReplicaGroup.start(learner, options);
        await made.dispose();
      },
    },
    {
      name: "webWorkers",
      args: { create: arg.fn(() => ({})) },
      call: (create: never) => train.webWorkers(create),
    },
    {
      name: "serveWebReplica",
      args: { createLearner: arg.optional(arg.fn(() => learnerOn(context))) },
      call: (createLearner: never) => inWebWorker(() => train.serveWebReplica(createLearner)),
    },
    {
      name: "startNodeWorker",
      args: { start: arg.only(startOf) },
      call: (start: never) => runStores.startNodeWorker(start).terminate(),
    },
    {
      name: "ReplicaGroup#step",
      args: { step: arg.count(0), learningRate: arg.atLeast0(0.1) },
      call: async (step: never, learningRate: never) => {
        const made = await group();
        try {
          await made.step(step, learningRate);
        } finally {
          await made.dispose();
        }
      },
    },
  ];
}

/** What a worker would be started with that finds no learner. */
function startOf(): WorkerStart {
  const task = { replica: 1, replicas: 2, source: { spec: 0 }, connection: { kind: "messages", ports: [] } };
  return new WorkerStart(task as ReplicaTask, () => {});
}

/** Calls something as if this were the thread of a page's worker. */
function inWebWorker(work: () => void): void {
  const thread = globalThis as { postMessage?: unknown };
  thread.postMessage = () => {};
  try {
    work();
  } finally {
    delete thread.postMessage;
  }
}

function runs(): HostileTarget[] {
  let made = 0;
  const fresh = async () => {
    const store = await runStores.RunStore.create(join(root, `run-${made++}`));
    await store.writeRunJson({ task: "text" });
    return store;
  };
  const withStore =
    (work: (store: runStores.RunStore, ...all: never[]) => unknown) =>
    async (...all: never[]) => {
      const store = await fresh();
      try {
        return await work(store, ...all);
      } finally {
        await store.close();
        rmSync(store.folder, { recursive: true, force: true });
      }
    };
  const closing = async (opening: Promise<runStores.RunStore>) => {
    const store = await opening;
    await store.close();
    rmSync(store.folder, { recursive: true, force: true });
  };
  const folder = arg.such(
    () => join(root, `new-${made++}`),
    (value) => typeof value === "string",
  );
  const step = arg.count(3);
  const data = arg.record({ loss: arg.finite(1) });
  return [
    {
      name: "openRun",
      args: {
        path: arg.such(
          () => "no such run",
          () => false,
        ),
        options: arg.options({
          cell: arg.optional(arg.text("./cell.ts")),
          task: arg.optional(arg.text("./task.ts")),
        }),
      },
      call: (path: never, options: never) =>
        runStores.openRun(path, options).catch((error: Error) => {
          // It is refused as it should be: there is no such run.
          if (!/there is no run folder no such run/.test(error.message)) throw error;
        }),
    },
    {
      name: "RunStore.create",
      args: {
        folder,
        fs: arg.such(
          () => undefined,
          (value) => value === undefined,
        ),
      },
      call: (folder: never, fs: never) => closing(runStores.RunStore.create(folder, fs)),
    },
    {
      name: "RunStore.open",
      args: {
        folder: arg.such(
          () => "run",
          (value) => typeof value === "string",
        ),
        options: arg.options({
          mode: arg.optional(arg.word("read", "write")),
          fs: arg.such(
            () => undefined,
            (value) => value === undefined,
          ),
        }),
      },
      call: async (folder: unknown, options: never) => {
        const store = await fresh();
        await store.close();
        try {
          await (
            await runStores.RunStore.open(folder === "run" ? store.folder : (folder as string), options)
          ).close();
        } finally {
          rmSync(store.folder, { recursive: true, force: true });
        }
      },
    },
    {
      name: "RunStore#writeRunJson",
      args: { run: arg.such(() => ({ task: "text" }), isObject) },
      call: withStore((store, run) => store.writeRunJson(run)),
    },
    {
      name: "RunStore#appendMetrics",
      args: { event: arg.such(() => ({ event: "step", step: 1 }), isObject) },
      call: withStore((store, event) => store.appendMetrics(event)),
    },
    {
      name: "RunStore#appendSample",
      args: { event: arg.such(() => ({ step: 1, text: "a" }), isObject) },
      call: withStore((store, event) => store.appendSample(event)),
    },
    {
      name: "RunStore#writePicture",
      args: { step, svg: arg.text("<svg/>") },
      call: withStore((store, step, svg) => store.writePicture(step, svg)),
    },
    {
      name: "RunStore#writeReport",
      args: { html: arg.text("<!doctype html>") },
      call: withStore((store, html) => store.writeReport(html)),
    },
    {
      name: "RunStore#writePicture",
      args: {
        step,
        svg: arg.such(
          () => "<svg/>",
          (value) => typeof value === "string",
        ),
      },
      call: withStore((store, step, svg) => store.writePicture(step, svg)),
    },
    { name: "RunStore#cutMetrics", args: { step }, call: withStore((store, step) => store.cutMetrics(step)) },
    { name: "RunStore#rewindTo", args: { step }, call: withStore((store, step) => store.rewindTo(step)) },
    {
      name: "RunStore#saveCheckpoint",
      args: {
        step,
        bytes: arg.only(() => Uint8Array.of(1)),
        options: arg.options({ best: arg.such(data.valid, (value) => value === undefined) }),
      },
      call: withStore((store, step, bytes, options) => store.saveCheckpoint(step, bytes, options)),
    },
    {
      name: "RunStore#checkpointPath",
      args: { step },
      call: withStore((store, step) => store.checkpointPath(step)),
    },
  ];
}

export const targets = (context: HostileContext) => [...states(context), ...loops(context), ...runs()];

export default (context: HostileContext) => arg.sampled(targets(context), context, 20);
