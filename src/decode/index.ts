export { type GenerateOptions, type GenerativeModel, generate } from "./generate.ts";
export { checkSampling, type SamplingOptions, sampleLogits } from "./sampling.ts";
