import { InputError, problemOf, ReplicaError } from "../core/errors.ts";
import {
  AT_LEAST_0,
  COUNT,
  checkValue,
  FUNCTION,
  type Names,
  OBJECT,
  OPTIONS,
  oneOf,
  optional,
  type Range,
  type Ranges,
  refuseOthers,
  type Settled,
  SIZE,
  settle,
} from "../core/options.ts";
import { Command, type Exchange, type Port, sizesOf, type Watch } from "./exchange.ts";
import type { Learner, LearnerSource } from "./learner.ts";
import { MessageExchange } from "./message-exchange.ts";
import { Replica, type StepOutcome } from "./replica.ts";
import { type Connection, type ReplicaWorker, type StartWorker, WorkerStart } from "./serve-replica.ts";
import { allocateShared, canShareMemory, SharedExchange } from "./shared-exchange.ts";
import { LEARNER, type Snapshot } from "./snapshot.ts";

/** Upper limit of the number of replicas, above the thread count of any machine. */
const MOST_REPLICAS = 4096;

export interface ReplicaOptions {
  /** Number of replicas, including this one. Default 1. */
  replicas?: number;
  /** How the others make their learners. */
  source?: LearnerSource;
  /** Starts a thread for each of the others: `startNodeWorker` of `unrolled/runs` in Node, `webWorkers` in a page. */
  startWorker?: StartWorker;
  /**
   * How replicas exchange their gradients: through memory that all of them share, or, where there is none, in messages.
   * The bits are the same. Default: shared, except in a page without cross-origin isolation.
   */
  exchange?: "shared" | "messages";
  /** Snapshot from which every replica starts, instead of the initial values of the seed. */
  snapshot?: { snapshot: Snapshot; parametersOnly: boolean };
}

type Settings = Settled<ReplicaOptions, "source" | "startWorker" | "exchange" | "snapshot">;

const REPLICAS: Range = {
  text: `an integer from 1 to ${MOST_REPLICAS}`,
  fits: (value) => SIZE.fits(value) && (value as number) <= MOST_REPLICAS,
};

const SOURCE: Range = {
  text: "the source of a learner, { module, spec }",
  fits: (value) => {
    if (!OPTIONS.fits(value) || !("spec" in (value as object))) return false;
    const { module } = value as LearnerSource;
    return module === undefined || typeof module === "string";
  },
};

const WORKER: Range = {
  text: "a worker, { terminate }",
  fits: (value) => OBJECT.fits(value) && FUNCTION.fits((value as Partial<ReplicaWorker>).terminate),
};

const SOURCE_NAMES: Names<LearnerSource> = { module: 0, spec: 0 };

const RANGES: Ranges<ReplicaOptions> = {
  replicas: REPLICAS,
  source: optional(SOURCE),
  startWorker: optional(FUNCTION),
  exchange: optional(oneOf("shared", "messages")),
  snapshot: optional(OBJECT),
};

/**
 * Replicas of one model. The first lives on this thread; each of the others on another one with a heap of its own, built
 * from the same source. See exchange.ts for what they exchange.
 */
export class ReplicaGroup {
  readonly learner: Learner;
  private readonly exchange: Exchange;
  private readonly first: Replica;
  private readonly workers: Workers;

  private constructor(learner: Learner, exchange: Exchange, workers: Workers) {
    this.learner = learner;
    this.exchange = exchange;
    this.workers = workers;
    this.first = new Replica(exchange, learner);
  }

