/** onnxruntime-node's side of `streaming`: a step a call, every tensor made beforehand, h and c in two sets that swap. */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { InitRequest } from "../protocol.ts";
import { serve, type Trainer } from "../serve.ts";
import { drawLstm } from "../stream-weights.ts";
import { lstmEquations, lstmOperator } from "./onnx-lstm.ts";

const MODELS = {
  operator: { bytes: lstmOperator, dims: [1, 1], what: "the operator LSTM on rows of the unit matrix" },
  equations: {
    bytes: lstmEquations,
    dims: [1],
    what: "a row of a table and the LSTM's equations as operators",
  },
} as const;

async function init(request: InitRequest): Promise<Trainer> {
  const { vocab: V, hidden: H, threads, backend = "operator" } = request;
  const { InferenceSession, Tensor } = await import("onnxruntime-node");
  const { bytes, dims, what } = MODELS[backend as keyof typeof MODELS];
  const session = await InferenceSession.create(bytes(drawLstm(V, H)), {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: "sequential",
    graphOptimizationLevel: "all",
  });
  const ids = Array.from({ length: V }, (_, id) => new Tensor("int64", BigInt64Array.of(BigInt(id)), [1]));
  const vector = () => new Tensor("float32", new Float32Array(H), [...dims, H]);
  const logits = new Tensor("float32", new Float32Array(V), [...dims, V]);
  let [now, next] = [0, 1].map(() => ({ h: vector(), c: vector() }));
  const path = createRequire(import.meta.url).resolve("onnxruntime-node/package.json");
  const { version } = JSON.parse(readFileSync(path, "utf8")) as { version: string };
  return {
    library: "onnxruntime-node",
    version,
    settings: `${what}, f32, ${threads} thread${threads > 1 ? "s" : ""}, tensors made beforehand`,
    async step(inputs) {
      for (const id of inputs) {
        const outputs = { logits, h_next: next.h, c_next: next.c };
        await session.run({ id: ids[id], h: now.h, c: now.c }, outputs);
        [now, next] = [next, now];
      }
      return logits.data[0] as number;
    },
  };
}

await serve(init);
