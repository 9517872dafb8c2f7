/** Calls of what handles items: their storage, batches and splits. */
import * as data from "../../../src/data/index.ts";
import type { Argument, HostileTarget } from "../../support/hostile/calls.ts";
import * as arg from "./arguments.ts";

const isList = (value: unknown): value is unknown[] => Array.isArray(value) || ArrayBuffer.isView(value);

/** Numbers, or elements of a typed array, of which each fits. */
const listOf = (valid: readonly number[], fits: (value: unknown) => boolean): Argument =>
  arg.such(
    () => [...valid],
    (value) => isList(value) && Array.from(value).every(fits),
  );

const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
const isIndex = (value: unknown) => isCount(value) && (value as number) < 3;

const made = () => data.idItems([[1, 2, 3], [0], [1, 1]]);
const items = arg.only(made);
const indices = listOf([0, 2], isIndex);
const seed = arg.optional(arg.integer(1));
const share = arg.below1(0.5);
const labels = listOf([0, 1, 0, 1], isCount);

function storage(): HostileTarget[] {
  const store = {
    values: arg.such(
      () => Int32Array.of(1, 2, 3),
      (value) => value instanceof Float32Array && value.length === 3,
    ),
    starts: arg.such(
      () => Int32Array.of(0, 1),
      (value) => value instanceof Int32Array && value.join() === "0,1",
    ),
    lengths: arg.only(() => Int32Array.of(1, 2)),
    features: arg.such(
      () => 1,
      (value) => value === 1,
    ),
  };
  // Lists that a caller has may be empty, or have each at least one element.
  const lists = arg.such(
    () => [[1, 2], [0]],
    (value) =>
      isList(value) &&
      Array.from(value as unknown[]).every(
        (list) => isList(list) && list.length > 0 && Array.from(list).every(isCount),
      ),
  );
  const isEmpty = (value: unknown) =>
    (isList(value) && value.length === 0) || (value instanceof Map && value.size === 0);
  const orEmpty = (argument: Argument): Argument => ({
    ...argument,
    allows: (value) => isEmpty(value) || argument.allows?.(value) === true,
  });
  return [
    { name: "Items", args: { store: arg.record(store) }, call: (store: never) => new data.Items(store) },
    {
      name: "Items#length",
      args: { index: arg.such(() => 1, isIndex) },
      call: (i: never) => made().length(i),
    },
    { name: "Items#item", args: { index: arg.such(() => 1, isIndex) }, call: (i: never) => made().item(i) },
    { name: "Items#subset", args: { indices }, call: (indices: never) => made().subset(indices) },
    { name: "idItems", args: { lists: orEmpty(lists) }, call: (lists: never) => data.idItems(lists) },
    {
      name: "frameItems",
      args: { lists: orEmpty(lists), features: arg.size(1) },
      call: (lists: never, features: never) => data.frameItems(lists, features),
    },
    {
      name: "padItems",
      args: {
        items,
        indices,
        options: arg.options({
          time: arg.such(
            () => 4,
            (value) => value === undefined || value === 3 || value === 7,
          ),
        }),
      },
      call: (items: never, indices: never, options: never) => data.padItems(items, indices, options),
    },
  ];
}

function batches(): HostileTarget[] {
  const plan = () => new data.ItemBatches(made(), { batchSize: 2 });
  const row = (valid: number) =>
    arg.such(
      () => valid,
      (value) => value === undefined || (isCount(value) && (value as number) <= 2),
    );
  return [
    {
      name: "ItemBatches",
      args: {
        items,
        options: arg.required({
          batchSize: arg.size(2),
          seed,
          shuffle: arg.optional(arg.flag()),
          bucketBatches: arg.such(
            () => 2,
            (value) => value === undefined || value === Infinity || (isCount(value) && value !== 0),
          ),
          weights: arg.optional(
            listOf([1, 2, 0], (value) => typeof value === "number" && value >= 0 && Number.isFinite(value)),
          ),
          sortBy: arg.optional(listOf([2, 0, 1], (value) => isCount(value) && (value as number) < 2 ** 31)),
        }),
      },
      call: (items: never, options: never) => new data.ItemBatches(items, options).batch(0),
    },
    { name: "ItemBatches#pass", args: { step: arg.count(1) }, call: (step: never) => plan().pass(step) },
    { name: "ItemBatches#batch", args: { step: arg.count(1) }, call: (step: never) => plan().batch(step) },
    {
      name: "ItemBatches#fill",
      args: { step: arg.count(0), from: row(0), to: row(2) },
      call: (step: never, from: never, to: never) => plan().fill(step, from, to),
    },
  ];
}

function splits(): HostileTarget[] {
  const isKey = (value: unknown) => typeof value === "string" || typeof value === "number";
  const groups = arg.such(
    () => ["a", "b", "a", "c"],
    (value) => isList(value) && Array.from(value).every(isKey),
  );
  return [
    {
      name: "stratifiedSplit",
      args: { labels, share, options: arg.options({ seed }) },
      call: (labels: never, share: never, options: never) => data.stratifiedSplit(labels, share, options),
    },
    {
      name: "groupedSplit",
      args: { groups, share, options: arg.options({ seed, labels: arg.optional(labels) }) },
      call: (groups: never, share: never, options: never) => data.groupedSplit(groups, share, options),
    },
    {
      name: "tailSplit",
      args: { count: arg.count(5), share },
      call: (count: never, share: never) => data.tailSplit(count, share),
    },
  ];
}

function metrics(): HostileTarget[] {
  const classes = arg.such(
    () => 3,
    (value) => Number.isSafeInteger(value) && (value as number) >= 3 && (value as number) <= 2 ** 12,
  );
  const classIds = (least: number) =>
    arg.such(
      () => [0, 2, 1],
      (value) => isList(value) && value.length >= least && Array.from(value).every(isIndex),
    );
  const labelled = arg.record({
    items,
    labels: arg.such(
      () => [0, 2, 1],
      (value) => isList(value) && value.length === 3 && Array.from(value).every(isIndex),
    ),
  });
  const bayes = arg.options({
    order: arg.such(
      () => 2,
      (value) => value === undefined || (isCount(value) && value !== 0 && (value as number) <= 8),
    ),
    smoothing: arg.optional(arg.above0(0.5)),
  });
  return [
    {
      name: "confusionMatrix",
      args: { labels: classIds(3), predictions: classIds(3), classes },
      call: (labels: never, predictions: never, classes: never) =>
        data.confusionMatrix(labels, predictions, classes),
    },
    {
      name: "classificationMetrics",
      args: {
        confusion: arg.only(() => [1, 0, 2, 3]),
        classes: arg.such(
          () => 2,
          (value) => value === 2,
        ),
      },
      call: (confusion: never, classes: never) => data.classificationMetrics(confusion, classes),
    },
    {
      name: "majorityBaseline",
      args: { trainLabels: classIds(0), validLabels: classIds(1), classes },
      call: (train: never, valid: never, classes: never) => data.majorityBaseline(train, valid, classes),
    },
    ...arg.withJob(
      {
        name: "naiveBayesBaseline",
        args: { train: labelled, validation: labelled, classes, options: bayes },
        call: (train: never, validation: never, classes: never, options: never) =>
          data.naiveBayesBaseline(train, validation, classes, options),
      },
      (train: never, validation: never, classes: never, options: never) =>
        data.naiveBayesBaselineJob(train, validation, classes, options),
    ),
  ];
}

export const itemTargets = () => [...storage(), ...batches(), ...splits(), ...metrics()];
