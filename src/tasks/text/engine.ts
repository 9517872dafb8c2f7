import type { Backend } from "../../backend/backend.ts";
import { createReferenceBackend } from "../../backend/reference/reference.ts";
import { createWasmBackend, type WasmInstructions } from "../../backend/wasm/wasm.ts";
import { UnrolledError } from "../../core/errors.ts";

/** @throws UnrolledError where files cannot be read at once */
export function openBackend(name: "wasm" | "reference", instructions?: string): Backend {
  if (name === "reference") return createReferenceBackend();
  const backend = createWasmBackend(instructions as WasmInstructions | undefined);
  if (backend === undefined) {
    throw new UnrolledError("BACKEND", "failure", "the WebAssembly kernels cannot be read here");
  }
  return backend;
}
