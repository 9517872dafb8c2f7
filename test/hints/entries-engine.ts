/** Advice about backends, tensors and training steps in code. */
import { createReferenceBackend } from "../../src/backend/reference/reference.ts";
import { empty } from "../../src/backend/tensor.ts";
import { createWasmBackend } from "../../src/backend/wasm/wasm.ts";
import { Sha256 } from "../../src/data/index.ts";
import { scope, step, Tensor, tensor, zeros } from "../../src/index.ts";
import { add, crossEntropy, ids, Linear, mul, parameters, Rng, sum } from "../../src/nn/index.ts";
import { sgd } from "../../src/optim/index.ts";
import type { Entries } from "./harness.ts";

const rng = new Rng(1);
const reference = createReferenceBackend();
const wasm = createWasmBackend();
const on = (backend: typeof wasm) => tensor([1, 2, 3], [1, 3], "f32", backend);

const aNewHash = {
  hint: "make a new one",
  async follow(met: { code(work: () => unknown): Promise<string> }) {
    const hash = new Sha256();
    hash.digest("hex");
    await met.code(() => hash.update(new Uint8Array(1)));
    await met.code(() => hash.digest("hex"));
    new Sha256().update(new Uint8Array(1)).digest("hex");
  },
};

export const ENGINE: Entries = {
  "autograd/tape.ts": [
    {
      hint: "what is made in a scope is on its backend: open it with scope(work, backend)",
      async follow(met) {
        const kept = on(wasm);
        await met.code(() => scope(() => add(kept, tensor([1, 2, 3], [1, 3])), reference));
        scope(() => add(kept, tensor([1, 2, 3], [1, 3])), wasm);
      },
    },
  ],
  "backend/scope.ts": [
    {
      hint: "await before or after it; inside, start a read() and return its promise",
      async follow(met) {
        await met.code(() => scope(async () => zeros([2]).read()));
        const values = await scope(() => zeros([2]).read());
        if (values.length !== 2) throw new Error("another tensor");
      },
    },
    {
      hint: "open the scope there, scope(work, backend), or make both on one backend",
      async follow(met) {
        const kept = on(wasm);
        await met.code(() => scope(() => sum(kept), reference));
        scope(() => sum(kept), wasm);
        const own = on(reference);
        scope(() => sum(own), reference);
      },
    },
    {
      hint: "please report this with the call that led to it",
      explains: "a kernel that stops is a fault of this package; the user can only report it",
    },
  ],
  "backend/tensor.ts": [
    {
      hint: "compute inside step(() => ...) or scope(() => ...)",
      async follow(met) {
        const x = tensor([1, 2], [2]);
        await met.code(() => mul(x, x));
        scope(() => mul(x, x));
        scope(() => empty([2]));
      },
    },
    {
      hint: "use tensor(values, shape) or zeros(shape)",
      async follow(met) {
        const made = Tensor as unknown as new (...given: unknown[]) => Tensor;
        await met.code(() => new made(wasm, [1], "f32", {}, 64));
        tensor([1], [1]);
      },
    },
  ],
  "data/sha256.ts": [aNewHash, aNewHash],
  "io/sha256.ts": [
    {
      hint: "serve the page over https, or name @noble/hashes/sha2.js in its import map",
      elsewhere: ["io/checkpoint.test.ts", "where the package cannot be loaded either"],
    },
  ],
  "optim/step.ts": [
    {
      hint: "a step is synchronous: await what it needs before it",
      async follow(met) {
        const layer = new Linear(3, 3, { rng });
        const optimizer = sgd(parameters(layer), { lr: 0.1 });
        const loss = () => crossEntropy(layer.forward(tensor([1, 2, 3], [1, 3])), ids([0]));
        await met.code(() => step((() => Promise.resolve(loss())) as unknown as () => Tensor, optimizer));
        await Promise.resolve();
        step(loss, optimizer);
      },
    },
  ],
  "optim/trainable.ts": [
    {
      hint: "give parameters(model)",
      async follow(met) {
        const layer = new Linear(3, 3, { rng });
        await met.code(() => sgd(layer as unknown as ReturnType<typeof parameters>, { lr: 0.1 }));
        sgd(parameters(layer), { lr: 0.1 });
      },
    },
  ],
};
