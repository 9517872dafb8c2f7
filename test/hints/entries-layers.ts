/** Advice about layers, models, their weights, and optimizers. */
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { type Backend, ids, scope, step, tensor, zeros } from "../../src/index.ts";
import { readSafetensors, writeSafetensors } from "../../src/io/index.ts";
import { LanguageModel } from "../../src/models/language-model.ts";
import { completeConfig } from "../../src/models/language-model-config.ts";
import { completeClassifierConfig } from "../../src/models/sequence-classifier-config.ts";
import {
  crossEntropy,
  dropout,
  freeze,
  GRU,
  Linear,
  LSTM,
  LSTMCell,
  parameters,
  RecurrentStack,
  RecurrentState,
  Rng,
  Stream,
  setForgetBias,
  unfreeze,
} from "../../src/nn/index.ts";
import { adam, sgd } from "../../src/optim/index.ts";
import { loadWeights, openModel } from "../../src/run/index.ts";
import { fresh } from "../cli/unrolled.ts";
import { remote } from "./entries-code.ts";
import { type Entries, proposedIn, SHORT, works } from "./harness.ts";

const rng = new Rng(1);
const linear = () => new Linear(3, 3, { rng });
const lstm = () => new LSTM(3, 3, { rng });

/** One update of a linear layer, or of what an optimizer has of it. */
function update(layer: Linear, optimizer = sgd(parameters(layer), { lr: 0.1 })): void {
  step(() => crossEntropy(layer.forward(tensor([1, 2, 3], [1, 3])), ids([0])), optimizer);
}

/** The weights of modules as a file. */
function fileOf(modules: object): Uint8Array {
  const stored = parameters(modules).map(({ name, tensor }) => {
    const data = tensor.backend.memory.readSync!(tensor.address, tensor.size) as Float32Array;
    return [name, { dtype: "F32", shape: tensor.shape, data }] as const;
  });
  return writeSafetensors(new Map(stored), {});
}

