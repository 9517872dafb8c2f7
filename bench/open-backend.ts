import {
  type Backend,
  createNativeBackend,
  createReferenceBackend,
  createWasmBackend,
  setDefaultBackend,
} from "../src/index.ts";
import { MissingError } from "./serve.ts";

/** The backend that a contestant of ours was asked for, as the default one. @throws MissingError without a binary */
export function openBackend(name: string | undefined): Backend {
  const backend = open(name);
  setDefaultBackend(backend);
  return backend;
}

/** Its words in a contestant's settings. */
export function describeBackend({ name, instructions }: Backend, threads = 1): string {
  const work = threads === 1 ? "1 thread" : `${threads} replicas`;
  return `${name} ${instructions}, ${name === "reference" ? "f64" : "f32 (highest)"}, ${work}`;
}

function open(name: string | undefined): Backend {
  if (name === "reference") return createReferenceBackend();
  if (name === "native") {
    const { backend, reason } = createNativeBackend();
    if (backend === undefined) throw new MissingError(reason);
    return backend;
  }
  const backend = createWasmBackend();
  if (backend === undefined) throw new Error("the wasm backend cannot be loaded");
  return backend;
}
