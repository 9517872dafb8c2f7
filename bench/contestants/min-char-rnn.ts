/** The demo of this package: the same model and training loop that `unrolled demo min-char-rnn` runs. */

import { HIDDEN, STEPS } from "../../src/demos/min-char-rnn/model.ts";
import { MinCharTraining } from "../../src/demos/min-char-rnn/training.ts";
import { describeOwn, openBackend } from "../open-backend.ts";
import type { InitRequest } from "../protocol.ts";
import { serve, type Trainer } from "../serve.ts";

async function init(request: InitRequest): Promise<Trainer> {
  const { vocab, time, batch, hidden, seed, threads } = request;
  if (threads !== 1) throw new Error(`this contestant trains on 1 thread, ${threads} were asked for`);
  if (time !== STEPS || batch !== 1 || hidden !== HIDDEN) {
    throw new Error(
      `the demo trains T=${STEPS} B=1 H=${HIDDEN}, T=${time} B=${batch} H=${hidden} was asked for`,
    );
  }
  const backend = openBackend(request.backend);
  const training = new MinCharTraining(new Uint8Array(0), vocab, { seed, backend });
  return {
    ...describeOwn(backend, "the demo's loop"),
    async step(inputs, targets) {
      return (await training.learn(inputs, targets).loss) / STEPS;
    },
  };
}

await serve(init);
