/**
 * jax-js on its WebAssembly backend (one thread in Node), one `jit` over the whole training step with the time
 * loop unrolled (it has no scan), in two formulations:
 *
 * - `natural`: `valueAndGrad` of the loss with respect to the parameters;
 * - `tuned`: differentiated with respect to the pre-activations of all time steps, so that each weight gradient
 *   is one product outside the loop instead of one product a step.
 */

import { readFileSync } from "node:fs";
import type { JsTree, numpy } from "@jax-js/jax";
import type { InitRequest } from "../protocol.ts";
import { serve, type Trainer } from "../serve.ts";

type Jax = typeof import("@jax-js/jax");
type Matrix = numpy.Array;
const NAMES = ["inputWeight", "recurrentWeight", "bias", "headWeight", "headBias"] as const;
type Parameters = Record<(typeof NAMES)[number], Matrix>;

const BETA1 = 0.9;
const BETA2 = 0.999;
const EPSILON = 1e-8;

async function init(request: InitRequest): Promise<Trainer> {
  const jax: Jax = await import("@jax-js/jax");
  await jax.init("wasm");
  jax.defaultDevice("wasm");
  const { jit, numpy: np, tree } = jax;
  const { vocab, time, batch } = request;
  const lossAndGradients = request.backend === "tuned" ? tuned(jax, request) : natural(jax, request);
  const update = adam(jax, request.clip);
  const step = jit(
    (
      parameters: Parameters,
      m: Parameters,
      v: Parameters,
      inputs: Matrix,
      targets: Matrix,
      rates: Matrix,
    ) => {
      const [loss, gradients] = lossAndGradients(tree.ref(parameters), inputs, targets);
      return { loss, ...update(parameters, gradients, m, v, rates) };
    },
  );
  /** Ids [B, T] as one-hot rows [T * B, V]. */
  const oneHot = (ids: Int32Array) => {
    const rows = new Float32Array(time * batch * vocab);
    for (let row = 0; row < batch; row++) {
      for (let t = 0; t < time; t++) rows[(t * batch + row) * vocab + ids[row * time + t]] = 1;
    }
    return np.array(rows, { shape: [time * batch, vocab] });
  };

  let parameters = initial(jax, request);
  let m = tree.map((a: Matrix) => np.zeros(a.shape), parameters) as Parameters;
  let v = tree.map((a: Matrix) => np.zeros(a.shape), parameters) as Parameters;
  let count = 0;
  const manifest = readFileSync(new URL("node_modules/@jax-js/jax/package.json", import.meta.url), "utf8");
  const how = request.backend === "tuned" ? "weight gradients as one product" : "valueAndGrad of the loss";
  return {
    library: "jax-js",
    version: (JSON.parse(manifest) as { version: string }).version,
    settings: `jit, unrolled, ${how}, wasm SIMD, f32, 1 thread`,
    step(inputs, targets) {
      count++;
      const rates = [request.learningRate / (1 - BETA1 ** count), 1 / (1 - BETA2 ** count)];
      const next = step(parameters, m, v, oneHot(inputs), oneHot(targets), np.array(new Float32Array(rates)));
      ({ parameters, m, v } = next);
      return next.loss.item() as number;
    },
  };
}

function initial({ numpy: np, random }: Jax, { vocab, hidden, seed }: InitRequest): Parameters {
  const bound = 1 / Math.sqrt(hidden);
  const keys = random.split(random.key(seed), 3);
  const uniform = (index: number, rows: number, columns: number) =>
    random.uniform(keys.ref.slice(index), [rows, columns], { minval: -bound, maxval: bound });
  return {
    inputWeight: uniform(0, vocab, 4 * hidden),
    recurrentWeight: uniform(1, hidden, 4 * hidden),
    bias: np.zeros([4 * hidden]),
    headWeight: uniform(2, hidden, vocab),
    headBias: np.zeros([vocab]),
  };
}

/** The recurrence over pre-activations' input parts [T, B, 4H]; hidden states of all steps [T * B, H]. */
function unroll(
  { nn, numpy: np }: Jax,
  { time, hidden }: InitRequest,
  projected: Matrix,
  weight: Matrix,
): Matrix {
  let h: Matrix | undefined;
  let c: Matrix | undefined;
  const outputs: Matrix[] = [];
  for (let t = 0; t < time; t++) {
    let z = projected.ref.slice(t);
    if (h !== undefined) z = z.add(np.matmul(h, weight.ref));
    const gate = (index: number) => z.ref.slice([], [index * hidden, (index + 1) * hidden]);
    let next = nn.sigmoid(gate(0)).mul(np.tanh(gate(2)));
    if (c !== undefined) next = next.add(nn.sigmoid(gate(1)).mul(c));
    c = next;
    h = nn.sigmoid(gate(3)).mul(np.tanh(c.ref));
    z.dispose();
    outputs.push(h.ref);
  }
  h?.dispose();
  c?.dispose();
  projected.dispose();
  weight.dispose();
  return np.concatenate(outputs, 0);
}

