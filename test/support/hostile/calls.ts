/** Calls with one or two wrong arguments, from a description of a function and of calls that are right. */
import type { Backend } from "../../../src/backend/index.ts";
import { Rng } from "../../../src/core/rng.ts";
import { type HostileValue, isNotFinite, PLAIN_VALUES, tensorValues } from "./values.ts";

/** What a child process gives to a suite of calls. */
export interface HostileContext {
  /** Where the calls are to work. */
  readonly backend: Backend;
  /** Another one, which no result may come from. */
  readonly other: Backend;
  /** Calls with two or more wrong arguments at once, for each function: 0 except in the long tests. */
  readonly rounds: number;
}

/** One call of a suite. The order and the names of calls are the same in every process. */
export interface HostileCall {
  readonly name: string;
  /** Its result, or what its promise is fulfilled with, is searched for NaN. */
  readonly call: () => unknown;
  /** `works`: a right call. `fails`: must be refused by a library error. `either`: used or refused. */
  readonly expect: "works" | "fails" | "either";
  /** NaN in the result is right. */
  readonly mayBeNaN?: boolean;
}

/** A file that exports `default` as one of these can be run by `runHostile`. */
export type HostileSuite = (context: HostileContext) => Iterable<HostileCall>;

export interface Argument {
  /** A right value, made anew for each call. */
  readonly valid: () => unknown;
  /** Hostile values that the function may use as well; every other one must be refused. Default: none. */
  readonly allows?: (value: unknown) => boolean;
  /** The value is an object of these options, of which each is made wrong too, and a misspelt one is added. */
  readonly fields?: Readonly<Record<string, Argument>>;
}

export interface HostileTarget {
  /** `crossEntropy` */
  readonly name: string;
  readonly args: Readonly<Record<string, Argument>>;
  readonly call: (...args: never[]) => unknown;
}

/** An object of options, each with a right value. */
export function options(fields: Readonly<Record<string, Argument>>): Argument {
  const valid = () =>
    Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.valid()]));
  return { valid, fields, allows: (given) => given === undefined || isEmptyObject(given) };
}

function isEmptyObject(given: unknown): boolean {
  return (
    typeof given === "object" && given !== null && !Array.isArray(given) && Object.keys(given).length === 0
  );
}

/** An argument in another form, and whether that has to be refused. */
interface Variant {
  readonly label: string;
  readonly make: () => unknown;
  readonly allowed: boolean;
  readonly mayBeNaN: boolean;
}

function variantsOf(name: string, argument: Argument, values: readonly HostileValue[]): Variant[] {
  const own = values.map(({ label, make }): Variant => {
    const sample = make();
    const allowed = argument.allows?.(sample) ?? false;
    return { label: `${name} = ${label}`, make, allowed, mayBeNaN: isNotFinite(sample) };
  });
  const { fields } = argument;
  if (fields === undefined) return own;
  const withField = (field: string, make: () => unknown) => () => ({
    ...(argument.valid() as object),
    [field]: make(),
  });
  const inFields = Object.entries(fields).flatMap(([field, inner]) =>
    variantsOf(`${name}.${field}`, inner, values).map((variant) => ({
      ...variant,
      make: withField(field, variant.make),
    })),
  );
  const misspelt = { label: `${name}.mispelt = 1`, make: withField("mispelt", () => 1) };
  return [...own, ...inFields, { ...misspelt, allowed: false, mayBeNaN: false }];
}

/** For each function the right call, then each argument made wrong by itself, then several at once. */
export function* callsOf(targets: readonly HostileTarget[], context: HostileContext): Generator<HostileCall> {
  const values = [...PLAIN_VALUES, ...tensorValues(context.backend, context.other)];
  const rng = new Rng(1);
  for (const { name, args, call } of targets) {
    const run = call as (...all: unknown[]) => unknown;
    const list = Object.entries(args);
    const given = (changed: ReadonlyMap<number, Variant>) => () =>
      run(...list.map(([, argument], i) => (changed.get(i)?.make ?? argument.valid)()));
    yield { name: `${name}: as it should be`, call: given(new Map()), expect: "works" };
    const variants = list.map(([argument, description]) => variantsOf(argument, description, values));
    const made = (changed: ReadonlyMap<number, Variant>, mustFail: boolean): HostileCall => {
      const all = [...changed.values()];
      return {
        name: `${name}: ${all.map(({ label }) => label).join(", ")}`,
        call: given(changed),
        expect: mustFail && all.some(({ allowed }) => !allowed) ? "fails" : "either",
        mayBeNaN: all.some(({ mayBeNaN }) => mayBeNaN),
      };
    };
    for (const [i, own] of variants.entries()) for (const one of own) yield made(new Map([[i, one]]), true);
    for (let round = 0; round < context.rounds && list.length > 1; round++) {
      const changed = new Map<number, Variant>();
      const count = 2 + rng.integer(list.length - 1);
      while (changed.size < count) {
        const i = rng.integer(list.length);
        changed.set(i, variants[i][rng.integer(variants[i].length)]);
      }
      // Two that are wrong by themselves may be right together.
      yield made(changed, false);
    }
  }
}
