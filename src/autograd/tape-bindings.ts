import { isLive, type Tensor } from "../backend/tensor.ts";
import { isParameter } from "./parameter.ts";
import { currentTape, type Tape } from "./tape.ts";

/**
 * What an op prepares once for all its calls with one parameter on one tape. A binding records a token, a tensor that
 * stands for the parameter: the calls take the token as input, so backward reaches it after it has passed the first of
 * them, and the gradient of the parameter is made there for all.
 */
export class TapeBindings<Binding extends { readonly token: Tensor }> {
  private readonly tapes = new WeakMap<Tape, Map<Tensor, Binding[]>>();

  /**
   * The binding of a parameter on the open tape that `fits`, or one that `make` makes; undefined without a tape, and for
   * a tensor that is no parameter.
   */
  of(parameter: Tensor, fits: (binding: Binding) => boolean, make: () => Binding): Binding | undefined {
    const tape = currentTape();
    if (tape === undefined || !isParameter(parameter)) return undefined;
    let ofTape = this.tapes.get(tape);
    if (ofTape === undefined) {
      ofTape = new Map();
      this.tapes.set(tape, ofTape);
    }
    // A token that was made in a scope inside of the tape's, and has ended with it, stands for nothing.
    const live = (ofTape.get(parameter) ?? []).filter(({ token }) => isLive(token));
    const found = live.find(fits);
    if (found !== undefined) return found;
    const binding = make();
    ofTape.set(parameter, [...live, binding]);
    return binding;
  }
}
