import type { Backend } from "../../src/backend/backend.ts";
import { Frames } from "../../src/backend/scope.ts";
import { EvalSegments, TextStreams } from "../../src/data/index.ts";
import { LanguageModel, type LanguageModelState } from "../../src/models/language-model.ts";
import { detachState, ids, parameters, Rng } from "../../src/nn/index.ts";
import { adam, clipNorm, cosineSchedule, step } from "../../src/optim/index.ts";
import { sumLosses } from "../../src/tasks/text/metrics.ts";
import { DEFAULTS, readCorpus } from "./_text-task.ts";

/** Of `unrolled train text` on the bundled corpus, but two passes. */
export const STEPS = 520;
const { hidden, batchSize, seqLength: time, lr, clipNorm: norm, valSplit } = DEFAULTS;
const HOOKS = { signal: new AbortController().signal, onProgress() {}, onNote() {} };

/** The validation loss in nats per character after training with this seed. */
export async function trainSmall(seed: number, backend: Backend): Promise<number> {
  const corpus = await readCorpus([], HOOKS);
  const { train, validation } = corpus.split(valSplit);
  const settings = {
    cell: "lstm",
    vocabulary: corpus.vocabulary.size,
    hidden,
    layers: 1,
    dropout: 0,
  } as const;
  const model = new LanguageModel(settings, { rng: new Rng(seed), backend });
  const optimizer = adam(parameters(model), { lr });
  const schedule = cosineSchedule({ steps: STEPS, floor: 0.1 });
  const streams = new TextStreams(train, { batchSize, sequenceLength: time, seed });
  const [inputs, targets] = [new Int32Array(batchSize * time), new Int32Array(batchSize * time)];
  const clip = clipNorm(norm);
  let state: LanguageModelState | undefined;
  for (let n = 0; n < STEPS; n++) {
    streams.fill(n, 0, batchSize, inputs, targets);
    if (streams.startsPass(n)) state = undefined;
    optimizer.learningRate = lr * schedule.factor(n);
    const shape = [batchSize, time];
    const { loss } = step(
      () => {
        const run = model.loss(ids(inputs, shape), ids(targets, shape), { state });
        state = detachState(run.state);
        return run.loss;
      },
      optimizer,
      clip,
    );
    await loss;
  }
  const segments = new EvalSegments(validation);
  const frames = new Frames(backend);
  let total = 0;
  for (const batch of segments.batches(batchSize)) {
    for (const sum of await sumLosses(model, frames, batch)) total += sum;
  }
  frames.dispose();
  return total / segments.scored;
}
