// The names of the package that worker.js uses, for a bundler. Without one, put dist/page/ of the package in the place of
// this file: its unrolled.js has all names of the package, and its .wasm files belong beside it.
export { ids, loadWasmBackend, Rng, setDefaultBackend, step } from "unrolled";
export { corpusFromText, TextStreams } from "unrolled/data";
export { generate } from "unrolled/decode";
export { crossEntropy, Linear, LSTM, parameters } from "unrolled/nn";
export { adam, clipNorm, cosineSchedule } from "unrolled/optim";
export { openModel } from "unrolled/run";
