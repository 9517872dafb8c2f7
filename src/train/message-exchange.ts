import type { FloatArray } from "../backend/backend.ts";
import type { Exchange, ExchangeSizes, Port, Posted, Watch } from "./exchange.ts";
import { shardsOf } from "./shards.ts";

type Message =
  | { readonly kind: "ready" }
  | { readonly kind: "command"; readonly posted: Posted }
  | { readonly kind: "gradients"; readonly numbers: Float64Array; readonly buffer: ArrayBuffer }
  | { readonly kind: "sum"; readonly buffer: ArrayBuffer }
  | { readonly kind: "values"; readonly values: Float64Array };

type Kind = Message["kind"];
type MessageOf<K extends Kind> = Extract<Message, { readonly kind: K }>;

interface Waiting {
  readonly resolve: (message: Message) => void;
  readonly reject: (error: Error) => void;
}

/** Queue of the messages received from one other replica. */
class Inbox {
  private readonly port: Port;
  private readonly arrived = new Map<Kind, Message[]>();
  private readonly waiting = new Map<Kind, Waiting>();
  private failure: Error | undefined;

  constructor(port: Port) {
    this.port = port;
    port.onmessage = ({ data }: { readonly data: Message }) => {
      const waiting = this.waiting.get(data.kind);
      this.waiting.delete(data.kind);
      if (waiting !== undefined) waiting.resolve(data);
      else this.arrived.set(data.kind, [...(this.arrived.get(data.kind) ?? []), data]);
    };
  }

  send(message: Message, transfer: readonly ArrayBuffer[] = []): void {
    this.port.postMessage(message, transfer);
  }

  receive<K extends Kind>(kind: K): Promise<MessageOf<K>> {
    const next = this.arrived.get(kind)?.shift();
    if (next !== undefined) return Promise.resolve(next as MessageOf<K>);
    if (this.failure !== undefined) return Promise.reject(this.failure);
    return new Promise((resolve, reject) => {
      this.waiting.set(kind, { resolve: resolve as Waiting["resolve"], reject });
    });
  }

  /** Close the queue: no further message will arrive. */
  fail(error: Error): void {
    this.failure = error;
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
  }

  close(): void {
    this.port.onmessage = null;
    this.port.close();
  }
}

/**
 * Replicas that share nothing: every two of them have a pair of ports, and gradients travel in buffers that are handed
 * over and not copied. A buffer goes from a replica with its gradients, and comes back with the sum, so that none is
 * made after the first step.
 */
export class MessageExchange implements Exchange {
  readonly replica: number;
  readonly sizes: ExchangeSizes;
  readonly numbers: Float64Array;
  readonly carried: Float64Array;
  readonly sums: Float64Array;
  /** Ports by replica number; none for this replica. */
  private readonly inboxes: readonly (Inbox | undefined)[];
  /** Buffers by replica number: to be sent to that replica, or returned by it. */
  private readonly own: (ArrayBuffer | undefined)[] = [];
  /** Received messages by replica number. */
  private readonly theirs: ArrayBuffer[] = [];

  /**
   * @param ports to every other replica, by its number
   * @param watch of the first replica
   */
  constructor(ports: readonly (Port | undefined)[], sizes: ExchangeSizes, replica: number, watch?: Watch) {
    this.replica = replica;
    this.sizes = sizes;
    this.numbers = new Float64Array(sizes.shards * sizes.numbersPerShard);
    this.carried = new Float64Array(sizes.carried);
    this.sums = new Float64Array(sizes.sums);
    this.inboxes = ports.map((port) => port && new Inbox(port));
    watch?.whenStopped((error) => {
      for (const { inbox } of this.others()) inbox.fail(error);
    });
  }

  async begin(): Promise<void> {
    if (this.replica > 0) return this.inboxOf(0).send({ kind: "ready" });
    for (const { inbox } of this.others()) await inbox.receive("ready");
  }

  post(posted: Posted): void {
    this.clear();
    for (const { inbox } of this.others()) inbox.send({ kind: "command", posted });
  }

  async next(): Promise<Posted> {
    const { posted } = await this.inboxOf(0).receive("command");
    this.clear();
    return posted;
  }

  outgoing(other: number, subtree: number): FloatArray {
    const { Values, subtrees } = this.sizes;
    const length = this.lengthOf(other);
    const bytes = Values.BYTES_PER_ELEMENT * length;
    this.own[other] ??= new ArrayBuffer(bytes * subtrees[this.replica].length);
    return new Values(this.own[other], bytes * subtree, length);
  }

  async scatter(): Promise<void> {
    const numbers = this.numbersOf(this.replica).slice();
    for (const { other, inbox } of this.others()) {
      // Even where nothing is laid out, the other waits for it.
      const { buffer } = this.outgoing(other, 0) as FloatArray & { buffer: ArrayBuffer };
      inbox.send({ kind: "gradients", numbers, buffer }, [buffer]);
    }
    for (const { other, inbox } of this.others()) {
      const message = await inbox.receive("gradients");
      this.numbersOf(other).set(message.numbers);
      this.theirs[other] = message.buffer;
    }
  }

  incoming(other: number, subtree: number): FloatArray {
    const { Values } = this.sizes;
    const length = this.lengthOf(this.replica);
    return new Values(this.theirs[other], Values.BYTES_PER_ELEMENT * length * subtree, length);
  }

  outgoingSums(): readonly FloatArray[] {
    return this.others().map(({ other }) => this.incoming(other, 0));
  }

  async gather(): Promise<void> {
    for (const { other, inbox } of this.others()) {
      const buffer = this.theirs[other];
      inbox.send({ kind: "sum", buffer }, [buffer]);
    }
    for (const { other, inbox } of this.others()) this.own[other] = (await inbox.receive("sum")).buffer;
  }

  incomingSum(other: number): FloatArray {
    return this.outgoing(other, 0);
  }

  async collect(what: "carried" | "sums"): Promise<void> {
    const values = this[what];
    if (this.replica > 0) {
      const copy = values.slice();
      return this.inboxOf(0).send({ kind: "values", values: copy }, [copy.buffer]);
    }
    for (const { inbox } of this.others()) {
      const { values: written } = await inbox.receive("values");
      // What a replica has not written is zero: no two write the same place.
      for (let at = 0; at < written.length; at++) {
        if (!Object.is(written[at], 0)) values[at] = written[at];
      }
    }
  }

  close(): void {
    for (const { inbox } of this.others()) inbox.close();
  }

  private clear(): void {
    this.carried.fill(0);
    this.sums.fill(0);
  }

  private others(): { other: number; inbox: Inbox }[] {
    return this.inboxes.flatMap((inbox, other) => (inbox === undefined ? [] : [{ other, inbox }]));
  }

  private inboxOf(other: number): Inbox {
    return this.inboxes[other]!;
  }

  private lengthOf(replica: number): number {
    const { from, to } = this.sizes.pieces[replica];
    return to - from;
  }

  private numbersOf(replica: number): Float64Array {
    const { replicas, shards, numbersPerShard } = this.sizes;
    const own = shardsOf(replica, replicas, shards);
    return this.numbers.subarray(own[0] * numbersPerShard, (own[own.length - 1] + 1) * numbersPerShard);
  }
}
