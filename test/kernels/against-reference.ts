/** Runs one call of a kernel on a build and on the reference, and compares every array that it was given. */
import { expect } from "vitest";
import type { Backend } from "../../src/backend/backend.ts";
import { ABSOLUTE, type Machine, worst } from "./harness.ts";

/** An argument: a number, or an array on the heap by what the kernel may do with it. */
export type Argument =
  | number
  | { readonly reads: readonly number[] }
  | { readonly ids: readonly number[] }
  | { readonly changes: readonly number[] }
  /** Words that the kernel must write, all of them. */
  | { readonly writes: number }
  | { readonly writesIds: number }
  /** Words that the kernel may use and leave as it likes. */
  | { readonly scratch: number };

export interface Call {
  readonly kernel: string;
  readonly args: readonly Argument[];
}

const isInteger = (argument: Argument) =>
  typeof argument === "object" && ("ids" in argument || "writesIds" in argument);

function wordsOf(argument: Exclude<Argument, number>): number {
  if ("writes" in argument) return argument.writes;
  if ("writesIds" in argument) return argument.writesIds;
  if ("scratch" in argument) return argument.scratch;
  return valuesOf(argument)!.length;
}

function valuesOf(argument: Argument): readonly number[] | undefined {
  if (typeof argument === "number") return undefined;
  if ("reads" in argument) return argument.reads;
  if ("ids" in argument) return argument.ids;
  return "changes" in argument ? argument.changes : undefined;
}

function onBuild(machine: Machine, { kernel, args }: Call, misaligned: boolean): number[][] {
  const addresses = args.map((argument) => {
    if (typeof argument === "number") return argument;
    const address = machine.room(wordsOf(argument), misaligned);
    const values = valuesOf(argument);
    if (values !== undefined) {
      const Words = isInteger(argument) ? Int32Array : Float32Array;
      new Words(machine.memory.buffer, address, values.length).set(values);
    }
    return address;
  });
  machine.kernels[kernel](...addresses);
  expect(machine.intact, "writes beyond its room").toBe(true);
  return args.flatMap((argument, index) => {
    if (typeof argument === "number") return [];
    const Words = isInteger(argument) ? Int32Array : Float32Array;
    return [[...new Words(machine.memory.buffer, addresses[index], wordsOf(argument))]];
  });
}

function onReference({ memory, kernels }: Backend, { kernel, args }: Call): number[][] {
  let top = memory.start;
  const addresses = args.map((argument) => {
    if (typeof argument === "number") return argument;
    const address = top;
    top += Math.ceil((wordsOf(argument) * 4 + 4) / 64) * 64;
    memory.reserve(top);
    memory.write(address, valuesOf(argument) ?? new Array(wordsOf(argument)).fill(Number.NaN), "f32");
    return address;
  });
  (kernels as unknown as Record<string, (...all: number[]) => void>)[kernel](...addresses);
  return args.flatMap((argument, index) =>
    typeof argument === "number" ? [] : [[...memory.readSync!(addresses[index], wordsOf(argument))]],
  );
}

/** The same values as the reference within float32's rounding, infinities and NaN at the same places, inputs as before. */
export function agrees(
  machine: Machine,
  reference: Backend,
  call: Call,
  { misaligned = false, absolute = ABSOLUTE } = {},
): void {
  const [got, expected] = [onBuild(machine, call, misaligned), onReference(reference, call)];
  const arrays = call.args.filter((argument) => typeof argument !== "number");
  for (const [index, argument] of arrays.entries()) {
    if ("scratch" in argument) continue;
    const where = `${call.kernel}, array ${index}`;
    const isInput = "reads" in argument || "ids" in argument;
    const wanted = isInput ? valuesOf(argument)! : expected[index].map(Math.fround);
    if (isInput) expect(got[index], `${where} is only read`).toEqual([...wanted]);
    else expect(worst(got[index], wanted, absolute), where).toBeLessThanOrEqual(1);
  }
}
