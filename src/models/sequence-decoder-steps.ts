import type { FloatArray } from "../backend/backend.ts";
import { scope } from "../backend/scope.ts";
import { ScopeError } from "../core/errors.ts";
import type { SequenceDecoder } from "./sequence-decoder.ts";
import type { DecoderState } from "./sequence-decoder-state.ts";
import type { DecoderInput } from "./sequence-decoder-step.ts";

/**
 * A decoder after its input, as a beam search wants it: a model with a step. It lives outside all scopes; `close` frees
 * its memory.
 */
export class DecoderSteps {
  /** The number of symbols. */
  readonly vocabulary: number;
  private readonly decoder: SequenceDecoder;
  private readonly start: DecoderState;

  /** @param input of the open scope; what is needed of it is copied */
  constructor(decoder: SequenceDecoder, input: DecoderInput) {
    this.vocabulary = decoder.config.vocabulary;
    this.decoder = decoder;
    this.start = decoder.begin(input);
  }

  /** The state before START, one row for each sentence. May be called again, to decode the same input again. */
  begin(): { state: DecoderState; rows: number } {
    return { state: this.start.copy(), rows: this.start.rows };
  }

  /**
   * The logits of the next symbol of each row, [n, V], with attention also the weights, [n, S]. Uses the state up.
   * @param symbols what each new row reads
   * @param rows the row of `state` that each new row continues
   */
  step(
    symbols: Int32Array,
    rows: Int32Array,
    state: DecoderState,
  ): { logits: FloatArray; state: DecoderState; weights?: FloatArray } {
    const { backend } = this.decoder.head.weight;
    const { memory } = backend;
    if (memory.readSync === undefined) {
      throw new ScopeError(
        `a decoder's logits must be read at once, which the ${backend.name} backend cannot`,
      );
    }
    return scope(() => {
      const next = this.decoder.step(symbols, state, rows);
      const read = (tensor: { address: number; size: number }) =>
        memory.readSync!(tensor.address, tensor.size);
      return {
        logits: read(next.logits),
        state: next.state,
        ...(next.weights && { weights: read(next.weights) }),
      };
    }, backend);
  }

  dispose(state: DecoderState): void {
    state.dispose();
  }

  /** Frees the memory. No step may follow. */
  close(): void {
    this.start.close();
  }
}
