import { InputError, problemOf, UnrolledError } from "../../core/errors.ts";
import { OBJECT, oneOf, optional, type Range, type Ranges, settle } from "../../core/options.ts";
import { showValue } from "../../core/show-value.ts";
import type { Backend, Kernels } from "../backend.ts";
import { LEAST_BYTES, linearMemory, MOST_BYTES, reserveMemory } from "../wasm-memory.ts";

const MAGIC = [0x00, 0x61, 0x73, 0x6d];

/** A module with one function without arguments that returns a v128. `code` is its instructions, up to 127 bytes. */
const probe = (...code: number[]) =>
  Uint8Array.of(
    ...[...MAGIC, 0x01, 0x00, 0x00, 0x00], // magic, version
    ...[0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7b], // type: () -> v128
    ...[0x03, 0x02, 0x01, 0x00], // one function of this type
    ...[0x0a, code.length + 4, 0x01, code.length + 2, 0x00, ...code, 0x0b], // code, end
  );
const SPLAT = [0x41, 0x00, 0xfd, 0x11]; // i32x4.splat(0)
const RELAXED_MADD = [0xfd, 0x85, 0x02]; // f32x4.relaxed_madd

export const WASM_INSTRUCTIONS = ["simd128", "relaxed-simd"] as const;
export type WasmInstructions = (typeof WASM_INSTRUCTIONS)[number];

/** Options for creating the WebAssembly kernels. */
export interface WasmOptions {
  /**
   * Which of the two builds to use. Default: the best that the engine accepts. `simd128` gives the same bits
   * everywhere.
   */
  readonly instructions?: WasmInstructions;
  /**
   * The total memory for tensors in bytes, from 4 MiB to 4 GiB minus 64 KiB, rounded down to a multiple of 64 KiB. The
   * address range is reserved, not allocated. Default: 4 GiB, or the largest size that the engine reserves.
   */
  readonly maximumBytes?: number;
}

/**
 * The part of `URL` that is needed. The type `URL` itself comes from the DOM or from Node, and a program may have
 * neither.
 */
interface Href {
  readonly href: string;
}

/** Options for fetching and creating the WebAssembly kernels. */
export interface WasmLoadOptions extends WasmOptions {
  /**
   * Address of the folder that contains `unrolled-simd.wasm` and `unrolled-relaxed.wasm`, relative to the page or to
   * the worker's script. Default: their location in the package, or where the bundler has put them.
   */
  readonly folder?: string | Href;
}

const BYTES: Range = {
  text: `a number of bytes from ${LEAST_BYTES} (4 MiB) to ${MOST_BYTES} (4 GiB less 64 KiB)`,
  fits: (value) => typeof value === "number" && value >= LEAST_BYTES && value <= MOST_BYTES,
};
const RANGES: Ranges<WasmOptions> = {
  instructions: optional(oneOf(...WASM_INSTRUCTIONS)),
  maximumBytes: optional(BYTES),
};
const FOLDER: Range = {
  text: "the address of a folder",
  fits: (value) => typeof value === "string" || (OBJECT.fits(value) && "href" in (value as object)),
};
const LOAD_RANGES: Ranges<WasmLoadOptions> = { ...RANGES, folder: optional(FOLDER) };

/**
 * The best instruction set that this engine accepts. Node 22 and Chromium have relaxed SIMD; older engines do not.
 * @throws UnrolledError code BACKEND in a browser without WebAssembly or without its SIMD instructions
 */
export function bestInstructions(): WasmInstructions {
  const { WebAssembly } = globalThis as { WebAssembly?: typeof globalThis.WebAssembly };
  const lacks = WebAssembly === undefined ? "WebAssembly" : "SIMD instructions in WebAssembly";
  if (WebAssembly === undefined || !WebAssembly.validate(probe(...SPLAT))) {
    throw new UnrolledError(
      "BACKEND",
      "failure",
      `the kernels cannot be loaded: this engine has no ${lacks}`,
      {
        hint: "use a newer browser or leave its lockdown mode; createReferenceBackend() needs neither, and is slow",
      },
    );
  }
  const relaxed = probe(...SPLAT, ...SPLAT, ...SPLAT, ...RELAXED_MADD);
  return WebAssembly.validate(relaxed) ? "relaxed-simd" : "simd128";
}

/** Bundlers recognise these expressions, include both files and rewrite the addresses. */
function moduleUrl(instructions: WasmInstructions, folder: WasmLoadOptions["folder"]): URL {
  if (folder === undefined) {
    return instructions === "relaxed-simd"
      ? new URL("./unrolled-relaxed.wasm", import.meta.url)
      : new URL("./unrolled-simd.wasm", import.meta.url);
  }
  const name = instructions === "relaxed-simd" ? "unrolled-relaxed.wasm" : "unrolled-simd.wasm";
  const text = typeof folder === "string" ? folder : String(folder.href);
  const base = (globalThis as { location?: { href: string } }).location?.href ?? import.meta.url;
  try {
    return new URL(name, new URL(text.endsWith("/") ? text : `${text}/`, base));
  } catch {
    throw new InputError(
      `loadWasmBackend: folder must be the address of a folder, got ${showValue(text)} in ${base}`,
      { hint: "give a whole address, as https://example.org/kernels/" },
    );
  }
}

