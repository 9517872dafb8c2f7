/** Every op of the public API, each argument of every wrong kind, shape and value: run by hostile-ops.test.ts. */
import * as ops from "../../src/autograd/ops/index.ts";
import { NO_ROW } from "../../src/autograd/ops/index.ts";
import { recurrent } from "../../src/autograd/ops/recurrent.ts";
import { CELLS } from "../../src/autograd/ops/recurrent-cells.ts";
import { BoundWeights } from "../../src/autograd/ops/recurrent-weights.ts";
import { parameter } from "../../src/autograd/parameter.ts";
import { backward, Tape, withTape } from "../../src/autograd/tape.ts";
import { type Backend, ids, scope, Tensor, tensor, zeros } from "../../src/backend/index.ts";
import { Rng } from "../../src/core/rng.ts";
import { type Shape, sizeOf } from "../../src/core/shape.ts";
import {
  type Argument,
  callsOf,
  type HostileCall,
  type HostileContext,
  type HostileTarget,
  options,
} from "../support/hostile/calls.ts";

type Allows = (value: unknown) => boolean;

const every: Readonly<Record<string, unknown>> = { ...ops };

const isTensor: Allows = (value) => Tensor.isTensor(value) && isAlive(value);
const isFloats: Allows = (value) => isTensor(value) && (value as Tensor).dtype === "f32";
const isNumber: Allows = (value) => typeof value === "number";
const isCount: Allows = (value) => Number.isInteger(value) && (value as number) >= 0;
const isList =
  (each: Allows): Allows =>
  (value) =>
    Array.isArray(value) && Array.from(value, each).every(Boolean);
const isUndefined: Allows = (value) => value === undefined;
const either =
  (...all: readonly Allows[]): Allows =>
  (value) =>
    all.some((allows) => allows(value));

function isAlive(value: Tensor): boolean {
  try {
    return value.address > 0;
  } catch {
    return false;
  }
}

/** Values that every call changes a little, so that nothing in a suite depends on their order. */
function numbers(shape: Shape): Float32Array {
  return Float32Array.from({ length: sizeOf(shape) }, (_, i) => (((i * 37) % 11) - 5) / 7 + 0.01);
}

/** Runs an op with a tape and differentiates it: its results and the gradients of what it was given. */
function run(backend: Backend, op: (...args: never[]) => unknown): (...args: unknown[]) => unknown {
  return (...args) =>
    scope(() => {
      const leaves = args.flat().filter((arg): arg is Tensor => Tensor.isTensor(arg) && arg.dtype === "f32");
      for (const leaf of leaves) leaf.needsGradient = true;
      const tape = new Tape();
      const result = withTape(tape, () => op(...(args as never[])));
      const outputs = [result].flat().filter((it): it is Tensor => Tensor.isTensor(it));
      const differentiable = outputs.filter(({ dtype, needsGradient }) => dtype === "f32" && needsGradient);
      const reads: unknown[] = outputs.filter(({ dtype }) => dtype === "f32").map((it) => it.read());
      if (differentiable.length > 0) {
        const loss = withTape(tape, () =>
          differentiable.map((it) => ops.sum(it)).reduce((all, it) => ops.add(all, it)),
        );
        const gradientOf = backward(tape, loss);
        for (const leaf of leaves) {
          const gradient = gradientOf(leaf);
          if (gradient !== undefined) reads.push(gradient.read());
        }
      }
      return Promise.all(reads);
    }, backend);
}

