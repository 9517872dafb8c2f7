import { type Address, WORD } from "../backend/backend.ts";
import { persistent, type Tensor } from "../backend/tensor.ts";
import type { Exchange } from "./exchange.ts";
import { halvesOf, isEmpty, type Stretch } from "./shards.ts";

/** Elements that are copied in and then added: few enough to stay in the second cache in between. */
const CHUNK = 2 ** 15;

/** A node of the tree down to the subtrees that replicas have added up alone. */
interface Node extends Stretch {
  /** Where the sum of a subtree is. */
  readonly held?: { readonly replica: number; readonly index: number };
  readonly halves?: readonly [Node, Node];
}

/** A sum of some shards in one chunk. */
interface Part {
  readonly address: Address;
  /** In the memory of this replica's gradients, where the sum is to be in the end. */
  readonly isOwn: boolean;
}

/**
 * The gradients of all replicas added up, the same bits in each of them. The flat gradient is cut into as many pieces as
 * there are replicas, and each adds up one, so that what a replica reads does not grow with their number:
 *
 *     each lays out the pieces of the others                                                   ... scatter
 *     each adds up its own piece along the tree of shards (shards.ts), and lays out the sum    ... gather
 *     each takes the pieces of the others
 */
export class GradientSum {
  private readonly exchange: Exchange;
  private readonly flat: Tensor;
  private readonly own: Stretch;
  private readonly tree: Node;
  private readonly incoming: Tensor[] = [];

  /** @param flat this replica's gradient, [n] */
  constructor(exchange: Exchange, flat: Tensor) {
    this.exchange = exchange;
    this.flat = flat;
    const { sizes, replica } = exchange;
    this.own = sizes.pieces[replica];
    const held = sizes.subtrees.flatMap((subtrees, holder) =>
      subtrees.map((node, index) => ({ ...node, held: { replica: holder, index } })),
    );
    this.tree = treeOf({ from: 0, to: sizes.shards }, held);
  }

  /**
   * Replace the gradient of this replica's shards by the sum over all.
   * @param subtrees the sums of this replica's subtrees, [n] each; the last of them is the flat gradient itself
   * @param weights of the shards; nothing is read of what has none
   * @returns the numbers of all shards: those of the exchange may already be of the next step
   */
  async run(subtrees: readonly Tensor[], weights: readonly number[]): Promise<Float64Array> {
    const { exchange, flat, own } = this;
    const { sizes, replica } = exchange;
    for (const [index, node] of sizes.subtrees[replica].entries()) {
      if (isEmpty(node, weights)) continue;
      for (const [other, piece] of sizes.pieces.entries()) {
        if (other !== replica) await viewOf(subtrees[index], piece).read(exchange.outgoing(other, index));
      }
    }
    await exchange.scatter();
    const numbers = exchange.numbers.slice();
    for (let from = own.from; from < own.to; from += CHUNK) {
      const chunk = { from, to: Math.min(from + CHUNK, own.to) };
      const sum = this.sum(this.tree, chunk, subtrees, weights)!;
      const place = flat.address + from * WORD;
      if (sum.address !== place) flat.backend.kernels.copy(place, sum.address, chunk.to - from);
    }
    for (const array of exchange.outgoingSums()) await viewOf(flat, own).read(array);
    await exchange.gather();
    for (const [other, piece] of sizes.pieces.entries()) {
      if (other !== replica) viewOf(flat, piece).write(exchange.incomingSum(other));
    }
    return numbers;
  }

  dispose(): void {
    for (const tensor of this.incoming) tensor.dispose();
  }

  /**
   * One chunk of a node; undefined where its shards have nothing to do. A sum of two goes into memory of this replica's
   * gradients where one of them is there: two numbers add up to the same bits in either order.
   * @param level of buffers that are taken
   */
  private sum(
    node: Node,
    chunk: Stretch,
    subtrees: readonly Tensor[],
    weights: readonly number[],
    level = 0,
  ): Part | undefined {
    if (isEmpty(node, weights)) return undefined;
    if (node.held !== undefined) return this.load(node.held, chunk, subtrees, level);
    const [low, high] = node.halves!;
    const left = this.sum(low, chunk, subtrees, weights, level);
    const right = this.sum(high, chunk, subtrees, weights, left && !left.isOwn ? level + 1 : level);
    if (left === undefined || right === undefined) return left ?? right;
    const [into, other] = right.isOwn && !left.isOwn ? [right, left] : [left, right];
    this.flat.backend.kernels.accumulate(into.address, other.address, chunk.to - chunk.from);
    return into;
  }

  private load(
    { replica, index }: NonNullable<Node["held"]>,
    { from, to }: Stretch,
    subtrees: readonly Tensor[],
    level: number,
  ): Part {
    const { exchange, own, flat } = this;
    if (replica === exchange.replica) {
      return { address: subtrees[index].address + from * WORD, isOwn: true };
    }
    this.incoming[level] ??= persistent([Math.min(CHUNK, flat.size)], "f32", flat.backend);
    const buffer = this.incoming[level];
    const theirs = exchange.incoming(replica, index);
    buffer.view([to - from]).write(theirs.subarray(from - own.from, to - own.from));
    return { address: buffer.address, isOwn: false };
  }
}

function treeOf(node: Stretch, held: readonly Node[]): Node {
  const found = held.find(({ from, to }) => from === node.from && to === node.to);
  if (found !== undefined) return found;
  const [low, high] = halvesOf(node);
  return { ...node, halves: [treeOf(low, held), treeOf(high, held)] };
}

const viewOf = (flat: Tensor, { from, to }: Stretch): Tensor => flat.view([to - from], from);
