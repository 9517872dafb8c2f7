import { parameter } from "../../../src/autograd/parameter.ts";
import { mul, sum } from "../../../src/nn/index.ts";
import * as optim from "../../../src/optim/index.ts";
import type { Argument, HostileContext, HostileTarget } from "../../support/hostile/calls.ts";
import * as arg from "./arguments.ts";

const isBelow1 = (value: unknown) => typeof value === "number" && value >= 0 && value < 1;

const AT_LEAST_0 = arg.optional(arg.atLeast0(0.1));
const FLAG = arg.optional(arg.flag(false));

/** Every option of every optimizer. */
const OPTIMIZERS: Record<string, [typeof optim.sgd, Record<string, Argument>]> = {
  sgd: [
    optim.sgd,
    {
      ...{ lr: AT_LEAST_0, momentum: AT_LEAST_0, dampening: arg.optional(arg.from0To1(0)) },
      ...{ nesterov: FLAG, weightDecay: AT_LEAST_0 },
    },
  ],
  rmsprop: [
    optim.rmsprop,
    {
      ...{ lr: AT_LEAST_0, alpha: arg.optional(arg.below1(0.9)), eps: AT_LEAST_0, momentum: AT_LEAST_0 },
      ...{ centered: FLAG, weightDecay: AT_LEAST_0 },
    },
  ],
  adagrad: [
    optim.adagrad,
    {
      ...{ lr: AT_LEAST_0, lrDecay: AT_LEAST_0, initialAccumulator: AT_LEAST_0, eps: AT_LEAST_0 },
      ...{ epsInsideRoot: FLAG, weightDecay: AT_LEAST_0 },
    },
  ],
  adadelta: [
    optim.adadelta,
    {
      ...{ lr: AT_LEAST_0, rho: arg.optional(arg.from0To1(0.9)) },
      ...{ eps: arg.optional(arg.above0(0.1)), weightDecay: AT_LEAST_0 },
    },
  ],
  adamax: [optim.adamax, { ...adamOptions(), eps: arg.optional(arg.above0(0.1)) }],
  adam: [optim.adam, adamOptions()],
  adamw: [optim.adamw, adamOptions()],
};

function adamOptions(): Record<string, Argument> {
  const betas = arg.such(
    () => [0.9, 0.99],
    (value) => value === undefined || (Array.isArray(value) && value.length === 2 && value.every(isBelow1)),
  );
  return { lr: AT_LEAST_0, betas, eps: AT_LEAST_0, weightDecay: AT_LEAST_0 };
}

function optimizers({ backend }: HostileContext): HostileTarget[] {
  const tensor = () => parameter([1, 2], [2], backend);
  const list = arg.only(() => [{ name: "w", tensor: tensor() }]);
  return Object.entries(OPTIMIZERS).flatMap(([name, [make, fields]]): HostileTarget[] => [
    {
      name,
      args: { parameters: list, options: arg.options(fields) },
      call: (parameters: never, options: never) => make(parameters, options).dispose(),
    },
    {
      name: `${name} of groups`,
      args: { group: arg.required({ ...fields, parameters: list }) },
      call: (group: never) => make([group]).dispose(),
    },
    {
      name: `${name} of one parameter`,
      args: {
        one: arg.record({
          name: arg.text("w"),
          tensor: arg.such(tensor, (value) => typeof value === "object"),
        }),
      },
      call: (one: never) => make([one]).dispose(),
    },
  ]);
}

function steps({ backend }: HostileContext): HostileTarget[] {
  const made = () => optim.sgd([{ name: "w", tensor: parameter([1, 2], [2], backend) }]);
  const shared = made();
  const loss = (tensor = shared.parameters[0].tensor) => sum(mul(tensor, tensor));
  const options = arg.options({
    accumulate: arg.such(
      () => 2,
      (value) =>
        value === undefined ||
        (Number.isSafeInteger(value) && (value as number) >= 1) ||
        (Array.isArray(value) && value.every((share) => typeof share === "number" && share > 0)) ||
        value instanceof Object,
    ),
  });
  const fn = arg.such(
    () => () => loss(),
    (value) => typeof value === "function",
  );
  const numbers = (write: (value: number) => void) => (value: number) => {
    write(value);
    optim.step(() => loss(), shared);
  };
  return [
    {
      name: "step",
      args: {
        fn,
        optimizer: arg.only(() => shared),
        clip: arg.optional(
          arg.such(
            () => optim.clipNorm(1),
            (value) => typeof value === "function",
          ),
        ),
        options,
      },
      call: async (fn: never, optimizer: never, clip: never, options: never) => {
        const result = optim.step(fn, optimizer, clip, options);
        await Promise.all([result.loss, result.gradientNorm]);
      },
    },
    {
      name: "differentiate",
      args: { fn, optimizer: arg.only(() => shared), options },
      call: async (fn: never, optimizer: never, options: never) => {
        await optim.differentiate(fn, optimizer, options);
      },
    },
    {
      name: "optimizer.learningRate",
      args: { rate: arg.atLeast0(0.1) },
      call: numbers((rate) => {
        shared.learningRate = rate;
      }),
    },
    {
      name: "optimizer.stepCount",
      args: { count: arg.count(1) },
      call: numbers((count) => {
        shared.stepCount = count;
      }),
    },
    ...[optim.clipNorm, optim.clipValue].flatMap((clip): HostileTarget[] => [
      {
        name: clip.name,
        args: { limit: arg.positive(1) },
        call: (limit: number) => clip(limit)(shared.gradients),
      },
      {
        name: `${clip.name} of gradients`,
        args: { gradients: arg.only(() => shared.gradients) },
        call: (gradients: never) => clip(1)(gradients),
      },
    ]),
    {
      name: "clips",
      args: { first: arg.fn(optim.clipNorm(1)), second: arg.fn(optim.clipValue(1)) },
      call: (first: never, second: never) => optim.clips(first, second),
    },
  ];
}

