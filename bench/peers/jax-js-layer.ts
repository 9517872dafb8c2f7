/**
 * jax-js's side of `layers`, on its WebAssembly backend: `grad` of a weighted sum of the outputs, the time loop unrolled
 * in one `jit` (it has no scan), the input product outside of it.
 */

import { readFileSync } from "node:fs";
import type { numpy } from "@jax-js/jax";
import type { InitRequest } from "../protocol.ts";
import { serve, type Trainer } from "../serve.ts";

type Jax = typeof import("@jax-js/jax");
type Matrix = numpy.Array;
type Parameters = {
  input: Matrix;
  inputWeight: Matrix;
  recurrentWeight: Matrix;
  inputBias: Matrix;
  recurrentBias: Matrix;
};
type Parts = (gate: number) => Matrix;

const GATES = { rnn: 1, lstm: 4, gru: 3 } as const;

async function init(request: InitRequest): Promise<Trainer> {
  const jax: Jax = await import("@jax-js/jax");
  await jax.init("wasm");
  jax.defaultDevice("wasm");
  const { jit, numpy: np, random, tree } = jax;
  const { time, batch, hidden, cell = "lstm", mode = "train", seed } = request;
  const width = GATES[cell] * hidden;
  const keys = random.split(random.key(seed), 6);
  const bound = 1 / Math.sqrt(hidden);
  const uniform = (index: number, shape: number[], limit = bound) =>
    random.uniform(keys.ref.slice(index), shape, { minval: -limit, maxval: limit });
  const parameters: Parameters = {
    input: uniform(0, [time * batch, hidden], 1),
    inputWeight: uniform(1, [hidden, width]),
    recurrentWeight: uniform(2, [hidden, width]),
    inputBias: uniform(3, [width]),
    recurrentBias: uniform(4, [width]),
  };
  const weights = uniform(5, [time * batch, hidden], 1);

  const outputs = (p: Parameters): Matrix => {
    const projected = np.matmul(p.input, p.inputWeight).add(p.inputBias).reshape([time, batch, width]);
    let h: Matrix = np.zeros([batch, hidden]);
    let c: Matrix = np.zeros([batch, hidden]);
    const all: Matrix[] = [];
    for (let t = 0; t < time; t++) {
      const x = projected.ref.slice(t);
      const r = np.matmul(h.ref, p.recurrentWeight.ref).add(p.recurrentBias.ref);
      const part = (all: Matrix) => (gate: number) => all.ref.slice([], [gate * hidden, (gate + 1) * hidden]);
      [h, c] = advance(jax, cell, part(x), part(r), h, c);
      x.dispose();
      r.dispose();
      all.push(h.ref);
    }
    for (const used of [h, c, projected, p.recurrentWeight, p.recurrentBias]) used.dispose();
    return np.concatenate(all, 0);
  };
  const train = jit((p: Parameters, weights: Matrix) => {
    const [loss, gradients] = jax.valueAndGrad((p: Parameters) => outputs(p).mul(weights).sum())(p);
    return { loss, gradients };
  });
  const infer = jit((p: Parameters) => outputs(p));
  const manifest = readFileSync(new URL("node_modules/@jax-js/jax/package.json", import.meta.url), "utf8");
  return {
    library: "jax-js",
    version: (JSON.parse(manifest) as { version: string }).version,
    settings: "jit, unrolled, valueAndGrad, wasm SIMD, f32, 1 thread",
    step() {
      if (mode === "infer") {
        const output = infer(tree.ref(parameters));
        return output.slice(0, 0).item() as number;
      }
      const { loss, gradients } = train(tree.ref(parameters), weights.ref);
      for (const gradient of Object.values(gradients)) gradient.dispose();
      return loss.item() as number;
    },
  };
}

function advance(
  { nn, numpy: np }: Jax,
  cell: keyof typeof GATES,
  x: Parts,
  r: Parts,
  h: Matrix,
  c: Matrix,
): [Matrix, Matrix] {
  const sum = (gate: number) => x(gate).add(r(gate));
  if (cell === "rnn") {
    h.dispose();
    return [np.tanh(sum(0)), c];
  }
  if (cell === "gru") {
    const z = nn.sigmoid(sum(1));
    const n = np.tanh(x(2).add(nn.sigmoid(sum(0)).mul(r(2))));
    return [n.ref.add(z.mul(h.sub(n))), c];
  }
  h.dispose();
  const next = nn
    .sigmoid(sum(1))
    .mul(c)
    .add(nn.sigmoid(sum(0)).mul(np.tanh(sum(2))));
  return [nn.sigmoid(sum(3)).mul(np.tanh(next.ref)), next];
}

await serve(init);