export default function* opsSuite(context: HostileContext): Generator<HostileCall> {
  const { backend } = context;
  const here: Allows = (value) => !Tensor.isTensor(value) || value.backend === backend;
  const floats = (shape: Shape, allows: Allows = isFloats): Argument => ({
    valid: () => tensor(numbers(shape), shape, "f32", backend),
    allows: (value) => here(value) && allows(value),
  });
  const any = (shape: Shape): Argument => floats(shape, isTensor);
  /** For what only looks at the same memory: the result lives where it did. */
  const anywhere = (shape: Shape): Argument => ({ ...floats(shape), allows: isTensor });
  const optional = ({ valid, allows, fields }: Argument): Argument => ({
    valid,
    allows: either(isUndefined, allows ?? (() => false)),
    fields,
  });
  /** Of this shape and no other, but that sizes of some axes are free. */
  const exactly = (...shape: number[]): Argument =>
    floats(shape, (value) => isFloats(value) && `${(value as Tensor).shape}` === `${shape}`);
  const indices = (shape: Shape, below: number, besides = 0, sameShape = true): Argument => ({
    valid: () =>
      ids(
        Int32Array.from({ length: sizeOf(shape) }, (_, i) => (i * 3) % below),
        shape,
        backend,
      ),
    allows: (value) =>
      here(value) &&
      isTensor(value) &&
      (value as Tensor).dtype === "i32" &&
      (!sameShape || `${(value as Tensor).shape}` === `${shape}`) &&
      (value as Tensor).readIntsSync()!.every((id) => (id >= 0 && id < below) || id === besides),
  });
  const value = (valid: unknown, allows: Allows = (it) => Object.is(it, valid)): Argument => ({
    valid: () => valid,
    allows,
  });
  const flag = (valid: boolean) => optional(value(valid, (it) => typeof it === "boolean"));
  const reduction = optional(value("mean", (it) => it === "sum"));
  const axis = (rank: number, valid = 0) =>
    value(valid, (it) => Number.isInteger(it) && (it as number) >= -rank && (it as number) < rank);
  const axes = (rank: number): Argument =>
    optional(value([0], either(axis(rank).allows!, isList(axis(rank).allows!))));
  const optionalAxis = (rank: number, valid: number) => optional(axis(rank, valid));
  const window = options({ stride: pair(1, 1), padding: pair(0, 0) });
  const operand = (shape: Shape) => floats(shape, either(isNumber, isFloats));
  const parts = (allows: Allows): Argument => ({
    valid: () => [0, 1].map(() => tensor(numbers([2, 3]), [2, 3], "f32", backend)),
    allows,
  });
  const x = floats([2, 3]);

  const target = (name: keyof typeof ops, args: HostileTarget["args"]): HostileTarget => ({
    name,
    args,
    call: run(backend, every[name] as (...all: never[]) => unknown) as HostileTarget["call"],
  });

  const attentionTargets = (): HostileTarget[] => {
    const memory = { keys: floats([2, 5, 3]), values: floats([2, 5, 4]) };
    const lengths: Argument = {
      valid: () => ids([2, 5], [2], backend),
      allows: either(
        isUndefined,
        (it) => here(it) && isTensor(it) && `${(it as Tensor).shape}` === "2" && areLengths(it as Tensor, 5),
      ),
    };
    const withQuery = (name: keyof typeof ops, args: HostileTarget["args"]): HostileTarget => ({
      ...{ name, args },
      call: run(backend, ((...all: unknown[]) =>
        Object.values(
          (every[name] as (...all: unknown[]) => object)(...all),
        )) as never) as HostileTarget["call"],
    });
    const bound = (name: keyof typeof ops, args: HostileTarget["args"]): HostileTarget => ({
      ...{ name, args },
      call: run(backend, ((...all: unknown[]) => {
        const memory = (every[name] as (...all: unknown[]) => ops.AttentionMemory)(...all);
        return Object.values(memory.attend(tensor(numbers([2, 3]), [2, 3], "f32", backend)));
      }) as never) as HostileTarget["call"],
    });
    const additive = { ...memory, v: floats([3]), options: options({ lengths }) };
    const dot = {
      ...memory,
      options: options({
        lengths,
        scale: optional(value(0.5, (it) => Number.isFinite(it) && Math.abs(it as number) < 1e38)),
      }),
    };
    const query = floats([2, 4, 3]);
    return [
      withQuery("additiveAttention", { query, ...additive }),
      withQuery("dotAttention", { query, ...dot }),
      bound("bindAdditiveMemory", additive),
      bound("bindDotMemory", dot),
      {
        name: "AttentionMemory#attend",
        args: { query },
        call: run(backend, ((query: Tensor) => {
          const [keys, values] = [floats([2, 5, 3]), floats([2, 5, 4])].map(({ valid }) => valid() as Tensor);
          return Object.values(ops.bindDotMemory(keys, values).attend(query));
        }) as never) as HostileTarget["call"],
      },
    ];
  };
  const unary = (
    ["sigmoid", "tanh", "abs", "exp", "neg", "relu", "softplus", "square", "softmax"] as const
  ).map((name) => target(name, { x }));
  const binary = (["add", "sub", "mul", "maximum", "minimum"] as const).map((name) =>
    target(name, { a: operand([2, 3]), b: operand([2, 3]) }),
  );
  const losses = [
    target("crossEntropy", {
      logits: floats([2, 3, 4]),
      targets: indices([2, 3], 4, -100),
      options: options({
        reduction,
        ignoreIndex: optional(value(-100, (it) => isNumber(it) && ((it as number) | 0) === it)),
        classWeights: optional(exactly(4)),
        labelSmoothing: optional(
          value(0.1, (it) => isNumber(it) && (it as number) >= 0 && (it as number) <= 1),
        ),
      }),
    }),
    target("nllLoss", {
      logProbabilities: floats([2, 3, 4]),
      targets: indices([2, 3], 4, -100),
      options: options({
        reduction,
        ignoreIndex: optional(value(-100, (it) => isNumber(it) && ((it as number) | 0) === it)),
        classWeights: optional(exactly(4)),
      }),
    }),
    target("linearCrossEntropy", {
      x: floats([2, 3, 4]),
      weight: floats([5, 4]),
      bias: optional(exactly(5)),
      targets: indices([2, 3], 5, -100),
      options: options({
        reduction,
        blockRows: optional(value(2, (it) => isCount(it) && (it as number) > 0)),
      }),
    }),
    target("mseLoss", { prediction: exactly(2, 3), target: exactly(2, 3), options: options({ reduction }) }),
    target("binaryCrossEntropyWithLogits", {
      logits: exactly(2, 3),
      targets: exactly(2, 3),
      options: options({ reduction, weight: optional(floats([3])), positiveWeight: optional(floats([3])) }),
    }),
  ];
  const shapes = [
    target("reshape", { x: anywhere([2, 3]), shape: value([3, -1], isList(isShapeSize)) }),
    target("broadcastTo", { x, shape: value([4, 2, 3], isList(isCount)) }),
    target("permute", { x: any([2, 3]), order: value([1, 0], isList(axis(2).allows!)) }),
    target("transpose", { x: any([2, 3]) }),
    target("swapAxes", { x: any([2, 3, 4]), first: optionalAxis(3, 1), second: optionalAxis(3, 2) }),
    target("reverse", { x: any([2, 3]), axes: value([1], either(axis(2).allows!, isList(axis(2).allows!))) }),
    target("slice", { x: any([2, 3]), axis: axis(2, 1), start: value(0, isCount), end: value(2, isCount) }),
    target("select", { x: any([2, 3]), index: value(1, isCount) }),
    target("split", { x: any([2, 3]), sizes: value([1, 2], isList(isCount)), axis: optionalAxis(2, 1) }),
    target("splitRows", { x: any([3, 2]), counts: value([1, 2], isList(isCount)) }),
    target("concat", { parts: parts(isList(isFloats)), axis: optionalAxis(2, 1) }),
    target("stack", { parts: parts(isList(isFloats)), axis: optionalAxis(3, 1) }),
    target("unstack", { x: any([2, 3]), axis: optionalAxis(2, 1) }),
    target("stopGradient", { x: anywhere([2, 3]) }),
    target("pad", {
      x,
      pads: value([[1, 2]], (it) => Array.isArray(it) && it.length === 0),
      value: optional(value(0, isNumber)),
    }),
  ];
  const others = [
    target("div", { a: operand([2, 3]), b: value(2, either(isFloats, isNumber)) }),
    target("clamp", { x, low: value(-0.5, isNumber), high: value(0.5, isNumber) }),
    target("where", {
      mask: { ...any([]), valid: indices([2, 3], 2).valid },
      a: operand([2, 3]),
      b: operand([2, 3]),
    }),
    target("linear", { x: floats([4, 3]), weight: floats([2, 3]), bias: optional(exactly(2)) }),
    target("matmul", {
      a: floats([2, 3]),
      b: floats([3, 2]),
      options: options({ transposeA: flag(false), transposeB: flag(false) }),
    }),
    target("layerNorm", {
      x,
      gain: optional(exactly(3)),
      bias: optional(exactly(3)),
      options: options({
        epsilon: optional(value(1e-5, (it) => Number.isFinite(it) && (it as number) >= 0)),
      }),
    }),
    target("dropout", {
      x,
      p: value(0.5, (it) => isNumber(it) && (it as number) >= 0 && (it as number) < 1),
      rng: { valid: () => new Rng(1) },
      options: options({
        sharedAxes: optional(value([0], isList(axis(2).allows!))),
        start: optional(value(3, (it) => isCount(it) && (it as number) <= 2 ** 52)),
        batchAxis: optional(value(1, (it) => it === null || axis(2).allows!(it))),
      }),
    }),
    target("argmax", { x, axis: optionalAxis(2, 1), options: options({ keepDims: flag(true) }) }),
    target("equal", { a: operand([2, 3]), b: operand([2, 3]) }),
    target("randomNormal", {
      shape: value([2, 3], isList(isCount)),
      rng: { valid: () => new Rng(1) },
      options: options({
        start: optional(value(3, (it) => isCount(it) && (it as number) <= 2 ** 52)),
        backend: optional(value(backend)),
      }),
    }),
    ...attentionTargets(),
    target("embedding", { ids: indices([2, 3], 5, 0, false), table: floats([5, 2]) }),
    target("gatherRows", { x: any([3, 2]), ids: indices([2, 2], 3, NO_ROW, false) }),
    target("takeAlong", { x: any([2, 3]), ids: indices([2, 2], 3, NO_ROW, false) }),
    target("conv2d", {
      x: floats([1, 2, 4, 4]),
      weight: floats([3, 2, 2, 2]),
      bias: optional(exactly(3)),
      window,
    }),
    target("maxPool2d", { x: floats([1, 2, 4, 4]), kernel: pair(2, 1), window }),
    target("avgPool2d", { x: floats([1, 2, 4, 4]), kernel: pair(2, 1), window }),
    target("sum", { x, axes: axes(2), options: options({ keepDims: flag(true) }) }),
    target("max", { x, axes: axes(2), options: options({ keepDims: flag(true) }) }),
    target("logSoftmax", { x, axis: optionalAxis(2, 1) }),
  ];
  const all = [...unary, ...binary, ...losses, ...shapes, ...others];
  // Right to be NaN for what hostile tensors hold, or for a mean over nothing.
  const undefinedBelow0 = [
    target("log", { x }),
    target("sqrt", { x }),
    target("pow", { x, exponent: value(2, Number.isFinite as Allows) }),
    target("mean", { x, axes: axes(2), options: options({ keepDims: flag(true) }) }),
  ];
  const called = new Set([...all, ...undefinedBelow0].map(({ name }) => name));
  const forgotten = Object.keys(ops).filter(
    (name) => !called.has(name) && name !== "NO_ROW" && name !== "checkIds",
  );
  if (forgotten.length > 0) throw new Error(`no hostile call for ${forgotten.join(", ")}`);
  yield* callsOf(all, context);
  yield* [...callsOf(undefinedBelow0, context)].map((call) => ({ ...call, mayBeNaN: true }));
  yield* callsOf(tensors(backend, value), context);
  yield* callsOf(recurrentTargets(backend, { exactly, optional, indices, value, flag }), context);
}

