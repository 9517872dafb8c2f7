import type { FloatArray } from "../backend/backend.ts";
import { Frames } from "../backend/scope.ts";
import { ids, type Tensor } from "../backend/tensor.ts";
import { detachState } from "./cell-state.ts";
import type { Stepper } from "./stream.ts";

/** A model that is made of ops, as one with a cell of your own. */
export interface ForwardModel<State> {
  zeroState(batch: number): State;
  /** ids [1, 1] -> logits [1, 1, V] */
  forward(ids: Tensor, options: { state: State }): { logits: Tensor; state: State };
}

/**
 * A model's `forward` as a stream of ids, for what {@link Stream} has no kernel for: it runs the model's ops on memory
 * of its own, with the weights as they are at each step. CPU-only.
 */
export class ForwardStream<State> implements Stepper<number> {
  private readonly model: ForwardModel<State>;
  private readonly frames: Frames;
  private state: State | undefined;

  constructor(model: ForwardModel<State>, frames = new Frames()) {
    this.model = model;
    this.frames = frames;
  }

  step(id: number): FloatArray {
    return this.frames.run(() => {
      const { logits, state } = this.model.forward(ids([id], [1, 1]), {
        state: this.state ?? this.model.zeroState(1),
      });
      this.state = detachState(state);
      return logits.backend.memory.readSync!(logits.address, logits.size);
    });
  }

  reset(): void {
    this.state = undefined;
  }

  dispose(): void {
    this.state = undefined;
    this.frames.dispose();
  }
}
