/**
 * A trained model in a program of your own: open a checkpoint, let it write, and ask it what comes next.
 *
 *     npx unrolled train text --out runs/mine
 *     npx node examples/open-model.ts runs/mine/checkpoints/step-400.safetensors "The "
 */
import { readFile } from "node:fs/promises";
import { Rng } from "unrolled";
import { generate } from "unrolled/decode";
import { openModel } from "unrolled/run";

const [path, start = "\n"] = process.argv.slice(2);
if (path === undefined) throw new Error("name a checkpoint: runs/.../checkpoints/step-N.safetensors");

const { model, tokenizer, config, step } = await openModel(await readFile(path), { where: path });
console.log(`${config.cell}, ${config.layers} x ${config.hidden}, after ${step} updates`);

const prime = tokenizer.encode(start);
const decoder = tokenizer.decoder();
let text = start;
for await (const id of generate(model, { prime, length: 200, temperature: 0.8, rng: new Rng(1) })) {
  text += decoder.push(id);
}
console.log(text + decoder.end());

// One step at a time: the logits of what comes after `start`, as probabilities.
const stream = model.stream();
let logits: ArrayLike<number> = [];
for (const id of prime) logits = stream.step(id);
const weights = Array.from(logits, Math.exp);
const total = weights.reduce((sum, weight) => sum + weight, 0);
const ranked = [...weights.keys()].sort((a, b) => weights[b]! - weights[a]!);
for (const id of ranked.slice(0, 3)) {
  console.log(`next: ${JSON.stringify(tokenizer.decode([id]))} ${(weights[id]! / total).toFixed(3)}`);
}
