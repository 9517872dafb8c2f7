/**
 * Runs the calls of a suite one after another and says before each which comes, so that its name is known when the
 * process does not survive it. Started by run.ts.
 */
import { writeSync } from "node:fs";
import {
  type Backend,
  createNativeBackend,
  createReferenceBackend,
  createWasmBackend,
  setDefaultBackend,
  Tensor,
} from "../../../src/backend/index.ts";
import { UnrolledError } from "../../../src/core/errors.ts";
import type { HostileCall, HostileSuite } from "./calls.ts";

/** What run.ts passes on the command line. */
export interface ChildSettings {
  readonly suite: string;
  readonly backend: Backend["name"];
  readonly rounds: number;
  /** The first call that is run. */
  readonly from: number;
}

/** A line of the child's output. */
export type ChildLine =
  | { readonly starts: number; readonly name: string }
  | { readonly problem: string | undefined }
  | { readonly calls: number };

function make(name: Backend["name"]): Backend {
  const backend =
    name === "native"
      ? createNativeBackend().backend
      : name === "wasm"
        ? createWasmBackend()
        : createReferenceBackend();
  if (backend === undefined) throw new Error(`there is no backend ${name} here`);
  return backend;
}

/** A call that starts threads leaves standard output non-blocking: a write to a full pipe fails and is tried again. */
function say(line: ChildLine): void {
  let left = Buffer.from(`${JSON.stringify(line)}\n`);
  while (left.length > 0) {
    try {
      left = left.subarray(writeSync(1, left));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
    }
  }
}

/** NaN anywhere in a result: in numbers, arrays, objects and tensors that are alive. */
async function hasNaN(value: unknown, depth = 4): Promise<boolean> {
  if (typeof value === "number") return Number.isNaN(value);
  if (typeof value !== "object" || value === null || depth === 0) return false;
  if (value instanceof Promise) return hasNaN(await value, depth);
  if (value instanceof Float32Array || value instanceof Float64Array) return value.some(Number.isNaN);
  if (value instanceof Tensor) return value.dtype === "f32" && hasNaN(await value.read());
  for (const part of Array.isArray(value) ? value : Object.values(value)) {
    if (await hasNaN(part, depth - 1)) return true;
  }
  return false;
}

/** One line, as people read it. */
function messageProblem({ message }: UnrolledError): string | undefined {
  if (message.length === 0 || message.includes("\n")) return `a message that is not one line: ${message}`;
  if (message.includes("[object ")) return `a message that shows no value: ${message}`;
  return undefined;
}

/** What is wrong with what a call did, or undefined. */
async function problemOf({ call, expect, mayBeNaN }: HostileCall): Promise<string | undefined> {
  try {
    const result = await call();
    if (expect === "fails") return "was accepted";
    return mayBeNaN !== true && (await hasNaN(result)) ? "gave NaN" : undefined;
  } catch (error) {
    if (!(error instanceof UnrolledError)) return `threw ${describe(error)}`;
    if (expect === "works") return `was refused: ${error.message}`;
    return messageProblem(error);
  }
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return `what is no error: ${String(error)}`;
  const place = error.stack?.split("\n").find((line) => line.includes("/src/"));
  const what = `a bare ${error.name}: ${error.message.split("\n")[0]}`;
  return place === undefined ? what : `${what} ${place.trim()}`;
}

async function main({ suite, backend: name, rounds, from }: ChildSettings): Promise<void> {
  const backend = make(name);
  setDefaultBackend(backend);
  const other = make(name === "reference" ? "wasm" : "reference");
  const { default: calls } = (await import(suite)) as { default: HostileSuite };
  // A promise that a call leaves behind belongs to that call.
  let stray: string | undefined;
  process.on("unhandledRejection", (reason) => {
    if (!(reason instanceof UnrolledError)) stray = `left behind ${describe(reason)}`;
  });
  let index = 0;
  for (const call of calls({ backend, other, rounds })) {
    if (index >= from) {
      say({ starts: index, name: call.name });
      const problem = await problemOf(call);
      // Lets rejections be noticed, and memory of collected tensors be freed.
      await new Promise(setImmediate);
      say({ problem: problem ?? stray });
      stray = undefined;
    }
    index++;
  }
  say({ calls: index });
}

await main(JSON.parse(process.argv[2]) as ChildSettings);
