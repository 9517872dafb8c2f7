/** The contestant's side of the protocol, for contestants written in TypeScript. */

import { createInterface } from "node:readline";
import { IdStream } from "./ids.ts";
import type { InitRequest, ReadyReply, Reply, Request } from "./protocol.ts";

/** A library with its model built. */
export interface Trainer extends Omit<ReadyReply, "ready"> {
  /**
   * One training step on ids `[batch, time]`: forward, backward, clip, update, and the loss read back.
   * @returns mean cross-entropy before the update, nats per id
   */
  step(inputs: Int32Array, targets: Int32Array): number | Promise<number>;
}

/** Something that a contestant needs is not on this machine: its row is skipped by name. */
export class MissingError extends Error {}

/** Answer requests on stdin until it ends. Whatever a library prints goes to stderr. */
export async function serve(init: (request: InitRequest) => Promise<Trainer>): Promise<void> {
  console.log = console.error;
  console.info = console.error;
  const reply = (message: Reply) => process.stdout.write(`${JSON.stringify(message)}\n`);
  let trainer: Trainer | undefined;
  let nextBatch: (() => { inputs: Int32Array; targets: Int32Array }) | undefined;

  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line) as Request;
    try {
      if (request.cmd === "load") {
        reply({ loaded: true }); // by the imports of the contestant's file
        continue;
      }
      if (request.cmd === "init") {
        trainer = await init(request);
        const stream = new IdStream(request.vocab, request.seed);
        nextBatch = () => stream.nextBatch(request.batch, request.time);
        const { step: _, ...facts } = trainer;
        reply({ ready: true, ...facts });
        continue;
      }
      if (trainer === undefined || nextBatch === undefined) throw new Error("step before init");
      const ms: number[] = [];
      const losses: number[] = [];
      for (let i = 0; i < request.n; i++) {
        const { inputs, targets } = nextBatch();
        const start = performance.now();
        losses.push(await trainer.step(inputs, targets));
        ms.push(performance.now() - start);
      }
      reply({ ms, losses });
    } catch (error) {
      reply(failureReply(error));
    }
  }
  process.exit(0);
}

function failureReply(error: unknown): Reply {
  if (!(error instanceof Error)) return { error: String(error) };
  const code = (error as NodeJS.ErrnoException).code;
  if (error instanceof MissingError || code === "ERR_MODULE_NOT_FOUND") {
    return { missing: error.message.split("\n")[0] };
  }
  console.error(error.stack);
  return { error: error.message };
}
