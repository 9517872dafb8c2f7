/** Arguments of public functions: a right value, and which hostile values are right as well. */
import { type Backend, ids, scope, Tensor, tensor } from "../../../src/backend/index.ts";
import { type Job, runJob } from "../../../src/core/job.ts";
import { Rng } from "../../../src/core/rng.ts";
import {
  type Argument,
  callsOf,
  type HostileContext,
  type HostileTarget,
  options,
} from "../../support/hostile/calls.ts";

const never = () => false;

/** That value, or not given. */
export const optional = ({ allows = never, ...argument }: Argument): Argument => ({
  ...argument,
  allows: (value) => value === undefined || allows(value),
});

const number = (valid: number, fits: (value: number) => boolean): Argument => ({
  valid: () => valid,
  allows: (value) => typeof value === "number" && fits(value),
});

export const size = (valid: number): Argument => number(valid, (x) => Number.isSafeInteger(x) && x >= 1);
export const count = (valid: number): Argument => number(valid, (x) => Number.isSafeInteger(x) && x >= 0);
export const integer = (valid: number): Argument => number(valid, Number.isSafeInteger);
export const atLeast0 = (valid: number): Argument => number(valid, (x) => x >= 0 && Number.isFinite(x));
export const above0 = (valid: number): Argument => number(valid, (x) => x > 0 && Number.isFinite(x));
export const positive = (valid: number): Argument => number(valid, (x) => x > 0);
export const below1 = (valid: number): Argument => number(valid, (x) => x >= 0 && x < 1);
export const from0To1 = (valid: number): Argument => number(valid, (x) => x >= 0 && x <= 1);
export const finite = (valid: number): Argument => number(valid, Number.isFinite);
export const anyNumber = (valid: number): Argument => number(valid, () => true);

export const flag = (valid = true): Argument => ({
  valid: () => valid,
  allows: (value) => typeof value === "boolean",
});

export const text = (valid = "abc"): Argument => ({
  valid: () => valid,
  allows: (value) => typeof value === "string",
});

export const word = (...words: string[]): Argument => ({
  valid: () => words[0],
  allows: (value) => words.includes(value as string),
});

export const fn = (valid: (...all: never[]) => unknown): Argument => ({
  valid: () => valid,
  allows: (value) => typeof value === "function",
});

export const generator: Argument = { valid: () => new Rng(1) };

/** Only that value will do. */
export const only = (make: () => unknown): Argument => ({ valid: make });

/** That value, and every hostile one that `allows` says. */
export const such = (make: () => unknown, allows: (value: unknown) => boolean): Argument => ({
  valid: make,
  allows,
});

/** Options of which some have to be given. */
export const required = (fields: Readonly<Record<string, Argument>>): Argument => ({
  ...options(fields),
  allows: never,
});

/**
 * A target and its job, which has the same arguments and must refuse the same, at the latest when it runs.
 * @param job of which the name ends in Job
 */
export const withJob = (target: HostileTarget, job: (...all: never[]) => Job<unknown>): HostileTarget[] => [
  target,
  { ...target, name: `${target.name}Job`, call: (...all: never[]) => runJob(job(...all)) },
];

const records = new WeakSet<Argument>();

/** An object that is no options: what else is in it is its owner's business. */
export function record(fields: Readonly<Record<string, Argument>>): Argument {
  const made = required(fields);
  records.add(made);
  return made;
}

/** Where the tensors of a suite live. */
export class Tensors {
  readonly backend: Backend;

  constructor(backend: Backend) {
    this.backend = backend;
  }

  /** Floats of exactly this shape, but for axes of null, which may have any size. */
  floats(...shape: (number | null)[]): Argument {
    return {
      valid: () => this.make(...shape.map((length) => length ?? 2)),
      allows: (value) => this.isLike(value, "f32", shape),
    };
  }

  ids(...shape: (number | null)[]): Argument {
    const sizes = shape.map((length) => length ?? 2);
    const total = sizes.reduce((all, length) => all * length, 1);
    return {
      valid: () =>
        ids(
          Int32Array.from({ length: total }, (_, at) => at % 2),
          sizes,
          this.backend,
        ),
      allows: (value) => this.isLike(value, "i32", shape),
    };
  }

  make(...shape: number[]): Tensor {
    const total = shape.reduce((all, length) => all * length, 1);
    return tensor(
      Float32Array.from({ length: total }, (_, at) => (((at * 7) % 5) + 1) / 5),
      shape,
      "f32",
      this.backend,
    );
  }

  /** Runs a call in a scope, and reads the tensors of its result before it ends. */
  run<Args extends unknown[]>(call: (...args: Args) => unknown): (...args: Args) => unknown {
    return (...args) => scope(() => readAll(call(...args)), this.backend);
  }

  private isLike(value: unknown, dtype: string, shape: readonly (number | null)[]): boolean {
    return (
      value instanceof Tensor &&
      Object.hasOwn(value, "backend") &&
      value.backend === this.backend &&
      value.dtype === dtype &&
      value.shape.length === shape.length &&
      shape.every((length, axis) => length === null || length === value.shape[axis])
    );
  }
}

/** The values of all tensors in a result, read now: the memory is gone with the scope. */
function readAll(result: unknown, depth = 3): Promise<unknown> {
  if (result instanceof Tensor)
    return Promise.resolve(result.dtype === "f32" ? result.read() : result.readIntsSync());
  if (result instanceof Promise || typeof result !== "object" || result === null || depth === 0) {
    return Promise.resolve(result);
  }
  return Promise.all(Object.values(result).map((part) => readAll(part, depth - 1)));
}

/**
 * Every call in the long tests; else the right ones and every `share`-th of the others, other ones for each backend.
 */
export function* sampled(targets: readonly HostileTarget[], context: HostileContext, share = 6) {
  const first = context.backend.name === "wasm" ? 0 : Math.floor(share / 2);
  const ofRecords = new Set(
    targets.flatMap(({ name, args }) =>
      Object.entries(args)
        .filter(([, argument]) => records.has(argument))
        .map(([argument]) => `${name}: ${argument}.mispelt = 1`),
    ),
  );
  let index = 0;
  for (const call of callsOf(targets, context)) {
    index++;
    if (ofRecords.has(call.name)) continue;
    if (context.rounds > 0 || call.expect === "works" || index % share === first) yield call;
  }
}

export { options };
