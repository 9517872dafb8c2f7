import { type Backend, showBackends, WORD } from "../backend/backend.ts";
import { reclaim, requireScopeOn } from "../backend/scope.ts";
import { empty, type Tensor } from "../backend/tensor.ts";
import { ScopeError, ShapeError } from "../core/errors.ts";
import { sameShape, showShape } from "../core/shape.ts";

/**
 * Vector-Jacobian product of an op: from the gradients of its outputs (undefined where nothing flowed back) to
 * those of its inputs (undefined where none flows on). Each is memory that the op made for it and does not read again,
 * or one of the tensors that it was given, or a view of one. Everything else that it makes is gone afterwards, unless
 * the node keeps its memory.
 */
type Backward = (outputGradients: readonly (Tensor | undefined)[]) => readonly (Tensor | undefined)[];

interface Node {
  readonly op: string;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly backward: Backward;
  /** What its backward makes lives as long as the scope, for nodes that come later. */
  readonly keepsMemory: boolean;
}

/** What ran, in order. */
export class Tape {
  readonly nodes: Node[] = [];
}

/** Is told which op runs, to know whose kernels it sees: profile.ts. */
export interface TapeWatch {
  /** The forward kernels of `op` have run. */
  ran(op: string): void;
  /** The backward kernels of `op` come now; undefined: all have run. */
  differentiating(op: string | undefined): void;
}

let recording: Tape | undefined;
let watch: TapeWatch | undefined;

/** Replaces whoever watches this thread's tapes. @returns who did before */
export function watchTapes(next: TapeWatch | undefined): TapeWatch | undefined {
  const before = watch;
  watch = next;
  return before;
}

/** Run `work` with ops recorded on `tape`, or with nothing recorded. */
export function withTape<Result>(tape: Tape | undefined, work: () => Result): Result {
  const outer = recording;
  recording = tape;
  try {
    return work();
  } finally {
    recording = outer;
  }
}

/** The tape that records right now. */
export function currentTape(): Tape | undefined {
  return recording;
}

/** Run `work` without recording: as torch.no_grad(). */
export function noGradient<Result>(work: () => Result): Result {
  return withTape(undefined, work);
}

/** Is a gradient going to flow to one of these? Ops use it to skip what only backward needs. */
export function isRecording(...inputs: readonly (Tensor | undefined)[]): boolean {
  return recording !== undefined && inputs.some((input) => input?.needsGradient);
}

/**
 * Record an op with several outputs. Inputs that need no gradient cost nothing.
 * @param keepsMemory whether what `backward` makes is read by nodes that are differentiated later; default false
 */
export function recordAll(
  op: string,
  inputs: readonly (Tensor | undefined)[],
  outputs: readonly Tensor[],
  backward: Backward,
  keepsMemory = false,
): void {
  watch?.ran(op);
  const present = inputs.filter((input) => input !== undefined);
  if (recording === undefined || !present.some((input) => input.needsGradient)) return;
  for (const output of outputs) output.needsGradient = true;
  const positions = inputs.flatMap((input, position) => (input === undefined ? [] : [position]));
  recording.nodes.push({
    op,
    inputs: present,
    outputs,
    backward: (gradients) => {
      const all = backward(gradients);
      return positions.map((position) => all[position]);
    },
    keepsMemory,
  });
}

/** Record an op with one output, and return that output. */
export function record(
  op: string,
  inputs: readonly (Tensor | undefined)[],
  output: Tensor,
  vjp: (outputGradient: Tensor) => readonly (Tensor | undefined)[],
): Tensor {
  recordAll(op, inputs, [output], ([gradient]) => (gradient === undefined ? [] : vjp(gradient)));
  return output;
}

/** Where the gradients of parameters go: see parameter.ts. */
export interface GradientSink {
  /** Leaves that have a gradient there already: the next one is added to it. */
  readonly received: Set<Tensor>;
  /** The tensor that receives the gradient of `leaf`, or undefined when none is wanted. */
  of(leaf: Tensor): Tensor | undefined;
}

/**
 * Reverse-mode differentiation of a scalar. Gradients of leaves go into `sink` (added to what it has received;
 * zero where nothing flowed); all others are found with the returned function while the scope is open. `share` is the
 * gradient of the loss with respect to itself: what multiplies all others.
 */
