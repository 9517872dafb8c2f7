/**
 * Floating-point operations of the workloads, two for each multiply-add. Only matrix products are counted: gates, losses
 * and updates do work besides, and it lowers the share of the peak that a row reaches. What a library can leave out (the
 * recurrent product of a first step whose state is zero) is counted all the same, so every contestant of a table is
 * credited with the same work.
 */

import type { Workload } from "./protocol.ts";

/** Gates, each with a row of both weight matrices for every unit. */
const GATES = { rnn: 1, lstm: 4, gru: 3 } as const;

/** One product of [m, k] and [k, n]. */
function product(m: number, n: number, k: number): number {
  return 2 * m * n * k;
}

/**
 * A recurrent layer of H units over T steps and B rows, input as wide. Forward has a product with each of its two matrices
 * over T B rows. Backward has two for each of them: the gradient of what was multiplied, and that of the matrix.
 */
export function layerFlops({ cell = "lstm", mode = "train", time, batch, hidden }: Workload): number {
  const forward = 2 * product(time * batch, GATES[cell] * hidden, hidden);
  return mode === "infer" ? forward : 3 * forward;
}

/**
 * A training step of a character model: the recurrent product and that of the output layer over T B rows, each with its
 * two of backward. Ids pick rows of the input matrix, and its gradient is a sum of rows: no product.
 */
export function charLmFlops({ cell = "lstm", time, batch, hidden, vocab }: Workload): number {
  const rows = time * batch;
  return 3 * (product(rows, GATES[cell] * hidden, hidden) + product(rows, vocab, hidden));
}

/** Features that the encoder of DRAW tells its decoder: contestants/draw.ts. */
const LATENT = 100;

/**
 * A training step of DRAW without attention: over T B rows the products of the encoder, which reads the image, the error
 * and the decoder's state, of the layer between, of the decoder and of the layer that writes; each with its two of
 * backward. `vocab` is the number of pixels.
 */
export function drawFlops({ time, batch, hidden, vocab: pixels }: Workload): number {
  const rows = time * batch;
  const encoder = product(rows, GATES.lstm * hidden, 2 * pixels + 2 * hidden);
  const decoder = product(rows, GATES.lstm * hidden, LATENT + hidden);
  return 3 * (encoder + decoder + product(rows, 2 * LATENT, hidden) + product(rows, pixels, hidden));
}
