/** This package: the wasm or native backend, or the reference backend (plain TypeScript in f64) for scale. */

import { step } from "../../src/index.ts";
import { crossEntropy, ids, Linear, LSTM, parameters, Rng } from "../../src/nn/index.ts";
import { adam, clipNorm } from "../../src/optim/index.ts";
import { describeOwn, openBackend } from "../open-backend.ts";
import type { InitRequest } from "../protocol.ts";
import { serve, type Trainer } from "../serve.ts";
import { trainWithReplicas } from "./char-lm-replicas.ts";

async function init(request: InitRequest): Promise<Trainer> {
  const { vocab, time, batch, hidden, threads } = request;
  if (threads > 1) return trainWithReplicas(request);
  const backend = openBackend(request.backend);

  const rng = new Rng(request.seed);
  const rnn = new LSTM(vocab, hidden, { rng });
  const head = new Linear(hidden, vocab, { rng });
  const optimizer = adam(parameters({ rnn, head }), { lr: request.learningRate });
  const clip = clipNorm(request.clip);
  return {
    ...describeOwn(backend, "nn.LSTM on ids"),
    step(inputs, targets) {
      const result = step(
        () => {
          const { output } = rnn.forward(ids(inputs, [batch, time]));
          return crossEntropy(head.forward(output), ids(targets, [batch, time]));
        },
        optimizer,
        clip,
      );
      return result.loss;
    },
  };
}

await serve(init);
