import { cpus } from "node:os";
import { runJob } from "../../src/core/job.ts";
import { Rng } from "../../src/core/rng.ts";
import { corpusFromText } from "../../src/data/index.ts";
import { symbolTextJob } from "../../src/data/symbol-text.ts";
import { startNodeWorker } from "../../src/runs/node-workers.ts";
import type { WorkerSpec } from "../../src/runs/task-worker.ts";
import { type BackendChoice, chooseEngine, type Engine } from "../../src/tasks/engine.ts";
import { TaskLearner } from "../../src/tasks/task-learner.ts";
import { describeSymbols } from "../../src/tasks/text/data.ts";
import { text } from "../../src/tasks/text/model.ts";
import { ReplicaGroup } from "../../src/train/replica-group.ts";
import { DEFAULTS, TEXT } from "./_text-task.ts";

const ROUNDS = 9;

/**
 * Two replicas against one: a training step of the benchmark's size, interleaved on an otherwise idle machine.
 *
 *     npm run reproduce replicas [-- wasm|native [HIDDEN...]]
 */
export async function reproduce([choice = "wasm", ...options]: string[]): Promise<void> {
  const engine = chooseEngine(choice as BackendChoice);
  const sizes = options.length > 0 ? options.map(Number) : [128, 256, 512];
  console.log(
    `${cpus()[0].model}, ${cpus().length} cores; ${engine.backend} ${engine.instructions}; median ms a step (V=65, T=64, B=32, one layer)`,
  );
  for (const hidden of sizes) {
    const groups = [await open(hidden, 1, engine), await open(hidden, 2, engine)];
    const times: number[][] = [[], []];
    let step = 0;
    for (let round = 0; round <= ROUNDS; round++) {
      for (const [index, group] of groups.entries()) {
        for (let n = 0; n < 4; n++) {
          const before = performance.now();
          await group.step(step + n, 2e-3);
          if (round > 0) times[index].push(performance.now() - before);
        }
      }
      step += 4;
    }
    for (const group of groups) await group.dispose();
    const [one, two] = times.map((all) => all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)]);
    console.log(
      `H=${hidden}: 1 replica ${one.toFixed(1)}, 2 replicas ${two.toFixed(1)}: ${(one / two).toFixed(2)} times`,
    );
  }
}

function open(hidden: number, threads: number, engine: Engine): Promise<ReplicaGroup> {
  const rng = new Rng(1);
  const letters = Array.from({ length: 100_000 }, () => String.fromCharCode(48 + rng.integer(65))).join("");
  const corpus = corpusFromText(letters);
  const settings = { ...DEFAULTS, hidden };
  const symbols = runJob(symbolTextJob(corpus, settings));
  const data = describeSymbols(symbols, settings, corpus, undefined);
  const config = text.configure(settings, data.facts);
  const spec: WorkerSpec = { task: "text", settings, config, data, shards: threads, ...engine };
  const module = new URL("../../src/runs/task-worker.ts", import.meta.url).href;
  const learner = new TaskLearner(TEXT, spec, { replica: 0, replicas: threads });
  return ReplicaGroup.start(learner, {
    replicas: threads,
    source: { module, spec },
    startWorker: startNodeWorker,
  });
}
