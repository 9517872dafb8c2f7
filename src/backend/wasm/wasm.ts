import { InputError, problemOf, UnrolledError } from "../../core/errors.ts";
import { OBJECT, oneOf, optional, type Range, type Ranges, settle } from "../../core/options.ts";
import { showValue } from "../../core/show-value.ts";
import type { Backend, Kernels } from "../backend.ts";
import { LEAST_BYTES, linearMemory, MOST_BYTES, reserveMemory } from "../wasm-memory.ts";

const MAGIC = [0x00, 0x61, 0x73, 0x6d];

/** A module of one function without arguments that returns a v128: its instructions are `code`, up to 127 bytes. */
const probe = (...code: number[]) =>
  Uint8Array.of(
    ...[...MAGIC, 0x01, 0x00, 0x00, 0x00], // magic, version
    ...[0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7b], // type: () -> v128
    ...[0x03, 0x02, 0x01, 0x00], // one function of it
    ...[0x0a, code.length + 4, 0x01, code.length + 2, 0x00, ...code, 0x0b], // code, end
  );
const SPLAT = [0x41, 0x00, 0xfd, 0x11]; // i32x4.splat(0)
const RELAXED_MADD = [0xfd, 0x85, 0x02]; // f32x4.relaxed_madd

export const WASM_INSTRUCTIONS = ["simd128", "relaxed-simd"] as const;
export type WasmInstructions = (typeof WASM_INSTRUCTIONS)[number];

/** How WebAssembly kernels are made. */
export interface WasmOptions {
  /** Which of the two builds: default the best that the engine accepts. `simd128` has the same bits everywhere. */
  readonly instructions?: WasmInstructions;
  /**
   * Bytes that tensors may take in all, from 4 MiB to 4 GiB less 64 KiB, rounded down to whole 64 KiB. They are
   * reserved and not taken. Default: 4 GiB, or the largest part of it that the engine reserves.
   */
  readonly maximumBytes?: number;
}

/** As much of a URL as is needed: the type `URL` itself is the DOM's or Node's, and a program may have neither. */
interface Href {
  readonly href: string;
}

/** How WebAssembly kernels are fetched and made. */
export interface WasmLoadOptions extends WasmOptions {
  /**
   * Address of the folder in which `unrolled-simd.wasm` and `unrolled-relaxed.wasm` are, relative to the page or to the
   * worker's script. Default: where the package has them, or where the bundler has put them.
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
 * The best instruction set that this engine accepts: Node 22 and Chromium have relaxed SIMD, older ones not.
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

/** Bundlers find both files by these expressions, and put them where the bundle finds them. */
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

/** A word is short for that instruction set. */
function named<Options extends WasmOptions>(
  options: WasmInstructions | Options,
): Options | Pick<WasmOptions, "instructions"> {
  return typeof options === "string" ? { instructions: options } : options;
}

/**
 * Load without waiting, where files can be read at once (Node); undefined elsewhere.
 * @param options or the instruction set alone
 * @throws InputError for an option that is wrong; OutOfMemoryError where that much memory cannot be reserved;
 * UnrolledError code BACKEND where the file is missing or holds something else
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
    throw loadFailure(url.pathname, cause);
  }
  return instantiate(module, instructions, settings.maximumBytes);
}

/**
 * Load in a page or a worker of one; in Node too, so that a program may be the same for both.
 * @param options or the instruction set alone
 * @throws InputError for an option that is wrong; OutOfMemoryError where that much memory cannot be reserved;
 * UnrolledError code BACKEND with the address and what the server answered
 */
export async function loadWasmBackend(options: WasmInstructions | WasmLoadOptions = {}): Promise<Backend> {
  const settings = settle<WasmLoadOptions>("loadWasmBackend", LOAD_RANGES, {}, named(options));
  const instructions = settings.instructions ?? bestInstructions();
  const url = moduleUrl(instructions, settings.folder);
  let module: WebAssembly.Module;
  try {
    module = await WebAssembly.compile(await fetchModule(url));
  } catch (cause) {
    throw loadFailure(url.href, cause);
  }
  return instantiate(module, instructions, settings.maximumBytes);
}

/** Whatever type the server says that it is of: `compileStreaming` would insist on application/wasm. */
async function fetchModule(url: URL): Promise<Uint8Array<ArrayBuffer>> {
  const fs = globalThis.process?.getBuiltinModule?.("node:fs");
  // Node's fetch reads no files.
  if (url.protocol === "file:" && fs !== undefined) return checkModule(fs.readFileSync(url), url.pathname);
  const response = await fetch(url);
  const { ok, status, statusText, headers } = response;
  if (!ok) throw noKernels(`${url} answers with status ${`${status} ${statusText}`.trim()}`, MISSING);
  const type = headers.get("content-type") ?? "no type";
  return checkModule(new Uint8Array(await response.arrayBuffer()), url.href, type);
}

/** Some servers answer with a page of theirs where there is no file: that is no mistake of the compiler's. */
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

function loadFailure(where: string, cause: unknown): UnrolledError {
  if (cause instanceof UnrolledError) return cause;
  const problem = `${where}: ${problemOf(cause)}`;
  // In Chromium's words, Firefox's and Safari's.
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
