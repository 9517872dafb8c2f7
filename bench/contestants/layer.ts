/** This package's side of `layers`: one recurrent layer, forward and backward or forward alone. */

import { backward, Tape, withTape } from "../../src/autograd/tape.ts";
import { scope } from "../../src/backend/scope.ts";
import { GRU, LSTM, mul, RNN, Rng, sum, tensor } from "../../src/nn/index.ts";
import { describeOwn, openBackend } from "../open-backend.ts";
import type { InitRequest } from "../protocol.ts";
import { serve, type Trainer } from "../serve.ts";

const LAYERS = { rnn: RNN, lstm: LSTM, gru: GRU } as const;

async function init(request: InitRequest): Promise<Trainer> {
  const { time, batch, hidden, threads, cell = "lstm", mode = "train" } = request;
  if (threads !== 1) throw new Error(`this contestant runs on 1 thread, ${threads} were asked for`);
  const backend = openBackend(request.backend);

  const rng = new Rng(request.seed);
  const layer = new LAYERS[cell](hidden, hidden, { rng, batchFirst: false });
  const random = () =>
    tensor(
      Float32Array.from({ length: time * batch * hidden }, () => rng.normal()),
      [time, batch, hidden],
    );
  const [x, weights] = [random(), random()];
  x.needsGradient = mode === "train";
  const train = () =>
    scope(() => {
      const tape = new Tape();
      const loss = withTape(tape, () => sum(mul(layer.forward(x).output, weights)));
      backward(tape, loss);
      return loss.read();
    });
  const bound = layer.keepBound(false);
  const infer = () => scope(() => layer.forward(x, { bound, training: false }).output.view([1], 0).read());
  return {
    ...describeOwn(backend),
    step: async () => (await (mode === "train" ? train() : infer()))[0],
  };
}

await serve(init);
