export { poisonFreedMemory } from "./arena.ts";
export type { Address, Backend, FloatArray, Kernels, LinearMemory } from "./backend.ts";
export { WORD } from "./backend.ts";
export { defaultBackend, setDefaultBackend } from "./default.ts";
export { heapOf } from "./heap.ts";
export {
  createNativeBackend,
  type NativeInstructions,
  type NativeResult,
  type NativeWish,
  type Precision,
} from "./native/native.ts";
export { createReferenceBackend } from "./reference/reference.ts";
export { Frames, scope } from "./scope.ts";
export { empty, ids, persistent, Tensor, tensor, zeros } from "./tensor.ts";
export {
  bestInstructions,
  createWasmBackend,
  loadWasmBackend,
  type WasmInstructions,
  type WasmLoadOptions,
  type WasmOptions,
} from "./wasm/wasm.ts";
