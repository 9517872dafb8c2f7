import { createWasmBackend } from "../src/index.ts";
import { readProgramText } from "../src/tasks/min-char-rnn/text.ts";
import { MinCharTraining } from "../src/tasks/min-char-rnn/training.ts";
const corpus = await readProgramText("/work/shared/data/deck-demo/input.txt", { onProgress() {}, onNote() {} });
for (const seed of [4,5,6,7,8]) {
  const t = new MinCharTraining(corpus.ids, corpus.vocabulary.size, { seed, backend: createWasmBackend()! });
  const out=[]; for (const n of [1000,2000,5000,10000,50000,100000]) { while (t.n<=n) await t.iterate(); out.push(t.smoothLoss.toFixed(2)); }
  console.log(seed, out.join(" "));
}
