import { cpus } from "node:os";
import { backward, Tape, withTape } from "../../src/autograd/tape.ts";
import { heapOf } from "../../src/backend/index.ts";
import {
  type Attention,
  additiveAttention,
  ids,
  mul,
  Rng,
  randomNormal,
  scope,
  sum,
  type Tensor,
} from "../../src/nn/index.ts";
import { openBackend } from "../open-backend.ts";
import { composedAdditiveAttention } from "./_composed-attention.ts";

const SIZES = { B: 80, T: 30, S: 30, A: 256, H: 256 };
const ROUNDS = 5;
const MIB = 2 ** 20;

/**
 * Additive attention for all steps of a batch of sentences, forward and backward: the fused op and the same made of general
 * ops, the median time and the peak of the heap above the inputs of both.
 *
 *     npm run reproduce attention [-- wasm|native]
 */
export async function reproduce([choice = "native"]: string[]): Promise<void> {
  const backend = openBackend(choice);
  const heap = heapOf(backend);
  const { B, T, S, A, H } = SIZES;
  const rng = new Rng(1);
  const [query, keys, values, v, dContext] = [[B, T, A], [B, S, A], [B, S, H], [A], [B, T, H]].map((shape) =>
    randomNormal(shape, rng),
  );
  for (const leaf of [query, keys, values, v]) leaf.needsGradient = true;
  const counted = Int32Array.from({ length: B }, (_, b) => S - (b % (S / 2)));
  const lengths = ids(counted);
  const counts = ids(
    Int32Array.from({ length: B * S }, (_, i) => Number(i % S < counted[Math.floor(i / S)])),
    [B, 1, S],
  );
  const forms: Record<string, () => Attention> = {
    fused: () => additiveAttention(query, keys, values, v, { lengths }),
    composed: () => composedAdditiveAttention(query, keys, values, v, counts),
  };
  const times = new Map<string, number[]>(Object.keys(forms).map((name) => [name, []]));
  const peaks = new Map<string, number>();
  const losses = new Map<string, number>();
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [name, form] of Object.entries(forms)) {
      const before = heap.usedBytes;
      heap.restartPeak();
      const start = performance.now();
      losses.set(name, (await differentiate(form, dContext))[0]);
      // The first round makes the arena of all others.
      if (round > 0) times.get(name)?.push(performance.now() - start);
      else peaks.set(name, (heap.peakBytes - before) / MIB);
    }
  }
  console.log(`${cpus()[0].model}; ${backend.name} ${backend.instructions}, 1 thread`);
  console.log(`additive attention, forward and backward: B=${B} T=${T} S=${S} A=${A} H=${H}`);
  for (const [name, all] of times) {
    const ms = all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)];
    const [peak, loss] = [peaks.get(name)!, losses.get(name)!];
    console.log(
      `${name.padEnd(9)} ${ms.toFixed(1).padStart(7)} ms  ${peak.toFixed(1).padStart(7)} MiB above the inputs  loss ${loss.toFixed(4)}`,
    );
  }
}

function differentiate(form: () => Attention, dContext: Tensor) {
  return scope(() => {
    const tape = new Tape();
    const loss = withTape(tape, () => sum(mul(form().context, dContext)));
    backward(tape, loss);
    return loss.read();
  });
}
