import type { Worker } from "node:worker_threads";
import { InputError, problemOf, ReplicaError, UnrolledError } from "../core/errors.ts";
import { AT_LEAST_0, COUNT, checkValue, OBJECT, optional, type Range, SIZE } from "../core/options.ts";
import { Command, createShared, post, type Shared } from "./exchange.ts";
import type { Learner, LearnerSource } from "./learner.ts";
import { Replica, type StepOutcome } from "./replica.ts";
import type { WorkerData } from "./replica-worker.ts";
import { LEARNER, type Snapshot } from "./snapshot.ts";

/** More threads than any machine has. */
const MOST_REPLICAS = 4096;
const REPLICAS: Range = {
  text: `an integer from 1 to ${MOST_REPLICAS}`,
  fits: (value) => SIZE.fits(value) && (value as number) <= MOST_REPLICAS,
};

const SOURCE: Range = {
  text: "the source of a learner, { module, spec }",
  fits: (value) => OBJECT.fits(value) && typeof (value as Partial<LearnerSource>).module === "string",
};

/** Give the event loop a turn: signals, and what workers have to say. */
const turn = (milliseconds = 0) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

/** How long a worker that has failed may take to say why, in milliseconds. */
const LAST_WORDS = 2000;

/**
 * Replicas of one model. The first lives on this thread; each of the others in a worker with a heap of its own,
 * built from the same source. See exchange.ts for what they share.
 */
export class ReplicaGroup {
  readonly learner: Learner;
  readonly shared: Shared;
  private readonly first: Replica;
  private readonly workers: Worker[] = [];
  private failure: Error | undefined;
  private stopping = false;

  private constructor(learner: Learner, replicas: number) {
    this.learner = learner;
    this.shared = createShared(replicas, learner);
    this.first = new Replica(this.shared, learner, 0, {
      look: () => this.look(),
      explain: () => this.explain(),
    });
  }

  /**
   * @param snapshot what every replica starts from, when it is not the initial values of the seed
   * @throws InputError for an argument of the wrong kind, and for a source or a snapshot that no thread can be sent
   */
  static async start(
    learner: Learner,
    source: LearnerSource,
    replicas: number,
    snapshot?: { snapshot: Snapshot; parametersOnly: boolean },
  ): Promise<ReplicaGroup> {
    checkValue("ReplicaGroup.start: learner", LEARNER, learner);
    checkValue("ReplicaGroup.start: source", SOURCE, source);
    checkValue("ReplicaGroup.start: replicas", REPLICAS, replicas);
    checkValue("ReplicaGroup.start: snapshot", optional(OBJECT), snapshot);
    if (learner.shards % replicas !== 0) {
      throw new InputError(
        `ReplicaGroup.start: the learner's shards must be a multiple of the ${replicas} replicas, got ${learner.shards}`,
      );
    }
    const group = new ReplicaGroup(learner, replicas);
    try {
      if (replicas > 1) group.spawn(source, snapshot);
      await group.first.begin();
    } catch (error) {
      await group.dispose();
      throw error;
    }
    return group;
  }

  /** One update of every replica. @throws ReplicaError when one has stopped */
  async step(step: number, learningRate: number): Promise<StepOutcome> {
    checkValue("replicaGroup.step: step", COUNT, step);
    checkValue("replicaGroup.step: learningRate", AT_LEAST_0, learningRate);
    const posted = { command: Command.step, step, learningRate };
    post(this.shared, posted);
    return this.first.step(posted);
  }

  /** The sums of all parts of the evaluation, in order: [parts * width]. */
  async evaluate(): Promise<Float64Array> {
    this.shared.sums.fill(0);
    this.post(Command.evaluate);
    await this.first.evaluate();
    return this.shared.sums.slice();
  }

  /** The carried state of the whole batch. */
  async collectCarried(): Promise<Float64Array> {
    this.post(Command.collect);
    await this.first.collect();
    return this.shared.carried.slice();
  }

  async dispose(): Promise<void> {
    this.stopping = true;
    this.post(Command.stop);
    await Promise.all(this.workers.map((worker) => worker.terminate()));
    this.first.dispose();
  }

  private post(command: Command): void {
    post(this.shared, { command, step: 0, learningRate: 0 });
  }

  private async look(): Promise<void> {
    await turn();
    if (this.failure !== undefined) throw this.failure;
  }

  private async explain(): Promise<void> {
    const end = performance.now() + LAST_WORDS;
    while (performance.now() < end) {
      await turn(1);
      if (this.failure !== undefined) throw this.failure;
    }
  }

  private spawn(source: LearnerSource, snapshot?: { snapshot: Snapshot; parametersOnly: boolean }): void {
    const threads = globalThis.process?.getBuiltinModule?.("node:worker_threads");
    if (threads === undefined) {
      throw new UnrolledError(
        "REPLICA",
        "input",
        "replicas need worker threads, which this program does not have",
        {
          hint: "use --threads 1",
        },
      );
    }
    // The same file under Node's own TypeScript support and after compilation.
    const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
    for (let replica = 1; replica < this.shared.replicas; replica++) {
      const workerData: WorkerData = { shared: this.shared, source, replica, snapshot };
      const module = new URL(`./replica-worker.${extension}`, import.meta.url);
      const worker = sending(() => new threads.Worker(module, { workerData }));
      worker.on("error", (error) => {
        this.failure ??= new ReplicaError(replica, problemOf(error), { cause: error });
      });
      worker.on("exit", (code) => {
        if (!this.stopping) this.failure ??= new ReplicaError(replica, `its thread ended with code ${code}`);
      });
      this.workers.push(worker);
    }
  }
}

/** @throws InputError for what a thread cannot be sent: a function, a tensor, anything with one in it */
function sending<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (cause) {
    if (!(cause instanceof Error) || cause.name !== "DataCloneError") throw cause;
    throw new InputError("ReplicaGroup.start: source and snapshot must hold what a thread can be sent", {
      hint: "give numbers, texts, lists, typed arrays and plain objects of these",
      cause,
    });
  }
}
