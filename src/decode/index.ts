export { type GenerateOptions, type Generator, generate } from "./generate.ts";
export { checkSampling, type SamplingOptions, sampleLogits } from "./sampling.ts";
