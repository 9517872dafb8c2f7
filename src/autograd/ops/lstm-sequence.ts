import type { Kernels } from "../../backend/backend.ts";
import { empty, type Tensor } from "../../backend/tensor.ts";
import { ShapeError } from "../../core/errors.ts";
import { checkShape } from "../../core/shape.ts";
import { kernelsOf, recordAll } from "../tape.ts";
import { checkIds } from "./embedding.ts";

/** The matrices of one LSTM layer, gates in the order i, f, g, o. */
export interface LSTMWeights {
  /** [4H, I] */
  readonly weightIh: Tensor;
  /** [4H, H] */
  readonly weightHh: Tensor;
  /** [4H] each, both or none */
  readonly biasIh?: Tensor;
  readonly biasHh?: Tensor;
}

/** Weights in the layout of the backend's kernels, good until the weights change. */
export interface PackedLSTM {
  readonly packed: Tensor;
  readonly integerInput: boolean;
}

/** Pack once per update; for a loop that calls the layer many times with the same weights, keep() the result. */
export function packLSTM(weights: LSTMWeights, integerInput: boolean): PackedLSTM {
  const { weightIh, weightHh, biasIh, biasHh } = weights;
  const [I, H] = [weightIh.shape[1], weightHh.shape[1]];
  const kernels = kernelsOf("lstm", weightIh, weightHh, biasIh, biasHh);
  const flag = integerInput ? 1 : 0;
  const packed = empty([kernels.lstm_pack_size(I, H, flag)]);
  kernels.lstm_pack(
    packed.address,
    weightIh.address,
    weightHh.address,
    biasIh?.address ?? 0,
    biasHh?.address ?? 0,
    I,
    H,
    flag,
  );
  return { packed, integerInput };
}

export interface LSTMSequence {
  /** Hidden states of all steps, [T, B, H]. */
  readonly output: Tensor;
  /** Hidden and cell state after the last step, [B, H] each. */
  readonly hidden: Tensor;
  readonly cell: Tensor;
}

/**
 * One LSTM layer over time as a single node of the tape (equations: backend/reference/lstm.ts). Input x is
 * [T, B, I], or ids [T, B] of integers in [0, I), which pick columns of weightIh. hidden and cell are [B, H] or
 * absent (zeros).
 */
export function lstmSequence(
  x: Tensor,
  weights: LSTMWeights,
  initial: { hidden?: Tensor; cell?: Tensor } = {},
  reuse?: PackedLSTM,
): LSTMSequence {
  const { weightIh, weightHh, biasIh, biasHh } = weights;
  const [I, H] = [weightIh.shape[1], weightHh.shape[1]];
  const integerInput = x.dtype === "i32";
  const axes = [
    ["time", null],
    ["batch", null],
  ] as const;
  checkShape("lstm: inputs", x.shape, integerInput ? axes : [...axes, ["features", I]]);
  if (integerInput) checkIds("lstm: ids", x, I);
  const [T, B] = x.shape;
  if (T === 0 || B === 0)
    throw new ShapeError("lstm: inputs", "at least one step and one row", `time=${T}, batch=${B}`);
  const { hidden: h0, cell: c0 } = initial;
  for (const [name, state] of Object.entries({ hidden: h0, cell: c0 })) {
    if (state !== undefined)
      checkShape(`lstm: ${name}`, state.shape, [
        ["batch", B],
        ["hidden", H],
      ]);
  }
  const kernels = kernelsOf("lstm", x, weightIh, weightHh, biasIh, biasHh, h0, c0);
  const [values, indices] = integerInput ? [0, x.address] : [x.address, 0];
  const flag = integerInput ? 1 : 0;
  const { packed } = reuse?.integerInput === integerInput ? reuse : packLSTM(weights, integerInput);

  const output = empty([T, B, H]);
  const cells = empty([T, B, H]);
  const gates = empty([T, B, 4 * H]);
  const scratch = empty([kernels.lstm_forward_scratch(T, B, I, H, flag)]);
  kernels.lstm_forward(
    ...([
      output.address,
      cells.address,
      gates.address,
      values,
      indices,
      h0?.address ?? 0,
      c0?.address ?? 0,
    ] as const),
    ...([packed.address, T, B, I, H, scratch.address] as const),
  );
  const hidden = output.view([B, H], (T - 1) * B * H);
  const cell = cells.view([B, H], (T - 1) * B * H);

  const inputs = [integerInput ? undefined : x, weightIh, weightHh, biasIh, biasHh, h0, c0];
  recordAll("lstm", inputs, [output, hidden, cell], ([dOutput, dHidden, dCell]) => {
    const like = (tensor: Tensor | undefined) => (tensor?.needsGradient ? empty(tensor.shape) : undefined);
    const dx = integerInput ? undefined : like(x);
    const [dWeightIh, dWeightHh, dBias] = [empty(weightIh.shape), empty(weightHh.shape), empty([4 * H])];
    const [dh0, dc0] = [like(h0), like(c0)];
    const backwardScratch = empty([kernels.lstm_backward_scratch(T, B, I, H, flag)]);
    const at = (tensor: Tensor | undefined) => tensor?.address ?? 0;
    const outputs = [at(dx), at(dWeightIh), at(dWeightHh), at(dBias), at(dh0), at(dc0)] as const;
    const saved = [at(output), at(cells), at(gates), values, indices, at(h0), at(c0)] as const;
    const args: Parameters<Kernels["lstm_backward"]> = [
      ...outputs,
      ...([at(dOutput), at(dHidden), at(dCell)] as const),
      ...saved,
      ...([at(weightIh), at(weightHh), T, B, I, H, at(backwardScratch)] as const),
    ];
    kernels.lstm_backward(...args);
    return [dx, dWeightIh, dWeightHh, biasIh && dBias, biasHh && dBias, dh0, dc0];
  });
  return { output, hidden, cell };
}
