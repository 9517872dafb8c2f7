/** Advice for people who write code: tensors, layers, cells, optimizers, decoding. */
import { spawnSync } from "node:child_process";
import { backward, Tape, withTape } from "../../src/autograd/tape.ts";
import { createReferenceBackend } from "../../src/backend/reference/reference.ts";
import { empty } from "../../src/backend/tensor.ts";
import { OutOfMemoryError } from "../../src/core/errors.ts";
import { generate, sampleLogits } from "../../src/decode/index.ts";
import {
  type Backend,
  checkGradients,
  ids,
  scope,
  step,
  type Tensor,
  tensor,
  zeros,
} from "../../src/index.ts";
import { LanguageModel } from "../../src/models/language-model.ts";
import {
  crossEntropy,
  freeze,
  Linear,
  LSTM,
  linearCrossEntropy,
  mul,
  parameters,
  Rng,
  sum,
  unfreeze,
} from "../../src/nn/index.ts";
import { adam, sgd } from "../../src/optim/index.ts";
import { CarriedLayout, shapesOf } from "../../src/train/index.ts";
import { fresh } from "../cli/unrolled.ts";
import { type Entries, proposedIn, SHORT, works } from "./harness.ts";

const rng = new Rng(1);
const linear = () => new Linear(3, 3, { rng });

const text = (values: readonly string[]) => Int32Array.from(values, Number);

/** A backend whose memory can be read by a promise only, as a GPU's. */
export function remote(): Backend {
  const { name, memory, ...others } = createReferenceBackend();
  const read = memory.read.bind(memory);
  const asynchronous = Object.assign(Object.create(memory), {
    ...{ read, readSync: undefined, readInto: undefined },
  });
  return { name, memory: asynchronous, ...others };
}

