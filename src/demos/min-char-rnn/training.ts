import { parameters } from "../../autograd/parameter.ts";
import type { Backend } from "../../backend/backend.ts";
import { ids, type Tensor } from "../../backend/tensor.ts";
import { Rng } from "../../core/rng.ts";
import type { CharacterIds } from "../../data/index.ts";
import { generate } from "../../decode/index.ts";
import {
  adagrad,
  clipNorm,
  clips,
  clipValue,
  type Optimizer,
  type StepResult,
  step,
} from "../../optim/index.ts";
import { MinCharRnn, STEPS } from "./model.ts";

/** Adagrad with this rate, and this inside the root of its denominator. */
const LEARNING_RATE = 0.1;
const EPSILON = 1e-8;

/** Every element of a gradient is cut to [-5, 5]. */
const CLIP = 5;

/** The smooth loss keeps so much of what it was. */
const MEMORY = 0.999;

/** Streams of random numbers, forked from the seed by these names. */
export const Stream = { weights: 0, sample: 1, check: 2 } as const;

/** What one iteration was. */
export interface Iteration {
  /** `n` of the program: iterations before this one. */
  readonly n: number;
  /** -ln p of the 25 characters, added up, before the update. */
  readonly loss: number;
  /** Running mean of these sums, from 25 ln V on. */
  readonly smoothLoss: number;
  /** Global norm of the gradient before it was cut. */
  readonly gradientNorm: number;
}

/**
 * The training loop of Karpathy's min-char-rnn.py: 25 characters per iteration, the hidden state carried from one to
 * the next and set to zero when a pass over the text ends.
 */
export class MinCharTraining {
  readonly model: MinCharRnn;
  readonly optimizer: Optimizer;
  /** Iterations made: the next one's number. */
  n = 0;
  smoothLoss: number;
  private readonly text: CharacterIds;
  private readonly seed: number;
  private readonly clip = clips(clipNorm(Number.POSITIVE_INFINITY), clipValue(CLIP));
  private position = 0;
  /** [1, H]; none at the start of a pass. */
  private hidden: Tensor | undefined;

  /** @param text ids of at least {@link STEPS} + 1 characters in [0, vocabulary) */
  constructor(text: CharacterIds, vocabulary: number, { seed, backend }: { seed: number; backend: Backend }) {
    this.text = text;
    this.seed = seed;
    this.model = new MinCharRnn(vocabulary, { rng: new Rng(seed).fork(Stream.weights), backend });
    this.optimizer = adagrad(parameters(this.model), {
      lr: LEARNING_RATE,
      eps: EPSILON,
      epsInsideRoot: true,
    });
    this.smoothLoss = STEPS * Math.log(vocabulary);
  }

  /** How much of the text has been read, in passes. */
  get epoch(): number {
    return (this.n * STEPS) / this.text.length;
  }

  /** One iteration: forward, backward, clip, update. */
  async iterate(): Promise<Iteration> {
    this.wrap();
    const { text, position } = this;
    const end = position + STEPS;
    const result = this.learn(text.subarray(position, end), text.subarray(position + 1, end + 1));
    const loss = await result.loss;
    this.smoothLoss = MEMORY * this.smoothLoss + (1 - MEMORY) * loss;
    this.position = end;
    const n = this.n++;
    return { n, loss, smoothLoss: this.smoothLoss, gradientNorm: await result.gradientNorm };
  }

  /** One update from a sequence and what follows each of its characters; the state goes on to the next one. */
  learn(inputs: ArrayLike<number>, targets: ArrayLike<number>): StepResult {
    return step(
      () => {
        const { loss, hidden } = this.model.loss(column(inputs), column(targets), this.hidden);
        this.hidden = hidden.detach();
        return loss;
      },
      this.optimizer,
      this.clip,
    );
  }

  /** Ids that the network writes after the next input, from its state there, as the weights are now. */
  async sample(length: number): Promise<number[]> {
    this.wrap();
    const { model, hidden, position, text } = this;
    const stream = model.stream();
    if (hidden !== undefined) stream.state = { hidden: await hidden.read() };
    const prime = text.subarray(position, position + 1);
    const rng = new Rng(this.seed).fork(Stream.sample, this.n);
    const written: number[] = [];
    for await (const id of generate({ stream: () => stream }, { prime, length, rng })) written.push(id);
    return written;
  }

  dispose(): void {
    this.optimizer.dispose();
  }

  /** A new pass when what is left of the text is too short, with a new state. */
  private wrap(): void {
    if (this.position + STEPS + 1 < this.text.length) return;
    this.position = 0;
    this.hidden = undefined;
  }
}

/** A sequence as the network takes it: time first, a batch of one. */
function column(characters: ArrayLike<number>): Tensor {
  return ids(characters, [characters.length, 1]);
}