/** A string is shorthand for `{ instructions }`. */
function named<Options extends WasmOptions>(
  options: WasmInstructions | Options,
): Options | Pick<WasmOptions, "instructions"> {
  return typeof options === "string" ? { instructions: options } : options;
}

/**
 * Creates the wasm backend synchronously, where files can be read synchronously (Node); returns undefined elsewhere.
 * @param options the options, or only the instruction set
 * @throws InputError for an invalid option; OutOfMemoryError if that much memory cannot be reserved; UnrolledError code
 * BACKEND if the file is missing or has other contents
 */
export function createWasmBackend(options: WasmInstructions | WasmOptions = {}): Backend | undefined {
  const settings = settle<WasmOptions>("createWasmBackend", RANGES, {}, named(options));
  const instructions = settings.instructions ?? bestInstructions();
  const fs = globalThis.process?.getBuiltinModule?.("node:fs");
  if (fs === undefined) return undefined;
  const url = moduleUrl(instructions, undefined);
  let module: WebAssembly.Module;
  try {
    module = new WebAssembly.Module(checkModule(fs.readFileSync(url), url.pathname));
  } catch (cause) {
    throw makeLoadError(url.pathname, cause);
  }
  return instantiate(module, instructions, settings.maximumBytes);
}

/**
 * Creates the wasm backend in a page or in its worker. Also works in Node, so that a program can be the same for both.
 * @param options the options, or only the instruction set
 * @throws InputError for an invalid option; OutOfMemoryError if that much memory cannot be reserved; UnrolledError code
 * BACKEND with the address and the server's answer
 */
export async function loadWasmBackend(options: WasmInstructions | WasmLoadOptions = {}): Promise<Backend> {
  const settings = settle<WasmLoadOptions>("loadWasmBackend", LOAD_RANGES, {}, named(options));
  const instructions = settings.instructions ?? bestInstructions();
  const url = moduleUrl(instructions, settings.folder);
  let module: WebAssembly.Module;
  try {
    module = await WebAssembly.compile(await fetchModule(url));
  } catch (cause) {
    throw makeLoadError(url.href, cause);
  }
  return instantiate(module, instructions, settings.maximumBytes);
}

/** Ignores the content type that the server sends: `compileStreaming` would require application/wasm. */
async function fetchModule(url: URL): Promise<Uint8Array<ArrayBuffer>> {
  const fs = globalThis.process?.getBuiltinModule?.("node:fs");
  // Node's fetch does not read files.
  if (url.protocol === "file:" && fs !== undefined) return checkModule(fs.readFileSync(url), url.pathname);
  const response = await fetch(url);
  const { ok, status, statusText, headers } = response;
  if (!ok) throw noKernels(`${url} answers with status ${`${status} ${statusText}`.trim()}`, MISSING);
  const type = headers.get("content-type") ?? "no type";
  return checkModule(new Uint8Array(await response.arrayBuffer()), url.href, type);
}

/** Some servers answer with an HTML page if there is no file. Report that instead of the compiler's error. */
function checkModule(bytes: Uint8Array<ArrayBuffer>, where: string, type?: string): Uint8Array<ArrayBuffer> {
  if (MAGIC.every((byte, at) => bytes[at] === byte)) return bytes;
  const described = type === undefined ? "" : `, of type ${type}`;
  const problem = `${where} is no WebAssembly module, but ${bytes.length} bytes of something else${described}`;
  throw noKernels(problem, where.includes("/.vite/") ? MOVED : MISSING);
}

const MISSING = {
  hint: "put both .wasm files of dist/backend/wasm/ at that address, or name their folder: loadWasmBackend({ folder })",
};
const MOVED = {
  hint: 'Vite before 8 moves scripts away from their .wasm files: set optimizeDeps: { exclude: ["unrolled"] } in vite.config.js',
};

function makeLoadError(where: string, cause: unknown): UnrolledError {
  if (cause instanceof UnrolledError) return cause;
  const problem = `${where}: ${problemOf(cause)}`;
  // The wording of Chromium, and that of Firefox and Safari.
  if (!/content.security.policy|\bCSP\b/i.test(problemOf(cause)))
    return noKernels(problem, { ...MISSING, cause });
  return noKernels(problem, {
    hint: "allow it in the page's Content-Security-Policy: script-src 'self' 'wasm-unsafe-eval'",
    cause,
  });
}

function noKernels(problem: string, details: { hint: string; cause?: unknown }): UnrolledError {
  return new UnrolledError("BACKEND", "failure", `the kernels cannot be loaded: ${problem}`, details);
}

function instantiate(
  module: WebAssembly.Module,
  instructions: WasmInstructions,
  maximumBytes: number | undefined,
): Backend {
  const reserved = reserveMemory(maximumBytes);
  const { exports } = new WebAssembly.Instance(module, { env: { memory: reserved.memory } });
  const start = exports.__heap_base;
  if (!(start instanceof WebAssembly.Global) || typeof exports.recurrent_forward !== "function") {
    throw new UnrolledError("BACKEND", "failure", "the WebAssembly module does not hold the kernels", {
      hint: "build it again: npm run build:wasm",
    });
  }
  return {
    name: "wasm",
    instructions,
    memory: linearMemory(reserved, start.value as number),
    kernels: exports as unknown as Kernels,
  };
}
