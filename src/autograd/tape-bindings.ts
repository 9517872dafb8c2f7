import { isLive, type Tensor } from "../backend/tensor.ts";
import { isParameter } from "./parameter.ts";
import { currentTape, type Tape } from "./tape.ts";

/**
 * What an op prepares once for all its calls with one parameter on one tape. A binding records a token, a tensor that
 * represents the parameter. All calls take the token as an input, so backward reaches the token after it has passed the
 * first call, and computes the gradient of the parameter there for all calls.
 */
export class TapeBindings<Binding extends { readonly token: Tensor }> {
  private readonly tapes = new WeakMap<Tape, Map<Tensor, Binding[]>>();

  /**
   * Returns the binding of a parameter on the open tape for which `fits` is true, or a new one from `make`. Returns
   * undefined without a tape, and for a tensor that is not a parameter.
   */
  of(parameter: Tensor, fits: (binding: Binding) => boolean, make: () => Binding): Binding | undefined {
    const tape = currentTape();
    if (tape === undefined || !isParameter(parameter)) return undefined;
    let ofTape = this.tapes.get(tape);
    if (ofTape === undefined) {
      ofTape = new Map();
      this.tapes.set(tape, ofTape);
    }
    // A token that was made in a scope inside the tape's scope is invalid once that scope has ended.
    const live = (ofTape.get(parameter) ?? []).filter(({ token }) => isLive(token));
    const found = live.find(fits);
    if (found !== undefined) return found;
    const binding = make();
    ofTape.set(parameter, [...live, binding]);
    return binding;
  }
}
