import { UnrolledError } from "../../core/errors.ts";
import type { Backend, Kernels } from "../backend.ts";
import { createMemory, linearMemory } from "../wasm-memory.ts";

/** A module of one function that multiplies and adds with f32x4.relaxed_madd. */
const RELAXED_PROBE = Uint8Array.of(
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00], // magic, version
  ...[0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7b], // type: () -> v128
  ...[0x03, 0x02, 0x01, 0x00], // one function of it
  ...[0x0a, 0x13, 0x01, 0x11, 0x00], // code
  ...[0x41, 0x00, 0xfd, 0x11, 0x41, 0x00, 0xfd, 0x11, 0x41, 0x00, 0xfd, 0x11], // three i32x4.splat(0)
  ...[0xfd, 0x85, 0x02, 0x0b], // f32x4.relaxed_madd, end
);

export type WasmInstructions = "simd128" | "relaxed-simd";

/** The best instruction set that this engine accepts: Node 22 and Chromium have relaxed SIMD, older ones not. */
export function bestInstructions(): WasmInstructions {
  return WebAssembly.validate(RELAXED_PROBE) ? "relaxed-simd" : "simd128";
}

function moduleUrl(instructions: WasmInstructions): URL {
  return instructions === "relaxed-simd"
    ? new URL("./unrolled-relaxed.wasm", import.meta.url)
    : new URL("./unrolled-simd.wasm", import.meta.url);
}

/**
 * Load without waiting, where files can be read at once (Node); undefined elsewhere.
 * @throws UnrolledError code BACKEND where the file is missing or holds something else
 */
export function createWasmBackend(instructions: WasmInstructions = bestInstructions()): Backend | undefined {
  const fs = globalThis.process?.getBuiltinModule?.("node:fs");
  if (fs === undefined) return undefined;
  const url = moduleUrl(instructions);
  const where = url.pathname;
  let module: WebAssembly.Module;
  try {
    module = new WebAssembly.Module(checkModule(fs.readFileSync(url), where, ""));
  } catch (cause) {
    throw loadFailure(where, cause);
  }
  return instantiate(module, instructions);
}

/**
 * Load in a browser.
 * @throws UnrolledError code BACKEND with the address and what the server answered
 */
export async function loadWasmBackend(instructions: WasmInstructions = bestInstructions()): Promise<Backend> {
  const url = moduleUrl(instructions);
  let module: WebAssembly.Module;
  try {
    const response = await fetch(url);
    const { ok, status, statusText, headers } = response;
    if (!ok) throw noKernels(`${url} cannot be loaded: status ${`${status} ${statusText}`.trim()}`);
    const type = headers.get("content-type") ?? "no type";
    const bytes = checkModule(new Uint8Array(await response.arrayBuffer()), url.href, `, of ${type}`);
    module = await WebAssembly.compile(bytes);
  } catch (cause) {
    throw loadFailure(url.href, cause);
  }
  return instantiate(module, instructions);
}

/** Some servers answer with a page of theirs where there is no file: that is no mistake of the compiler's. */
function checkModule(
  bytes: Uint8Array<ArrayBuffer>,
  where: string,
  described: string,
): Uint8Array<ArrayBuffer> {
  const magic = [0x00, 0x61, 0x73, 0x6d];
  if (magic.every((byte, at) => bytes[at] === byte)) return bytes;
  throw noKernels(
    `${where} is no WebAssembly module, but ${bytes.length} bytes of something else${described}`,
  );
}

function loadFailure(where: string, cause: unknown): UnrolledError {
  if (cause instanceof UnrolledError) return cause;
  return noKernels(`${where} cannot be loaded: ${cause instanceof Error ? cause.message : cause}`, cause);
}

function noKernels(message: string, cause?: unknown): UnrolledError {
  return new UnrolledError("BACKEND", "failure", `the kernels in ${message}`, {
    hint: "the .wasm files of the package belong beside its scripts, in dist/backend/wasm/",
    cause,
  });
}

function instantiate(module: WebAssembly.Module, instructions: WasmInstructions): Backend {
  const memory = createMemory();
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const start = exports.__heap_base;
  if (!(start instanceof WebAssembly.Global) || typeof exports.recurrent_forward !== "function") {
    throw new UnrolledError("BACKEND", "failure", "the WebAssembly module does not hold the kernels", {
      hint: "build it again: npm run build:wasm",
    });
  }
  return {
    name: "wasm",
    instructions,
    memory: linearMemory(memory, start.value as number),
    kernels: exports as unknown as Kernels,
  };
}
