/** Who takes part in `streaming`. */

import { WEIGHT_FORMATS } from "../src/backend/kernels.generated.ts";
import type { Contestant } from "./contestant.ts";
import { PEERS_INSTALL, pytorchProgram, script } from "./contestants.ts";
import { OWN } from "./results.ts";

/** @param python a python3 that has PyTorch; without one its rows are there all the same, to be skipped by name */
export function streamingContestants(python: string | undefined): Contestant[] {
  const usual = { threads: 1, warmupSteps: 6, minimumSteps: 10 };
  const own = (backend: "wasm" | "native"): Contestant[] =>
    Object.keys(WEIGHT_FORMATS).map((weights) => ({
      ...usual,
      name: [OWN, ...(backend === "wasm" ? [] : [backend]), ...(weights === "f32" ? [] : [weights])].join(
        "-",
      ),
      command: script("contestants/stream.ts"),
      backend: `${backend} ${weights}`,
      install: backend === "native" ? "npm run build:native" : undefined,
    }));
  const onnxruntime = { ...usual, command: script("peers/onnxruntime-stream.ts"), install: PEERS_INSTALL };
  const pytorch = { ...usual, ...pytorchProgram(python, "peers/pytorch_stream.py") };
  return [
    ...own("wasm"),
    ...own("native"),
    { ...onnxruntime, name: "onnxruntime", backend: "operator" },
    { ...onnxruntime, name: "onnxruntime-2", backend: "operator", threads: 2 },
    { ...onnxruntime, name: "onnxruntime-tuned", backend: "equations" },
    { ...pytorch, name: "pytorch", backend: "layer" },
    { ...pytorch, name: "pytorch-cell", backend: "cell" },
    { ...pytorch, name: "pytorch-tuned", backend: "tuned" },
  ];
}