export const LAYERS: Entries = {
  "autograd/batch-rows.ts": [
    {
      hint: "say which axis is the batch, { batchAxis: 1 }, or that none is, { batchAxis: null }",
      async follow(met) {
        const masks = rng.forRows([4, 5, 6], 8);
        const x = zeros([2, 3]);
        await met.code(() => scope(() => dropout(x, 0.5, masks)));
        scope(() => dropout(x, 0.5, masks, { batchAxis: 1 }));
        scope(() => dropout(x, 0.5, masks, { batchAxis: null }));
      },
    },
  ],
  "models/language-model-config.ts": [
    {
      hint: "leave it out for --embedding *",
      async follow(met) {
        const own = { cell: "own", vocabulary: 5, hidden: 4 } as const;
        const hint = await met.code(() => completeConfig({ ...own, embedding: 0 }));
        if (!hint.endsWith(`--embedding ${completeConfig(own).embedding}`)) throw new Error(hint);
      },
    },
    {
      hint: "the embedding and the output layer are one matrix",
      explains: "why the two sizes must be equal; the message before it says which size is needed",
    },
  ],
  "models/language-model.ts": [
    {
      hint: "leave --weights out",
      async follow(met) {
        const settings = { cell: "own", vocabulary: 5, hidden: 4 } as const;
        const createCell = (inputs: number, hidden: number) => new LSTMCell(inputs, hidden, { rng });
        const model = new LanguageModel(settings, { rng, createCell });
        await met.code(() => model.stream({ weights: "int8" }));
        model.stream().step(1);
      },
    },
  ],
  "models/sequence-classifier-config.ts": [
    {
      hint: "leave embedding out for * features",
      async follow(met) {
        const own = { cell: "own", vocabulary: 5, classes: 2, hidden: 4 } as const;
        const hint = await met.code(() => completeClassifierConfig({ ...own, embedding: 0 }));
        expect(hint).toContain(`${completeClassifierConfig(own).embedding} features`);
      },
    },
  ],
  "nn/init.ts": [
    {
      hint: "make it with bias: true",
      async follow(met) {
        await met.code(() => setForgetBias(new LSTM(3, 3, { rng, bias: false }), 1));
        setForgetBias(new LSTM(3, 3, { rng, bias: true }), 1);
      },
    },
    {
      hint: "only an LSTM has a forget gate: give the LSTM itself",
      async follow(met) {
        const model = { lstm: lstm(), gru: new GRU(3, 3, { rng }) };
        await met.code(() => setForgetBias(model, 1));
        setForgetBias(model.lstm, 1);
      },
    },
  ],
  "nn/recurrent-layer.ts": [
    {
      hint: "a stream has no end: train the layer in one direction",
      async follow(met) {
        await met.code(() => new LSTM(3, 3, { rng, bidirectional: true }).stream());
        lstm().stream().dispose();
      },
    },
  ],
  "nn/recurrent-stack.ts": [
    {
      hint: "make a cell for each layer: they would share their weights",
      async follow(met) {
        const cell = () => new LSTMCell(3, 3, { rng });
        const shared = cell();
        await met.code(() => new RecurrentStack([shared, shared]));
        new RecurrentStack([cell(), cell()]);
      },
    },
    {
      hint: "give { rng }, or { training: false } to drop nothing",
      async follow(met) {
        const cells = [0, 1].map(() => new LSTMCell(3, 3, { rng }));
        const stack = new RecurrentStack(cells, { dropout: 0.5 });
        const x = tensor(new Float32Array(6), [1, 2, 3]);
        await met.code(() => scope(() => stack.forward(x)));
        scope(() => {
          stack.forward(x, { rng });
          stack.forward(x, { training: false });
        });
      },
    },
  ],
  "nn/stream.ts": [
    {
      hint: "make a new one",
      async follow(met) {
        const layer = lstm();
        const stream = layer.stream();
        stream.dispose();
        await met.code(() => stream.step([1, 2, 3]));
        layer.stream().step([1, 2, 3]);
      },
    },
  ],
  "nn/stream-parts.ts": [
    {
      hint: "streams are for the CPU: use a wasm or native backend",
      async follow(met) {
        await met.code(() => new LSTM(3, 3, { rng, backend: remote() }).stream());
        lstm().stream().step([1, 2, 3]);
      },
    },
    {
      hint: "the training has diverged: take an earlier checkpoint",
      async follow(met) {
        const [bad, good] = [lstm(), lstm()];
        bad.weight_hh_l0.write(new Array(36).fill(Number.NaN));
        await met.code(() => bad.stream());
        good.stream().step([1, 2, 3]);
      },
    },
    {
      hint: "give the module itself: { * }",
      async follow(met) {
        const [rnn, head] = [lstm(), linear()];
        const weights = {
          weightIh: rnn.weight_ih_l0,
          weightHh: rnn.weight_hh_l0,
          biasIh: rnn.bias_ih_l0,
          biasHh: rnn.bias_hh_l0,
        };
        const parts = { kind: "lstm", layers: [weights], ids: false } as const;
        const hint = await met.code(() => new Stream({ ...parts, head: { head } as never }));
        if (hint !== "give the module itself: { head }") throw new Error(hint);
        new Stream<number[]>({ ...parts, head }).step([1, 2, 3]);
      },
    },
  ],
  "optim/grouped.ts": [
    {
      hint: "make the optimizer before freezing, or a new one after unfreezing",
      async follow(met) {
        const layer = linear();
        freeze(layer.bias!);
        const early = sgd(parameters(layer), { lr: 0.1 });
        unfreeze(layer.bias!);
        await met.code(() => update(layer, early));
        update(layer);
        const other = linear();
        const before = sgd(parameters(other), { lr: 0.1 });
        freeze(other.bias!);
        update(other, before);
        unfreeze(other.bias!);
        update(other, before);
      },
    },
    {
      hint: "give each module a name of its own: parameters({ encoder }), parameters({ decoder })",
      async follow(met) {
        const [encoder, decoder] = [linear(), linear()];
        await met.code(() => sgd([...parameters(encoder), ...parameters(decoder)], { lr: 0.1 }));
        sgd([...parameters({ encoder }), ...parameters({ decoder })], { lr: 0.1 }).dispose();
      },
    },
    {
      hint: "to keep the other parameters as they are, freeze them",
      async follow(met) {
        const [body, head] = [linear(), linear()];
        const groups = [{ parameters: parameters({ body }) }, { parameters: parameters({ head }), lr: 0.1 }];
        await met.code(() => sgd(groups, { lr: 0 }));
        freeze(body);
        const optimizer = sgd(parameters({ body, head }), { lr: 0.1 });
        const before = await body.weight.read();
        const x = tensor([1, 2, 3], [1, 3]);
        step(() => crossEntropy(head.forward(body.forward(x)), ids([0])), optimizer);
        if (String(await body.weight.read()) !== String(before)) throw new Error("it has moved");
      },
    },
    {
      hint: "this optimizer is for the CPU: use a wasm or native backend",
      async follow(met) {
        const updateOn = (backend?: Backend) => {
          const layer = new Linear(3, 3, { rng, backend });
          const optimizer = adam(parameters(layer), { lr: 0.1, amsgrad: true });
          const x = tensor([1, 2, 3], [1, 3], "f32", backend);
          const loss = () => crossEntropy(layer.forward(x), ids([0], [1], backend));
          step(loss, optimizer);
        };
        await met.code(() => updateOn(remote()));
        updateOn();
      },
    },
  ],
  "nn/forward-stream.ts": [
    {
      hint: "make a new one",
      async follow(met) {
        const createCell = (inputs: number, hidden: number) => new LSTMCell(inputs, hidden, { rng });
        const model = new LanguageModel({ cell: "own", vocabulary: 5, hidden: 4 }, { rng, createCell });
        const stream = model.stream();
        stream.dispose();
        await met.code(() => stream.step(1));
        model.stream().step(1);
      },
    },
  ],
  "nn/recurrent-state.ts": [
    {
      hint: "give new RecurrentState(hidden, cell)",
      async follow(met) {
        const [layer, x, zero] = [lstm(), tensor([1, 2, 3], [1, 1, 3]), zeros([1, 1, 3])];
        const from = (state: object) => scope(() => layer.forward(x, { state }));
        await met.code(() => from([zero, zero]));
        from(new RecurrentState(zero, zero));
      },
    },
    {
      hint: "give new RecurrentState(hidden)",
      async follow(met) {
        const [layer, x, zero] = [new GRU(3, 3, { rng }), tensor([1, 2, 3], [1, 1, 3]), zeros([1, 1, 3])];
        const from = (state: object) => scope(() => layer.forward(x, { state }));
        await met.code(() => from(zero));
        from(new RecurrentState(zero));
      },
    },
    {
      hint: "did you mean *?",
      async follow(met) {
        const [layer, x, zero] = [lstm(), tensor([1, 2, 3], [1, 1, 3]), zeros([1, 1, 3])];
        const from = (state: object) => scope(() => layer.forward(x, { state }));
        from({ cell: zero, [proposedIn(await met.code(() => from({ cell: zero, hiden: zero })))]: zero });
      },
    },
  ],
  "run/load-weights.ts": [
    {
      hint: "give the modules themselves: loadWeights({ rnn, head }, file)",
      async follow(met) {
        const [rnn, head] = [lstm(), linear()];
        await met.code(() => loadWeights({ weights: [1, 2] }, fileOf({ rnn, head })));
        loadWeights({ rnn, head }, fileOf({ rnn, head }));
      },
    },
    {
      hint: "strict: false loads what fits and returns the rest",
      async follow(met) {
        const [rnn, head] = [lstm(), linear()];
        await met.code(() => loadWeights({ rnn, head }, fileOf({ rnn })));
        const { missing } = loadWeights({ rnn, head }, fileOf({ rnn }), { strict: false });
        if (String(missing) !== "head.weight,head.bias") throw new Error(String(missing));
      },
    },
    {
      hint: "read the file first: await readFile(path), or await (await fetch(url)).arrayBuffer()",
      async follow(met) {
        const model = { head: linear() };
        writeFileSync("head.safetensors", fileOf(model));
        await met.code(() => loadWeights(model, "head.safetensors" as never));
        loadWeights(model, await readFile("head.safetensors"));
        const url = `data:application/octet-stream;base64,${readFileSync("head.safetensors").toString("base64")}`;
        loadWeights(model, await (await fetch(url)).arrayBuffer());
      },
    },
    {
      hint: "give what readSafetensors returns, or the bytes of the file",
      async follow(met) {
        const [head, bytes] = [linear(), fileOf({ head: linear() })];
        const weight = [1, 2, 3];
        await met.code(() =>
          loadWeights({ head }, { metadata: {}, tensors: new Map([["head.weight", weight]]) } as never),
        );
        loadWeights({ head }, readSafetensors(bytes, "head.safetensors"));
        loadWeights({ head }, bytes);
      },
    },
  ],
  "run/open-model.ts": [
    {
      hint: "leave it out",
      async follow(met) {
        const bytes = readFileSync("runs/mine/checkpoints/step-2.safetensors");
        const createCell = (inputs: number, hidden: number) => new LSTMCell(inputs, hidden, { rng });
        await met.code(() => openModel(bytes, { createCell }));
        await openModel(bytes);
      },
    },
    {
      hint: "createCell: (inputs, hidden, options) => new MyCell(inputs, hidden, options)",
      async follow(met) {
        const out = fresh();
        copyFileSync(join(import.meta.dirname, "../../examples/my-cell.ts"), "my-cell.ts");
        await works(`train text mybook.txt ${SHORT} --cell ./my-cell.ts --out ${out}`);
        const bytes = readFileSync(join(out, "checkpoints/step-2.safetensors"));
        await met.code(() => openModel(bytes));
        const { default: MyCell } = await import("../../examples/my-cell.ts");
        await openModel(bytes, {
          createCell: (inputs, hidden, options) => new MyCell(inputs, hidden, options),
        });
      },
    },
  ],
};
