import { ScopeError } from "../core/errors.ts";
import { type Backend, checkBackend } from "./backend.ts";
import { createNativeBackend } from "./native/native.ts";
import { createWasmBackend } from "./wasm/wasm.ts";

let chosen: Backend | undefined;

/**
 * The backend that is used if no other is given. In Node it is created on first use: native if the addon loads, else
 * wasm.
 * @throws ScopeError if no backend is loaded yet (in a browser)
 */
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

/** Sets the backend that {@link defaultBackend} returns. @throws InputError if it is not a backend */
export function setDefaultBackend(backend: Backend): void {
  checkBackend("setDefaultBackend: backend", backend);
  chosen = backend;
}
