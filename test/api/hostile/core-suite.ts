/** What the package's root has beside backends and tensors. */
import { Tensor } from "../../../src/backend/index.ts";
import * as core from "../../../src/core/index.ts";
import type { HostileContext, HostileTarget } from "../../support/hostile/calls.ts";
import * as arg from "./arguments.ts";

const isShape = (value: unknown) =>
  Array.isArray(value) && Array.from(value).every((length) => Number.isInteger(length) && length >= 0);
const shape = arg.such(() => [2, 3], isShape);
const op = arg.text("add");
const isWords = (value: unknown) =>
  Array.isArray(value) && value.length === 2 && Array.from(value).every((word) => word >>> 0 === word);
const words = arg.such(() => [1, 2], isWords);
const areRows = (batch: number) => (value: unknown) => {
  const list = value as ArrayLike<number>;
  if (typeof value !== "object" || value === null || !Number.isSafeInteger(list.length)) return false;
  for (let at = 0; at < list.length; at++) {
    if (!(Number.isInteger(list[at]) && list[at] >= 0 && list[at] < batch)) return false;
  }
  return list.length >= 0;
};
function* job(): core.Job<number> {
  yield;
  return 1;
}
const someJob = arg.only(job);
const signal = arg.optional(arg.only(() => new AbortController().signal));
const rng = () => new core.Rng(1);

export const targets = (_: HostileContext): HostileTarget[] => [
  { name: "sizeOf", args: { shape }, call: (shape: never) => core.sizeOf(shape) },
  { name: "sameShape", args: { a: shape, b: shape }, call: (a: never, b: never) => core.sameShape(a, b) },
  {
    name: "showShape",
    args: { shape: arg.such(() => [2, 3], Array.isArray) },
    call: (shape: never) => core.showShape(shape),
  },
  {
    name: "checkShape",
    args: {
      where: op,
      shape: arg.such(
        () => [2],
        () => false,
      ),
      pattern: arg.only(() => [["rows", 2]]),
    },
    call: (where: never, shape: never, pattern: never) => core.checkShape(where, shape, pattern),
  },
  {
    name: "broadcastShape",
    args: { op, operands: arg.record({ a: shape, b: arg.such(() => [3], isShape) }) },
    call: (op: never, operands: never) => core.broadcastShape(op, operands),
  },
  {
    name: "axisOf",
    args: {
      op,
      axis: arg.such(
        () => 1,
        (value) => [0, 1, -1, -2].includes(value as number),
      ),
      shape,
    },
    call: (op: never, axis: never, shape: never) => core.axisOf(op, axis, shape),
  },
  {
    name: "axesOf",
    args: {
      op,
      axes: arg.such(
        () => [1],
        (value) => Array.isArray(value),
      ),
      shape,
    },
    call: (op: never, axes: never, shape: never) => core.axesOf(op, axes, shape),
  },
  { name: "denseStrides", args: { shape }, call: (shape: never) => core.denseStrides(shape) },
  {
    name: "broadcastStrides",
    args: { shape: arg.such(() => [1, 3], isShape), target: shape },
    call: (shape: never, target: never) => core.broadcastStrides(shape, target),
  },
  {
    name: "checkSizes",
    args: { where: op, shape },
    call: (where: never, shape: never) => core.checkSizes(where, shape),
  },
  {
    name: "threefry2x32",
    args: { counter: words, key: words },
    call: (counter: never, key: never) => core.threefry2x32(counter, key),
  },
  {
    name: "Rng",
    args: {
      seed: arg.such(
        () => 1,
        (value) => Number.isSafeInteger(value),
      ),
    },
    call: (seed: never) => new core.Rng(seed).uniform(),
  },
  { name: "Rng#integer", args: { bound: arg.size(3) }, call: (bound: never) => rng().integer(bound) },
  {
    name: "Rng#fork",
    args: { name: arg.integer(3), other: arg.integer(4) },
    call: (a: never, b: never) => rng().fork(a, b),
  },
  {
    name: "Rng#forRows",
    args: { rows: arg.such(() => [3, 0], areRows(4)), batch: arg.size(4) },
    call: (rows: never, batch: never) => rng().forRows(rows, batch).uniform(),
  },
  {
    name: "escapeControl",
    args: { text: arg.text("a\nb") },
    call: (text: never) => core.escapeControl(text),
  },
  {
    name: "formatBytes",
    args: {
      bytes: arg.such(
        () => 3,
        (value) => typeof value === "number" && value >= 0,
      ),
    },
    call: (bytes: never) => core.formatBytes(bytes),
  },
  {
    name: "placeOf",
    args: {
      error: arg.such(
        () => new Error("x"),
        () => true,
      ),
      frame: arg.optional(arg.only(() => /./)),
    },
    call: (error: never, frame: never) => core.placeOf(error, frame),
  },
  {
    name: "problemOf",
    args: {
      thrown: arg.such(
        () => new Error("x"),
        () => true,
      ),
    },
    call: (thrown: never) => core.problemOf(thrown),
  },
  {
    name: "Tensor.isTensor",
    args: {
      value: arg.such(
        () => 1,
        () => true,
      ),
    },
    call: (value: never) => Tensor.isTensor(value),
  },
  { name: "Turns", args: { signal }, call: (signal: never) => new core.Turns(signal).take() },
  { name: "runJob", args: { job: someJob }, call: (job: never) => core.runJob(job) },
  {
    name: "runJobInTurns",
    args: { job: someJob, signal },
    call: (job: never, signal: never) => core.runJobInTurns(job, signal),
  },
];

export default (context: HostileContext) => arg.sampled(targets(context), context);