const areLengths = (it: Tensor, most: number): boolean =>
  it.dtype === "i32" && it.readIntsSync()!.every((length) => length >= 1 && length <= most);

const isShapeSize: Allows = (value) => isCount(value) || value === -1;

function pair(valid: number, least: number): Argument {
  const isSize: Allows = (it) => Number.isInteger(it) && (it as number) >= least;
  const allows: Allows = (it) => isSize(it) || (isList(isSize)(it) && (it as unknown[]).length === 2);
  return { valid: () => valid, allows: either(isUndefined, allows) };
}

/** Makes tensors, looks at parts of them, overwrites them. */
function tensors(backend: Backend, value: (valid: unknown, allows?: Allows) => Argument): HostileTarget[] {
  const home: Argument = { valid: () => backend, allows: (it) => it === backend || it === undefined };
  const shape = value([2, 3], either(isUndefined, isList(isCount)));
  const dtype = value(
    "f32",
    either(isUndefined, (it) => it === "i32"),
  );
  const isData = (it: unknown) =>
    isNumber(it) || isList(isNumber)(it) || (ArrayBuffer.isView(it) && !(it instanceof BigInt64Array));
  const made = { values: value([1, 2, 3, 4, 5, 6], isData), shape, dtype, backend: home };
  const x = () => tensor(numbers([2, 3]), [2, 3], "f32", backend);
  const inScope = (work: () => unknown) => scope(work, backend);
  return [
    { name: "tensor", args: made, call: tensor as HostileTarget["call"] },
    {
      name: "ids",
      args: { values: value([1, 2, 3, 4, 5, 6], isData), shape, backend: home },
      call: ((...args: Parameters<typeof ids>) => ids(...args).readIntsSync()) as HostileTarget["call"],
    },
    {
      name: "zeros",
      args: { shape: value([2, 3], isList(isCount)), backend: home },
      call: zeros as HostileTarget["call"],
    },
    {
      name: "parameter",
      args: {
        values: value([1, 2, 3, 4, 5, 6], isData),
        shape: value([2, 3], isList(isCount)),
        backend: home,
      },
      call: parameter as HostileTarget["call"],
    },
    {
      name: "view and an op after it",
      args: { shape: value([2], isList(isCount)), offset: value(3, either(isUndefined, isCount)) },
      call: ((...args: Parameters<Tensor["view"]>) =>
        inScope(() => ops.add(x().view(...args), 1).read())) as HostileTarget["call"],
    },
    {
      name: "write",
      args: { values: value([1, 2, 3, 4, 5, 6], isData) },
      call: ((values: number[]) => x().write(values)) as HostileTarget["call"],
    },
    {
      name: "read",
      args: { into: { valid: () => new Float32Array(6), allows: isUndefined } },
      call: ((into: Float32Array) => x().read(into)) as HostileTarget["call"],
    },
    {
      name: "scope",
      args: {
        work: {
          valid: () => () => zeros([2]).read(),
          allows: (it) => typeof it === "function" && it.constructor.name === "Function",
        },
        backend: home,
      },
      call: scope as HostileTarget["call"],
    },
    {
      name: "new Tensor with the owner",
      args: { owner: value("its own", () => false) },
      call: ((owner: never) =>
        owner === "its own" || new Tensor(backend, [2, 3], "f32", owner, 64)) as HostileTarget["call"],
    },
  ];
}

