import { differentiate } from "../optim/step.ts";
import {
  awaitCommand,
  Command,
  currentSequence,
  GradientSum,
  meet,
  type Posted,
  type Shared,
} from "./exchange.ts";
import type { Learner } from "./learner.ts";

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
  private readonly sum: GradientSum;
  private readonly breathe: (() => Promise<void>) | undefined;

  constructor(shared: Shared, learner: Learner, index: number, breathe?: () => Promise<void>) {
    this.shared = shared;
    this.learner = learner;
    this.index = index;
    this.breathe = breathe;
    this.sum = new GradientSum(shared, learner, index);
  }

  /** Forward and backward on this replica's rows, the sum over all replicas, and the same update everywhere. */
  step(posted: Posted): Promise<StepOutcome> {
    const { profile } = this.learner;
    return profile === undefined ? this.update(posted) : profile.step(() => this.update(posted));
  }

  private async update({ sequence, step, learningRate }: Posted): Promise<StepOutcome> {
    const { optimizer, clip, profile } = this.learner;
    const own = await differentiate(() => this.learner.loss(step), optimizer);
    const exchange = async () => {
      await this.sum.publish(step, own);
      await meet(this.shared, sequence, this.breathe);
      return this.sum.collect(step);
    };
    const loss = await (profile === undefined ? exchange() : profile.span("exchange", exchange));
    clip(optimizer.gradients);
    optimizer.learningRate = learningRate;
    optimizer.update();
    return { loss, gradientNorm: (await optimizer.gradients.norm.read())[0] };
  }

  /** This replica's parts of the evaluation; the sums of all are in `shared.sums` afterwards. */
  async evaluate({ sequence }: Posted): Promise<void> {
    await this.learner.evaluate(this.index, this.shared.replicas, this.shared.sums);
    await meet(this.shared, sequence, this.breathe);
  }

  /** The carried state of all rows is in `shared.carried` afterwards. */
  async collect({ sequence }: Posted): Promise<void> {
    await this.learner.readCarried(this.shared.carried);
    await meet(this.shared, sequence, this.breathe);
  }

  dispose(): void {
    this.sum.dispose();
    this.learner.optimizer.dispose();
  }
}

/** What a worker does from its start to its end. */
export async function serve(shared: Shared, learner: Learner, index: number): Promise<void> {
  const replica = new Replica(shared, learner, index);
  let sequence = currentSequence(shared);
  await meet(shared, sequence);
  for (;;) {
    const posted = awaitCommand(shared, sequence);
    sequence = posted.sequence;
    if (posted.command === Command.step) await replica.step(posted);
    else if (posted.command === Command.evaluate) await replica.evaluate(posted);
    else if (posted.command === Command.collect) await replica.collect(posted);
    else return;
  }
}
