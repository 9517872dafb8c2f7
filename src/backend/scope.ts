import { InputError, ScopeError, UnrolledError } from "../core/errors.ts";
import { showValue } from "../core/show-value.ts";
import { Arena, type Place, type Scope } from "./arena.ts";
import { type Address, type Backend, checkBackend, showBackends, WORD } from "./backend.ts";
import { defaultBackend } from "./default.ts";

/** Where operations put their results right now. */
interface Frame {
  readonly scope: Scope;
  /** Where `detach` puts what the next frame needs. */
  readonly carry: Scope | undefined;
}

// A scope is synchronous and never spans an await, so a module-level stack is exact.
const stack: Frame[] = [];

export function currentFrame(): Frame | undefined {
  return stack.at(-1);
}

/**
 * Results go into the open scope, so it has to be on the backend of the operands.
 * @param what whose backend it is, as `add: its operands`
 * @throws ScopeError that names both backends
 */
export function requireScopeOn(what: string, backend: Backend): void {
  const open = stack.at(-1)?.scope.arena.backend;
  if (open === undefined || open === backend) return;
  const [theirs, ours] = showBackends(backend, open);
  throw new ScopeError(`${what} must be on the backend of the open scope, ${ours}, got ${theirs}`, {
    hint: `open the scope there, scope(work, backend), or make both on one backend`,
  });
}

/**
 * A kernel that meets an address outside its heap stops: WebAssembly traps, the addon refuses. Arguments are checked
 * before, so it is a fault of this package, but still an error like any other.
 */
function kernelFailure(error: unknown): unknown {
  const isTrap = typeof WebAssembly === "object" && error instanceof WebAssembly.RuntimeError;
  const isRefused = (error as { code?: unknown } | undefined)?.code === "ERR_UNROLLED_NATIVE";
  if (!isTrap && !isRefused) return error;
  return new UnrolledError("KERNEL", "failure", `a kernel has stopped: ${(error as Error).message}`, {
    cause: error,
    hint: "please report this with the call that led to it",
  });
}

function run<Result>(frame: Frame, work: () => Result): Result {
  stack.push(frame);
  try {
    // A plain function may return the promise of a read(); an async one would go on after its scope has ended.
    if (work.constructor?.name === "AsyncFunction") {
      throw new ScopeError("a scope must be synchronous: its function is async", {
        hint: "await before or after it; inside, start a read() and return its promise",
      });
    }
    return work();
  } catch (error) {
    throw kernelFailure(error);
  } finally {
    stack.pop();
    frame.scope.arena.close(frame.scope);
  }
}

/**
 * For the backward pass: run `work`, and take back at once what it took from the open scope, except the tensors that it
 * returns, which live as long as the open scope.
 */
export function reclaim(work: () => readonly Place[]): void {
  const { scope: outer, carry } = stack.at(-1)!;
  const inner = outer.arena.open();
  stack.push({ scope: inner, carry });
  let kept: readonly Place[] = [];
  try {
    kept = work();
  } finally {
    stack.pop();
    outer.arena.close(inner, kept);
  }
}

/**
 * Run `work` with the address of `words` words of scratch in the open scope, which are free again afterwards.
 * @throws ScopeError outside all scopes; OutOfMemoryError
 */
export function withScratch(words: number, work: (scratch: Address) => void): void {
  const frame = stack.at(-1);
  if (frame === undefined) throw new ScopeError("scratch has no scope to live in");
  const { arena } = frame.scope;
  const inner = arena.open();
  try {
    work(inner.allocate(words * WORD, [words]));
  } finally {
    arena.close(inner);
  }
}

function checkWork(where: string, work: unknown): void {
  if (typeof work !== "function") {
    throw new InputError(`${where} must be a function, got ${showValue(work)}`);
  }
}

/**
 * Arenas of one loop: `temporary` is emptied at the end of each frame; two carry arenas take turns, so that what
 * one frame detaches is whole until the end of the next.
 */
export class Frames {
  private readonly temporary: Arena;
  private readonly carries: [Arena, Arena];
  private readonly open: [Scope | undefined, Scope | undefined] = [undefined, undefined];
  private turn = 0;

  readonly backend: Backend;

  constructor(backend: Backend = defaultBackend()) {
    checkBackend("Frames: backend", backend);
    this.backend = backend;
    this.temporary = new Arena(backend);
    this.carries = [new Arena(backend), new Arena(backend)];
  }

  /** Run one step. Everything allocated in it is gone afterwards, except what `detach` carried over. */
  run<Result>(work: () => Result): Result {
    checkWork("Frames.run: work", work);
    const turn = this.turn;
    const stale = this.open[turn];
    if (stale !== undefined) this.carries[turn].close(stale);
    const carry = this.carries[turn].open();
    this.open[turn] = carry;
    this.turn = 1 - turn;
    return run({ scope: this.temporary.open(), carry }, work);
  }

  /** Give the memory back to the heap. */
  dispose(): void {
    for (const index of [0, 1]) {
      const scope = this.open[index];
      if (scope !== undefined) this.carries[index].close(scope);
      this.open[index] = undefined;
      this.carries[index].dispose();
    }
    this.temporary.dispose();
  }
}

const shared = new WeakMap<Backend, Arena>();

function sharedArena(backend: Backend): Arena {
  let arena = shared.get(backend);
  if (arena === undefined) {
    arena = new Arena(backend);
    shared.set(backend, arena);
  }
  return arena;
}

/**
 * Run `work`; every tensor made in it is gone afterwards. Return numbers, promises of `read()`, or tensors after
 * `.keep()`. Scopes nest.
 * @param work a synchronous function
 * @param backend where the tensors of `work` live; without it that of the scope around this one, or else the default.
 * Operands on another backend are refused, so give that of the model.
 * @returns what `work` returns
 * @throws InputError for what is no function or no backend; ScopeError for an async function
 */
export function scope<Result>(work: () => Result, backend?: Backend): Result {
  checkWork("scope: work", work);
  if (backend !== undefined) checkBackend("scope: backend", backend);
  const outer = currentFrame();
  const home = backend ?? outer?.scope.arena.backend ?? defaultBackend();
  if (outer?.scope.arena.backend === home) {
    return run({ scope: outer.scope.arena.open(), carry: outer.carry }, work);
  }
  return run({ scope: sharedArena(home).open(), carry: undefined }, work);
}
