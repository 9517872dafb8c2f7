import type { Backend } from "../../backend/backend.ts";
import { scope } from "../../backend/scope.ts";
import { ids, type Tensor, tensor } from "../../backend/tensor.ts";
import type { Rng } from "../../core/rng.ts";
import { crossEntropy, Linear, RNN } from "../../nn/index.ts";

/** The word of the lecture: four letters, and one of them, l, with two continuations. */
export const WORD = "hello";

/** Its letters in order of appearance, which is the order of every vector of four: h e l o. */
export const LETTERS: readonly string[] = [...new Set(WORD)];

/** Units of the hidden layer, as in the lecture. */
export const HIDDEN = 3;

const idsOf = (text: string): number[] => [...text].map((letter) => LETTERS.indexOf(letter));

/** What is read, h e l l, and what has to be said after each of these letters, e l l o. */
export const INPUTS: readonly number[] = idsOf(WORD.slice(0, -1));
export const TARGETS: readonly number[] = idsOf(WORD.slice(1));

/** One step of the unrolled network, in numbers. */
export interface TraceStep {
  readonly reads: string;
  /** The letter that has to come next, and the likeliest one. */
  readonly target: string;
  readonly says: string;
  /** One-hot, [4]. */
  readonly x: readonly number[];
  /** Hidden state, [3]. */
  readonly h: readonly number[];
  /** Scores (logits), [4]. */
  readonly y: readonly number[];
  /** softmax(y), [4]. */
  readonly p: readonly number[];
}

/** The matrices of the network, row by row, in the notation of the lecture. */
export interface HelloWeights {
  /** [3, 4]: from a letter to the units. */
  readonly W_xh: readonly (readonly number[])[];
  /** [3, 3]: from the units of the step before to the units. */
  readonly W_hh: readonly (readonly number[])[];
  /** [4, 3]: from the units to the score of each letter. */
  readonly W_hy: readonly (readonly number[])[];
}

/**
 * The lecture's network, without biases as on its slide:
 *
 *     h = tanh(W_xh x + W_hh h'),  y = W_hy h,  p = softmax(y)
 */
export class HelloModel {
  readonly rnn: RNN;
  readonly head: Linear;

  constructor(rng: Rng, backend: Backend) {
    this.rnn = new RNN(LETTERS.length, HIDDEN, { rng, backend, bias: false });
    this.head = new Linear(HIDDEN, LETTERS.length, { rng, backend, bias: false });
  }

  /** The 33 numbers that training changes, as they are now. */
  async weights(): Promise<HelloWeights> {
    const [xh, hh, hy] = await Promise.all([
      this.rnn.weight_ih_l0.read(),
      this.rnn.weight_hh_l0.read(),
      this.head.weight.read(),
    ]);
    return { W_xh: rows(xh, LETTERS.length), W_hh: rows(hh, HIDDEN), W_hy: rows(hy, HIDDEN) };
  }

  /** Mean cross-entropy in nats per step of "ello" from "hell", a scalar. */
  loss(): Tensor {
    return this.lossOf([1, INPUTS.length]);
  }

  /** The same with the state forgotten after every letter: all that a model of letter pairs can see. */
  lossWithoutMemory(): Tensor {
    return this.lossOf([INPUTS.length, 1]);
  }

  /** @param shape sequences and steps of each */
  private lossOf(shape: readonly [number, number]): Tensor {
    const { output } = this.rnn.forward(oneHot(INPUTS, shape));
    return crossEntropy(this.head.forward(output), ids(TARGETS, shape));
  }

  /** Every number of the four steps. */
  async trace(): Promise<TraceStep[]> {
    const { h, y } = await this.run(INPUTS);
    return INPUTS.map((input, t) => ({
      reads: LETTERS[input],
      target: LETTERS[TARGETS[t]],
      says: LETTERS[likeliest(y[t])],
      x: LETTERS.map((_, id) => (id === input ? 1 : 0)),
      h: h[t],
      y: y[t],
      p: softmax(y[t]),
    }));
  }

  /** What it writes by itself: "h", then always the likeliest letter, which becomes the next input. */
  async spell(): Promise<string> {
    const written = [INPUTS[0]];
    while (written.length < WORD.length) {
      const { y } = await this.run(written);
      written.push(likeliest(y[y.length - 1]));
    }
    return written.map((id) => LETTERS[id]).join("");
  }

  /** Hidden states and scores after each letter, from a state of zeros. */
  private async run(letters: readonly number[]): Promise<{ h: number[][]; y: number[][] }> {
    const [h, y] = await scope(() => {
      const { output } = this.rnn.forward(oneHot(letters, [1, letters.length]));
      return Promise.all([output.read(), this.head.forward(output).read()]);
    }, this.rnn.weight_hh_l0.backend);
    return { h: rows(h, HIDDEN), y: rows(y, LETTERS.length) };
  }
}

/** Letters [n] as rows of one 1 among zeros, in the shape [...shape, 4]. */
function oneHot(letters: readonly number[], shape: readonly number[]): Tensor {
  const values = letters.flatMap((letter) => LETTERS.map((_, id) => (id === letter ? 1 : 0)));
  return tensor(values, [...shape, LETTERS.length]);
}

function rows(values: ArrayLike<number>, width: number): number[][] {
  const all = Array.from(values);
  return Array.from({ length: all.length / width }, (_, row) => all.slice(row * width, (row + 1) * width));
}

const likeliest = (y: readonly number[]): number => y.indexOf(Math.max(...y));

function softmax(y: readonly number[]): number[] {
  const top = Math.max(...y);
  const weights = y.map((score) => Math.exp(score - top));
  const total = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / total);
}
