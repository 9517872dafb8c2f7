/** Checks what a user's cell returns, which may be anything, right after each step. Errors name the step. */
import { Tensor } from "../backend/tensor.ts";
import { InputError, placeOf, problemOf, ShapeError, UnrolledError } from "../core/errors.ts";
import { type Shape, sameShape, showShape } from "../core/shape.ts";
import { showValue } from "../core/show-value.ts";
import { stateTensors } from "./cell-state.ts";

/** What `step` and `sequence` return, before it is checked. */
interface Returned {
  output: Tensor;
  state: unknown;
}

/** The lines of a stack trace that belong to the user's methods. Functions that they call are above them. */
const METHODS = /\b(zeroState|step|sequence)\b/;

/** Runs a part of a cell and adds the place to any error that it throws. */
export function inCell<Result>(where: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (error instanceof UnrolledError) {
      const place = placeOf(error, METHODS);
      throw error.inContext(`in ${where}${place === undefined ? "" : ` (${place})`}`);
    }
    const place = placeOf(error);
    throw new InputError(`${where} failed: ${problemOf(error)}${place === undefined ? "" : ` (${place})`}`, {
      cause: error,
    });
  }
}

/** @param leading the first axes of the output: [B], or [T, B] for a whole sequence */
export function checkReturned(
  where: string,
  returned: unknown,
  leading: readonly (readonly [string, number])[],
  outputSize: number | undefined,
): asserts returned is Returned {
  if (typeof returned !== "object" || returned === null || Tensor.isTensor(returned)) {
    const got = Tensor.isTensor(returned) ? "a tensor" : showValue(returned);
    throw new InputError(`${where} must return { output, state }, got ${got}`, {
      hint: returned === undefined ? "is there a return at its end?" : undefined,
    });
  }
  const { output, state } = returned as { output?: unknown; state?: unknown };
  const axes = [...leading, ["features", outputSize ?? null] as const];
  const expected = `[${axes.map(([name, size]) => (size === null ? name : `${name}=${size}`)).join(", ")}]`;
  if (!Tensor.isTensor(output)) {
    throw new InputError(`${where}: output must be a tensor ${expected}, got ${showValue(output)}`);
  }
  const fits =
    output.shape.length === axes.length &&
    axes.every(([, size], axis) => size === null || size === output.shape[axis]);
  if (!fits) throw new ShapeError(`${where}: output`, expected, showShape(output.shape));
  if (state === undefined) {
    throw new InputError(`${where} returned no state, so nothing would be remembered`, {
      hint: "return { output, state }",
    });
  }
}

/**
 * Checks that a state has the same tensors, with the same shapes, as the state before the step. The first step may add
 * parts that were absent.
 */
export function checkSameState(where: string, before: unknown, after: unknown, isFirst: boolean): void {
  const [expected, found] = [stateTensors(before, "state"), stateTensors(after, `${where}: state`)];
  for (const { name, tensor } of expected) {
    const part = `${where}: state${name === "" ? "" : `.${name}`}`;
    const same = found.find((other) => other.name === name);
    if (same === undefined) {
      throw new InputError(`${part} is missing, the state before the step has it`, {
        hint: `return a state with ${expected.map((one) => one.name || "one tensor").join(", ")}`,
      });
    }
    if (!sameShape(same.tensor.shape, tensor.shape)) {
      throw new ShapeError(
        part,
        `${showShape(tensor.shape)} as before the step`,
        showShape(same.tensor.shape),
      );
    }
  }
  const added = found.find(({ name }) => !expected.some((other) => other.name === name));
  if (added !== undefined && !isFirst) {
    throw new InputError(`${where}: state.${added.name} is new, the state before the step does not have it`, {
      hint: "every step must return the same parts",
    });
  }
}

/** Checks that the first axis of every tensor of a state is the batch. */
export function checkBatch(where: string, state: unknown, batch: number): void {
  if (state === undefined || state === null) {
    throw new InputError(
      `${where} must be a tensor, or an object or array of tensors, got ${showValue(state)}`,
    );
  }
  for (const { name, tensor } of stateTensors(state, where)) {
    if (tensor.shape[0] === batch) continue;
    const part = name === "" ? where : `${where}.${name}`;
    throw new ShapeError(part, `[batch=${batch}, ...]`, showShape(tensor.shape));
  }
}

/** A part of the initial state of a cell: its name, and its shape without the batch. */
export interface StatePart {
  readonly name: string;
  readonly shape: Shape;
}

export function partsOf(state: unknown): StatePart[] {
  return stateTensors(state).map(({ name, tensor }) => ({ name, shape: tensor.shape.slice(1) }));
}

/**
 * Checks that a caller's state has the parts of the initial state: a cell that does not find a part may use zeros for
 * it without an error.
 * @param cell the name of the cell in errors
 * @throws InputError, ShapeError that names the part
 */
export function checkGivenState(
  where: string,
  state: unknown,
  batch: number,
  { cell, parts }: { cell: string; parts: readonly StatePart[] },
): void {
  checkBatch(where, state, batch);
  const found = new Map(stateTensors(state, where).map(({ name, tensor }) => [name, tensor]));
  for (const { name, shape } of parts) {
    const tensor = found.get(name);
    if (tensor === undefined) {
      const names = parts.map((part) => part.name || "one tensor").join(", ");
      const given = [...found.keys()].map((key) => key || "one tensor").join(", ") || "no tensor";
      throw new InputError(`${where} must have the parts of zeroState of ${cell} (${names}), got ${given}`, {
        hint: "give the state that forward returned, or one like that of zeroState",
      });
    }
    if (sameShape(tensor.shape, [batch, ...shape])) continue;
    const part = name === "" ? where : `${where}.${name}`;
    throw new ShapeError(part, showShape([batch, ...shape]), showShape(tensor.shape));
  }
}

/** @throws InputError if, after several steps, the state still consists of the tensors of the initial state */
export function checkChanged(cell: string, before: unknown, after: unknown): void {
  const tensors = stateTensors(after).map(({ tensor }) => tensor);
  const first = stateTensors(before).map(({ tensor }) => tensor);
  if (tensors.length === 0 || tensors.some((tensor, index) => tensor !== first[index])) return;
  throw new InputError(`step of ${cell} returned the state that it was given, at every time`, {
    hint: "return the new state: { output, state: ... }",
  });
}
