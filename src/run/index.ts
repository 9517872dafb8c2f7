export type { TensorFit } from "../core/tensor-fit.ts";
export { type FileBytes, type LoadWeightsOptions, loadWeights } from "./load-weights.ts";
export { type OpenedModel, type OpenModelOptions, openModel } from "./open-model.ts";
