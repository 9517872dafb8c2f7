/** This package's side of `word-lm`: the loop's replicas, one or several, as `unrolled train text --threads` has them. */

import { startNodeWorker } from "../../src/runs/index.ts";
import { chooseEngine } from "../../src/tasks/engine.ts";
import { ReplicaGroup } from "../../src/train/index.ts";
import { describeOwn } from "../open-backend.ts";
import type { InitRequest } from "../protocol.ts";
import { MissingError, serve, type Trainer } from "../serve.ts";
import { createLearner, type WordLmSpec } from "./word-lm-learner.ts";

async function init(request: InitRequest): Promise<Trainer> {
  const { time, batch, threads } = request;
  let missing: string | undefined;
  const engine = chooseEngine(request.backend === "wasm" ? "wasm" : "auto", (note) => {
    missing = note;
  });
  if (missing !== undefined) throw new MissingError(missing);
  const shared = () => new Int32Array(new SharedArrayBuffer(4 * batch * time));
  const spec: WordLmSpec = { ...request, ...engine, inputs: shared(), targets: shared() };
  const source = { module: new URL("./word-lm-learner.ts", import.meta.url).href, spec };
  const learner = createLearner(spec, 0, threads);
  const group = await ReplicaGroup.start(learner, {
    ...{ replicas: threads, source, startWorker: startNodeWorker },
  });
  let steps = 0;
  return {
    ...describeOwn(learner.optimizer.gradients.flat.backend, "LanguageModel, replicas", threads),
    async step(inputs, targets) {
      spec.inputs.set(inputs);
      spec.targets.set(targets);
      return (await group.step(steps++, request.learningRate)).loss;
    },
  };
}

await serve(init);
