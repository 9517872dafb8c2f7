import { memorySource } from "../../../src/data/index.ts";
import * as tasks from "../../../src/tasks/index.ts";
import { type Engine, TASKS, type Task, type TaskReplicaSpec } from "../../../src/tasks/index.ts";
import type { HostileContext, HostileTarget } from "../../support/hostile/calls.ts";
import * as arg from "./arguments.ts";

const BOOK = "the quick brown fox jumps over the lazy dog ".repeat(20);
const SMALL = { hidden: 2, batchSize: 2, seqLength: 4 };
const ENGINE: Engine = { backend: "wasm", instructions: "simd128" };

const bookSource = () => memorySource([{ name: "a.txt", content: BOOK }]);
const isEmpty = (value: unknown) =>
  Object.prototype.toString.call(value) === "[object Object]" && Object.keys(value as object).length === 0;
const isObject = (value: unknown) => typeof value === "object" && value !== null;
/** That object, none at all, or one without anything. */
const options = (make: () => unknown) => arg.such(make, (value) => value === undefined || isEmpty(value));
const one = arg.such(
  () => 1,
  (value) => value === undefined || value === 1,
);

const text: Task = await TASKS.text();

/** What another replica of a small training is sent. */
async function specOf(): Promise<TaskReplicaSpec> {
  const settings = text.complete(SMALL);
  const hooks = { onProgress() {}, onNote() {} };
  const request = { source: bookSource(), validation: undefined, settings, threads: 1 };
  const { data } = await text.load(
    { ...request, isChosen: () => true, verify() {}, asset: bookSource },
    hooks,
  );
  const config = text.configure(settings, text.facts(data).facts);
  return { ...ENGINE, task: "text", settings, config, data, shards: 1, kernels: {} };
}

const spec = await specOf();

export const targets = (_: HostileContext): HostileTarget[] => [
  {
    name: "memorySource",
    args: { files: arg.only(() => [{ name: "a.txt", content: BOOK }]) },
    call: (files: never) => memorySource(files).paths,
  },
  {
    name: "memorySource of one",
    args: { file: arg.record({ name: arg.text("a.txt"), content: arg.text(BOOK) }) },
    call: (file: never) => memorySource([file]).paths,
  },
  {
    name: "memorySource of a picked one",
    args: {
      file: arg.record({ name: arg.text("a.txt"), arrayBuffer: arg.fn(async () => new ArrayBuffer(1)) }),
    },
    call: (file: never) => memorySource([file]).paths,
  },
  {
    name: "chooseEngine",
    args: {
      choice: arg.optional(arg.word("auto", "native", "wasm", "reference")),
      onNote: arg.optional(arg.fn(() => {})),
      precision: arg.optional(arg.word("highest", "high")),
    },
    call: (choice: never, onNote: never, precision: never) => tasks.chooseEngine(choice, onNote, precision),
  },
  {
    name: "trainingOptions",
    args: {
      defaults: arg.such(() => text.complete({}), isObject),
      byOptimizer: arg.only(() => ({ sgd: { lr: 20 }, rmsprop: {}, adagrad: {}, adam: {}, adamw: {} })),
      words: arg.record({ data: arg.text("text"), rows: arg.text("rows"), split: arg.text("its end") }),
    },
    call: (defaults: never, byOptimizer: never, words: never) =>
      Object.keys(tasks.trainingOptions(defaults, byOptimizer, words)),
  },
  {
    name: "trainingOptions",
    args: {
      defaults: arg.only(() => text.complete({})),
      byOptimizer: arg.only(() => ({ sgd: {}, rmsprop: {}, adagrad: {}, adam: {}, adamw: {} })),
      words: arg.only(() => ({ data: "text", rows: "rows", split: "share" })),
    },
    call: (defaults: never, byOptimizer: never, words: never) =>
      tasks.trainingOptions(defaults, byOptimizer, words),
  },
  {
    name: "createTaskLearner",
    args: {
      spec: arg.only(() => spec),
      replica: arg.such(
        () => 0,
        (value) => value === 0,
      ),
      replicas: one,
    },
    call: async (given: never, replica: never, replicas: never) => {
      await tasks.createTaskLearner(given, replica, replicas);
    },
  },
  {
    name: "trainInMemory",
    args: {
      options: arg.required({
        task: arg.only(() => text),
        settings: options(() => SMALL),
        // Without one the built-in data is asked for.
        source: arg.such(bookSource, (value) => value === undefined),
        validation: arg.such(bookSource, (value) => value === undefined),
        asset: arg.optional(arg.fn(bookSource)),
        engine: arg.such(
          () => ENGINE,
          (value) => value === undefined,
        ),
        kernels: options(() => ({ maximumBytes: 2 ** 24 })),
        limits: options(() => ({ steps: 0 })),
        evaluateEvery: arg.optional(arg.size(2)),
        replicas: one,
        shards: arg.such(
          () => 2,
          (value) =>
            value === undefined ||
            (Number.isSafeInteger(value) && Number(value) >= 1 && Number(value) <= 4096),
        ),
        replicaOptions: options(() => ({ exchange: "shared" })),
        module: arg.optional(arg.text("./learner.js")),
        hooks: options(() => ({ onNote() {} })),
      }),
    },
    call: async (given: never) => {
      const { events } = await tasks.trainInMemory(given);
      await events.return();
    },
  },
];

export default (context: HostileContext) => arg.sampled(targets(context), context, 20);
