export type { BeamModel, BeamStart, BeamStep } from "./beam-model.ts";
export { type BeamOptions, beamSearch, type GreedyOptions, greedySearch } from "./beam-search.ts";
export type { BeamResult, Hypothesis } from "./beam-sentence.ts";
export type { BeamNode, BeamTree } from "./beam-tree.ts";
export { type GenerateOptions, type GenerativeModel, generate } from "./generate.ts";
export { checkSampling, type SamplingOptions, sampleLogits } from "./sampling.ts";
export { type StreamModelOptions, type StreamRows, streamModel } from "./stream-model.ts";
