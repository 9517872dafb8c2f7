import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { WEIGHT_FORMATS } from "../../src/backend/kernels.generated.ts";
import type { WeightFormat } from "../../src/nn/index.ts";
import { evalText, trainText } from "./_text-task.ts";

const quiet = { signal: new AbortController().signal, onProgress: () => {}, onNote: console.error };

/**
 * What rounded weights cost: an LSTM of 512 units (or of another size) is trained for some minutes, then read one
 * character at a time over the validation part of its text with weights in f32, bf16 and int8.
 *
 *     npm run reproduce streaming [-- SECONDS [HIDDEN [TEXT...]]]
 */
export async function reproduce([seconds = "240", hidden = "512", ...data]: string[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "unrolled-streaming-"));
  try {
    const out = join(folder, "run");
    const options = {
      data,
      hidden: Number(hidden),
      maxSeconds: Number(seconds),
      seed: 1,
      resume: false,
      out,
    };
    const training = await trainText(options, quiet);
    console.log(`${cpus()[0].model}; an LSTM of ${hidden} units, trained for ${seconds} s`);
    for await (const event of training.events) {
      if (event.event === "eval") {
        console.log(`  step ${event.step}: validation ${bits(event.loss)} bits per character`);
      }
    }
    let exact: number | undefined;
    for (const weights of Object.keys(WEIGHT_FORMATS) as WeightFormat[]) {
      const { loss, items, baselines } = await evalText(out, [], { weights }, quiet);
      if (exact === undefined) {
        console.log(
          `${items} characters; the trigram of the training part has ${bits(baselines[0].loss!)} bits`,
        );
      }
      exact ??= loss;
      const difference = exact === loss ? "" : `, ${bits(loss - exact)} more than f32`;
      console.log(`${weights}: ${bits(loss)} bits per character${difference}`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const bits = (nats: number): string => (nats / Math.LN2).toFixed(5);
