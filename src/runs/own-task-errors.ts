/** Errors in the code of a task of the user's own name the member and the line of the file in which they happened. */
import { fileURLToPath } from "node:url";
import { escapeControl, InputError, placeOf, problemOf, UnrolledError } from "../core/errors.ts";
import { TASK_MEMBERS, VIEW_MEMBERS } from "../tasks/check-task.ts";
import type { Task } from "../tasks/task.ts";

type AnyFunction = (...args: never[]) => unknown;

/** Members whose errors of this package are about the user's data, not about the code. */
const ABOUT_DATA = ["load", "loadTest", "predict", "predictFile", "parse", "check", "complete"];

/** What the functions that a task returns are called in messages. */
const RETURNED = {
  plan: { weights: "plan.weights", startsAnew: "plan.startsAnew", batch: "plan.batch" },
  evaluation: { run: "evaluation.run" },
} as const;

/**
 * The same task with functions that add to their errors where they happened. Errors that are about data pass as they are.
 * @param where the task came from, for messages: "the task ./my-task.ts"
 * @param task as checkTask returns it
 */
export function locateErrors(where: string, task: Task): Task {
  const namesOf = ({ required, optional }: { required: object; optional: object }) =>
    [...Object.keys(required), ...Object.keys(optional)] as string[];
  const names = namesOf(TASK_MEMBERS);
  const view = wrapFunctions(task.view, namesOf(VIEW_MEMBERS), (member) => [where, `view.${member}`]);
  const located = wrapFunctions(task, names, (member) => [where, member]);
  return Object.defineProperty(located, "view", { value: view, enumerable: true });
}

/** An object that has these members of another as its own, functions wrapped, and the other as its prototype. */
function wrapFunctions<Target extends object>(
  target: Target,
  names: readonly string[],
  nameOf: (member: string) => readonly [where: string, member: string],
): Target {
  const members = target as Readonly<Record<string, unknown>>;
  const own: PropertyDescriptorMap = {};
  for (const name of names) {
    const value = members[name];
    if (value === undefined) continue;
    const wrapped =
      typeof value === "function" ? locate(value.bind(target) as AnyFunction, ...nameOf(name)) : value;
    own[name] = { value: wrapped, enumerable: true, configurable: true };
  }
  return Object.create(target, own) as Target;
}

function locate(work: AnyFunction, where: string, member: string): AnyFunction {
  const failed = (error: unknown) => addPlace(error, where, member);
  return (...args) => {
    let result: unknown;
    try {
      result = work(...args);
    } catch (error) {
      throw failed(error);
    }
    if (result instanceof Promise) return result.catch((error) => Promise.reject(failed(error)));
    if (member in RETURNED && typeof result === "object" && result !== null) {
      const functions = RETURNED[member as keyof typeof RETURNED] as Readonly<Record<string, string>>;
      return wrapFunctions(result, Object.keys(functions), (name) => [where, functions[name]]);
    }
    return isAsyncIterable(result) ? iterate(result, failed) : result;
  };
}

async function* iterate<Item>(items: AsyncIterable<Item>, failed: (error: unknown) => unknown) {
  try {
    yield* items;
  } catch (error) {
    throw failed(error);
  }
}

const isAsyncIterable = (value: unknown): value is AsyncIterable<unknown> =>
  typeof (Object(value) as Partial<AsyncIterable<unknown>>)[Symbol.asyncIterator] === "function";

function addPlace(error: unknown, where: string, member: string): unknown {
  if (error instanceof Error && error.name === "AbortError") return error;
  const place = placeOf(error, FRAME);
  if (error instanceof UnrolledError) {
    const [first] = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
    // An error that the task's own code makes says all that its author wants to say.
    if (ABOUT_DATA.includes(member) || place === undefined || FRAME.test(first ?? "")) return error;
    return error.inContext(`in ${member} of ${where} (${place})`);
  }
  const line = place === undefined ? "" : ` (${place})`;
  return new InputError(`${where} failed in ${member}: ${escapeControl(problemOf(error))}${line}`, {
    cause: error,
  });
}

/** Lines of a stack trace in files that belong neither to this package, nor to another one, nor to Node. */
const FRAME = framesOutside(new URL("../", import.meta.url));

function framesOutside(folder: URL): RegExp {
  const own = [folder.href, fileURLToPath(folder)].map((path) => path.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  return new RegExp(`^\\s+at (?!.*(?:${own.join("|")}|node:|node_modules[\\\\/]))`);
}
