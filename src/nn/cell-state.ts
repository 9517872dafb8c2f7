import { Tensor } from "../backend/tensor.ts";
import { InputError } from "../core/errors.ts";

/** A tensor of a state, under its path in it: `c`, `0.hidden`; a state that is one tensor has the empty path. */
export interface NamedStateTensor {
  readonly name: string;
  readonly tensor: Tensor;
}

/**
 * The same structure with every tensor changed: for a state that is a tensor, an array or an object of such. Absent
 * parts (undefined) stay absent; an instance of a class becomes another one, without its constructor being called.
 * @param where names the state in errors
 * @throws InputError naming what is no tensor
 */
export function mapState<State>(
  state: State,
  change: (tensor: Tensor, name: string) => Tensor,
  where = "state",
): State {
  const walk = (value: unknown, name: string): unknown => {
    if (Tensor.isTensor(value)) return change(value, name);
    if (value === undefined || typeof value === "function") return value;
    if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) {
      const at = name === "" ? where : `${where}.${name}`;
      throw new InputError(`${at} must be a tensor, or an object or array of tensors, got ${show(value)}`, {
        hint: "numbers that a cell has to remember go into a tensor, a row for each sequence of the batch",
      });
    }
    const below = (key: string) => (name === "" ? key : `${name}.${key}`);
    if (Array.isArray(value)) return value.map((part, index) => walk(part, below(`${index}`)));
    const parts = Object.entries(value).map(([key, part]) => [key, walk(part, below(key))] as const);
    return Object.assign(Object.create(Object.getPrototypeOf(value)), Object.fromEntries(parts));
  };
  return walk(state, "") as State;
}

/** All tensors of a state, in the order of its fields. @throws InputError as {@link mapState} */
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
 * The state cut off from the tape and kept for the next step (truncated back-propagation through time): by its own
 * `detach`, where it has one, else tensor by tensor.
 */
export function detachState<State>(state: State): State {
  if (hasDetach(state)) return state.detach();
  return mapState(state, (tensor) => tensor.detach());
}

function hasDetach<State>(state: State): state is State & { detach(): State } {
  return typeof (state as { detach?: unknown } | undefined)?.detach === "function";
}

/** A value from somebody else's code, for a message. */
export function show(value: unknown): string {
  if (value === undefined || value === null || typeof value === "number") return String(value);
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "function") return "a function";
  if (typeof value !== "object") return `a ${typeof value}`;
  return Array.isArray(value) ? "an array" : `a ${value.constructor?.name ?? "bare object"}`;
}
