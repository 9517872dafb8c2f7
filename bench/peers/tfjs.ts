/**
 * TensorFlow.js on its WebAssembly backend (SIMD, one thread: it has no more in Node), in two formulations:
 *
 * - `layers`: `tf.layers.lstm` and `tf.layers.dense`, as its users write it;
 * - `tuned`: the recurrence written by hand for this backend. The input product stands outside the time loop,
 *   transposes are made explicit (its transposed `matMul` is many times slower than a plain one), and the
 *   recurrent weights' gradient is one product over all time steps.
 *
 * Clipping by the global norm, which the library lacks, is done with its operations in both.
 */

import type * as Core from "@tensorflow/tfjs-core";
import type { InitRequest } from "../protocol.ts";
import { serve, type Trainer } from "../serve.ts";

type Tf = typeof Core;
type Matrix = Core.Tensor2D;

interface Formulation {
  /** Whether rows go by time step first, then by sequence. */
  timeMajor: boolean;
  /** One-hot inputs [rows, V] to logits [rows, V], rows = B * T, under automatic differentiation. */
  logits(inputs: Matrix): Matrix;
  /** Free what `logits` kept for the backward pass. */
  release(): void;
}

async function init(request: InitRequest): Promise<Trainer> {
  const tf: Tf = await import("@tensorflow/tfjs-core");
  const layers = await import("@tensorflow/tfjs-layers"); // registers every gradient
  const wasm = await import("@tensorflow/tfjs-backend-wasm");
  wasm.setThreadsCount(1);
  await tf.setBackend("wasm");
  await tf.ready();

  const { vocab, time, batch, hidden } = request;
  let model: Formulation;
  if (request.backend === "tuned") {
    model = tunedModel(tf, request);
  } else {
    const net = layers.sequential({
      layers: [
        layers.layers.lstm({
          units: hidden,
          inputShape: [time, vocab],
          returnSequences: true,
          recurrentActivation: "sigmoid",
          // The default, orthogonal, takes minutes at 512 units; it changes no training step's cost.
          recurrentInitializer: "glorotUniform",
        }),
        layers.layers.dense({ units: vocab }),
      ],
    });
    model = {
      timeMajor: false,
      logits: (inputs) => {
        const sequences = tf.reshape(inputs, [batch, time, vocab]);
        return tf.reshape(net.apply(sequences, { training: true }) as Core.Tensor, [-1, vocab]);
      },
      release: () => {},
    };
  }
  const optimizer = tf.train.adam(request.learningRate);
  const oneHot = (values: Int32Array) => {
    const ids = tf.tensor2d(values, [batch, time], "int32");
    const rows = tf.reshape(model.timeMajor ? tf.transpose(ids) : ids, [batch * time]) as Core.Tensor1D;
    return tf.cast(tf.oneHot(rows, vocab), "float32") as Matrix;
  };

  const simd = (await tf.env().getAsync("WASM_HAS_SIMD_SUPPORT")) === true;
  const how = request.backend === "tuned" ? "recurrence by hand, explicit transposes" : "tf.layers.lstm";
  return {
    library: "TensorFlow.js",
    version: tf.version_core,
    settings: `${how}, wasm${simd ? " SIMD" : " without SIMD"}, f32, 1 thread`,
    step: (inputs, targets) =>
      tf.tidy(() => {
        const x = oneHot(inputs);
        const y = oneHot(targets);
        const { value, grads } = tf.variableGrads(() => {
          const logProbabilities = tf.logSoftmax(model.logits(x));
          return tf.mul(tf.sum(tf.mul(logProbabilities, y)), -1 / (batch * time)) as Core.Scalar;
        });
        model.release();
        const names = Object.keys(grads);
        const norm = tf.sqrt(tf.addN(names.map((name) => tf.sum(tf.square(grads[name])))));
        const scale = tf.minimum(1, tf.div(request.clip, norm));
        optimizer.applyGradients(Object.fromEntries(names.map((name) => [name, tf.mul(grads[name], scale)])));
        return value.dataSync()[0];
      }),
  };
}

function tunedModel(tf: Tf, { vocab, time, batch, hidden }: InitRequest): Formulation {
  const bound = 1 / Math.sqrt(hidden);
  const uniform = (rows: number, columns: number) =>
    tf.variable(tf.randomUniform([rows, columns], -bound, bound)) as Core.Variable<Core.Rank.R2>;
  const inputWeight = uniform(vocab, 4 * hidden);
  const recurrentWeight = uniform(hidden, 4 * hidden);
  const bias = tf.variable(tf.zeros([4 * hidden]));
  const headWeight = uniform(hidden, vocab);
  const headBias = tf.variable(tf.zeros([vocab]));
  let kept: Core.Tensor[] = [];
  const keep = <T extends Core.Tensor>(tensor: T): T => {
    kept.push(tensor);
    return tf.keep(tensor);
  };

  /** x W, with the transposes of its gradient made before the products. */
  const product = tf.customGrad((x, weight, save) => {
    (save as Core.GradSaveFunc)([x as Matrix, weight as Matrix]);
    return {
      value: tf.matMul(x as Matrix, weight as Matrix),
      gradFunc: (dy: Core.Tensor, saved: Core.Tensor[]) => [
        tf.matMul(dy as Matrix, tf.transpose(saved[1] as Matrix)),
        tf.matMul(tf.transpose(saved[0] as Matrix), dy as Matrix),
      ],
    };
  }) as (x: Matrix, weight: Matrix) => Matrix;

  return {
    timeMajor: true,
    logits(inputs) {
      const weight = keep(tf.clone(recurrentWeight));
      const transposed = keep(tf.transpose(recurrentWeight));
      const previous: Matrix[] = [];

      /** Identity of the pre-activations' input part; its gradient gives the recurrent weights theirs. */
      const gatherWeightGradient = tf.customGrad((z) => ({
        value: tf.clone(z as Matrix),
        gradFunc: (dz: Core.Tensor) => [
          dz,
          tf.matMul(tf.transpose(tf.concat(previous, 0)), dz as Matrix) as Core.Tensor,
        ],
      })) as (z: Matrix, weight: Matrix) => Matrix;
      /** h W, differentiated with respect to h alone. */
      const recur = tf.customGrad((h) => ({
        value: tf.matMul(h as Matrix, weight),
        gradFunc: (dz: Core.Tensor) => tf.matMul(dz as Matrix, transposed) as Core.Tensor,
      })) as (h: Matrix) => Matrix;

      const projected = tf.add(product(inputs, inputWeight), bias) as Matrix;
      const steps = tf.split(gatherWeightGradient(projected, recurrentWeight), time, 0) as Matrix[];
      let h = tf.zeros([batch, hidden]) as Matrix;
      let c = h;
      const outputs: Matrix[] = [];
      for (const step of steps) {
        previous.push(keep(tf.clone(h)));
        const [i, f, g, o] = tf.split(tf.add(step, recur(h)) as Matrix, 4, 1);
        c = tf.add(tf.mul(tf.sigmoid(f), c), tf.mul(tf.sigmoid(i), tf.tanh(g)));
        h = tf.mul(tf.sigmoid(o), tf.tanh(c));
        outputs.push(h);
      }
      return tf.add(product(tf.concat(outputs, 0), headWeight), headBias) as Matrix;
    },
    release() {
      tf.dispose(kept);
      kept = [];
    },
  };
}

await serve(init);
