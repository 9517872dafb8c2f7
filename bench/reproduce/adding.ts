import { cpus } from "node:os";
import type { Backend } from "../../src/backend/index.ts";
import { ADDING_VARIANCE, type AddingBatch, addingBatch } from "../../src/data/index.ts";
import { createWasmBackend, scope, step } from "../../src/index.ts";
import {
  GRU,
  Linear,
  LSTM,
  mseLoss,
  parameters,
  type RecurrentLayer,
  RNN,
  Rng,
  reshape,
  type Tensor,
  tensor,
} from "../../src/nn/index.ts";
import { adam, clipNorm } from "../../src/optim/index.ts";

/** Length of a sequence: between the numbers that count lie up to 99 that do not. */
const STEPS = 100;
const BATCH = 64;
const UPDATES = 3000;
const SEEDS = [1, 2, 3];

/** Enough for the LSTM; more makes all three slower and none of them better. */
const HIDDEN = 32;
const LEARNING_RATE = 5e-3;
const CLIP_NORM = 1;

/** Solved when the mean squared error on sequences that were not trained on is below this. */
const SOLVED = 0.01;
const HELD_OUT = 1000;
const EVALUATE_EVERY = 100;

/** Streams of random numbers, forked from the seed by these names. */
const Stream = { weights: 0, training: 1, heldOut: 2 } as const;

/** Every layer as torch.nn would initialise it. */
const CELLS = {
  LSTM: (rng: Rng, backend: Backend) => new LSTM(2, HIDDEN, { rng, backend }),
  GRU: (rng: Rng, backend: Backend) => new GRU(2, HIDDEN, { rng, backend }),
  RNN: (rng: Rng, backend: Backend) => new RNN(2, HIDDEN, { rng, backend }),
};

/**
 * The adding problem over 100 steps: LSTM and GRU solve it within 3000 updates of 64 sequences, a tanh RNN stays at
 * what the best constant reaches. Three seeds each, some two minutes:
 *
 *     npm run reproduce adding
 */
export async function reproduce(): Promise<void> {
  const backend = createWasmBackend();
  if (backend === undefined) throw new Error("the WebAssembly kernels cannot be read here");
  console.log(`${cpus()[0].model}; ${backend.name} ${backend.instructions}`);
  console.log(
    `adding problem, T=${STEPS}, one layer of ${HIDDEN}, Adam ${LEARNING_RATE}, gradient norm at most ${CLIP_NORM}, ` +
      `batches of ${BATCH}`,
  );
  console.log(`the best constant has a mean squared error of 1/6 = ${ADDING_VARIANCE.toFixed(4)}\n`);
  for (const [name, create] of Object.entries(CELLS)) {
    for (const seed of SEEDS) {
      const rng = new Rng(seed).fork(Stream.weights);
      const model = new Adder(create(rng, backend), rng, backend);
      const { update, error, constant, milliseconds } = await train(model, new Rng(seed), backend);
      const solved = error < SOLVED ? `solved after ${update} updates` : `not solved in ${update} updates`;
      console.log(
        `${name.padEnd(4)} seed ${seed}: ${solved.padEnd(26)} error ${error.toFixed(4)} where the constant has ` +
          `${constant.toFixed(4)}, ${milliseconds.toFixed(1)} ms an update`,
      );
    }
  }
}

/** Reads the whole sequence, then says one number. */
class Adder {
  readonly rnn: RecurrentLayer;
  readonly head: Linear;

  constructor(rnn: RecurrentLayer, rng: Rng, backend: Backend) {
    this.rnn = rnn;
    this.head = new Linear(HIDDEN, 1, { rng, backend });
  }

  /** Mean squared error, a scalar. */
  loss({ inputs, targets }: AddingBatch): Tensor {
    const batch = targets.length;
    const { state } = this.rnn.forward(tensor(inputs, [batch, STEPS, 2]));
    const last = reshape(state.hidden!, [batch, HIDDEN]);
    return mseLoss(reshape(this.head.forward(last), [batch]), tensor(targets, [batch]));
  }
}

/** Until the problem is solved, or the updates are used up: the last error on held-out sequences. */
async function train(model: Adder, rng: Rng, backend: Backend) {
  const optimizer = adam(parameters(model), { lr: LEARNING_RATE });
  const data = rng.fork(Stream.training);
  const heldOut = addingBatch(rng.fork(Stream.heldOut), HELD_OUT, STEPS);
  const constant = heldOut.targets.reduce((sum, target) => sum + (target - 1) ** 2, 0) / HELD_OUT;
  const started = performance.now();
  let [update, error] = [0, Number.POSITIVE_INFINITY];
  while (update < UPDATES && error >= SOLVED) {
    step(() => model.loss(addingBatch(data, BATCH, STEPS)), optimizer, clipNorm(CLIP_NORM));
    if (++update % EVALUATE_EVERY === 0) [error] = await scope(() => model.loss(heldOut).read(), backend);
  }
  optimizer.dispose();
  return { update, error, constant, milliseconds: (performance.now() - started) / update };
}
