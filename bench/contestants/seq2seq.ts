/** This package's side of `seq2seq`: the training step of the model with additive attention. */

import { heapOf } from "../../src/backend/heap.ts";
import { step } from "../../src/index.ts";
import { Seq2Seq } from "../../src/models/index.ts";
import { ids, parameters, Rng } from "../../src/nn/index.ts";
import { adam, clipNorm, differentiate } from "../../src/optim/index.ts";
import { describeOwn, openBackend } from "../open-backend.ts";
import { LengthStream } from "../pair-lengths.ts";
import type { InitRequest } from "../protocol.ts";
import { serve, type Trainer } from "../serve.ts";

const LONGEST = 40;

async function init(request: InitRequest): Promise<Trainer> {
  const { vocab, hidden, time, batch, threads, seed, learningRate } = request;
  if (threads !== 1) throw new Error(`this contestant runs on 1 thread, ${threads} were asked for`);
  const backend = openBackend(request.backend);
  const [sourceVocabulary, targetVocabulary, embedding] = [vocab, vocab, hidden / 2];
  const model = new Seq2Seq(
    {
      ...{ sourceVocabulary, targetVocabulary, embedding, hidden },
      ...{ bidirectional: true, attention: "additive", readout: request.readout ?? 0 },
    },
    { rng: new Rng(seed), backend },
  );
  const optimizer = adam(parameters(model), { lr: learningRate });
  const clip = clipNorm(request.clip);
  const lengths = new LengthStream(seed);
  // The longest pairs of Multi30k have about 40 symbols: without an update, the gradient takes what a step may take.
  const most = new Int32Array(batch).fill(LONGEST);
  const filled = () => ids(new Int32Array(batch * LONGEST).fill(3), [batch, LONGEST]);
  const longest = { sourceLengths: most, targetLengths: most };
  heapOf(backend).restartPeak();
  await differentiate(() => model.loss(filled(), filled(), longest).loss, optimizer);
  const bytes = heapOf(backend).peakBytes;
  return {
    ...describeOwn(
      backend,
      `Seq2Seq, peak heap of a step with 40 symbols on both sides ${Math.round(bytes / 2 ** 20)} MiB`,
    ),
    async step(inputs, targets) {
      const { source, target } = lengths.next(batch, time);
      const run = step(
        () =>
          model.loss(ids(inputs, [batch, time]), ids(targets, [batch, time]), {
            sourceLengths: source,
            targetLengths: target,
          }).loss,
        optimizer,
        clip,
      );
      return run.loss;
    },
  };
}

await serve(init);
