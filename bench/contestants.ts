/** Who takes part in which benchmark, and how each is started. */

import { fileURLToPath } from "node:url";
import type { Contestant } from "./contestant.ts";

export const PEERS_INSTALL = "npm --prefix bench/peers ci";
/**
 * By default its threads spin while they wait for each other: the fastest on an idle machine, and many times slower as soon
 * as anything else runs. Both ways are measured.
 */
const PASSIVE = { OMP_WAIT_POLICY: "PASSIVE" };
const NATIVE_INSTALL = "npm run build:native";

/** @param python a python3 that has PyTorch; without one its rows are there all the same, to be skipped by name */
export function charLmContestants(python: string | undefined): Contestant[] {
  const usual = { threads: 1, warmupSteps: 2, minimumSteps: 6 };
  /** Where one step takes seconds. */
  const slow = { threads: 1, warmupSteps: 1, minimumSteps: 2 };
  const peer = { ...usual, install: PEERS_INSTALL };
  const pytorch = { ...usual, ...pytorchProgram(python, "peers/pytorch_char_lm.py") };
  const command = script("contestants/unrolled.ts");
  const native = { ...usual, command, backend: "native", install: NATIVE_INSTALL };
  return [
    { ...usual, name: "unrolled", command, backend: "wasm" },
    { ...native, name: "unrolled-native" },
    { ...native, name: "unrolled-native-2", threads: 2 },
    { ...usual, command, name: "unrolled-high", backend: "native-high" },
    { ...usual, command, name: "unrolled-high-2", backend: "native-high", threads: 2 },
    { ...slow, name: "reference", command, backend: "reference", hidden: [128] },
    { ...peer, name: "tfjs", command: script("peers/tfjs.ts"), backend: "layers" },
    { ...peer, name: "tfjs-tuned", command: script("peers/tfjs.ts"), backend: "tuned" },
    { ...peer, name: "jax-js", command: script("peers/jax-js.ts"), backend: "natural" },
    { ...peer, name: "jax-js-tuned", command: script("peers/jax-js.ts"), backend: "tuned" },
    { ...peer, ...slow, name: "brain.js", command: script("peers/brain.ts") },
    { ...pytorch, name: "pytorch" },
    { ...pytorch, name: "pytorch-2", threads: 2 },
    { ...pytorch, name: "pytorch-2-passive", threads: 2, env: PASSIVE },
  ];
}

/** @param python a python3 that has PyTorch */
export function layerContestants(python: string | undefined): Contestant[] {
  const usual = { threads: 1, warmupSteps: 3, minimumSteps: 10 };
  const own = script("contestants/layer.ts");
  const pytorch = { ...usual, ...pytorchProgram(python, "peers/pytorch_layer.py") };
  return [
    { ...usual, name: "unrolled", command: own, backend: "wasm" },
    { ...usual, name: "unrolled-native", command: own, backend: "native", install: NATIVE_INSTALL },
    { ...usual, name: "unrolled-high", command: own, backend: "native-high" },
    // Beyond that size a step takes it seconds.
    {
      ...usual,
      name: "jax-js",
      command: script("peers/jax-js-layer.ts"),
      install: PEERS_INSTALL,
      hidden: [128],
    },
    { ...pytorch, name: "pytorch" },
    { ...pytorch, name: "pytorch-2", threads: 2 },
    { ...pytorch, name: "pytorch-2-passive", threads: 2, env: PASSIVE },
  ];
}

/** @param python a python3 that has PyTorch */
export function wordLmContestants(python: string | undefined): Contestant[] {
  const usual = { threads: 1, warmupSteps: 3, minimumSteps: 10 };
  const own = { ...usual, command: script("contestants/word-lm.ts") };
  const native = { ...own, backend: "native", install: NATIVE_INSTALL };
  const pytorch = { ...usual, ...pytorchProgram(python, "peers/pytorch_word_lm.py") };
  return [
    { ...own, name: "unrolled", backend: "wasm" },
    { ...native, name: "unrolled-native" },
    { ...native, name: "unrolled-native-2", threads: 2 },
    { ...pytorch, name: "pytorch" },
    { ...pytorch, name: "pytorch-2", threads: 2 },
  ];
}

/** @param python a python3 that has PyTorch */
export function seq2seqContestants(python: string | undefined): Contestant[] {
  // Eight batches of different lengths take turns.
  const usual = { threads: 1, warmupSteps: 8, minimumSteps: 16 };
  const own = { ...usual, command: script("contestants/seq2seq.ts") };
  return [
    { ...own, name: "unrolled", backend: "wasm" },
    { ...own, name: "unrolled-native", backend: "native", install: NATIVE_INSTALL },
    { ...usual, name: "pytorch", ...pytorchProgram(python, "peers/pytorch_seq2seq.py") },
  ];
}

/** Those of `layers` that keep pace at every size. */
export function growthContestants(python: string | undefined): Contestant[] {
  return layerContestants(python).filter(({ name }) => name !== "jax-js" && !name.startsWith("pytorch-2"));
}

/** Whoever trains the character model and is fast enough to be a choice. */
export function memoryContestants(python: string | undefined): Contestant[] {
  const chosen = ["unrolled", "unrolled-native", "pytorch"];
  return charLmContestants(python)
    .filter(({ name }) => chosen.includes(name))
    .map((contestant) => (contestant.name === "pytorch" ? { ...contestant, backend: "plain" } : contestant));
}

/** @param python a python3 that has numpy */
export function minCharRnnContestants(python: string | undefined): Contestant[] {
  // An iteration takes well below a millisecond: compilers need many of them before they are done.
  const quick = { threads: 1, warmupSteps: 2000, minimumSteps: 500 };
  // With one row a step's loss jumps: it takes some hundred of them to fall for good.
  const slow = { threads: 1, warmupSteps: 400, minimumSteps: 20 };
  const numpy = {
    ...quick,
    warmupSteps: 20,
    command: python === undefined ? [] : [python, pathOf("peers/min_char_rnn.py")],
    install: "name a python3 that has numpy: --python PATH, or UNROLLED_PYTHON",
  };
  const own = script("contestants/min-char-rnn.ts");
  return [
    { ...quick, name: "unrolled", command: own, backend: "wasm" },
    { ...quick, name: "unrolled-native", command: own, backend: "native", install: NATIVE_INSTALL },
    { ...slow, name: "reference", command: own, backend: "reference" },
    { ...numpy, name: "numpy-f32", backend: "f32" },
    { ...numpy, name: "numpy-f64", backend: "f64" },
  ];
}

export function drawContestants(): Contestant[] {
  const own = { threads: 1, warmupSteps: 2, minimumSteps: 4, command: script("contestants/draw.ts") };
  return [
    { ...own, name: "unrolled", backend: "wasm" },
    { ...own, name: "unrolled-native", backend: "native", install: NATIVE_INSTALL },
  ];
}

export function pytorchProgram(python: string | undefined, path: string) {
  return {
    command: python === undefined ? [] : [python, pathOf(path)],
    install: "name a python3 that has PyTorch: --python PATH, or UNROLLED_PYTHON",
  };
}

export function script(path: string): string[] {
  return [process.execPath, "--disable-warning=ExperimentalWarning", pathOf(path)];
}

export function pathOf(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}
