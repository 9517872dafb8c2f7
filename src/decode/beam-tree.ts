/** A symbol that a beam search considered after the symbols on the way to its root. */
export interface BeamNode {
  /** Its place among all nodes. The root is 0. */
  readonly id: number;
  /** The node that it continues; -1 for the root. */
  readonly parent: number;
  readonly symbol: number;
  /** Of the whole way from the root, in nats. */
  readonly logProbability: number;
  /** `logProbability` divided by the length normalization. */
  readonly score: number;
  /** Whether it was among the `width` best of its step. */
  readonly kept: boolean;
  /** Whether its symbol ends the sequence. */
  readonly ended: boolean;
  /** Whether it is on the way to the best hypothesis. */
  readonly inBest: boolean;
}

/** All that a search kept and, of each step, as many of the best that it did not keep. */
export interface BeamTree {
  /** A node comes after its parent; nodes of a step, the most probable first, come one after the other. */
  readonly nodes: readonly BeamNode[];
}

/** Collects the nodes of a tree. */
export class TreeBuilder {
  private readonly nodes: Omit<BeamNode, "inBest">[];

  /** @param first the symbol that the search began with */
  constructor(first: number) {
    this.nodes = [
      { id: 0, parent: -1, symbol: first, logProbability: 0, score: 0, kept: true, ended: false },
    ];
  }

  /** Returns the id of the node. */
  add(node: Omit<BeamNode, "id" | "inBest">): number {
    const id = this.nodes.length;
    this.nodes.push({ id, ...node });
    return id;
  }

  /** @param best the id of the last node of the best hypothesis */
  build(best: number): BeamTree {
    const way = new Set<number>();
    for (let id = best; id >= 0; id = this.nodes[id].parent) way.add(id);
    return { nodes: this.nodes.map((node) => ({ ...node, inBest: way.has(node.id) })) };
  }
}
