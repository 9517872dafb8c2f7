/**
 * A cell of your own: an LSTM without its output gate ("NOG" in Greff et al., "LSTM: a search space odyssey", 2017).
 *
 *     i, f = sigmoid(W x + U h' + b)    g = tanh(W x + U h' + b)    c = f * c' + i * g    h = tanh(c)
 *
 * The state is c alone, since h follows from it. `Recurrent` runs the cell over time; the gradients come from the ops.
 *
 *     npm run build && npx node examples/own-cell.ts
 */
import { type Backend, checkGradients, createReferenceBackend, step } from "unrolled";
import {
  add,
  type Cell,
  crossEntropy,
  Embedding,
  ids,
  Linear,
  mul,
  parameters,
  Recurrent,
  Rng,
  sigmoid,
  slice,
  sum,
  type Tensor,
  tanh,
  tensor,
  zeros,
} from "unrolled/nn";
import { adam, clipNorm } from "unrolled/optim";

class NoOutputGate implements Cell<Tensor> {
  readonly input: Linear;
  readonly recurrent: Linear;
  private readonly _hidden: number;
  private readonly _backend: Backend | undefined;

  constructor(inputs: number, hidden: number, { rng, backend }: { rng: Rng; backend?: Backend }) {
    this.input = new Linear(inputs, 3 * hidden, { rng, backend });
    this.recurrent = new Linear(hidden, 3 * hidden, { rng, backend, bias: false });
    this._hidden = hidden;
    this._backend = backend;
  }

  zeroState(batch: number): Tensor {
    return zeros([batch, this._hidden], this._backend);
  }

  /** x [B, I], state: c' [B, H] -> output: h [B, H], state: c [B, H] */
  step(x: Tensor, state: Tensor): { output: Tensor; state: Tensor } {
    const H = this._hidden;
    const sums = add(this.input.forward(x), this.recurrent.forward(tanh(state)));
    const [i, f] = [sigmoid(slice(sums, 1, 0, H)), sigmoid(slice(sums, 1, H, 2 * H))];
    const g = tanh(slice(sums, 1, 2 * H, 3 * H));
    const c = add(mul(f, state), mul(i, g));
    return { output: tanh(c), state: c };
  }
}

// Are the gradients right? Central differences in float64 say so, for every parameter.
const backend = createReferenceBackend();
const small = new NoOutputGate(2, 3, { rng: new Rng(1), backend });
const x = tensor([0.1, -0.4, 0.3, 0.8, -0.5, 0.2, 0.9, -0.1], [2, 2, 2], "f32", backend);
const leaves = Object.fromEntries(parameters(small).map(({ name, tensor }) => [name, tensor]));
for (const { name, error } of await checkGradients(
  () => sum(new Recurrent(small).forward(x).output),
  leaves,
)) {
  console.log(`gradient of ${name}: relative error ${error.toExponential(0)}`);
}

// What it can learn: to say the first symbol of a sequence again at each of twelve steps, whatever comes between.
const [symbols, batchSize, time] = [8, 32, 12];
const rng = new Rng(2);
const embedding = new Embedding(symbols, 16, { rng });
const rnn = new Recurrent(new NoOutputGate(16, 32, { rng }));
const head = new Linear(32, symbols, { rng });
const optimizer = adam(parameters({ embedding, rnn, head }), { lr: 1e-2 });

console.log(`nats per symbol by guessing: ${Math.log(symbols).toFixed(3)}`);
for (let number = 0; number <= 300; number++) {
  const inputs = Int32Array.from({ length: batchSize * time }, () => rng.integer(symbols));
  const targets = inputs.map((_, place) => inputs[place - (place % time)]);
  const { loss } = step(
    () => {
      const { output } = rnn.forward(embedding.forward(ids(inputs, [batchSize, time])));
      return crossEntropy(head.forward(output), ids(targets, [batchSize, time]));
    },
    optimizer,
    clipNorm(5),
  );
  if (number % 50 === 0) console.log(`step ${number}: loss ${(await loss).toFixed(3)}`);
}
