import { TENSOR } from "../autograd/check.ts";
import type { Tensor } from "../backend/tensor.ts";
import { InputError } from "../core/errors.ts";
import { checkValue, FUNCTION, OPTIONS, TEXT } from "../core/options.ts";
import { showValue } from "../core/show-value.ts";

/** A tensor of a state with its path, such as `c` or `0.hidden`. The path is empty if the state is one tensor. */
export interface NamedStateTensor {
  readonly name: string;
  readonly tensor: Tensor;
}

const DEEPEST = 100;

/**
 * Applies a function to every tensor of a state, which is a tensor, an array or an object of such, and returns the same
 * structure. Absent parts (undefined) stay absent; an instance of a class becomes a new instance, without a call of its
 * constructor.
 * @param where names the state in errors
 * @throws InputError that names a part that is not a tensor
 */
export function mapState<State>(
  state: State,
  change: (tensor: Tensor, name: string) => Tensor,
  where = "state",
): State {
  checkValue("mapState: change", FUNCTION, change);
  checkValue("mapState: where", TEXT, where);
  const walk = (value: unknown, name: string, depth: number): unknown => {
    if (TENSOR.fits(value)) return change(value as Tensor, name);
    if (depth === DEEPEST) {
      throw new InputError(`${where} must not be nested deeper than ${DEEPEST} levels: does it hold itself?`);
    }
    if (value === undefined || typeof value === "function") return value;
    if (!Array.isArray(value) && !OPTIONS.fits(value)) {
      const at = name === "" ? where : `${where}.${name}`;
      throw new InputError(
        `${at} must be a tensor, or an object or array of tensors, got ${showValue(value)}`,
        {
          hint: "numbers that a cell has to remember go into a tensor, a row for each sequence of the batch",
        },
      );
    }
    const below = (key: string) => (name === "" ? key : `${name}.${key}`);
    if (Array.isArray(value)) return value.map((part, index) => walk(part, below(`${index}`), depth + 1));
    const parts = Object.entries(value as object).map(
      ([key, part]) => [key, walk(part, below(key), depth + 1)] as const,
    );
    return Object.assign(Object.create(Object.getPrototypeOf(value)), Object.fromEntries(parts));
  };
  return walk(state, "", 0) as State;
}

/** All tensors of a state, in the order of its fields. @throws InputError like {@link mapState} */
export function stateTensors(state: unknown, where?: string): NamedStateTensor[] {
  const found: NamedStateTensor[] = [];
  mapState(
    state,
    (tensor, name) => {
      found.push({ name, tensor });
      return tensor;
    },
    where,
  );
  return found;
}

/**
 * Detaches a state from the tape and keeps it for the next step (truncated back-propagation through time). Calls the
 * state's `detach` if there is one, else that of every tensor.
 */
export function detachState<State>(state: State): State {
  if (hasDetach(state)) return state.detach();
  return mapState(state, (tensor) => tensor.detach());
}

function hasDetach<State>(state: State): state is State & { detach(): State } {
  return typeof (state as { detach?: unknown } | undefined)?.detach === "function";
}
