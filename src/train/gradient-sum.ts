import type { FloatArray } from "../backend/backend.ts";
import { persistent, type Tensor } from "../backend/tensor.ts";
import type { Shared } from "./exchange.ts";
import type { Meeting } from "./meeting.ts";

/** Elements that are copied in and then added: few enough to stay in the second cache in between. */
const CHUNK = 2 ** 15;

/** Shards begin on a cache line, so that no two replicas write to the same one. */
const ALIGNED = 16;

/**
 * The gradients of all replicas added up, the same bits in each of them. The flat gradient is cut into as many shards as
 * there are replicas, and each adds up one, so that what a replica reads does not grow with their number:
 *
 *     each lays out the shards of the others in its slot                                              ... all meet
 *     replica r adds up shard r, its own and then those of r + 1, r + 2, ... around, and lays it out  ... all meet
 *     each takes the shards of the others
 *
 * One slot a replica is enough, because a replica lays out only what all have read: shards of others lie there until
 * the second meeting, its own is taken before the first of the next step.
 */
export class GradientSum {
  private readonly shared: Shared;
  private readonly meeting: Meeting;
  private readonly replica: number;
  private readonly shards: readonly Tensor[];
  private readonly bounds: readonly number[];
  private readonly incoming: Tensor;

  /** @param flat this replica's gradient, [n] */
  constructor(shared: Shared, meeting: Meeting, flat: Tensor, replica: number) {
    this.shared = shared;
    this.meeting = meeting;
    this.replica = replica;
    const { replicas } = shared;
    const lines = Math.ceil(flat.size / ALIGNED);
    this.bounds = Array.from({ length: replicas + 1 }, (_, index) =>
      Math.min(Math.floor((index * lines) / replicas) * ALIGNED, flat.size),
    );
    this.shards = Array.from({ length: replicas }, (_, index) =>
      flat.view([this.bounds[index + 1] - this.bounds[index]], this.bounds[index]),
    );
    this.incoming = persistent([Math.min(CHUNK, flat.size)], "f32", flat.backend);
  }

  /**
   * Replace the gradient, weighted by this replica's share, by the sum.
   * @param loss weighted in the same way
   * @returns the loss of the whole batch
   */
  async run(loss: number): Promise<number> {
    const { shared, meeting, replica, shards } = this;
    shared.losses[replica] = loss;
    for (const [index, shard] of shards.entries()) {
      if (index !== replica) await shard.read(this.slot(replica, index));
    }
    await meeting.all();
    let total = 0;
    for (const part of shared.losses) total += part;
    for (let next = 1; next < shards.length; next++) this.add((replica + next) % shards.length);
    await shards[replica].read(this.slot(replica, replica));
    await meeting.all();
    for (const [index, shard] of shards.entries()) {
      if (index !== replica) shard.write(this.slot(index, index));
    }
    return total;
  }

  dispose(): void {
    this.incoming.dispose();
  }

  /** Add what another replica has of this one's shard. */
  private add(other: number): void {
    const own = this.shards[this.replica];
    const theirs = this.slot(other, this.replica);
    for (let at = 0; at < own.size; at += CHUNK) {
      const count = Math.min(CHUNK, own.size - at);
      this.incoming.view([count]).write(theirs.subarray(at, at + count));
      own.backend.kernels.accumulate(own.view([count], at).address, this.incoming.address, count);
    }
  }

  /** Where a replica lays out a shard. */
  private slot(replica: number, index: number): FloatArray {
    const { bounds, shared } = this;
    const start = replica * bounds[bounds.length - 1];
    return shared.gradients.subarray(start + bounds[index], start + bounds[index + 1]);
  }
}
