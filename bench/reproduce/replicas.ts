import { cpus } from "node:os";
import { Rng } from "../../src/core/rng.ts";
import { corpusFromText } from "../../src/data/index.ts";
import { startNodeWorker } from "../../src/runs/node-workers.ts";
import { type BackendChoice, chooseEngine, type Engine } from "../../src/tasks/engine.ts";
import { TextLearner, type TextSpec } from "../../src/tasks/text/learner.ts";
import { DEFAULTS } from "../../src/tasks/text/options.ts";
import { ReplicaGroup } from "../../src/train/replica-group.ts";

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
  const text = Array.from({ length: 100_000 }, () => String.fromCharCode(48 + rng.integer(65))).join("");
  const corpus = corpusFromText(text);
  const { train, validation } = corpus.split(0.1);
  const spec: TextSpec = {
    settings: { ...DEFAULTS, hidden },
    model: { cell: "lstm", vocabulary: corpus.vocabulary.size, hidden, layers: 1, dropout: 0 },
    ...{ train, validation, ...engine },
  };
  const module = new URL("../../src/tasks/text/learner.ts", import.meta.url).href;
  return ReplicaGroup.start(new TextLearner(spec, 0, threads), {
    ...{ replicas: threads, source: { module, spec }, startWorker: startNodeWorker },
  });
}
