import { Command, type Exchange, type Posted } from "./exchange.ts";
import { GradientSum } from "./gradient-sum.ts";
import type { Learner } from "./learner.ts";
import { ShardGradients } from "./shard-gradients.ts";
import { checkWeights, sumOverShards } from "./shards.ts";

export interface StepOutcome {
  /** Mean loss over the whole batch. */
  readonly loss: number;
  /** Its named parts; absent where the learner has none. */
  readonly parts?: Readonly<Record<string, number>>;
  /** Of all shards: the units of this step. */
  readonly weight: number;
  /** Global norm of the summed gradient, before clipping. */
  readonly gradientNorm: number;
}

/** One replica: does its part of every command. All replicas run this same code. */
export class Replica {
  private readonly exchange: Exchange;
  private readonly learner: Learner;
  private readonly shards: ShardGradients;
  /** Undefined with a single replica, which has nothing to exchange. */
  private readonly sum: GradientSum | undefined;

  constructor(exchange: Exchange, learner: Learner) {
    this.exchange = exchange;
    this.learner = learner;
    const { sizes, replica } = exchange;
    this.shards = new ShardGradients(learner, sizes.subtrees[replica]);
    const { flat } = learner.optimizer.gradients;
    this.sum = sizes.replicas === 1 ? undefined : new GradientSum(exchange, flat);
  }

  /** Wait until all replicas are there. */
  begin(): Promise<void> {
    return this.exchange.begin();
  }

  /** Forward and backward on this replica's shards, the sum over all, and the same update everywhere. */
  step(posted: Posted): Promise<StepOutcome> {
    const { profile } = this.learner;
    return profile === undefined ? this.update(posted) : profile.step(() => this.update(posted));
  }

  private async update({ step, learningRate }: Posted): Promise<StepOutcome> {
    const { learner, exchange, sum } = this;
    const { optimizer, clip, profile } = learner;
    const weights = checkWeights(learner.weights(step), learner.shards, step);
    const gradients = await this.shards.run(step, weights, exchange.numbers);
    const add = async () => (await sum?.run(gradients, weights)) ?? exchange.numbers;
    const numbers = await (profile === undefined ? add() : profile.span("exchange", add));
    clip(optimizer.gradients);
    optimizer.learningRate = learningRate;
    optimizer.update();
    const [gradientNorm] = await optimizer.gradients.norm.read();
    const weight = weights.reduce((sum, one) => sum + one, 0);
    return { ...this.sumNumbers(numbers, weights), weight, gradientNorm };
  }

  /** The loss of the whole batch, and its parts. */
  private sumNumbers(numbers: Float64Array, weights: readonly number[]): Pick<StepOutcome, "loss" | "parts"> {
    const { parts } = this.learner;
    const { numbersPerShard } = this.exchange.sizes;
    const sumOf = (index: number) =>
      sumOverShards((shard) => numbers[shard * numbersPerShard + index], weights);
    if (parts.length === 0) return { loss: sumOf(0) };
    return {
      loss: sumOf(0),
      parts: Object.fromEntries(parts.map((name, index) => [name, sumOf(1 + index)])),
    };
  }

  /** This replica's parts of the evaluation; the first replica has the sums of all afterwards. */
  async evaluate(): Promise<void> {
    const { replica, sizes, sums } = this.exchange;
    await this.learner.evaluate(replica, sizes.replicas, sums);
    await this.exchange.collect("sums");
  }

  /** The carried state of this replica's rows; the first replica has that of all afterwards. */
  async collect(): Promise<void> {
    await this.learner.readCarried(this.exchange.carried);
    await this.exchange.collect("carried");
  }

  dispose(): void {
    this.exchange.close();
    this.sum?.dispose();
    this.shards.dispose();
    this.learner.optimizer.dispose();
  }
}

/** Run the command loop of a worker until the end of the training. */
export async function serve(exchange: Exchange, learner: Learner): Promise<void> {
  const replica = new Replica(exchange, learner);
  await replica.begin();
  for (;;) {
    const posted = await exchange.next();
    if (posted.command === Command.step) await replica.step(posted);
    else if (posted.command === Command.evaluate) await replica.evaluate();
    else if (posted.command === Command.collect) await replica.collect();
    else return exchange.close();
  }
}
