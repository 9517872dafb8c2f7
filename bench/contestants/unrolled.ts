/** This package: the wasm or native backend, or the reference backend (plain TypeScript in f64) for scale. */

import { readFileSync } from "node:fs";
import { step } from "../../src/index.ts";
import { ReplicaGroup } from "../../src/train/index.ts";
import { describeBackend } from "../open-backend.ts";
import type { InitRequest } from "../protocol.ts";
import { serve, type Trainer } from "../serve.ts";
import { type CharLmSpec, createLearner } from "./char-lm-learner.ts";

async function init(request: InitRequest): Promise<Trainer> {
  const { time, batch, threads } = request;
  const room = () => new Int32Array(new SharedArrayBuffer(4 * batch * time));
  const spec: CharLmSpec = { request, inputs: room(), targets: room() };
  const learner = createLearner(spec, 0, threads);
  const { backend } = learner.optimizer.gradients.flat;
  const manifest = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  const module = new URL("./char-lm-learner.ts", import.meta.url).href;
  const group = threads === 1 ? undefined : await ReplicaGroup.start(learner, { module, spec }, threads);
  return {
    library: "unrolled",
    version: (JSON.parse(manifest) as { version: string }).version,
    settings: `nn.LSTM on ids, ${describeBackend(backend, threads)}`,
    async step(inputs, targets) {
      spec.inputs.set(inputs);
      spec.targets.set(targets);
      if (group !== undefined) return (await group.step(0, request.learningRate)).loss;
      return step(() => learner.loss(0), learner.optimizer, learner.clip).loss;
    },
  };
}

await serve(init);
