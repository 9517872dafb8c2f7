import { ScopeError } from "../core/errors.ts";
import { type Backend, checkBackend } from "./backend.ts";
import { createNativeBackend } from "./native/native.ts";
import { createWasmBackend } from "./wasm/wasm.ts";

let chosen: Backend | undefined;

/** The backend of everything that names none. In Node it is made at the first use: native where that loads, else wasm. */
export function defaultBackend(): Backend {
  if (chosen !== undefined) return chosen;
  const backend = createNativeBackend().backend ?? createWasmBackend();
  if (backend === undefined) {
    throw new ScopeError("no backend is loaded yet", {
      hint: "in a browser: setDefaultBackend(await loadWasmBackend()) first",
    });
  }
  chosen = backend;
  return backend;
}

/** @throws InputError for what is no backend */
export function setDefaultBackend(backend: Backend): void {
  checkBackend("setDefaultBackend: backend", backend);
  chosen = backend;
}
