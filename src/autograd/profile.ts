/**
 * Measures the time of a training step: the kernels of a backend are timed, and the tape tells which op they belong to.
 */

import type { Backend, Kernels } from "../backend/backend.ts";
import { currentTape, type TapeWatch, watchTapes } from "./tape.ts";

/** The cost of one kernel in one op, averaged over the steps. */
export interface ProfileRow {
  /**
   * `forward` or `backward` for an op of the tape; `update` for kernels outside the tape (zeroing, clipping, the
   * optimizer); the name of a span (`data`, `exchange`); or `rest`, the time outside all kernels and spans: JavaScript,
   * allocation, waiting for values.
   */
  readonly phase: string;
  /** The name of the op on the tape, such as `lstm` or `linear`; empty outside the tape. */
  readonly op: string;
  /** The name of the kernel in kernels/unrolled.h; empty for the part of a span or of the step outside all kernels. */
  readonly kernel: string;
  /** Number of calls per step. */
  readonly calls: number;
  /** Milliseconds per step. */
  readonly ms: number;
  /** Fraction of the step, from 0 to 1. The fractions of all rows add up to 1. */
  readonly share: number;
}

export interface ProfileReport {
  readonly steps: number;
  /** Mean wall-clock time of a step, in milliseconds. */
  readonly ms: number;
  /** Sorted by cost, highest first. */
  readonly rows: readonly ProfileRow[];
}

interface Cost {
  readonly phase: string;
  readonly op: string;
  readonly kernel: string;
  calls: number;
  ms: number;
}

/** Measures only what runs inside `step`. */
export class Profile implements TapeWatch {
  private readonly costs = new Map<string, Cost>();
  private running = false;
  private steps = 0;
  private total = 0;
  /** Forward kernels that ran after the last op was recorded. They belong to the next op. */
  private pending: { kernel: string; ms: number }[] = [];
  private differentiated: string | undefined;
  private spanned: string | undefined;

  /** Measures one training step: `work` until it returns, or until its promise is fulfilled. */
  async step<Result>(work: () => Result | Promise<Result>): Promise<Result> {
    const before = watchTapes(this);
    const start = performance.now();
    this.running = true;
    try {
      return await work();
    } finally {
      this.running = false;
      this.settle("");
      this.total += performance.now() - start;
      this.steps++;
      watchTapes(before);
    }
  }

  /**
   * Measures a named part of a step that is not an op of the tape, until `work` returns or its promise is fulfilled.
   */
  span<Result>(name: string, work: () => Result): Result {
    const start = performance.now();
    const kernelsBefore = this.costOfKernels();
    const outer = this.spanned;
    this.spanned = name;
    const end = () => {
      this.spanned = outer;
      const inKernels = this.costOfKernels() - kernelsBefore;
      if (this.running) this.add(name, "", "", performance.now() - start - inKernels);
    };
    const result = work();
    if (result instanceof Promise) return result.finally(end) as Result;
    end();
    return result;
  }

  report(): ProfileReport {
    const steps = Math.max(this.steps, 1);
    const counted = [...this.costs.values()].reduce((sum, { ms }) => sum + ms, 0);
    const rest: Cost = { phase: "rest", op: "", kernel: "", calls: 0, ms: Math.max(0, this.total - counted) };
    const rows = [...this.costs.values(), rest].map(({ phase, op, kernel, calls, ms }) => {
      const share = this.total === 0 ? 0 : ms / this.total;
      return { phase, op, kernel, calls: calls / steps, ms: ms / steps, share };
    });
    return { steps: this.steps, ms: this.total / steps, rows: rows.toSorted((a, b) => b.ms - a.ms) };
  }

  reset(): void {
    this.costs.clear();
    this.steps = 0;
    this.total = 0;
  }

  ran(op: string): void {
    this.settle(op);
  }

  differentiating(op: string | undefined): void {
    this.settle("");
    this.differentiated = op;
  }

  /** Returns the kernels of a backend with a timer around each. */
  wrap(kernels: Kernels): Kernels {
    const timed = Object.entries(kernels).filter(
      ([name, kernel]) => typeof kernel === "function" && isWork(name),
    );
    const entries = timed.map(([name, kernel]) => [name, this.clocked(name, kernel as Kernel)] as const);
    return { ...kernels, ...Object.fromEntries(entries) };
  }

  private clocked(name: string, kernel: Kernel): Kernel {
    return (...args) => {
      if (!this.running) return kernel(...args);
      const start = performance.now();
      const result = kernel(...args);
      this.charge(name, performance.now() - start);
      return result;
    };
  }

  private charge(kernel: string, ms: number): void {
    if (this.spanned !== undefined) this.add(this.spanned, "", kernel, ms);
    else if (this.differentiated !== undefined) this.add("backward", this.differentiated, kernel, ms);
    else if (currentTape() !== undefined) this.pending.push({ kernel, ms });
    else this.add("update", "", kernel, ms);
  }

  private settle(op: string): void {
    for (const { kernel, ms } of this.pending) this.add("forward", op, kernel, ms);
    this.pending.length = 0;
  }

  private add(phase: string, op: string, kernel: string, ms: number): void {
    const key = `${phase}/${op}/${kernel}`;
    const cost = this.costs.get(key) ?? { phase, op, kernel, calls: 0, ms: 0 };
    cost.calls++;
    cost.ms += ms;
    this.costs.set(key, cost);
  }

  private costOfKernels(): number {
    let sum = 0;
    for (const { kernel, ms } of this.costs.values()) if (kernel !== "") sum += ms;
    return sum + this.pending.reduce((total, { ms }) => total + ms, 0);
  }
}

type Kernel = (...args: number[]) => number;

/** False for kernels that only return how much memory another kernel needs; they get no row. */
function isWork(name: string): boolean {
  return !name.endsWith("_scratch") && !name.endsWith("_size");
}

/**
 * Wraps a backend so that it measures its kernels. Make all tensors on it, or make it the default backend before any
 * tensor exists; kernels of other backends are not measured.
 *     const { backend, profile } = profiled(defaultBackend());
 *     setDefaultBackend(backend);
 *     // ... model, optimizer ...
 *     await profile.step(() => step(loss, optimizer, clip).loss);
 *     console.table(profile.report().rows);
 */
export function profiled(backend: Backend): { backend: Backend; profile: Profile } {
  const profile = new Profile();
  return { backend: { ...backend, kernels: profile.wrap(backend.kernels) }, profile };
}
