export { checkGradients, type GradientCheck } from "./autograd/gradcheck.ts";
export { type Profile, type ProfileReport, type ProfileRow, profiled } from "./autograd/profile.ts";
export {
  type Backend,
  createNativeBackend,
  createReferenceBackend,
  createWasmBackend,
  defaultBackend,
  ids,
  loadWasmBackend,
  type Precision,
  scope,
  setDefaultBackend,
  Tensor,
  tensor,
  type WasmInstructions,
  type WasmLoadOptions,
  type WasmOptions,
  zeros,
} from "./backend/index.ts";
export * from "./core/index.ts";
export { type StepOptions, type StepResult, step } from "./optim/step.ts";
