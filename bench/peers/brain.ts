/**
 * brain.js: plain JavaScript on f32 arrays, one sequence at a time. It cannot batch: a weight's gradient is reset
 * by every forward pass, so a step here is `batch` sequences with an update after each. Clipping is by value
 * and the update is its own RMSprop; neither can be changed. A sequence of T - 1 ids makes T time steps, since it
 * adds a start and an end token.
 */

import { readFileSync } from "node:fs";
import type { InitRequest } from "../protocol.ts";
import { serve, type Trainer } from "../serve.ts";

/** What is used here; its own declarations leave `trainPattern` out. */
interface Net {
  initialize(): void;
  /** @returns 2 ** (sum of -log2 p / (ids - 1)) / 100 */
  trainPattern(ids: number[], logErrorRate: boolean): number;
}

interface Brain {
  recurrent: { LSTM: new (options: Record<string, number | number[]>) => Net };
}

async function init({ vocab, time, batch, hidden, learningRate, clip }: InitRequest): Promise<Trainer> {
  const brain = (await import("brain.js")).default as unknown as Brain;
  const net = new brain.recurrent.LSTM({
    inputSize: vocab,
    inputRange: vocab,
    outputSize: vocab,
    hiddenLayers: [hidden],
    learningRate,
    clipval: clip,
  });
  net.initialize();
  const manifest = readFileSync(new URL("node_modules/brain.js/package.json", import.meta.url), "utf8");
  return {
    library: "brain.js",
    version: (JSON.parse(manifest) as { version: string }).version,
    settings: "recurrent.LSTM, JavaScript, f32 arrays, no batching: an update after each sequence, 1 thread",
    step(inputs) {
      const ids = time - 1;
      let nats = 0;
      for (let row = 0; row < batch; row++) {
        const error = net.trainPattern([...inputs.subarray(row * time, row * time + ids)], true);
        nats += (Math.log(error * 100) * (ids - 1)) / time;
      }
      return nats / batch;
    },
  };
}

await serve(init);
