import { type Backend, showBackends } from "../backend/backend.ts";
import { requireScopeOn } from "../backend/scope.ts";
import { empty, type Tensor } from "../backend/tensor.ts";
import { ScopeError, ShapeError } from "../core/errors.ts";
import { sameShape, showShape } from "../core/shape.ts";

/**
 * Vector-Jacobian product of an op: from the gradients of its outputs (undefined where nothing flowed back) to
 * those of its inputs (undefined where none flows on). It may return one of the tensors that it was given.
 */
type Backward = (outputGradients: readonly (Tensor | undefined)[]) => readonly (Tensor | undefined)[];

interface Node {
  readonly op: string;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly backward: Backward;
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

/** Record an op with several outputs. Inputs that need no gradient cost nothing. */
export function recordAll(
  op: string,
  inputs: readonly (Tensor | undefined)[],
  outputs: readonly Tensor[],
  backward: Backward,
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

  const add = (tensor: Tensor, gradient: Tensor, op: string): void => {
    if (!sameShape(tensor.shape, gradient.shape)) {
      throw new ShapeError(`${op}: gradient`, showShape(tensor.shape), showShape(gradient.shape));
    }
    const { kernels } = tensor.backend;
    const target = sink?.of(tensor);
    if (target !== undefined) {
      if (received.has(tensor)) kernels.accumulate(target.address, gradient.address, target.size);
      else kernels.copy(target.address, gradient.address, target.size);
      received.add(tensor);
      return;
    }
    const before = gradients.get(tensor);
    if (before === undefined) {
      gradients.set(tensor, gradient);
      return;
    }
    // A gradient may be shared by several tensors, so a sum goes into memory of its own.
    const total = empty(tensor.shape);
    kernels.add(total.address, before.address, gradient.address, total.size);
    gradients.set(tensor, total);
  };

  noGradient(() => {
    const seed = empty(loss.shape);
    loss.backend.kernels.fill(seed.address, share, 1);
    gradients.set(loss, seed);
    for (let index = tape.nodes.length - 1; index >= 0; index--) {
      const { op, inputs, outputs, backward } = tape.nodes[index];
      const flowing = outputs.map((output) => gradients.get(output));
      if (flowing.every((gradient) => gradient === undefined)) continue;
      watch?.differentiating(op);
      const inputGradients = backward(flowing);
      for (const [position, input] of inputs.entries()) {
        const gradient = inputGradients[position];
        if (gradient !== undefined && input.needsGradient) add(input, gradient, op);
      }
    }
    watch?.differentiating(undefined);
  });
  return (tensor) => (received.has(tensor) ? sink?.of(tensor) : gradients.get(tensor));
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
