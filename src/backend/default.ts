import { ScopeError } from "../core/errors.ts";
import type { Backend } from "./backend.ts";
import { createWasmBackend } from "./wasm/wasm.ts";

let chosen: Backend | undefined;

/** The backend of everything that names none. In Node WebAssembly is loaded at the first use. */
export function defaultBackend(): Backend {
  if (chosen !== undefined) return chosen;
  const backend = createWasmBackend();
  if (backend === undefined) {
    throw new ScopeError("no backend is loaded yet", {
      hint: "in a browser: setDefaultBackend(await loadWasmBackend()) first",
    });
  }
  chosen = backend;
  return backend;
}

export function setDefaultBackend(backend: Backend): void {
  chosen = backend;
}
