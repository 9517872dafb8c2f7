import { readFileSync } from "node:fs";
import type { NativeInstructions } from "../src/backend/native/native.ts";
import {
  type Backend,
  createNativeBackend,
  createReferenceBackend,
  createWasmBackend,
  setDefaultBackend,
} from "../src/index.ts";
import type { ReadyReply } from "./protocol.ts";
import { OWN } from "./results.ts";
import { MissingError } from "./serve.ts";

/** The instructions of precision `high`: products of numbers split in bf16 parts. */
const HIGH = "amx" as NativeInstructions;

/** The backend that a contestant of ours was asked for, as the default one. @throws MissingError without a binary */
export function openBackend(name: string | undefined): Backend {
  const backend = open(name);
  setDefaultBackend(backend);
  return backend;
}

/** What a contestant of ours answers to `init`. */
export function describeOwn(
  { name, instructions }: Backend,
  how = "",
  threads = 1,
): Omit<ReadyReply, "ready"> {
  const manifest = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  const f32 = instructions === HIGH ? "f32 in bf16 parts (high)" : "f32 (highest)";
  const precision = name === "reference" ? "f64" : f32;
  return {
    library: OWN,
    version: (JSON.parse(manifest) as { version: string }).version,
    settings: `${how && `${how}, `}${name} ${instructions}, ${precision}, ${threads} thread${threads === 1 ? "" : "s"}`,
    instructions,
  };
}

function open(name: string | undefined): Backend {
  if (name === "reference") return createReferenceBackend();
  if (name === "native" || name === "native-high") {
    // UNROLLED_CPU has its say about `highest`; `high` is AMX or nothing.
    const { backend, reason } = createNativeBackend(name === "native-high" ? HIGH : undefined);
    if (backend === undefined) throw new MissingError(reason);
    return backend;
  }
  const backend = createWasmBackend();
  if (backend === undefined) throw new Error("the wasm backend cannot be loaded");
  return backend;
}
