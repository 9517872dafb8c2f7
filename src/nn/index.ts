export * from "../autograd/ops/index.ts";
export { recurrent } from "../autograd/ops/recurrent.ts";
export type { CellKind, RecurrentWeights } from "../autograd/ops/recurrent-cells.ts";
export { BoundWeights } from "../autograd/ops/recurrent-weights.ts";
export {
  freeze,
  isParameter,
  type NamedParameter,
  parameter,
  parameters,
  unfreeze,
} from "../autograd/parameter.ts";
export { noGradient } from "../autograd/tape.ts";
export { ids, scope, Tensor, tensor, zeros } from "../backend/index.ts";
export { Rng } from "../core/rng.ts";
export {
  AdditiveAttention,
  type AttentionModuleOptions,
  DotAttention,
  type DotAttentionModuleOptions,
  type MemoryInput,
} from "./attention.ts";
export type { Cell, CreateCell, CreateCellOptions, StepContext } from "./cell.ts";
export { detachState, mapState, type NamedStateTensor, stateTensors } from "./cell-state.ts";
export { Conv2d, type Conv2dOptions } from "./conv2d.ts";
export { Embedding, type EmbeddingOptions } from "./embedding.ts";
export { type ForwardModel, ForwardStream } from "./forward-stream.ts";
export { GRU, type GRUOptions } from "./gru.ts";
export {
  constant_,
  defaultUniform_,
  type InitOptions,
  normal,
  normal_,
  orthogonal_,
  setForgetBias,
  uniform,
  uniform_,
  xavierNormal_,
  xavierUniform_,
} from "./init.ts";
export { LayerNormLSTMCell } from "./layer-norm-lstm-cell.ts";
export { Linear, type LinearOptions } from "./linear.ts";
export { LSTM, type LSTMOptions } from "./lstm.ts";
export { type CellForwardOptions, Recurrent, type RecurrentCellOptions } from "./recurrent.ts";
export { GRUCell, LSTMCell, RNNCell } from "./recurrent-cell.ts";
export { type RecurrentForwardOptions, RecurrentLayer, type RecurrentOptions } from "./recurrent-layer.ts";
export { RecurrentStack, type StackOptions } from "./recurrent-stack.ts";
export { RecurrentState } from "./recurrent-state.ts";
export { RNN, type RNNOptions } from "./rnn.ts";
export {
  type MatrixModule,
  type Stepper,
  Stream,
  type StreamOptions,
  type StreamParts,
  type StreamStart,
  type StreamState,
  type WeightFormat,
} from "./stream.ts";