interface Kit {
  exactly(...shape: number[]): Argument;
  optional(argument: Argument): Argument;
  indices(shape: Shape, below: number, besides?: number, sameShape?: boolean): Argument;
  value(valid: unknown, allows?: Allows): Argument;
  flag(valid: boolean): Argument;
}

/** Every cell over time: values, ids, states, and sequences of different lengths. */
function recurrentTargets(backend: Backend, kit: Kit): HostileTarget[] {
  const [T, B, I, H] = [3, 2, 4, 5];
  const counts = [2, 2, 1];
  const last = [4, 3];
  return Object.entries(CELLS).flatMap(([kind, { gates, hasCell }]): HostileTarget[] => {
    const rows = gates * H;
    const weights = options({
      weightIh: kit.exactly(rows, I),
      weightHh: kit.exactly(rows, H),
      biasIh: kit.optional(kit.exactly(rows)),
      biasHh: kit.optional(kit.exactly(rows)),
    });
    const required: Argument = { ...weights, allows: () => false };
    const bound: Argument = {
      valid: () => new BoundWeights(kind as "lstm", required.valid() as never),
    };
    const initial = options({
      hidden: kit.optional(kit.exactly(B, H)),
      ...(hasCell && { cell: kit.optional(kit.exactly(B, H)) }),
    });
    const only = (list: readonly number[]): Argument => ({ valid: () => ids(list, [list.length], backend) });
    const oneOfBoth = either(kit.exactly(T, B, I).allows!, kit.indices([T, B], I).allows!);
    const input = { ...kit.exactly(T, B, I), allows: oneOfBoth };
    const packed = options({ counts: only(counts), last: only(last) });
    const layer = (bind: BoundWeights, ...rest: never[]) => {
      const [x, ...others] = rest as unknown as Parameters<typeof recurrent> extends [unknown, ...infer R]
        ? R
        : never;
      const { output, hidden, cell } = recurrent(bind, x as never, ...(others as [never]));
      return cell === undefined ? [output, hidden] : [output, hidden, cell];
    };
    const call = run(backend, layer as never) as HostileTarget["call"];
    return [
      {
        name: `${kind} of weights`,
        args: { kind: kit.value(kind), weights: required },
        call: ((k: "lstm", w: never) =>
          void scope(() => new BoundWeights(k, w), backend)) as HostileTarget["call"],
      },
      {
        name: `${kind} of values`,
        args: {
          bound,
          x: input,
          initial,
          rows: kit.value(undefined),
          keepGates: kit.flag(true),
        },
        call,
      },
      { name: `${kind} of ids`, args: { bound, ids: kit.indices([T, B], I), initial }, call },
      {
        name: `${kind} of packed rows`,
        args: { bound, x: kit.exactly(5, I), initial, rows: { ...packed, allows: () => false } },
        call,
      },
    ];
  });
}
