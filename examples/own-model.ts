/**
 * A model and a training loop of your own: a two-layer LSTM learns one-digit sums, character by character.
 *
 *     npm run build && npx node examples/own-model.ts
 */
import { step } from "unrolled";
import { corpusFromText, TextStreams } from "unrolled/data";
import { generate } from "unrolled/decode";
import { crossEntropy, ids, Linear, LSTM, parameters, Rng } from "unrolled/nn";
import { adam, clipNorm } from "unrolled/optim";

const [batchSize, time, steps] = [32, 32, 300];

const rng = new Rng(1);
const sums = Array.from({ length: 6000 }, () => [rng.integer(10), rng.integer(10)]);
const text = sums.map(([a, b]) => `${a}+${b}=${a + b}\n`).join("");
const corpus = corpusFromText(text);
const vocabulary = corpus.vocabulary.size;

const rnn = new LSTM(vocabulary, 64, { layers: 2, dropout: 0.1, rng });
const head = new Linear(64, vocabulary, { rng });
const optimizer = adam(parameters({ rnn, head }), { lr: 1e-2 });
let state = rnn.zeroState(batchSize);

// The two digits before "=" are as good as random: nobody can be better than ln 10 on them and 0 on the rest.
const best = (2 * Math.log(10)) / (text.length / sums.length);
console.log(`nats per character: ${Math.log(vocabulary).toFixed(3)} by guessing, ${best.toFixed(3)} at best`);

for await (const { number, startsPass, inputs, targets } of batches()) {
  if (startsPass) state = rnn.zeroState(batchSize);
  const { loss } = step(
    () => {
      // Everything allocated in here is gone afterwards.
      const { output, state: next } = rnn.forward(inputs, { state }); // inputs: ids [B, T]
      state = next.detach(); // kept: truncated back-propagation through time
      return crossEntropy(head.forward(output), targets);
    },
    optimizer,
    clipNorm(5),
  );
  if (number % 50 === 0) console.log(`step ${number}: loss ${(await loss).toFixed(3)}`);
}

// The same modules one character at a time: what may come next?
const model = { stream: () => rnn.streamIds({ head }) };
const prime = corpus.vocabulary.encode("3+4=7\n2+9=");
const answer: number[] = [];
for await (const id of generate(model, { prime, length: 2, temperature: 0, rng })) answer.push(id);
console.log(`2+9=${corpus.vocabulary.decode(answer)}`);

/** The text as 32 contiguous streams side by side, chunk after chunk. */
async function* batches() {
  const streams = new TextStreams(corpus.ids, { batchSize, sequenceLength: time });
  const [now, next] = [new Int32Array(batchSize * time), new Int32Array(batchSize * time)];
  for (let number = 0; number <= steps; number++) {
    streams.fill(number, 0, batchSize, now, next);
    const [inputs, targets] = [ids(now, [batchSize, time]), ids(next, [batchSize, time])];
    yield { number, startsPass: streams.startsPass(number), inputs, targets };
    // Made outside of any step, so nobody else frees them.
    inputs.dispose();
    targets.dispose();
  }
}
