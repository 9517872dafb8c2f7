import type { FloatArray } from "../backend/backend.ts";
import { Frames } from "../backend/scope.ts";
import { ids, Tensor } from "../backend/tensor.ts";
import { InputError, ScopeError } from "../core/errors.ts";
import { checkValue, FUNCTION, INTEGER, OBJECT } from "../core/options.ts";
import { showValue } from "../core/show-value.ts";
import { detachState } from "./cell-state.ts";
import type { Stepper } from "./stream.ts";

/** A model that is composed of ops, such as one with a user's cell. */
export interface ForwardModel<State> {
  zeroState(batch: number): State;
  /** ids [1, 1] -> logits [1, 1, V] */
  forward(ids: Tensor, options: { state: State }): { logits: Tensor; state: State };
}

/**
 * A stream of ids for models for which {@link Stream} has no kernel: it calls the model's `forward`, with its own memory
 * and with the present weights at each step. CPU-only.
 */
export class ForwardStream<State> implements Stepper<number> {
  private readonly model: ForwardModel<State>;
  private readonly frames: Frames;
  private state: State | undefined;
  private disposed = false;

  /**
   * @param model runs its ops at each step
   * @param frames the memory of their results, until the next step
   * @throws InputError if `model` does not have the methods of a model
   */
  constructor(model: ForwardModel<State>, frames = new Frames()) {
    checkValue(
      "ForwardStream: model",
      { text: "a model, with zeroState and forward", fits: OBJECT.fits },
      model,
    );
    checkValue("ForwardStream: model.zeroState", FUNCTION, model.zeroState);
    checkValue("ForwardStream: model.forward", FUNCTION, model.forward);
    const isFrames = {
      text: "memory for steps, new Frames()",
      fits: (value: unknown) => value instanceof Frames,
    };
    checkValue("ForwardStream: frames", isFrames, frames);
    this.model = model;
    this.frames = frames;
  }

  /**
   * The logits after one more id, [V].
   * @throws InputError if `id` is not an id of the model
   */
  step(id: number): FloatArray {
    this.checkLive();
    checkValue("ForwardStream.step: id", INTEGER, id);
    return this.frames.run(() => {
      const { logits, state } = this.model.forward(ids([id], [1, 1]), {
        state: this.state ?? this.model.zeroState(1),
      });
      if (!Tensor.isTensor(logits)) {
        throw new InputError(
          `forward of the model must return { logits, state }, got logits ${showValue(logits)}`,
        );
      }
      this.state = detachState(state);
      return logits.backend.memory.readSync!(logits.address, logits.size);
    });
  }

  reset(): void {
    this.checkLive();
    this.state = undefined;
  }

  dispose(): void {
    this.disposed = true;
    this.state = undefined;
    this.frames.dispose();
  }

  private checkLive(): void {
    if (this.disposed) throw new ScopeError("this stream has been disposed of", { hint: "make a new one" });
  }
}
