/** This package: the wasm or native backend, or the reference backend (plain TypeScript in f64) for scale. */

import { readFileSync } from "node:fs";
import { step } from "../../src/index.ts";
import { crossEntropy, ids, Linear, LSTM, parameters, Rng } from "../../src/nn/index.ts";
import { adam, clipNorm } from "../../src/optim/index.ts";
import { describeBackend, openBackend } from "../open-backend.ts";
import type { InitRequest } from "../protocol.ts";
import { serve, type Trainer } from "../serve.ts";

async function init(request: InitRequest): Promise<Trainer> {
  const { vocab, time, batch, hidden, threads } = request;
  if (threads !== 1) throw new Error(`this contestant trains on 1 thread, ${threads} were asked for`);
  const backend = openBackend(request.backend);

  const rng = new Rng(request.seed);
  const rnn = new LSTM(vocab, hidden, { rng });
  const head = new Linear(hidden, vocab, { rng });
  const optimizer = adam(parameters({ rnn, head }), { lr: request.learningRate });
  const clip = clipNorm(request.clip);
  const manifest = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return {
    library: "unrolled",
    version: (JSON.parse(manifest) as { version: string }).version,
    settings: `nn.LSTM on ids, ${describeBackend(backend)}`,
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
