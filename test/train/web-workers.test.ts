import { Worker } from "node:worker_threads";
import { describe, expect, test } from "vitest";
import { ReplicaError } from "../../src/core/errors.ts";
import { startNodeWorker } from "../../src/runs/node-workers.ts";
import { ReplicaGroup } from "../../src/train/replica-group.ts";
import type { StartWorker } from "../../src/train/serve-replica.ts";
import { serveWebReplica, type WebWorker, webWorkers } from "../../src/train/web-workers.ts";
import { createLearner, type FaultySpec, sourceOf, specOf } from "./faulty-learner.ts";

/** A worker as a page has it, on a thread of Node. */
class PageWorker implements WebWorker {
  onmessage: unknown = null;
  onerror: unknown = null;
  onmessageerror: unknown = null;
  private readonly worker: Worker;

  constructor(file: string) {
    this.worker = new Worker(new URL(file, import.meta.url));
    const tell = (handler: unknown, event: object) => (handler as ((event: object) => void) | null)?.(event);
    this.worker.on("message", (data) => tell(this.onmessage, { data }));
    this.worker.on("error", ({ message }: Error) => tell(this.onerror, { message }));
  }

  postMessage(message: unknown, transfer: readonly unknown[]): void {
    this.worker.postMessage(message, transfer as never);
  }

  terminate(): void {
    void this.worker.terminate();
  }
}

const startPageWorker = webWorkers(() => new PageWorker("./web-replica.ts"));

async function train(spec: FaultySpec, startWorker: StartWorker, exchange: "shared" | "messages") {
  const { spec: sent, module } = sourceOf(spec);
  // The worker's own file makes the learner.
  const source = startWorker === startPageWorker ? { spec: sent } : { spec: sent, module };
  const learner = createLearner(spec, 0, 3);
  const group = await ReplicaGroup.start(learner, { replicas: 3, source, startWorker, exchange });
  try {
    const losses = [];
    for (let step = 0; step < 4; step++) losses.push((await group.step(step, 1e-2)).loss);
    return [...losses, ...(await group.evaluate()), ...(await group.collectCarried())];
  } finally {
    await group.dispose();
  }
}

describe.each(["shared", "messages"] as const)("replicas on a page's workers (%s)", (exchange) => {
  test("learn what those on Node's learn, bit for bit", async () => {
    const spec = specOf("wasm", 7);
    expect(await train(spec, startPageWorker, exchange)).toEqual(
      await train(spec, startNodeWorker, exchange),
    );
  });

  test.each([
    ["throws", 2, /^replica 2 stopped: the sky has fallen$/],
    ["cannot be built", 0, /^replica 2 stopped: the model is not to be had$/],
  ] as const)("say why one has stopped that %s", async (kind, step, message) => {
    const spec = specOf("wasm", 6, { kind, replica: 2, step });
    const outcome = train(spec, startPageWorker, exchange);
    await expect(outcome).rejects.toThrow(ReplicaError);
    await expect(outcome).rejects.toThrow(message);
  });

  test("say that a file could not be loaded", async () => {
    const start = webWorkers(() => new PageWorker("./no-such-file.ts"));
    await expect(train(specOf("wasm", 6), start, exchange)).rejects.toThrow(
      /^replica \d stopped: Cannot find/,
    );
  });
});

test("a page that is not isolated exchanges messages by itself", async () => {
  const thread = globalThis as { crossOriginIsolated?: boolean };
  thread.crossOriginIsolated = false;
  let memory: unknown;
  try {
    const spec = specOf("wasm", 4);
    const group = await ReplicaGroup.start(createLearner(spec, 0, 2), {
      ...{ replicas: 2, source: sourceOf(spec) },
      startWorker(start) {
        memory = start.task.connection.kind;
        return startNodeWorker(start);
      },
    });
    await group.step(0, 0.1);
    await group.dispose();
  } finally {
    delete thread.crossOriginIsolated;
  }
  expect(memory).toBe("messages");
});

test("outside of a worker nobody is served", () => {
  expect(() => serveWebReplica()).toThrow("the global postMessage, which a worker has, must be a function");
});
