import { type Address, WORD } from "../address.ts";
import { PLAN_WORDS } from "../kernel-arguments.ts";
import { CELL_KINDS, type Kernels, STREAM_PLAN, WEIGHT_FORMATS } from "../kernels.generated.ts";
import type { ReferenceMemory } from "./memory.ts";
import { multiply } from "./vectors.ts";

type Names = ("stream_size" | "stream_scratch" | "stream_step") | ("stream_pack_ends" | "stream_pack_layer");
type Recurrent = Pick<Kernels, "recurrent_pack" | "recurrent_pack_size" | "recurrent_forward">;

/** The largest int8 value that is used, so that both signs have the same range. */
const WEIGHT_LARGEST = 127;

/** The most values per unit that any cell saves for backward in a step. */
const SAVED = 4;

/**
 * One step of one sequence: the equations of the recurrent layers with rounded weights. Sums are in float64, and the
 * vector that is multiplied by int8 weights is not rounded, so this is the best accuracy that the fast kernels can
 * reach.
 */
export function streamKernels(memory: ReferenceMemory, recurrent: Recurrent): Pick<Kernels, Names> {
  const planOf = (address: Address) => {
    const words = memory.at(address, PLAN_WORDS);
    const word = (name: keyof typeof STREAM_PLAN) => words[STREAM_PLAN[name]];
    const [H, P] = [word("hidden"), word("projection")];
    return {
      format: word("format"),
      cell: word("cell"),
      layers: word("layers"),
      symbols: word("symbols"),
      inputs: word("inputs"),
      outputs: word("outputs"),
      H,
      P,
      S: P || H,
    };
  };
  type Plan = ReturnType<typeof planOf>;

  const isOneHot = ({ inputs }: Plan, layer: number) => layer === 0 && inputs === 0;
  const inputsOf = (plan: Plan, layer: number) => (layer > 0 ? plan.S : plan.inputs || plan.symbols);
  const layerSize = (plan: Plan, layer: number) =>
    recurrent.recurrent_pack_size(plan.cell, inputsOf(plan, layer), plan.H, plan.P, 0);

  /** Offsets of the embedding, the head, its biases and the layers, in words. */
  const places = (plan: Plan) => {
    const head = plan.symbols * plan.inputs;
    const bias = head + plan.outputs * plan.S;
    const layers = [bias + plan.outputs];
    for (let layer = 0; layer < plan.layers; layer++) layers.push(layers[layer] + layerSize(plan, layer));
    return { head, bias, layers };
  };

  /** Rounds the values of a matrix to the plan's format, in place. */
  const round = (address: Address, { format }: Plan, rows: number, columns: number) => {
    if (address === 0) return;
    for (let row = 0; row < rows; row++) {
      const values = memory.at(address + row * columns * WORD, columns);
      if (format === WEIGHT_FORMATS.bf16) values.set(values.map(toBf16));
      if (format === WEIGHT_FORMATS.int8) values.set(toInt8(values));
    }
  };
  const copyTo = (to: Address, from: Address, count: number) => {
    if (from === 0) memory.at(to, count).fill(0);
    else memory.at(to, count).set(memory.at(from, count));
  };

  return {
    stream_size: (plan) => places(planOf(plan)).layers.at(-1)!,
    // The id, and the values that a cell saves for backward.
    stream_scratch: (plan) => 1 + SAVED * planOf(plan).H,

    stream_pack_ends(packed, planAddress, embedding, head, headBias) {
      const plan = planOf(planAddress);
      const at = places(plan);
      copyTo(packed, embedding, plan.symbols * plan.inputs);
      copyTo(packed + at.head * WORD, head, plan.outputs * plan.S);
      copyTo(packed + at.bias * WORD, headBias, plan.outputs);
      round(packed + at.head * WORD, plan, plan.outputs, plan.S);
    },

    stream_pack_layer(packed, planAddress, layer, weightIh, weightHh, biasIh, biasHh, weightHr) {
      const plan = planOf(planAddress);
      const { cell, H, P, S } = plan;
      const I = inputsOf(plan, layer);
      const start = packed + places(plan).layers[layer] * WORD;
      recurrent.recurrent_pack(
        ...([start, cell, weightIh, weightHh, biasIh, biasHh, weightHr, I, H, P, 0] as const),
      );
      // The reference packs weight_ih, weight_hh, two biases and weight_hr one after the other, unchanged.
      const rows = (layerSize(plan, layer) - P * H) / (I + S + 2);
      if (!isOneHot(plan, layer)) round(start, plan, rows, I);
      round(start + rows * I * WORD, plan, rows, S);
      round(start + rows * (I + S + 2) * WORD, plan, P, H);
    },

    stream_step(y, state, planAddress, packed, id, x, scratch) {
      const plan = planOf(planAddress);
      const { cell, layers, symbols, inputs, H, P, S, outputs } = plan;
      const at = places(plan);
      memory.at(scratch, 1)[0] = id;
      let input = symbols > 0 ? packed + id * inputs * WORD : x;
      for (let layer = 0; layer < layers; layer++) {
        const h = state + layer * S * WORD;
        const c = hasCell(cell) ? state + (layers * S + layer * H) * WORD : 0;
        const [values, ids] = isOneHot(plan, layer) ? [0, scratch] : [input, 0];
        recurrent.recurrent_forward(
          ...([cell, h, c, scratch + WORD, values, ids, 0, h, c, packed + at.layers[layer] * WORD] as const),
          ...([1, 1, inputsOf(plan, layer), H, P, 0] as const),
        );
        input = h;
      }
      const top = memory.at(input, S);
      const head = memory.at(packed + at.head * WORD, outputs * S);
      const bias = memory.at(packed + at.bias * WORD, outputs);
      memory.at(y, outputs || S).set(outputs > 0 ? multiply(head, 0, outputs, top, bias) : top);
    },
  };
}

/** Only the LSTM has a cell state. */
const hasCell = (cell: number) => cell === CELL_KINDS.lstm;

const bits = new DataView(new ArrayBuffer(4));

/** The nearest number with an 8-bit significand, ties to even. */
function toBf16(value: number): number {
  bits.setFloat32(0, value);
  const word = bits.getUint32(0);
  bits.setUint32(0, ((word + 0x7fff + ((word >>> 16) & 1)) & 0xffff0000) >>> 0);
  return bits.getFloat32(0);
}

/** Rounds each value to a multiple, from -127 to 127, of the row's largest magnitude divided by 127. */
function toInt8(row: Float64Array): Float64Array {
  const largest = row.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const scale = Math.fround(largest / WEIGHT_LARGEST);
  if (scale === 0) return row.map(() => 0);
  return row.map((value) => {
    const whole = roundToEven(Math.fround(Math.fround(value) / scale));
    return Math.max(-WEIGHT_LARGEST, Math.min(WEIGHT_LARGEST, whole)) * scale;
  });
}

/** Rounds to the nearest integer, ties to even. */
function roundToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 !== 0) ? below + 1 : below;
}
