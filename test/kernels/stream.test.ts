/** What only the kernels themselves can show: where they write, and that no bit depends on where their numbers lie. */
import { expect, test } from "vitest";
import { WEIGHT_FORMATS } from "../../src/backend/kernels.generated.ts";
import { bits, Machine, MODULES, noise } from "./harness.ts";

const GATES = [1, 1, 4, 3, 3];
const LSTM = 2;

interface Sizes {
  cell: number;
  layers: number;
  symbols: number;
  inputs: number;
  hidden: number;
  projection: number;
  outputs: number;
}

/** Three steps of a stream whose numbers lie wherever `misaligned` says. */
function run(file: string, format: number, sizes: Sizes, misaligned: boolean) {
  const { cell, layers, symbols, inputs, hidden: H, projection: P, outputs } = sizes;
  const S = P || H;
  const machine = new Machine(file);
  const { kernels } = machine;
  const draw = noise(7);
  const random = (n: number) => machine.floats(draw(n), misaligned);
  const plan = machine.ints([format, cell, layers, symbols, inputs, H, P, outputs]);
  const packed = machine.room(kernels.stream_size(plan));
  const scratch = machine.room(kernels.stream_scratch(plan));
  const embedding = symbols > 0 && inputs > 0 ? random(symbols * inputs) : 0;
  const head = outputs > 0 ? random(outputs * S) : 0;
  kernels.stream_pack_ends(packed, plan, embedding, head, 0);
  const rows = GATES[cell] * H;
  for (let layer = 0; layer < layers; layer++) {
    const features = layer > 0 ? S : inputs || symbols;
    const weights = [random(rows * features), random(rows * S), random(rows), 0, P > 0 ? random(P * H) : 0];
    kernels.stream_pack_layer(packed, plan, layer, ...weights, scratch);
  }
  const words = layers * (S + (cell === LSTM ? H : 0));
  const state = random(words);
  const y = machine.room(outputs || S, misaligned);
  const x = inputs > 0 ? random(inputs) : 0;
  for (let step = 0; step < 3; step++) {
    const id = symbols > 0 ? step % symbols : 0;
    kernels.stream_step(y, state, plan, packed, id, symbols > 0 ? 0 : x, scratch);
  }
  expect(machine.intact).toBe(true);
  return { y: bits(machine.read(y, outputs || S)), state: bits(machine.read(state, words)) };
}

const sizes = (cell: number, hidden: number, input: "values" | "one-hot" | "embedding"): Sizes => ({
  ...{ cell, hidden, layers: 2, outputs: hidden === 16 ? 0 : 11 },
  symbols: input === "values" ? 0 : 3,
  inputs: input === "one-hot" ? 0 : (hidden % 17) + 2,
  projection: cell === LSTM && hidden === 37 ? 9 : 0,
});

const EVERY: Sizes[] = GATES.flatMap((_, cell) => [
  ...(["values", "one-hot", "embedding"] as const).map((input) => sizes(cell, 5, input)),
  ...[1, 16, 37].map((hidden) => sizes(cell, hidden, "embedding")),
]);
// Blocks and a rest on every instruction set.
EVERY.push(sizes(LSTM, 67, "values"), sizes(GATES.length - 1, 67, "values"));

test.each(MODULES)(
  "%s: a step writes only what it was given, and has the same bits wherever its numbers lie",
  (file) => {
    for (const format of Object.values(WEIGHT_FORMATS)) {
      for (const shape of EVERY) {
        const aligned = run(file, format, shape, false);
        expect(run(file, format, shape, true), JSON.stringify({ format, ...shape })).toEqual(aligned);
      }
    }
  },
);
