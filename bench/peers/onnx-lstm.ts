/**
 * One step of an LSTM and a linear layer as an ONNX model, written by hand: protobuf is tags, lengths and bytes, and a
 * model is a few of them (onnx.proto, https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).
 */

/** Weights as PyTorch has them: rows of gates in the order i f g o. */
export interface LstmWeights {
  readonly vocab: number;
  readonly hidden: number;
  /** [4H, V], [4H, H], [4H] both biases together, [V, H], [V] */
  readonly weightIh: Float32Array;
  readonly weightHh: Float32Array;
  readonly bias: Float32Array;
  readonly head: Float32Array;
  readonly headBias: Float32Array;
}

const OPSET = 17;
const IR_VERSION = 8;
const FLOAT = 1;
const INT64 = 7;

type Part = Uint8Array;

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) + 128);
  }
}

function concat(parts: readonly Part[]): Part {
  const all = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Field `number` with a whole number. */
const int = (number: number, value: number): Part =>
  Uint8Array.from([...varint(number * 8), ...varint(value)]);
/** Field `number` with bytes: a string, raw data or a message of other fields. */
const bytes = (number: number, ...parts: Part[]): Part => {
  const inner = concat(parts);
  return concat([Uint8Array.from([...varint(number * 8 + 2), ...varint(inner.length)]), inner]);
};
const text = (number: number, value: string): Part => bytes(number, new TextEncoder().encode(value));

const tensor = (name: string, dims: readonly number[], values: Float32Array): Part =>
  bytes(
    5, // GraphProto.initializer
    ...dims.map((dim) => int(1, dim)),
    int(2, FLOAT),
    text(8, name),
    bytes(9, new Uint8Array(values.buffer, values.byteOffset, values.byteLength)),
  );

const value = (field: 11 | 12, name: string, type: number, dims: readonly number[]): Part => {
  const shape = bytes(2, ...dims.map((dim) => bytes(1, int(1, dim))));
  return bytes(field, text(1, name), bytes(2, bytes(1, int(1, type), shape)));
};

/** @param attributes fields of AttributeProto, one each */
const node = (op: string, inputs: string[], outputs: string[], ...attributes: Part[]): Part =>
  bytes(
    1, // GraphProto.node
    ...inputs.map((name) => text(1, name)),
    ...outputs.map((name) => text(2, name)),
    text(4, op),
    ...attributes.map((attribute) => bytes(5, attribute)),
  );

const attribute = (name: string, whole: number): Part => concat([text(1, name), int(3, whole), int(20, 2)]);

function model(graph: Part[]): Uint8Array {
  return concat([
    int(1, IR_VERSION),
    bytes(8, text(1, ""), int(2, OPSET)),
    bytes(7, ...graph, text(2, "lstm step")),
  ]);
}

/** [rows, columns] -> [columns, rows] */
function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  return Float32Array.from(
    { length: values.length },
    (_, at) => values[(at % rows) * columns + Math.floor(at / rows)],
  );
}

const state = (H: number, dims: readonly number[]): Part[] => [
  value(11, "h", FLOAT, [...dims, H]),
  value(11, "c", FLOAT, [...dims, H]),
  value(12, "h_next", FLOAT, [...dims, H]),
  value(12, "c_next", FLOAT, [...dims, H]),
];

/** The operator LSTM, which is fed a row of the unit matrix: id [1], h and c [1, 1, H] -> logits [1, 1, V]. */
export function lstmOperator({ vocab: V, hidden: H, ...weights }: LstmWeights): Uint8Array {
  const reorder = (all: Float32Array, columns: number) => {
    const block = H * columns;
    // ONNX has i o f c, PyTorch i f g o.
    return Float32Array.from(
      [0, 3, 1, 2].flatMap((gate) => [...all.subarray(gate * block, (gate + 1) * block)]),
    );
  };
  const unit = Float32Array.from({ length: V * V }, (_, at) => (at % (V + 1) === 0 ? 1 : 0));
  const bias = Float32Array.from([...reorder(weights.bias, 1), ...new Float32Array(4 * H)]);
  return model([
    node("Gather", ["unit", "id"], ["x"]),
    node("LSTM", ["x", "W", "R", "B", "", "h", "c"], ["", "h_next", "c_next"], attribute("hidden_size", H)),
    node("MatMul", ["h_next", "head"], ["product"]),
    node("Add", ["product", "head_bias"], ["logits"]),
    tensor("unit", [V, 1, V], unit),
    tensor("W", [1, 4 * H, V], reorder(weights.weightIh, V)),
    tensor("R", [1, 4 * H, H], reorder(weights.weightHh, H)),
    tensor("B", [1, 8 * H], bias),
    tensor("head", [H, V], transposed(weights.head, V, H)),
    tensor("head_bias", [V], weights.headBias),
    value(11, "id", INT64, [1]),
    ...state(H, [1, 1]),
    value(12, "logits", FLOAT, [1, 1, V]),
  ]);
}

/** Its equations as single operators, so that the input's share is a row of a table: id [1], h and c [1, H] -> [1, V]. */
export function lstmEquations({ vocab: V, hidden: H, ...weights }: LstmWeights): Uint8Array {
  const table = transposed(weights.weightIh, 4 * H, V).map(
    (weight, at) => weight + weights.bias[at % (4 * H)],
  );
  const unary = (op: string, from: string, to: string) => node(op, [from], [to]);
  return model([
    node("Gather", ["table", "id"], ["x"]),
    node("Gemm", ["h", "R", "x"], ["sums"]),
    node("Split", ["sums"], ["i", "f", "g", "o"], attribute("axis", 1)),
    unary("Sigmoid", "i", "si"),
    unary("Sigmoid", "f", "sf"),
    unary("Tanh", "g", "tg"),
    unary("Sigmoid", "o", "so"),
    node("Mul", ["sf", "c"], ["kept"]),
    node("Mul", ["si", "tg"], ["new"]),
    node("Add", ["kept", "new"], ["c_next"]),
    unary("Tanh", "c_next", "tc"),
    node("Mul", ["so", "tc"], ["h_next"]),
    node("Gemm", ["h_next", "head", "head_bias"], ["logits"]),
    tensor("table", [V, 4 * H], table),
    tensor("R", [H, 4 * H], transposed(weights.weightHh, 4 * H, H)),
    tensor("head", [H, V], transposed(weights.head, V, H)),
    tensor("head_bias", [V], weights.headBias),
    value(11, "id", INT64, [1]),
    ...state(H, [1]),
    value(12, "logits", FLOAT, [1, V]),
  ]);
}
