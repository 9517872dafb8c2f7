/**
 * The tagger of docs/from-pytorch.md, ported line by line: an embedding, a bidirectional GRU over sequences of
 * different lengths, a linear layer, cross-entropy that ignores padding, AdamW, clipping.
 *
 *     npx node examples/from-pytorch.ts
 *
 * Its task: how many of a place and its two neighbours come from the upper half of the symbols.
 */
import { step } from "unrolled";
import { crossEntropy, Embedding, GRU, ids, Linear, parameters, Rng, type Tensor } from "unrolled/nn";
import { adamw, clipNorm } from "unrolled/optim";

const LONGEST = 12;
const rng = new Rng(1);

class Tagger {
  readonly embedding: Embedding;
  readonly rnn: GRU;
  readonly head: Linear;

  constructor(vocab: number, tags: number, rng: Rng) {
    this.embedding = new Embedding(vocab, 32, { rng });
    this.rnn = new GRU(32, 64, { rng, bidirectional: true });
    this.head = new Linear(128, tags, { rng });
  }

  forward(input: Tensor, lengths: number[]): Tensor {
    const { output } = this.rnn.forward(this.embedding.forward(input), { lengths });
    return this.head.forward(output);
  }
}

const batches = Array.from({ length: 300 }, () => batchOf(16));
const losses: Promise<number>[] = [];
console.log(`guessing: ${guessing().toFixed(3)}`);

const model = new Tagger(50, 4, rng);
const optimizer = adamw(parameters(model), { lr: 1e-3 });
for (const { symbols, lengths, tags } of batches) {
  const { loss } = step(
    () => {
      const shape = [lengths.length, LONGEST];
      const logits = model.forward(ids(symbols, shape), lengths);
      return crossEntropy(logits, ids(tags, shape), { ignoreIndex: -100 });
    },
    optimizer,
    clipNorm(1),
  );
  losses.push(loss);
  if (losses.length % 50 === 0) console.log(`step ${losses.length}: loss ${(await loss).toFixed(3)}`);
}

/** Cross-entropy of knowing no more than how frequent each tag is. */
function guessing(): number {
  const all = batches.flatMap(({ tags }) => Array.from(tags)).filter((tag) => tag >= 0);
  const shares = [0, 1, 2, 3].map((tag) => all.filter((one) => one === tag).length / all.length);
  return -shares.reduce((sum, share) => sum + share * Math.log(share), 0);
}

/** Random symbols; the tag of each place is the number of its neighbours, itself included, from the upper half. */
function batchOf(size: number) {
  const lengths = Array.from({ length: size }, () => 1 + rng.integer(LONGEST));
  const symbols = new Int32Array(size * LONGEST);
  const tags = new Int32Array(size * LONGEST).fill(-100);
  for (const [row, length] of lengths.entries()) {
    const places = symbols.subarray(row * LONGEST, row * LONGEST + length);
    for (const at of places.keys()) places[at] = rng.integer(50);
    const upper = (at: number) => (places[at] !== undefined && places[at] >= 25 ? 1 : 0);
    for (const at of places.keys()) tags[row * LONGEST + at] = upper(at - 1) + upper(at) + upper(at + 1);
  }
  return { symbols, lengths, tags };
}
