/**
 * This package's side of `draw`: DRAW without attention (Gregor et al. 2015, "DRAW: a recurrent neural network for image
 * generation"). The canvas of a step is made of the output of the step before it, so nothing can be computed for all steps
 * at once but the gradients of the weights.
 */

import { profiled } from "../../src/autograd/profile.ts";
import { heapOf } from "../../src/backend/heap.ts";
import { type Backend, setDefaultBackend, step } from "../../src/index.ts";
import {
  add,
  binaryCrossEntropyWithLogits,
  concat,
  exp,
  Linear,
  LSTMCell,
  mul,
  parameters,
  RecurrentState,
  Rng,
  sigmoid,
  split,
  square,
  sub,
  sum,
  type Tensor,
  tensor,
  unstack,
  zeros,
} from "../../src/nn/index.ts";
import { adam, clipNorm } from "../../src/optim/index.ts";
import { describeOwn, openBackend } from "../open-backend.ts";
import type { InitRequest } from "../protocol.ts";
import { serve, type Trainer } from "../serve.ts";

/** Features of what the encoder tells the decoder at each step. */
const LATENT = 100;

/** Kernels that multiply matrices; those of recurrent layers apply their gates as well. */
const PRODUCTS = /^(gemm|recurrent_(forward|backward|input_gradient|weight_gradients))$/;

class Draw {
  readonly encoder: LSTMCell;
  readonly decoder: LSTMCell;
  /** Mean and logarithm of the deviation, side by side. */
  readonly latent: Linear;
  readonly write: Linear;

  constructor(pixels: number, hidden: number, rng: Rng) {
    this.encoder = new LSTMCell(2 * pixels + hidden, hidden, { rng });
    this.decoder = new LSTMCell(LATENT, hidden, { rng });
    this.latent = new Linear(hidden, 2 * LATENT, { rng });
    this.write = new Linear(hidden, pixels, { rng });
  }

  /**
   * @param images [B, pixels], 0 to 1
   * @param noise [T, B, LATENT], standard normal
   * @returns the bound on -ln p of an image, in nats, the mean of the batch
   */
  loss(images: Tensor, noise: Tensor): Tensor {
    const [batch] = images.shape;
    let canvas = zeros(images.shape);
    let encoded = new RecurrentState();
    let decoded: { output: Tensor; state: RecurrentState } = {
      output: zeros([batch, this.write.weight.shape[1]]),
      state: new RecurrentState(),
    };
    let divergence: Tensor | undefined;
    for (const drawn of unstack(noise)) {
      const error = sub(images, sigmoid(canvas));
      const { output, state } = this.encoder.step(concat([images, error, decoded.output]), encoded);
      encoded = state;
      const [mean, logDeviation] = split(this.latent.forward(output), [LATENT, LATENT]);
      const deviation = exp(logDeviation);
      decoded = this.decoder.step(add(mean, mul(deviation, drawn)), decoded.state);
      canvas = add(canvas, this.write.forward(decoded.output));
      const ofStep = sub(add(square(mean), square(deviation)), mul(logDeviation, 2));
      divergence = divergence === undefined ? ofStep : add(divergence, ofStep);
    }
    const steps = noise.shape[0];
    const reconstruction = binaryCrossEntropyWithLogits(canvas, images, { reduction: "sum" });
    const kl = mul(sub(sum(divergence!), steps * batch * LATENT), 0.5);
    return mul(add(reconstruction, kl), 1 / batch);
  }
}

/** White rectangles on black, an image a row. */
function rectangles(batch: number, pixels: number, rng: Rng): Float32Array {
  const width = Math.floor(Math.sqrt(pixels));
  const images = new Float32Array(batch * pixels);
  for (let b = 0; b < batch; b++) {
    const [top, left] = [rng.integer(width), rng.integer(width)];
    const [height, across] = [1 + rng.integer(width - top), 1 + rng.integer(width - left)];
    for (let y = top; y < top + height; y++)
      images.fill(1, b * pixels + y * width + left, b * pixels + y * width + left + across);
  }
  return images;
}

/** A model on a backend, as a function that trains it for a step. */
function trainerOn(backend: Backend, { vocab: pixels, time, batch, hidden, ...request }: InitRequest) {
  setDefaultBackend(backend);
  const rng = new Rng(request.seed);
  const model = new Draw(pixels, hidden, rng);
  const images = tensor(rectangles(batch, pixels, rng), [batch, pixels]);
  const values = Float32Array.from({ length: time * batch * LATENT }, () => rng.normal());
  const noise = tensor(values, [time, batch, LATENT]);
  const optimizer = adam(parameters(model), { lr: request.learningRate });
  const clip = clipNorm(request.clip);
  return () => step(() => model.loss(images, noise), optimizer, clip).loss;
}

/** What the heap holds at most, and which part of a step the products take: on a backend of its own, for clocks cost time. */
async function describeStep(request: InitRequest): Promise<string> {
  const { backend, profile } = profiled(openBackend(request.backend));
  const train = trainerOn(backend, request);
  await train();
  for (let i = 0; i < 3; i++) await profile.step(train);
  const inProducts = profile.report().rows.filter(({ kernel }) => PRODUCTS.test(kernel));
  const share = inProducts.reduce((total, row) => total + row.share, 0);
  const bytes = heapOf(backend).usedBytes;
  return `peak heap ${Math.round(bytes / 2 ** 20)} MiB, ${Math.round(100 * share)} % of the time in products`;
}

async function init(request: InitRequest): Promise<Trainer> {
  if (request.threads !== 1) {
    throw new Error(`this contestant runs on 1 thread, ${request.threads} were asked for`);
  }
  const found = await describeStep(request);
  const backend = openBackend(request.backend);
  return { ...describeOwn(backend, found), step: trainerOn(backend, request) };
}

await serve(init);