function crossEntropy(
  { nn, numpy: np }: Jax,
  outputs: Matrix,
  head: { weight: Matrix; bias: Matrix },
  y: Matrix,
) {
  const logits = np.matmul(outputs, head.weight).add(head.bias);
  return nn.logsumexp(logits.ref, -1).sub(logits.mul(y).sum(-1)).mean();
}

type LossAndGradients = (parameters: Parameters, inputs: Matrix, targets: Matrix) => [Matrix, Parameters];

function natural(jax: Jax, request: InitRequest): LossAndGradients {
  const { numpy: np } = jax;
  const shape = [request.time, request.batch, 4 * request.hidden];
  return jax.valueAndGrad((p: Parameters, inputs: Matrix, targets: Matrix) => {
    const projected = np.matmul(inputs, p.inputWeight).add(p.bias).reshape(shape);
    const outputs = unroll(jax, request, projected, p.recurrentWeight);
    return crossEntropy(jax, outputs, { weight: p.headWeight, bias: p.headBias }, targets);
  }) as unknown as LossAndGradients;
}

function tuned(jax: Jax, request: InitRequest): LossAndGradients {
  const { numpy: np } = jax;
  const { time, batch, hidden } = request;
  type Inner = { projected: Matrix; weight: Matrix; bias: Matrix };
  const inner = jax.valueAndGrad(
    ({ projected, ...head }: Inner, recurrentWeight: Matrix, targets: Matrix) => {
      const outputs = unroll(jax, request, projected, jax.lax.stopGradient(recurrentWeight));
      return [crossEntropy(jax, outputs.ref, head, targets), outputs] as [Matrix, Matrix];
    },
    { hasAux: true },
  ) as unknown as (inner: Inner, recurrentWeight: Matrix, y: Matrix) => [[Matrix, Matrix], Inner];

  return (p, inputs, targets) => {
    const projected = np
      .matmul(inputs.ref, p.inputWeight)
      .add(p.bias)
      .reshape([time, batch, 4 * hidden]);
    const head = { weight: p.headWeight, bias: p.headBias };
    const [[loss, outputs], gradients] = inner({ projected, ...head }, p.recurrentWeight, targets);
    const dz = gradients.projected.reshape([time * batch, 4 * hidden]);
    const previous = outputs.slice([0, (time - 1) * batch]);
    const recurrentWeight = np.matmul(previous.transpose(), dz.ref.slice([batch, time * batch]));
    return [
      loss,
      {
        inputWeight: np.matmul(inputs.transpose(), dz.ref),
        recurrentWeight,
        bias: dz.sum(0),
        headWeight: gradients.weight,
        headBias: gradients.bias,
      },
    ];
  };
}

/** Clipping by the global norm, then Adam. `rates`: learning rate and second moment with their bias corrections. */
function adam({ numpy: np }: Jax, clipNorm: number) {
  return (p: Parameters, gradients: Parameters, m: Parameters, v: Parameters, rates: Matrix) => {
    const squares = NAMES.map((name) => np.square(gradients[name].ref).sum());
    const norm = np.sqrt(squares.reduce((total, square) => total.add(square)));
    const scale = np.minimum(np.array(1), np.array(clipNorm).div(norm));
    const next = { parameters: {}, m: {}, v: {} } as Record<"parameters" | "m" | "v", Parameters>;
    for (const name of NAMES) {
      const gradient = gradients[name].mul(scale.ref);
      const first = m[name].mul(BETA1).add(gradient.ref.mul(1 - BETA1));
      const second = v[name].mul(BETA2).add(np.square(gradient).mul(1 - BETA2));
      next.m[name] = first.ref;
      next.v[name] = second.ref;
      const size = np.sqrt(second.mul(rates.ref.slice(1))).add(EPSILON);
      next.parameters[name] = p[name].sub(first.mul(rates.ref.slice(0)).div(size));
    }
    scale.dispose();
    rates.dispose();
    return next satisfies Record<string, JsTree<Matrix>>;
  };
}

await serve(init);