function schedules(): HostileTarget[] {
  const step = arg.atLeast0(3);
  const plateau = {
    ...{ mode: arg.optional(arg.word("min", "max")), factor: arg.optional(arg.below1(0.5)) },
    ...{ patience: arg.optional(arg.count(1)), threshold: AT_LEAST_0, cooldown: arg.optional(arg.count(0)) },
    ...{ thresholdMode: arg.optional(arg.word("relative", "absolute")) },
    ...{ floor: arg.optional(arg.from0To1(0)), eps: AT_LEAST_0 },
  };
  const milestones = arg.such(
    () => [2, 4],
    (value) =>
      Array.isArray(value) &&
      Array.from(value).every(
        (one, at) => Number.isSafeInteger(one) && one >= (at === 0 ? 0 : value[at - 1]),
      ),
  );
  const share = arg.such(
    () => 0.5,
    (value) => typeof value === "number" && value > 0 && value <= 1,
  );
  const made = {
    constantSchedule: () => optim.constantSchedule(),
    stepSchedule: (options: never) => optim.stepSchedule(options),
    exponentialSchedule: (options: never) => optim.exponentialSchedule(options),
    cosineSchedule: (options: never) => optim.cosineSchedule(options),
    multiStepSchedule: (options: never) => optim.multiStepSchedule(options),
    linearSchedule: (options: never) => optim.linearSchedule(options),
    oneCycleSchedule: (options: never) => optim.oneCycleSchedule(options),
  };
  const fields: Record<keyof typeof made, Record<string, Argument>> = {
    constantSchedule: {},
    stepSchedule: { every: arg.size(3), gamma: arg.optional(arg.above0(0.5)) },
    exponentialSchedule: { gamma: arg.above0(0.5) },
    cosineSchedule: {
      ...{
        steps: arg.above0(10),
        warmup: arg.optional(arg.atLeast0(1)),
        floor: arg.optional(arg.from0To1(0)),
      },
    },
    multiStepSchedule: { milestones, gamma: arg.optional(arg.above0(0.5)) },
    linearSchedule: {
      ...{ steps: arg.optional(arg.size(3)), startFactor: arg.optional(share) },
      endFactor: arg.optional(arg.from0To1(1)),
    },
    oneCycleSchedule: {
      steps: arg.such(
        () => 10,
        (value) => Number.isSafeInteger(value) && (value as number) >= 2,
      ),
      ...{ pctStart: arg.optional(arg.from0To1(0.3)), threePhase: FLAG },
      ...{ divFactor: arg.optional(arg.above0(25)), finalDivFactor: arg.optional(arg.above0(100)) },
      annealStrategy: arg.optional(arg.word("cos", "linear")),
    },
  };
  const state = arg.record({
    ...{
      best: arg.such(
        () => 1,
        (value) => value === null || typeof value === "number",
      ),
    },
    ...{ bad: arg.count(0), cooldown: arg.count(0), factor: arg.from0To1(1) },
  });
  return [
    ...Object.entries(made).flatMap(([name, make]): HostileTarget[] => {
      const own = fields[name as keyof typeof made];
      const right = () => make(arg.options(own).valid() as never);
      const both: HostileTarget[] = [
        {
          name,
          args: { options: name === "linearSchedule" ? arg.options(own) : arg.required(own), step },
          call: (options: never, step: number) => make(options).factor(step),
        },
        { name: `${name}.factor`, args: { step }, call: (step: number) => right().factor(step) },
      ];
      return both.slice(name === "constantSchedule" ? 1 : 0);
    }),
    {
      name: "plateauSchedule",
      args: { options: arg.options(plateau) },
      call: (options: never) => optim.plateauSchedule(options).factor(),
    },
    {
      name: "plateauSchedule.observe",
      args: { metric: arg.anyNumber(1) },
      call: (metric: number) => {
        const schedule = optim.plateauSchedule();
        schedule.observe(metric);
        return schedule.factor();
      },
    },
    {
      name: "plateauSchedule.restore",
      args: { state },
      call: (state: never) => optim.plateauSchedule().restore(state),
    },
  ];
}

export const targets = (context: HostileContext) => [
  ...optimizers(context),
  ...steps(context),
  ...schedules(),
  { name: "constantSchedule", args: {}, call: () => optim.constantSchedule() },
];

export default (context: HostileContext) => arg.sampled(targets(context), context);