  /**
   * @param learner of the first replica; its shards are a multiple of the replicas
   * @throws InputError for an argument of the wrong kind, and for a source or a snapshot that no thread can be sent;
   * ReplicaError when a worker stops before all are ready
   */
  static async start(learner: Learner, options: ReplicaOptions = {}): Promise<ReplicaGroup> {
    checkValue("ReplicaGroup.start: learner", LEARNER, learner);
    const settings = settle<Settings>("ReplicaGroup.start", RANGES, { replicas: 1 }, options);
    const { replicas, source } = settings;
    if (source !== undefined) {
      refuseOthers("ReplicaGroup.start: source", SOURCE_NAMES, source as unknown as LearnerSource);
    }
    if (learner.shards % replicas !== 0) {
      throw new InputError(
        `ReplicaGroup.start: the learner's shards must be a multiple of the ${replicas} replicas, got ${learner.shards}`,
      );
    }
    const sizes = sizesOf(learner, replicas);
    const workers = new Workers();
    const { exchange = canShareMemory() || replicas === 1 ? "shared" : "messages" } = settings;
    let own: Exchange;
    let connect: (replica: number) => Connection;
    if (exchange === "shared") {
      const memory = allocateShared(sizes);
      own = new SharedExchange(memory, sizes, 0, workers);
      connect = () => ({ kind: "shared", memory });
    } else {
      const ports = connectAll(replicas);
      own = new MessageExchange(ports[0], sizes, 0, workers);
      connect = (replica) => ({ kind: "messages", ports: ports[replica] });
    }
    const group = new ReplicaGroup(learner, own, workers);
    try {
      if (replicas > 1) workers.start(settings, connect);
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
    this.exchange.post(posted);
    return this.first.step(posted);
  }

  /** The sums of all parts of the evaluation, in order: [parts * width]. */
  async evaluate(): Promise<Float64Array> {
    this.post(Command.evaluate);
    await this.first.evaluate();
    return this.exchange.sums.slice();
  }

  /** The carried state of the whole batch. */
  async collectCarried(): Promise<Float64Array> {
    this.post(Command.collect);
    await this.first.collect();
    return this.exchange.carried.slice();
  }

  async dispose(): Promise<void> {
    this.workers.expectEnd();
    this.post(Command.stop);
    await this.workers.terminate();
    this.first.dispose();
  }

  private post(command: Command): void {
    this.exchange.post({ command, step: 0, learningRate: 0 });
  }
}

/** Yield to the event loop, so that signals and messages from workers are handled. */
const turn = (milliseconds = 0) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

/** Time to wait for the error of a failed worker, in milliseconds. */
const LAST_WORDS = 2000;

/** The threads of the other replicas, and the first failure of any. */
class Workers implements Watch {
  private readonly all: ReplicaWorker[] = [];
  private failure: Error | undefined;
  private isEnding = false;
  private report: ((error: Error) => void) | undefined;

  /** @throws InputError for what no thread can be sent, and without a way to start one */
  start(
    { replicas, source, startWorker, snapshot }: Settings,
    connect: (replica: number) => Connection,
  ): void {
    if (source === undefined || startWorker === undefined) {
      throw new InputError("ReplicaGroup.start: several replicas need a source and startWorker", {
        hint: "give { source, startWorker: startNodeWorker } in Node, or leave replicas at 1",
      });
    }
    for (let replica = 1; replica < replicas; replica++) {
      const task = { replica, replicas, source, connection: connect(replica), snapshot };
      const start = new WorkerStart(task, (error) => this.stop(replica, error));
      const worker: unknown = sending(() => startWorker(start));
      checkValue("ReplicaGroup.start: what startWorker returned", WORKER, worker);
      this.all.push(worker as ReplicaWorker);
    }
  }

  async look(): Promise<void> {
    await turn();
    if (this.failure !== undefined) throw this.failure;
  }

  async explain(): Promise<void> {
    const end = performance.now() + LAST_WORDS;
    while (performance.now() < end) {
      await turn(1);
      if (this.failure !== undefined) throw this.failure;
    }
  }

  whenStopped(report: (error: Error) => void): void {
    this.report = report;
  }

  /** From now on workers may end. */
  expectEnd(): void {
    this.isEnding = true;
  }

  async terminate(): Promise<void> {
    await Promise.all(this.all.map((worker) => worker.terminate()));
  }

  private stop(replica: number, error: unknown): void {
    if (this.isEnding || this.failure !== undefined) return;
    this.failure = new ReplicaError(replica, problemOf(error), { cause: error });
    this.report?.(this.failure);
  }
}

/** A pair of ports between every two replicas: those of each, by the number of the other. */
function connectAll(replicas: number): (Port | undefined)[][] {
  const ports: (Port | undefined)[][] = Array.from({ length: replicas }, () =>
    new Array<undefined>(replicas).fill(undefined),
  );
  for (let one = 0; one < replicas; one++) {
    for (let other = one + 1; other < replicas; other++) {
      const { port1, port2 } = new MessageChannel();
      ports[one][other] = port1;
      ports[other][one] = port2;
    }
  }
  return ports;
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
