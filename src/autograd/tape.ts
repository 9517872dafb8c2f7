import { type Backend, showBackends, WORD } from "../backend/backend.ts";
import { reclaim, requireScopeOn } from "../backend/scope.ts";
import { empty, type Tensor } from "../backend/tensor.ts";
import { ScopeError, ShapeError } from "../core/errors.ts";
import { sameShape, showShape } from "../core/shape.ts";

/**
 * Vector-Jacobian product of an op: computes the gradients of its inputs (undefined if there is none) from the
 * gradients of its outputs (undefined if none arrived). Each result is either new memory that the op does not read
 * again, or one of the given tensors, or a view of one. All other memory that the op allocates is freed afterwards,
 * unless the node keeps its memory.
 */
type Backward = (outputGradients: readonly (Tensor | undefined)[]) => readonly (Tensor | undefined)[];

interface Node {
  readonly op: string;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly backward: Backward;
  /** Whether memory that `backward` allocates lives as long as the scope, for nodes that are differentiated later. */
  readonly keepsMemory: boolean;
}

/** The ops that ran, in order. */
export class Tape {
  readonly nodes: Node[] = [];
}

/** Is notified of ops, to attribute kernels to them: see profile.ts. */
export interface TapeWatch {
  /** Called after the forward kernels of `op` have run. */
  ran(op: string): void;
  /** Called before the backward kernels of `op` run; with undefined after all have run. */
  differentiating(op: string | undefined): void;
}

let recording: Tape | undefined;
let watch: TapeWatch | undefined;

/** Replaces the watch of this thread's tapes. @returns the previous one */
export function watchTapes(next: TapeWatch | undefined): TapeWatch | undefined {
  const before = watch;
  watch = next;
  return before;
}

/** Runs `work` with ops recorded on `tape`, or without recording if it is undefined. */
export function withTape<Result>(tape: Tape | undefined, work: () => Result): Result {
  const outer = recording;
  recording = tape;
  try {
    return work();
  } finally {
    recording = outer;
  }
}

/** The tape that is recording now. */
export function currentTape(): Tape | undefined {
  return recording;
}

/** Runs `work` without recording, like torch.no_grad(). */
export function noGradient<Result>(work: () => Result): Result {
  return withTape(undefined, work);
}

/** Whether a gradient will flow to one of these tensors. Ops use it to skip work that only backward needs. */
export function isRecording(...inputs: readonly (Tensor | undefined)[]): boolean {
  return recording !== undefined && inputs.some((input) => input?.needsGradient);
}

/**
 * Records an op with several outputs. Inputs that need no gradient cost nothing.
 * @param keepsMemory whether nodes that are differentiated later read what `backward` allocates. Default: false
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

/** Records an op with one output, and returns that output. */
export function record(
  op: string,
  inputs: readonly (Tensor | undefined)[],
  output: Tensor,
  vjp: (outputGradient: Tensor) => readonly (Tensor | undefined)[],
): Tensor {
  recordAll(op, inputs, [output], ([gradient]) => (gradient === undefined ? [] : vjp(gradient)));
  return output;
}

/** The destination of the gradients of parameters: see parameter.ts. */
export interface GradientSink {
  /** Leaves whose gradient has been stored already; further gradients are added to it. */
  readonly received: Set<Tensor>;
  /** The tensor that receives the gradient of `leaf`, or undefined if none is needed. */
  of(leaf: Tensor): Tensor | undefined;
}

/**
 * Reverse-mode differentiation of a scalar. Gradients of leaves are written to `sink` (added to those it has received;
 * zero if none flowed). The returned function finds all other gradients while the scope is open.
 * @param share the gradient of the loss with respect to itself, a factor of all gradients
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
  /** Tensors whose gradient is in memory that nothing else uses, so that further gradients can be added in place. */
  const own = new Set<Tensor>();

  /** @returns the tensor that now holds the gradient of `tensor`, if it is new memory */
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

  /** @returns the gradients of inputs that are in new memory and must be kept */
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

/** Whether a gradient is one of the gradients that an op was given, or a view of one. */
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
 * Returns the kernels of the backend of all tensors of an op, on which its results will be. Every op that makes a
 * tensor calls it with all operands.
 * @throws ShapeError if the tensors are on different backends; ScopeError if the open scope is on another backend
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