export function backward(
  tape: Tape,
  loss: Tensor,
  sink?: GradientSink,
  share = 1,
): (tensor: Tensor) => Tensor | undefined {
  if (loss.size !== 1) throw new ShapeError("backward: loss", "a scalar []", showShape(loss.shape));
  if (!loss.needsGradient) {
    throw new ScopeError("the loss does not depend on any parameter, so there is nothing to differentiate");
  }
  requireScopeOn("backward: the loss", loss.backend);
  const gradients = new Map<Tensor, Tensor>();
  const received = sink?.received ?? new Set<Tensor>();
  /** Tensors whose gradient lies in memory that nothing else uses: the next ones are added in place. */
  const own = new Set<Tensor>();

  /** @returns what holds the gradient of `tensor` now, if that is new memory */
  const add = (tensor: Tensor, gradient: Tensor, isShared: boolean): Tensor | undefined => {
    const { kernels } = tensor.backend;
    const target = sink?.of(tensor);
    if (target !== undefined) {
      if (received.has(tensor)) kernels.accumulate(target.address, gradient.address, target.size);
      else kernels.copy(target.address, gradient.address, target.size);
      received.add(tensor);
      return undefined;
    }
    const before = gradients.get(tensor);
    if (before === undefined) {
      gradients.set(tensor, gradient);
      if (!isShared) own.add(tensor);
      return gradient;
    }
    if (own.has(tensor)) {
      kernels.accumulate(before.address, gradient.address, before.size);
      return undefined;
    }
    const total = isShared ? empty(tensor.shape) : gradient;
    kernels.add(total.address, before.address, gradient.address, total.size);
    gradients.set(tensor, total);
    own.add(tensor);
    return total;
  };

  /** @returns the gradients of inputs that are new memory, to be kept */
  const differentiate = ({ op, inputs, backward }: Node, flowing: readonly (Tensor | undefined)[]) => {
    const kept: Tensor[] = [];
    const inputGradients = backward(flowing);
    for (let position = 0; position < inputs.length; position++) {
      const [input, gradient] = [inputs[position], inputGradients[position]];
      if (gradient === undefined || !input.needsGradient) continue;
      if (!sameShape(input.shape, gradient.shape)) {
        throw new ShapeError(`${op}: gradient`, showShape(input.shape), showShape(gradient.shape));
      }
      const isReturnedTwice = inputGradients.indexOf(gradient) !== inputGradients.lastIndexOf(gradient);
      const holder = add(input, gradient, isReturnedTwice || isOneOf(gradient, flowing));
      if (holder !== undefined) kept.push(holder);
    }
    return kept;
  };

  noGradient(() => {
    const seed = empty(loss.shape);
    loss.backend.kernels.fill(seed.address, share, 1);
    gradients.set(loss, seed);
    for (let index = tape.nodes.length - 1; index >= 0; index--) {
      const node = tape.nodes[index];
      const flowing = node.outputs.map((output) => gradients.get(output));
      if (flowing.every((gradient) => gradient === undefined)) continue;
      watch?.differentiating(node.op);
      if (node.keepsMemory) differentiate(node, flowing);
      else reclaim(() => differentiate(node, flowing));
    }
    watch?.differentiating(undefined);
  });
  return (tensor) => (received.has(tensor) ? sink?.of(tensor) : gradients.get(tensor));
}

/** Whether a gradient is one of those that an op was given, or lies inside of one. */
function isOneOf(gradient: Tensor, given: readonly (Tensor | undefined)[]): boolean {
  const { address } = gradient;
  for (const other of given) {
    if (other === undefined) continue;
    const offset = address - other.address;
    if (offset >= 0 && offset < other.size * WORD) return true;
  }
  return false;
}

/**
 * Kernels of the backend that all tensors of an op live on, and its results will: so every op that makes a tensor calls
 * this with all its operands.
 * @throws ShapeError when they live on different ones; ScopeError when the open scope is on another one
 */
export function kernelsOf(op: string, ...tensors: readonly (Tensor | undefined)[]): Backend["kernels"] {
  let backend: Backend | undefined;
  for (const tensor of tensors) {
    if (tensor === undefined) continue;
    backend ??= tensor.backend;
    if (tensor.backend !== backend) {
      const [first, other] = showBackends(backend, tensor.backend);
      throw new ShapeError(`${op}: all tensors`, `on one backend (${first})`, other, {
        hint: "what is made in a scope is on its backend: open it with scope(work, backend)",
      });
    }
  }
  if (backend === undefined) throw new ScopeError(`${op}: no tensor was given`);
  requireScopeOn(`${op}: its operands`, backend);
  return backend.kernels;
}
