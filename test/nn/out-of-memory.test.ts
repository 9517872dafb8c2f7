/** The heap's limit reached at every place of a training step: an error that names the tensor, and nothing is lost. */
import { describe, expect, it } from "vitest";
import type { Backend } from "../../src/backend/backend.ts";
import { heapOf } from "../../src/backend/heap.ts";
import { createNativeBackend } from "../../src/backend/native/native.ts";
import { createReferenceBackend } from "../../src/backend/reference/reference.ts";
import { empty } from "../../src/backend/tensor.ts";
import { createWasmBackend } from "../../src/backend/wasm/wasm.ts";
import { OutOfMemoryError } from "../../src/core/errors.ts";
import { crossEntropy, ids, Linear, LSTM, parameters, Rng, scope } from "../../src/nn/index.ts";
import { differentiate, sgd } from "../../src/optim/index.ts";
import { backends } from "../support/backends.ts";
import { EMULATED_AMX } from "../support/emulated-amx.ts";

/** A heap of one's own, whose limit can be set. */
function own({ name, instructions }: Backend, addon?: URL): { backend: Backend; limit(bytes: number): void } {
  const backend =
    name === "reference"
      ? createReferenceBackend()
      : name === "native"
        ? createNativeBackend(instructions as "avx2", addon).backend!
        : createWasmBackend(instructions as "simd128")!;
  return {
    backend,
    limit: (value) => Object.defineProperty(backend.memory, "limit", { value, configurable: true }),
  };
}

const [V, H, T] = [7, 24, 6];

describe.each(backends)("on $name", ({ name, backend: kind }) => {
  it("a step that does not fit fails wherever it is, and the next that fits has the bits that it had", async () => {
    const { backend, limit } = own(kind, name === "emulated amx" ? EMULATED_AMX : undefined);
    const whole = backend.memory.limit;
    const rng = new Rng(1);
    const options = { rng, backend };
    const [rnn, head] = [new LSTM(V, H, { ...options, layers: 2 }), new Linear(H, V, options)];
    const optimizer = sgd(parameters({ rnn, head }), { lr: 0.1 });
    const gradients = async (batch: number) => {
      await differentiate(() => {
        const symbols = ids(
          Int32Array.from({ length: batch * T }, (_, i) => (i * 3) % V),
          [batch, T],
        );
        return crossEntropy(head.forward(rnn.forward(symbols).output), symbols);
      }, optimizer);
      return [...(await optimizer.gradients.flat.read())];
    };
    const before = await gradients(3);
    const used = heapOf(backend).usedBytes;
    const failed = new Set<string>();
    // So large that the step takes several blocks of memory; the reference is slow.
    const batch = kind.name === "reference" ? 400 : 900;
    for (let spare = 0; ; spare += 2 ** 18) {
      limit(used + spare);
      const error = await gradients(batch).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      limit(whole);
      if (error === undefined) break;
      expect(error).toBeInstanceOf(OutOfMemoryError);
      expect((error as OutOfMemoryError).problem).toMatch(
        /^no memory for tensor \[[\d, ]*\]: [\d.]+ \w+ wanted, .* in use$/,
      );
      failed.add(((error as Error).stack ?? "").split("\n").slice(1).join());
      expect(await gradients(3)).toEqual(before);
      optimizer.frames.dispose();
    }
    // Forward, packing, scratch and backward: not one place again and again. The reference packs nothing.
    expect(failed.size).toBeGreaterThan(kind.name === "reference" ? 1 : 3);
    expect(await gradients(3)).toEqual(before);
  }, 60_000);

  it("scratch beyond 32 bits is more than the heap has", () => {
    const size = kind.kernels.recurrent_backward_scratch(2, 1, 2 ** 20, 512, 0);
    expect(() => scope(() => empty([size]), kind)).toThrow(OutOfMemoryError);
  });
});
