import { differentiate } from "../optim/step.ts";
import { awaitCommand, Command, type Posted, type Shared } from "./exchange.ts";
import { GradientSum } from "./gradient-sum.ts";
import type { Learner } from "./learner.ts";
import { Meeting, type Watch } from "./meeting.ts";
import { checkWeights, shardsOf } from "./shards.ts";

export interface StepOutcome {
  /** Mean loss over the whole batch. */
  readonly loss: number;
  /** Global norm of the summed gradient, before clipping. */
  readonly gradientNorm: number;
}

/** One replica: does its part of every command. All replicas run this same code. */
export class Replica {
  private readonly shared: Shared;
  private readonly learner: Learner;
  private readonly index: number;
  private readonly meeting: Meeting;
  /** Alone there is nothing to add. */
  private readonly sum: GradientSum | undefined;

  constructor(shared: Shared, learner: Learner, index: number, watch?: Watch) {
    this.shared = shared;
    this.learner = learner;
    this.index = index;
    this.meeting = new Meeting(shared.meeting, shared.replicas, watch);
    const { flat } = learner.optimizer.gradients;
    this.sum = shared.replicas === 1 ? undefined : new GradientSum(shared, this.meeting, flat, index);
  }

  /** Wait until all replicas are there. */
  begin(): Promise<void> {
    return this.meeting.all();
  }

  /** Forward and backward on this replica's rows, the sum over all replicas, and the same update everywhere. */
  step(posted: Posted): Promise<StepOutcome> {
    const { profile } = this.learner;
    return profile === undefined ? this.update(posted) : profile.step(() => this.update(posted));
  }

  private async update({ step, learningRate }: Posted): Promise<StepOutcome> {
    const { optimizer, clip, profile } = this.learner;
    const own = await this.differentiate(step);
    const exchange = async () => (await this.sum?.run(own)) ?? own;
    const loss = await (profile === undefined ? exchange() : profile.span("exchange", exchange));
    clip(optimizer.gradients);
    optimizer.learningRate = learningRate;
    optimizer.update();
    return { loss, gradientNorm: (await optimizer.gradients.norm.read())[0] };
  }

  /** The gradients of this replica's shards, and their loss, weighted by their shares of the batch. */
  private async differentiate(step: number): Promise<number> {
    const { learner, shared, index } = this;
    const { gradients } = learner.optimizer;
    const weights = checkWeights(learner.weights(step), learner.shards, step);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const shards = shardsOf(index, shared.replicas, learner.shards).filter((shard) => weights[shard] > 0);
    if (shards.length === 0) {
      gradients.zero();
      gradients.finish();
      return 0;
    }
    const shares = shards.map((shard) => weights[shard] / total);
    const lossOf = (part: number) => learner.loss(step, shards[part]).loss;
    return differentiate(lossOf, learner.optimizer, { accumulate: shares });
  }

  /** This replica's parts of the evaluation; the sums of all are in `shared.sums` afterwards. */
  async evaluate(): Promise<void> {
    await this.learner.evaluate(this.index, this.shared.replicas, this.shared.sums);
    await this.meeting.all();
  }

  /** The carried state of all rows is in `shared.carried` afterwards. */
  async collect(): Promise<void> {
    await this.learner.readCarried(this.shared.carried);
    await this.meeting.all();
  }

  dispose(): void {
    this.sum?.dispose();
    this.learner.optimizer.dispose();
  }
}

/** What a worker does from its start to its end. */
export async function serve(shared: Shared, learner: Learner, index: number): Promise<void> {
  const replica = new Replica(shared, learner, index);
  await replica.begin();
  for (let known = 0; ; known++) {
    const posted = awaitCommand(shared, known);
    if (posted.command === Command.step) await replica.step(posted);
    else if (posted.command === Command.evaluate) await replica.evaluate();
    else if (posted.command === Command.collect) await replica.collect();
    else return;
  }
}
