import { sourceFromFiles, sourceFromText } from "../../../src/data/index.ts";
import * as tasks from "../../../src/tasks/index.ts";
import type { HostileContext, HostileTarget } from "../../support/hostile/calls.ts";
import * as arg from "./arguments.ts";

const BOOK = "the quick brown fox jumps over the lazy dog ".repeat(20);
const SMALL = { hidden: 2, batchSize: 2, seqLength: 4 };

const source = arg.such(
  () => sourceFromText(BOOK),
  (value) => value === undefined,
);
const isObject = (value: unknown) => Object.prototype.toString.call(value) === "[object Object]";
const isEmpty = (value: unknown) => isObject(value) && Object.keys(value as object).length === 0;
const file = arg.record({
  name: arg.text("a.txt"),
  arrayBuffer: arg.fn(async () => new TextEncoder().encode(BOOK).buffer),
});
const limit = (fits: (value: number) => boolean) =>
  arg.such(
    () => undefined,
    (value) => value === undefined || (typeof value === "number" && fits(value)),
  );

const startOptions = arg.required({
  source: arg.only(() => sourceFromText(BOOK)),
  validation: source,
  settings: arg.such(
    () => SMALL,
    (value) => value === undefined || isEmpty(value),
  ),
  kernels: arg.such(
    () => ({ maximumBytes: 2 ** 24 }),
    (value) => value === undefined || isEmpty(value),
  ),
  replicas: arg.such(
    () => 1,
    (value) => value === undefined || value === 1,
  ),
  shards: limit((value) => Number.isSafeInteger(value) && value >= 1),
  startWorker: arg.optional(arg.fn(() => ({ terminate() {} }))),
  exchange: arg.optional(arg.word("shared", "messages")),
  learnerModule: arg.optional(arg.text("./learner.js")),
  evalEvery: arg.optional(arg.size(2)),
  signal: arg.such(
    () => new AbortController().signal,
    (value) => value === undefined,
  ),
  onProgress: arg.optional(arg.fn(() => {})),
  onNote: arg.optional(arg.fn(() => {})),
  steps: limit((value) => Number.isSafeInteger(value) && value >= 0),
  epochs: limit((value) => value > 0 && Number.isFinite(value)),
  maxSeconds: limit((value) => value >= 0 && Number.isFinite(value)),
});

export const targets = (_: HostileContext): HostileTarget[] => [
  {
    name: "sourceFromText",
    args: { text: arg.text(BOOK), name: arg.optional(arg.text("book.txt")) },
    call: (text: never, name: never) => sourceFromText(text, name).paths,
  },
  {
    name: "sourceFromFiles",
    args: { files: arg.only(() => [file.valid()]) },
    call: (files: never) => sourceFromFiles(files).paths,
  },
  {
    name: "sourceFromFiles of one",
    args: { file },
    call: (one: never) => sourceFromFiles([one]).paths,
  },
  {
    name: "createTaskLearner",
    args: { task: arg.only(() => tasks.text) },
    call: (task: never) => tasks.createTaskLearner(task),
  },
  {
    name: "startTraining",
    args: { task: arg.only(() => tasks.text), options: startOptions },
    call: async (task: never, options: never) => {
      const training = await tasks.startTraining(task, options);
      await training.dispose();
    },
  },
];

export default (context: HostileContext) => arg.sampled(targets(context), context, 20);
