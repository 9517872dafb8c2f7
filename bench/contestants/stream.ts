/** This package's side of `streaming`: nn.LSTM on ids and a linear layer, one step a call. */

import { Linear, LSTM, Rng, type WeightFormat } from "../../src/nn/index.ts";
import { describeOwn, openBackend } from "../open-backend.ts";
import type { InitRequest } from "../protocol.ts";
import { serve, type Trainer } from "../serve.ts";
import { drawLstm } from "../stream-weights.ts";

const WIDTHS: Record<WeightFormat, number> = { f32: 4, bf16: 2, int8: 1 };

async function init(request: InitRequest): Promise<Trainer> {
  const { vocab, hidden, threads, time } = request;
  if (threads !== 1) throw new Error(`this contestant runs on 1 thread, ${threads} were asked for`);
  const [name, weights] = (request.backend ?? "wasm f32").split(" ") as [string, WeightFormat];
  const backend = openBackend(name);
  const rnn = new LSTM(vocab, hidden, { rng: new Rng(1) });
  const head = new Linear(hidden, vocab, { rng: new Rng(1) });
  const drawn = drawLstm(vocab, hidden);
  rnn.weight_ih_l0.write(drawn.weightIh);
  rnn.weight_hh_l0.write(drawn.weightHh);
  rnn.bias_ih_l0!.write(drawn.bias);
  rnn.bias_hh_l0!.write(new Float32Array(drawn.bias.length));
  head.weight.write(drawn.head);
  head.bias!.write(drawn.headBias);
  const stream = rnn.streamIds({ head, weights });
  return {
    ...describeOwn(backend, `a stream with weights in ${weights}`),
    bytes: time * (rnn.weight_hh_l0.size + head.weight.size) * WIDTHS[weights],
    step(inputs) {
      let logits = stream.step(inputs[0]);
      for (let t = 1; t < inputs.length; t++) logits = stream.step(inputs[t]);
      return logits[0];
    },
  };
}

await serve(init);