export const CODE: Entries = {
  "autograd/gradcheck.ts": [
    {
      hint: "build the model with { backend: createReferenceBackend() }",
      async follow(met) {
        const check = (options: { backend?: Backend }) => {
          const layer = new Linear(2, 2, { rng, ...options });
          const x = tensor([1, 2], [1, 2], "f32", options.backend);
          return checkGradients(() => sum(layer.forward(x)), { weight: layer.weight });
        };
        await met.code(() => check({}));
        await check({ backend: createReferenceBackend() });
      },
    },
  ],
  "autograd/gradients.ts": [
    {
      hint: "give the optimizer parameters(model) of a model that is not wholly frozen",
      async follow(met) {
        const layer = linear();
        freeze(layer);
        await met.code(() => adam(parameters(layer)));
        unfreeze(layer);
        adam(parameters(layer)).dispose();
      },
    },
  ],
  "autograd/ops/linear-cross-entropy.ts": [
    {
      hint: "it is made with the loss and scaled in place: compute the loss again",
      async follow(met) {
        const { weight, bias } = linear();
        const x = tensor(new Float32Array(9).fill(0.5), [3, 3]);
        const compute = (times: number) =>
          scope(() => {
            const tape = new Tape();
            const loss = withTape(tape, () =>
              linearCrossEntropy(x, weight, bias, ids([0, 1, 2]), { blockRows: 2 }),
            );
            for (let time = 0; time < times; time++) backward(tape, loss);
          });
        await met.code(() => compute(2));
        compute(1);
        compute(1);
      },
    },
  ],
  "backend/default.ts": [
    {
      hint: "in a browser: setDefaultBackend(await loadWasmBackend()) first",
      async follow(met) {
        // A program without Node's modules, in a process of its own, since the addon is loaded here already.
        const dist = new URL("../../dist/", import.meta.url).href;
        const program = `
          import { readFileSync } from "node:fs";
          const { defaultBackend, setDefaultBackend, loadWasmBackend } = await import("${dist}index.js");
          process.getBuiltinModule = undefined;
          try { defaultBackend(); } catch ({ hint }) { console.error("error: none \u2014 " + hint); }
          globalThis.fetch = async (url) => new Response(readFileSync(url));
          setDefaultBackend(await loadWasmBackend());
          console.log(defaultBackend().name);`;
        const child = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
          encoding: "utf8",
        });
        await met.text(child.stderr);
        if (child.stdout !== "wasm\n") throw new Error(child.stdout + child.stderr);
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
  ],
  "core/errors.ts": [
    {
      hint: "keep it with .keep(), carry it to the next step with .detach(), or read it inside the scope",
      async follow(met) {
        await met.code(() => scope(() => mul(tensor([1, 2], [2]), tensor([3, 4], [2]))).read());
        const product = () => mul(tensor([1, 2], [2]), tensor([3, 4], [2]));
        const kept = scope(() => product().keep());
        const [own, inside] = [await kept.read(), await scope(() => product().read())];
        let carried: Tensor | undefined;
        const layer = linear();
        const optimizer = sgd(parameters(layer), { lr: 0.1 });
        for (let time = 0; time < 2; time++) {
          step(() => {
            const logits = layer.forward(carried ?? tensor([1, 2, 3], [1, 3]));
            carried = logits.detach();
            return crossEntropy(logits, ids([0]));
          }, optimizer);
        }
        if (own[1] !== 8 || inside[1] !== 8) throw new Error("other values");
      },
    },
    {
      hint: "make the model, the batch or the sequence length smaller",
      async follow(met) {
        await met.code(() => {
          // What a machine has decides how much is too much; the heap's limit does not.
          throw new OutOfMemoryError("tensor [2^40]", 2 ** 42, 2 ** 32, 0);
        });
        await met.code(() => zeros([2 ** 20, 2 ** 12]));
        zeros([2 ** 10, 2 ** 2]).dispose();
      },
    },
    {
      hint: "lower --lr or --clip-norm; the last good checkpoint is untouched",
      async follow(met) {
        const train = (lr: string) =>
          `train text mybook.txt ${SHORT} --eval-every 1 --lr ${lr} --out ${fresh()}`;
        await met.command(train("1e38"));
        await works(train("0.01"));
      },
    },
  ],
  "core/options.ts": [
    {
      hint: "its options are *",
      async follow(met) {
        const hint = await met.code(() => sgd(parameters(linear()), { zzzzzzzz: 1 } as object));
        for (const name of hint.replace("its options are ", "").split(", ")) {
          if (!["lr", "momentum", "dampening", "nesterov", "weightDecay"].includes(name))
            throw new Error(name);
        }
        sgd(parameters(linear()), { lr: 0.1, momentum: 0.9 }).dispose();
      },
    },
    {
      hint: "did you mean *?",
      async follow(met) {
        const make = (options: object) => new LSTM(3, 3, { rng, ...options });
        make({ [proposedIn(await met.code(() => make({ dropuot: 0 })))]: 0 });
      },
    },
  ],
  "decode/generate.ts": [
    {
      hint: "give it what a text starts after: the id of a line end, for example",
      async follow(met) {
        const model = new LanguageModel({ cell: "lstm", vocabulary: 3, hidden: 4 }, { rng });
        const write = async (prime: readonly string[]) => {
          const written: number[] = [];
          for await (const id of generate(model, { prime: [...text(prime)], length: 2, rng }))
            written.push(id);
          return written;
        };
        await met.code(() => write([]));
        if ((await write(["0"])).length !== 2) throw new Error("another length");
      },
    },
  ],
  "decode/sampling.ts": [
    {
      hint: "0 always takes the likeliest character, 1 samples as the model has learned",
      async follow(met) {
        await met.code(() => sampleLogits([1, 2], { temperature: -1 }, rng));
        if (sampleLogits([1, 2], { temperature: 0 }, rng) !== 1) throw new Error("not the likeliest");
        sampleLogits([1, 2], { temperature: 1 }, rng);
      },
    },
    {
      hint: "the training has diverged: take an earlier checkpoint",
      async follow(met) {
        await met.code(() => sampleLogits([1, Number.NaN], {}, rng));
        sampleLogits([1, 2], {}, rng);
      },
    },
    {
      hint: "leave one symbol to choose",
      async follow(met) {
        const none = Number.NEGATIVE_INFINITY;
        await met.code(() => sampleLogits([none, none], {}, rng));
        if (sampleLogits([none, 0], {}, rng) !== 1) throw new Error("another symbol");
      },
    },
  ],
  "train/carried.ts": [
    {
      hint: "every tensor of a state needs a row for each sequence of the batch",
      async follow(met) {
        const layout = (state: (batch: number) => { h: Tensor }) =>
          new CarriedLayout(shapesOf(state(1)), state(2), { batch: 4, first: 0, rows: 2 });
        await met.code(() => layout(() => ({ h: zeros([3]) })));
        layout((batch) => ({ h: zeros([batch, 3]) }));
      },
    },
  ],
};
