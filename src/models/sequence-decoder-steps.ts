import type { Backend } from "../backend/backend.ts";
import type { SequenceDecoder } from "./sequence-decoder.ts";
import type { DecoderState, DecoderStep } from "./sequence-decoder-state.ts";
import type { DecoderInput } from "./sequence-decoder-step.ts";

/**
 * A decoder after its input, as a beam search wants it: a model with a step. It lives outside all scopes; `close` frees
 * its memory.
 */
export class DecoderSteps {
  /** The number of symbols. */
  readonly vocabulary: number;
  /** Where its tensors are. */
  readonly backend: Backend;
  private readonly decoder: SequenceDecoder;
  private readonly start: DecoderState;

  /** @param input of the open scope; what is needed of it is copied */
  constructor(decoder: SequenceDecoder, input: DecoderInput) {
    this.vocabulary = decoder.config.vocabulary;
    this.backend = decoder.head.weight.backend;
    this.decoder = decoder;
    this.start = decoder.begin(input);
  }

  /** The state before START, one row for each sentence. May be called again, to decode the same input again. */
  begin(): { state: DecoderState; rows: number } {
    return { state: this.start.copy(), rows: this.start.rows };
  }

  /**
   * The logits of the next symbol of each row, [n, V], with attention also the weights, [n, S], in the open scope. Uses the
   * state up.
   * @param symbols what each new row reads
   * @param rows the row of `state` that each new row continues
   */
  step(symbols: Int32Array, rows: Int32Array, state: DecoderState): DecoderStep {
    return this.decoder.step(symbols, state, rows);
  }

  dispose(state: DecoderState): void {
    state.dispose();
  }

  /** Frees the memory. No step may follow. */
  close(): void {
    this.start.close();
  }
}
